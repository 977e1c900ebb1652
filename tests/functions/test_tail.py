"""The live tail: GET /api/tail."""

import time

from functions.admin import tail
from signalbox.store import feed
from tests.people import work


def test_more_lines_of_one_millisecond_than_a_page_holds_are_all_told(account, cloud):
    """A full page goes on after its last line, not at its time."""
    now_ms = time.time_ns() // 1_000_000
    line = {"kind": "event", "name": "x", "value": "", "address": "email:a@b.c", "rules": []}
    many = [f"{number:04d}" for number in range(tail.MOST + 5)]
    feed.write([feed.item(account.account_id, now_ms, each, line) for each in many])

    first = account.call("GET", "/api/tail")[1]
    second = account.call("GET", "/api/tail", query=f"after={first['next'].replace('#', '%23')}")[1]

    assert (True, False) == (first["more"], second["more"])
    told = [entry["id"].partition("#")[2] for entry in first["entries"] + second["entries"]]
    assert many == told


def test_nothing_is_written_for_the_tail_while_nobody_looks(account, cloud):
    """The first look switches it on; an event before that leaves no line."""
    account.report()
    work(cloud)
    before = account.call("GET", "/api/tail")[1]["entries"]
    account.report()
    work(cloud)
    after = account.call("GET", "/api/tail")[1]["entries"]

    assert ([], ["event"]) == (before, [entry["kind"] for entry in after])
