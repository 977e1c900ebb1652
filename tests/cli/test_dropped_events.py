"""`signalbox dropped` and `signalbox replay`."""

import json
import time

import pytest

from cli import dropped_events
from signalbox.people import add_contact
from tests.people import ACCOUNT_ID, work

BOB = "bob@signalbox.example"


@pytest.fixture(name="dropped")
def _dropped(account, cloud) -> list[dict]:
    """Return five dropped events of Bob, who is not known, latest first."""
    for number in range(5):
        account.report(eventdata=str(number), visit=json.dumps({"email": BOB}))
    work(cloud)
    return account.call("GET", "/api/dropped-events")[1]["dropped_events"]


def page(*received_ms: int, following: str = "") -> tuple[int, dict, str]:
    """Return an answer of the API with one event for each time."""
    one = {"reason": "too_deep", "name": "download", "address": "contact:7", "replayed_ms": 0}
    events = [one | {"received_ms": at_ms, "dropped_id": f"{at_ms}-0"} for at_ms in received_ms]
    return 200, {}, json.dumps({"dropped_events": events, "next": following})


def test_the_list_shows_reason_and_person(stand, dropped):
    heading, *rows = stand.lines("dropped", "list")

    assert ["DROPPED ID", "RECEIVED", "REASON", "EVENT", "OF", "REPLAYED"] == [
        part.strip() for part in heading.split("  ") if part
    ]
    assert [one["dropped_id"] for one in dropped] == [row.split()[0] for row in rows]
    assert {("unknown_contact", "download", BOB)} == {tuple(row.split()[3:]) for row in rows}


def test_programs_get_the_list_over_all_pages(stand, dropped, monkeypatch):
    monkeypatch.setattr(dropped_events, "PAGE", 2)

    assert {"dropped_events": dropped} == stand.read("dropped", "list")
    assert 3 == len(stand.server.requests)


def test_no_more_pages_are_read_than_the_limit_needs(stand, dropped, monkeypatch):
    monkeypatch.setattr(dropped_events, "PAGE", 2)

    assert {"dropped_events": dropped[:2]} == stand.read("dropped", "list", "--limit", "2")
    assert 1 == len(stand.server.requests)


def test_only_events_of_the_reason_are_listed(stand, account, cloud, dropped):
    account.call("PATCH", "/api/account", {"tracking_enabled": False})
    account.report()
    work(cloud)

    found = stand.read("dropped", "list", "--reason", "tracking_off")["dropped_events"]
    assert ["email:ada@signalbox.example"] == [one["address"] for one in found]


def test_nothing_older_than_the_days_is_listed_from_any_page(stand):
    """The API counts a page's days from where it begins, which reaches back too far."""
    now_ms, day_ms = time.time_ns() // 1_000_000, 86_400_000
    stand.server.planned = [
        page(now_ms, following=f"{now_ms}-0"),
        page(now_ms - 2 * day_ms, now_ms - 3 * day_ms, following="more"),
    ]

    found = stand.read("dropped", "list", "--days", "3")["dropped_events"]
    assert [now_ms, now_ms - 2 * day_ms] == [one["received_ms"] for one in found]


def test_an_empty_list_says_so(stand):
    assert ["No event was dropped in the last 3 days."] == stand.lines(
        "dropped", "list", "--days", "3"
    )


@pytest.mark.parametrize("options", [["--days", "32"], ["--days", "0"], ["--reason", "mood"]])
def test_what_the_api_could_not_list_is_a_fault_of_usage(stand, options):
    result = stand.run("dropped", "list", *options)

    assert (2, "", 1) == (result.exit_code, result.stdout, result.stderr.count("\n"))


def test_one_is_shown_with_what_mends_it(stand, dropped):
    lines = stand.lines("dropped", "show", dropped[0]["dropped_id"])

    assert [
        f"id        {dropped[0]['dropped_id']}",
        "reason    unknown_contact",
        "          No contact has this address. Create the contact, then replay the event.",
        "event     download",
        f"of        {BOB}",
    ] == lines[:5]


def test_programs_get_one_as_the_api_tells_it(stand, dropped):
    assert dropped[0] == stand.read("dropped", "show", dropped[0]["dropped_id"])


def test_an_unknown_id_is_refused(stand):
    result = stand.run("dropped", "show", "1-0")

    assert (1, "signalbox: there is no dropped event 1-0\n") == (result.exit_code, result.stderr)


def test_what_another_system_sent_cannot_steer_the_terminal(stand, account, cloud):
    """Control characters are shown as their escapes."""
    account.report(event="a\x1b]0;owned\x07\nb", visit=json.dumps({"email": BOB}))
    work(cloud)

    _, row = stand.lines("dropped", "list")
    assert r"a\x1b]0;owned\x07\nb" in row


def test_a_replayed_event_is_written_once_its_contact_exists(stand, account, cloud, dropped):
    bob = add_contact(ACCOUNT_ID, email=BOB)
    lines = stand.lines("replay", dropped[0]["dropped_id"])
    work(cloud)

    assert [f"Replayed 'download' of {BOB}."] == lines
    _, found = account.call("GET", f"/api/contacts/{bob.contact_id}/activities")
    assert ["4"] == [event["value"] for event in found["events"]]


def test_programs_get_the_replayed_event(stand, dropped):
    answer = stand.read("replay", dropped[0]["dropped_id"])

    assert dropped[0] | {"replayed_ms": answer["replayed_ms"]} == answer
    assert 0 < answer["replayed_ms"]


def test_all_of_a_reason_are_replayed_over_all_pages(stand, account, cloud, dropped, monkeypatch):
    """Those that were replayed before are counted and left alone."""
    monkeypatch.setattr(dropped_events, "PAGE", 2)
    bob = add_contact(ACCOUNT_ID, email=BOB)
    stand.read("replay", dropped[2]["dropped_id"])
    lines = stand.lines("replay", "--reason", "unknown_contact", "--days", "2")
    work(cloud)

    assert [
        "Replayed 4 of 5 events dropped as unknown_contact; 1 had been replayed before."
    ] == lines
    _, found = account.call("GET", f"/api/contacts/{bob.contact_id}/activities")
    assert ["0", "1", "2", "3", "4"] == sorted(event["value"] for event in found["events"])


def test_programs_get_the_counts(stand, dropped):
    answer = stand.read("replay", "--reason", "unknown_contact")

    assert {
        "reason": "unknown_contact",
        "dry_run": False,
        "found": 5,
        "replayed": 5,
        "replayed_before": 0,
    } == answer


@pytest.mark.parametrize("which", [["--reason", "unknown_contact"], []])
def test_a_dry_run_sends_nothing(stand, cloud, dropped, which):
    lines = stand.lines("replay", *(which or [dropped[0]["dropped_id"]]), "--dry-run")

    assert lines[0].startswith("Would replay ")
    assert [] == cloud.waiting("EVENTS")
    assert {"GET"} == {method for method, _, _ in stand.server.requests}


@pytest.mark.parametrize("arguments", [[], ["1-0", "--reason", "too_deep"]])
def test_what_to_replay_is_said_once(stand, arguments):
    result = stand.run("replay", *arguments)

    assert (2, "") == (result.exit_code, result.stdout)
    assert "either the id of a dropped event or --reason" in result.stderr
