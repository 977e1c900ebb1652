"""The process of the emulator: its data, and its end."""

import os
import signal
import subprocess
import sys
import time

import pytest

from local import processes
from local.home import REPOSITORY, Home
from local.sockets import FREE, Sockets

from .toy import Emulator

PARENT = """
import sys, time
from pathlib import Path
from local import processes
from local.home import Home
from local.sockets import FREE, Sockets
home = Home(Path(sys.argv[1]))
home.create()
with Sockets(FREE) as sockets, processes.emulator(home, sockets) as process:
    url = sockets.url("emulator")
    processes.wait_for_emulator(url, process, home.log("emulator"))
    print(process.pid, url, flush=True)
    time.sleep(600)
"""


def started(home, ports):
    """An emulator in `home`, as a context, and its endpoint."""
    home.create()
    sockets = Sockets(ports)
    return sockets, processes.emulator(home, sockets)


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_end(pid):
    deadline = time.monotonic() + 60
    while exists(pid):
        if time.monotonic() > deadline:
            pytest.fail(f"process {pid} is still there")
        time.sleep(0.05)


def run_with_a_queue(home, ports):
    """Run an emulator, make sure of a queue in it, and end it; the URL that the queue had at first."""
    sockets, emulator = started(home, ports)
    with sockets, emulator as process:
        url = sockets.url("emulator")
        processes.wait_for_emulator(url, process, home.log("emulator"))
        sqs = Emulator(url, "", home.folder, {}).client("sqs")
        found = sqs.list_queues().get("QueueUrls", [])
        if not found:
            sqs.create_queue(QueueName="kept")
        used = {"api": sockets.port("api"), "emulator": sockets.port("emulator"), "receiver": 0}
    return found, used


def test_data_is_there_again_after_an_orderly_end(tmp_path):
    home = Home(tmp_path)
    nothing, ports = run_with_a_queue(home, FREE)
    found, _ = run_with_a_queue(home, ports)

    assert nothing == []
    assert found == [f"http://127.0.0.1:{ports['emulator']}/000000000000/kept"]
    assert not home.saving_mark.exists()


def test_the_emulator_writes_its_data_and_ends_when_its_parent_is_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        pid, url = parent.stdout.readline().split()
        Emulator(url, "", tmp_path, {}).client("sqs").create_queue(QueueName="kept")
        parent.send_signal(signal.SIGKILL)
    wait_for_end(int(pid))

    assert "kept" in (tmp_path / "state" / "sqs.json").read_text()


def test_a_program_that_fails_is_told_with_its_last_line(tmp_path):
    command = [sys.executable, "-c", "import sys; print('one', flush=True); sys.exit('the reason')"]

    with pytest.raises(processes.StackError, match=r"failed: the reason"):
        processes.run_to_end(command, environment={}, log=tmp_path / "log")


def test_a_missing_environment_is_told(monkeypatch):
    monkeypatch.setattr(processes, "SAM", REPOSITORY / ".venvs" / "none" / "bin" / "sam")

    with pytest.raises(processes.StackError, match=r"\.venvs/none is not there"):
        processes.require_tools()


def test_an_older_python_is_told_in_one_sentence():
    code = (
        "import sys; sys.version_info = (3, 9, 1); sys.argv = ['local', 'run'];"
        "from local.__main__ import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 1
    assert ran.stderr == "Signalbox needs Python 3.11, 3.12 or 3.13, and this is 3.9.\n"
