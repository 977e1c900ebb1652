"""`signalbox import`: calls of the API, several at once, that fail and are made again."""

import json
import threading

import pytest

from cli import deliveries
from functions.activecampaign import app as activecampaign
from tests.cli.importing import IMPORT, REFUSAL, Gate, answered, everybody, people, rejected

pytestmark = pytest.mark.usefixtures("one_import_at_a_time")


@pytest.mark.parametrize("passing", range(4))
@pytest.mark.parametrize("parallel", ["1", "3"])
def test_an_import_goes_on_where_it_stopped(  # noqa: PLR0913, PLR0917 fixtures
    stand, write, small, tmp_path, monkeypatch, passing, parallel
):
    """Wherever it was cut off, contacts, counts and rejected rows are those of one whole import."""
    text = "email,first name\n" + "".join(f"p{n}@a.example,P{n}\nbad{n},\n" for n in range(6))
    write(text)
    with monkeypatch.context() as broken:
        Gate(broken, passing, REFUSAL)
        stopped = stand.run("import", "contacts.csv", "--parallel", parallel)
    gate = Gate(monkeypatch, 99, REFUSAL)
    result = stand.run("import", "contacts.csv", "--json", "--parallel", parallel)
    told = json.loads(result.stdout)

    assert (int(passing < 3), 0) == (stopped.exit_code, result.exit_code)
    assert {f"p{n}@a.example": f"P{n}" for n in range(6)} == {
        email: one.first_name for email, one in everybody().items()
    }
    assert (12, 6, 6) == (told["rows"], told["imported"], told["rejected"])
    assert [str(3 + 2 * n) for n in range(6)] == [row[0] for row in rejected(tmp_path)[1:]]
    if parallel == "1":
        assert 3 - passing == len(gate.seen)


def test_a_finished_import_is_not_repeated_unless_asked_for(stand, write, monkeypatch):
    write(people(3) + "bad,\n")
    first = stand.read("import", "contacts.csv")
    gate = Gate(monkeypatch, 99, REFUSAL)
    again = json.loads(stand.run("import", "contacts.csv", "--json").stdout)

    assert (first | {"was_finished": True}, []) == (again, gate.seen)
    stand.read("import", "contacts.csv", "--restart")
    assert 1 == len(gate.seen)


@pytest.mark.parametrize("options", [["--tag", "new"], []])
def test_a_changed_file_or_wish_is_another_import(stand, write, options):
    write(people(3))
    stand.read("import", "contacts.csv")
    if not options:
        write(people(4))

    assert not stand.read("import", "contacts.csv", *options)["was_finished"]


@pytest.mark.parametrize("code", ["not_written", "not_in_whole"])
def test_contacts_that_others_were_changing_are_sent_again(stand, write, monkeypatch, code):
    """By the code of the failure, whatever its text."""
    write("email\nbob@a.example\neve@a.example\n")
    through = activecampaign.handler
    answers = [answered({"contact": 1, "failureReason": "Later", "code": code})]

    def handler(event, context):
        return answers.pop() if event["rawPath"] == IMPORT and answers else through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)
    gate = Gate(monkeypatch, 99, REFUSAL)

    assert 2 == stand.read("import", "contacts.csv")["imported"]
    assert [["bob@a.example", "eve@a.example"], ["eve@a.example"]] == gate.seen


@pytest.mark.parametrize(
    ("code", "calls"), [("not_written", 3), ("address_taken", 1), ("invalid", 1), ("unknown", 1)]
)
def test_what_goes_on_failing_is_rejected(  # noqa: PLR0913, PLR0917 fixtures
    stand, write, tmp_path, monkeypatch, code, calls
):
    """What may pass after three calls, all else after the first."""
    write("email\nbob@a.example\n")
    fault = {"contact": 0, "failureReason": "Not written, send it again", "code": code}
    gate = Gate(monkeypatch, 0, answered(fault))
    told = stand.read("import", "contacts.csv")

    assert (0, 1, calls) == (told["imported"], told["rejected"], len(gate.seen))
    assert [["2", "Not written, send it again", "bob@a.example"]] == rejected(tmp_path)[1:]


def test_a_batch_is_one_call(stand, write):
    write(people(5))
    stand.read("import", "contacts.csv")
    asked = [where for _, where, _ in stand.server.requests if "/import/" in where]

    assert [IMPORT] == asked


def test_an_interrupted_import_goes_on_where_it_stopped(stand, write, small, monkeypatch):
    write(people(6))

    def interrupt(self, advance):
        through(self, advance)
        raise KeyboardInterrupt

    through = deliveries.Run._settle
    with monkeypatch.context() as interrupted:
        interrupted.setattr(deliveries.Run, "_settle", interrupt)
        stopped = stand.run("import", "contacts.csv", "--parallel", "1")
    gate = Gate(monkeypatch, 99, REFUSAL)
    told = json.loads(stand.run("import", "contacts.csv", "--json").stdout)

    assert 130 == stopped.exit_code
    assert "signalbox: Stopped after row 3; the same command goes on there." in stopped.stderr
    assert (6, 2) == (told["imported"], len(gate.seen))


def test_a_busy_or_lost_stack_is_asked_again(stand, write, monkeypatch):
    write(people(1))
    busy = {"statusCode": 502, "body": ""}
    through, answers = activecampaign.handler, [busy, busy]

    def handler(event, context):
        if event["rawPath"] == IMPORT and answers:
            return answers.pop()
        return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)

    assert 1 == stand.read("import", "contacts.csv")["imported"]


def test_a_refusal_of_the_whole_batch_ends_the_import(stand, write, monkeypatch):
    write(people(1))
    body = {"success": 0, "message": "Closed on Sundays", "failureReasons": ["always"]}
    Gate(monkeypatch, 0, {"statusCode": 400, "body": json.dumps(body)})
    result = stand.run("import", "contacts.csv")

    assert (1, "signalbox: Closed on Sundays") == (
        result.exit_code,
        result.stderr.splitlines()[-1],
    )


def test_several_batches_are_in_flight_at_once(stand, write, small, monkeypatch):
    """Three calls wait for each other, which only calls that overlap can."""
    write(people(6))
    meeting = threading.Barrier(3, timeout=5)
    through = activecampaign.handler

    def handler(event, context):
        if event["rawPath"] == IMPORT:
            meeting.wait()
        return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)

    assert 6 == stand.read("import", "contacts.csv", "--parallel", "3")["imported"]


def test_thousands_of_rows_go_in_one_go(stand, write, monkeypatch):
    """10,000 rows are 40 calls; what the API does with a call is not asked here."""
    write(people(10_000))
    gate = Gate(monkeypatch, 0, answered())
    told = stand.read("import", "contacts.csv")

    assert (10_000, [250] * 40) == (told["imported"], [len(sent) for sent in gate.seen])
    assert {f"p{n}@a.example" for n in range(10_000)} == {one for sent in gate.seen for one in sent}
