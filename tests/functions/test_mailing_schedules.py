"""Mailings start at their time, once, unless somebody thought better of it."""

import pytest

from signalbox import mailing_runs
from signalbox.model import sending
from signalbox.model.mailing import MailingState
from signalbox.model.sending import Page, Start
from signalbox.store import lists, mailings
from tests.campaigns import HOUR_MS, MAIL, done, due_in, made, sends
from tests.people import ACCOUNT_ID


def test_a_mailing_waits_for_its_time(account, cloud, drafted):
    at, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at)
    waits = done(account, mailing, "start")

    assert ("scheduled", at_ms, 0) == (waits["state"], waits["at_ms"], waits["run"])
    assert waits == done(account, mailing, "start")
    (schedule,) = cloud.schedules()
    start = Start(ACCOUNT_ID, waits["mailing_id"], at_ms)
    assert f"mailing-{ACCOUNT_ID}-{waits['mailing_id']}-{at_ms}" == schedule["Name"]
    assert (cloud.variables["SENDS_QUEUE_ARN"], start) == (
        schedule["Target"]["Arn"],
        sending.from_wire(schedule["Target"]["Input"]),
    )
    lost = {"Arn": cloud.variables["SENDS_DEAD_LETTER_QUEUE_ARN"]}  # where it could not be queued
    assert lost == schedule["Target"]["DeadLetterConfig"]
    assert [] == sends(cloud)

    mailing_runs.start_due(start, now_ms=at_ms + 1)

    shown = account.call("GET", mailing)[1]
    assert ("running", 1, at_ms + 1) == (shown["state"], shown["run"], shown["started_ms"])
    assert [Page(ACCOUNT_ID, waits["mailing_id"], 1)] == sends(cloud)


def test_a_time_is_iso_8601_or_milliseconds(account, drafted):
    at, at_ms = due_in(HOUR_MS)

    for sent in (at, at_ms, str(at_ms)):
        shown = done(account, drafted(at=sent), "start")
        assert ("scheduled", at_ms) == (shown["state"], shown["at_ms"])
    for sent in ("", "now", due_in(-30_000)[1]):
        assert "running" == done(account, drafted(at=sent), "start")["state"]


def test_a_schedule_can_be_moved_or_passed_over(account, cloud, drafted):
    _, first = due_in(HOUR_MS)
    later = first + HOUR_MS
    mailing = drafted(at=first)
    done(account, mailing, "start")
    moved = done(account, mailing, "start", {"at": later})
    assert ("scheduled", later) == (moved["state"], moved["at_ms"])
    assert [f"-{later}"] == [one["Name"][-14:] for one in cloud.schedules()]

    running = done(account, mailing, "start", {"at": "now"})

    assert ("running", 1) == (running["state"], running["run"])
    assert [] == cloud.schedules()
    cloud.waiting("SENDS")
    for at_ms in (first, later):
        late = Start(ACCOUNT_ID, running["mailing_id"], at_ms)
        assert None is mailing_runs.start_due(late, now_ms=later)
    assert [] == sends(cloud)


def test_a_schedule_that_fires_twice_starts_once(account, cloud, drafted):
    """The second time, which may be the repeat of one that was cut off, queues the same pages."""
    _, at_ms = due_in(HOUR_MS)
    waits = done(account, drafted(at=at_ms), "start")
    start = Start(ACCOUNT_ID, waits["mailing_id"], at_ms)

    for late in (1, 2):
        mailing_runs.start_due(start, now_ms=at_ms + late)

    assert [1, 1] == [page.run for page in sends(cloud)]
    standing = mailings.fetch(ACCOUNT_ID, waits["mailing_id"])
    assert (1, at_ms + 1) == (standing.run, standing.started_ms)


@pytest.mark.parametrize("verb", ["cancel", "pause"])
def test_a_schedule_that_fires_after_a_change_of_mind_starts_nothing(account, cloud, drafted, verb):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    waits = done(account, mailing, "start")
    stopped = done(account, mailing, verb)

    start = Start(ACCOUNT_ID, waits["mailing_id"], at_ms)
    assert None is mailing_runs.start_due(start, now_ms=at_ms)

    assert stopped == account.call("GET", mailing)[1]
    assert [] == sends(cloud)


def test_a_mailing_that_is_paused_before_its_time_waits_for_it_again(account, cloud, drafted):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    done(account, mailing, "start")
    done(account, mailing, "pause")

    shown = done(account, mailing, "resume")

    assert ("scheduled", at_ms, "") == (shown["state"], shown["at_ms"], shown["pause_reason"])
    assert 1 == len(cloud.schedules())


def test_a_mailing_that_was_resumed_too_late_starts_at_once(account, cloud, drafted):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    shown = done(account, mailing, "start")
    done(account, mailing, "pause")

    late = mailing_runs.resume(ACCOUNT_ID, shown["mailing_id"], now_ms=at_ms + 1)

    assert (MailingState.RUNNING, 1, "anonymous") == (late.state, late.run, late.mode)
    assert 1 == len(sends(cloud))


def test_a_mailing_that_is_due_while_its_campaign_is_open_pauses(account, drafted, campaign_id):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    shown = done(account, mailing, "start")
    campaign = f"/api/email-campaigns/{campaign_id}"
    _, answer = account.call("POST", f"{campaign}/unprotect")
    assert ([], False, 1) == (answer["paused"], answer["protected"], answer["active_mailings"])

    start = Start(ACCOUNT_ID, shown["mailing_id"], at_ms)
    mailing_runs.start_due(start, now_ms=at_ms)

    paused = account.call("GET", mailing)[1]
    assert ("paused", mailing_runs.LEFT_OPEN) == (paused["state"], paused["pause_reason"])


def test_a_mailing_that_cannot_start_when_it_is_due_says_why(account, drafted, campaign_id):
    _, at_ms = due_in(HOUR_MS)
    list_id = made(account, "lists")
    content = MAIL | {"audience": {"lists": [list_id]}}
    assert 200 == account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", content)[0]
    mailing = drafted(at=at_ms)
    shown = done(account, mailing, "start")
    lists.delete(ACCOUNT_ID, list_id, at_ms)

    start = Start(ACCOUNT_ID, shown["mailing_id"], at_ms)
    mailing_runs.start_due(start, now_ms=at_ms)

    paused = account.call("GET", mailing)[1]
    assert "paused" == paused["state"]
    assert f"there is no list {list_id} any more" in paused["pause_reason"]


def test_a_schedule_of_a_mailing_that_is_gone_does_nothing(cloud):
    assert None is mailing_runs.start_due(Start("1", "2", 3), now_ms=4)
