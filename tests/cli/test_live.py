"""The live feed and `signalbox tail`."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from cli import live
from tests.people import MAIL, work

PROGRAM = [sys.executable, "-c", "from cli.main import app; app()"]


def entry(entry_id: str, at_ms: int, **facts) -> dict:
    """Return an entry of the feed."""
    return {"id": entry_id, "at_ms": at_ms, "kind": "event", "text": "it happened", "facts": facts}


def feed(following: int | str, *entries: dict, more: bool = False) -> dict:
    """Return an answer of GET /api/tail."""
    return {"entries": list(entries), "next": str(following), "more": more}


def followed(monkeypatch, answers: list[dict | None]) -> tuple[list[str], list[str], list[float]]:
    """Follow the answers to their end; return the ids shown, what was asked, and the pauses."""
    left, shown, asked, pauses = list(answers), [], [], []

    def ask(since: str) -> dict | None:
        asked.append(since)
        return left.pop(0)

    monkeypatch.setattr(live, "wait", lambda seconds, _: pauses.append(seconds))
    live.follow(ask, lambda found: shown.append(found["id"]), lambda: bool(left))
    return shown, asked, pauses


def test_an_entry_that_the_feed_tells_again_is_shown_once(monkeypatch):
    one, two, late = entry("a", 1000), entry("b", 2000), entry("c", 1500)
    answers = [feed(500, one), feed(900, one, late, two), feed(1800, two), feed(1800, two)]
    shown, asked, _ = followed(monkeypatch, answers)

    assert ["a", "c", "b"] == shown
    assert ["", "500", "900", "1800"] == asked


def test_any_number_of_entries_is_told_apart(monkeypatch):
    """What the feed may tell again is remembered, however much that is."""
    many = [entry(str(number), 1000) for number in range(5000)]
    shown, _, _ = followed(monkeypatch, [feed(900, *many), feed(950, *many)])

    assert [found["id"] for found in many] == shown


def test_a_full_page_is_followed_by_the_next_at_once(monkeypatch):
    full = feed("2000#b", entry("a", 1000), entry("b", 2000), more=True)
    answers = [full, feed(2500, entry("b", 2000))]
    shown, _, pauses = followed(monkeypatch, answers)

    assert (["a", "b"], [live.EVERY_SECONDS]) == (shown, pauses)


def test_no_answer_is_waited_for_and_asked_again(monkeypatch):
    shown, asked, pauses = followed(monkeypatch, [feed(5), None, feed(9, entry("a", 10))])

    assert (["a"], ["", "5", "5"]) == (shown, asked)
    assert live.AFTER_FAULT_SECONDS == pauses[1]


@pytest.mark.parametrize(
    ("facts", "colour"),
    [({}, "cyan"), ({"outcome": "failed"}, "red"), ({"outcome": "skipped"}, "yellow")],
)
def test_a_line_is_coloured_by_what_happened(facts, colour):
    line = live.line(entry("a", 1000, **facts))

    assert line.plain.endswith("  event    it happened")
    assert colour in {str(span.style) for span in line.spans}


def test_a_line_cannot_steer_the_terminal():
    line = live.line(entry("a", 1000) | {"text": "\x1b[2J\nforged"})

    assert line.plain.endswith(r" \x1b[2J\nforged")


@pytest.fixture(name="busy")
def _busy(stand, account, cloud) -> None:
    """Let an event, a dropped one and an action happen while somebody looks."""
    account.rule(MAIL)
    account.call("GET", "/api/tail")
    account.report()
    account.report(visit='{"email": "bob@signalbox.example"}')
    work(cloud)


@pytest.mark.usefixtures("busy")
def test_each_thing_that_happens_is_a_line(stand):
    lines = stand.lines("tail", "--for", "0.2")

    assert ["action", "dropped", "event"] == sorted(line.split()[1] for line in lines)
    assert any("by bob@signalbox.example dropped (unknown_contact)" in line for line in lines)


@pytest.mark.usefixtures("busy")
def test_programs_get_an_object_a_line(stand, account):
    result = stand.run("tail", "--for", "0.2", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]

    assert (0, "") == (result.exit_code, result.stderr)
    assert account.call("GET", "/api/tail")[1]["entries"] == told


def test_a_stack_that_goes_away_is_told_once_and_asked_on(stand, monkeypatch):
    down, monday = (502, {}, ""), entry("a", 1000)
    stand.server.planned = [
        (200, {}, json.dumps(feed(1))),
        down,
        down,
        (200, {}, json.dumps(feed(1, monday))),
        (403, {}, json.dumps({"errors": [{"field": "Api-Token", "message": "Revoked."}]})),
    ]
    monkeypatch.setattr(live, "wait", lambda *_: None)
    result = stand.run("tail", "--json")

    assert (1, [monday]) == (
        result.exit_code,
        [json.loads(line) for line in result.stdout.splitlines()],
    )
    assert [
        f"signalbox: {stand.server.url} is busy or down (HTTP 502): try again later. Trying on.",
        "signalbox: Api-Token: Revoked.",
    ] == result.stderr.splitlines()


def test_a_stack_that_was_never_there_ends_it(stand):
    result = stand.run("tail", SIGNALBOX_URL="http://127.0.0.1:1")

    assert (3, "") == (result.exit_code, result.stdout)


@pytest.fixture(name="running")
def _running(stand, account, cloud):
    """The command as a process of its own; it has followed the feed and shown one line."""
    known = {
        "SIGNALBOX_URL": stand.server.url,
        "SIGNALBOX_TOKEN": stand.account.tokens["global_admin"],
    }
    process = subprocess.Popen(
        [*PROGRAM, "tail"],
        env=dict(os.environ) | known,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        while len(stand.server.requests) < 2:  # then the first is answered, and the feed written
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        account.report()
        work(cloud)

        assert " by ada@signalbox.example recorded" in process.stdout.readline()
        yield process
        process.kill()


def test_ctrl_c_ends_it_without_a_word(running):
    running.send_signal(signal.SIGINT)

    assert ("", 130) == (running.stderr.read(), running.wait(30))


def test_a_reader_who_leaves_ends_it_without_a_word(running, account, cloud):
    running.stdout.close()
    account.report()
    work(cloud)

    assert ("", 0) == (running.stderr.read(), running.wait(30))
