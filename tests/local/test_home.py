"""What the local stack keeps, its ports, and what it tells programs."""

import fcntl
import os
import socket
from contextlib import ExitStack

import pytest

from local import background, run, sockets
from local.build import hash_of_sources
from local.errors import StackError
from local.home import Home, find, read_json, write_json
from local.stack import Stack, described

OUTPUTS = {
    "ContactsTable": "c",
    "EventsQueueUrl": "http://q/e",
    "EventsDeadLetterQueueUrl": "http://q/ed",
    "ApiId": "51a7b0c5",
}


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home")
    made.create()
    return made


def stack(**changes):
    told = {
        "api_url": "http://127.0.0.1:1",
        "receiver_url": "http://127.0.0.1:2/hook",
        "mailbox_url": "http://127.0.0.1:2/mail",
        "aws_endpoint_url": "http://127.0.0.1:3",
        "pid": 1,
        "emulator_pid": 2,
        **described(OUTPUTS),
        **changes,
    }
    return Stack(**told)


def test_the_environment_chooses_the_folder(tmp_path):
    assert find({"SIGNALBOX_HOME": str(tmp_path)}).folder == tmp_path
    assert find({}).folder.name == ".signalbox"


def test_files_and_folder_are_for_their_owner_only(home):
    write_json(home.demo_file, {"api_token": "t"})

    assert home.demo_file.stat().st_mode & 0o777 == 0o600
    assert home.folder.stat().st_mode & 0o777 == 0o700


def test_data_is_kept_from_run_to_run_but_for_what_a_run_leaves_behind(home):
    (home.state / "sqs.json").write_text("{}")
    (home.functions / "left").touch()
    home.stack_file.touch()
    home.create()

    assert (home.state / "sqs.json").exists()
    assert not (home.functions / "left").exists()
    assert not home.stack_file.exists()


def test_data_that_was_not_written_whole_is_given_up(home):
    (home.state / "sqs.json").write_text("{}")
    home.saving_mark.touch()
    home.create()

    assert list(home.state.iterdir()) == []


def test_clearing_leaves_no_data_and_no_keys(home):
    (home.state / "sqs.json").write_text("{}")
    write_json(home.demo_file, {})
    write_json(home.ports_file, {})
    home.clear()

    assert not home.state.exists()
    assert not home.demo_file.exists()
    assert not home.ports_file.exists()


def test_a_broken_file_reads_as_none(home):
    home.demo_file.write_text("{")

    assert read_json(home.demo_file) is None


def test_a_port_in_use_is_told_with_how_to_choose_another():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(StackError, match=rf"Port {port} .*SIGNALBOX_API_PORT"):
            sockets.Sockets({"api": port})


def test_the_environment_chooses_ports(home):
    ports = sockets.chosen({"SIGNALBOX_API_PORT": "9000"}, home, free=False)

    assert ports == {"api": 9000, "emulator": 8801, "receiver": 8802}


@pytest.mark.parametrize("text", ["http", "65536", "-1", "1.5"])
def test_a_port_that_is_none_is_told(home, text):
    with pytest.raises(StackError, match=r"SIGNALBOX_API_PORT is .* no port"):
        sockets.chosen({"SIGNALBOX_API_PORT": text}, home, free=False)


def test_data_stays_with_the_emulator_port_that_it_was_made_with(home):
    (home.state / "sqs.json").write_text("{}")
    kept = {"api": 1, "emulator": 2, "receiver": 3}
    write_json(home.ports_file, kept)

    assert sockets.chosen({}, home, free=True) == kept
    with pytest.raises(StackError, match=r"made with emulator port 2, not 8801"):
        sockets.chosen({}, home, free=False)


def test_tables_and_queues_are_named_after_the_outputs():
    told = stack()

    assert told.tables == {"contacts": "c"}
    assert told.queues == {"events": "http://q/e", "events_dead_letters": "http://q/ed"}


def test_the_environment_of_a_stack_is_that_of_its_functions():
    environment = stack().environment()

    assert environment["CONTACTS_TABLE"] == "c"
    assert environment["EVENTS_DEAD_LETTER_QUEUE_URL"] == "http://q/ed"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:3"
    assert environment["AWS_REGION"] == "us-east-1"


def test_a_stack_reads_as_it_was_written_and_without_what_it_lacks(home):
    told = stack()
    told.write(home)

    assert Stack.read(home) == told
    assert "console_url" not in read_json(home.stack_file)


def test_a_stack_that_does_not_run_is_told(home):
    with pytest.raises(StackError, match="not running"):
        Stack.read(home)
    with pytest.raises(StackError, match="not running"):
        background.status(home, print)


def test_a_second_run_is_told_who_runs(home):
    with ExitStack() as first:
        run.lock(home, first)

        assert background.process_id(home) == os.getpid()
        with (
            pytest.raises(StackError, match=f"already running .process {os.getpid()}"),
            ExitStack() as second,
        ):
            run.lock(home, second)
    assert background.process_id(home) is None


def test_a_lock_that_somebody_left_is_no_running_stack(home):
    home.lock_file.write_text("1")

    assert background.process_id(home) is None
    with home.lock_file.open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_down_says_that_nothing_runs(home):
    said = []
    background.down(home, said.append)

    assert said == ["Signalbox is not running."]


def test_a_build_is_known_by_its_sources_and_its_parameters(monkeypatch, tmp_path):
    (tmp_path / "template.yaml").write_text("a")
    (tmp_path / "functions" / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr("local.build.REPOSITORY", tmp_path)
    first = hash_of_sources({"PythonRuntime": "python3.13"})
    (tmp_path / "functions" / "__pycache__" / "app.pyc").write_text("b")
    same = hash_of_sources({"PythonRuntime": "python3.13"})
    other_python = hash_of_sources({"PythonRuntime": "python3.12"})
    (tmp_path / "functions" / "app.py").write_text("b")

    assert first == same
    assert len({first, other_python, hash_of_sources({"PythonRuntime": "python3.13"})}) == 3


def test_a_missing_template_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("local.build.REPOSITORY", tmp_path)

    with pytest.raises(StackError, match=r"no template\.yaml"):
        hash_of_sources({})
