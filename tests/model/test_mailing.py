"""Mailings: whatever several hands ask of one in any order, it keeps to its promises."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model import mailing as model
from signalbox.model.container import ContainerKind
from signalbox.model.mailing import (
    ACTIVE,
    Limits,
    Mailing,
    MailingState,
    MoveRefusedError,
    Snapshot,
)

NOW = 1_795_254_840_000
FIRST = Snapshot("News, 2026-11-21", 3, "anonymous", "41", ("31", "32"))
LATER = Snapshot("Changed, 2026-11-22", 4, "personal")
STATES = set(MailingState)


def draft(**changes):
    """Return a mailing."""
    facts = {"name": "News", "author": "Ada", "created_ms": NOW}
    return Mailing("1", "2", "3", ContainerKind.EMAIL_CAMPAIGN, **facts | changes)


RUNNING = model.started(draft(), FIRST, NOW)
STANDING = {
    MailingState.DRAFT: draft(),
    MailingState.SCHEDULED: model.scheduled(draft(), NOW + 60_000, "News"),
    MailingState.RUNNING: RUNNING,
    MailingState.PAUSED: model.paused(RUNNING, "for lunch"),
    MailingState.FINISHED: model.finished(RUNNING, 1, NOW + 9),
    MailingState.CANCELLED: model.cancelled(RUNNING, NOW + 9),
}
# Command -> what it does, and the state that each state goes to; others refuse it.
COMMANDS = {
    "start": (
        lambda one: model.started(one, LATER, NOW),
        {"draft": "running", "scheduled": "running", "running": "running"},
    ),
    "schedule": (
        lambda one: model.scheduled(one, NOW + 90_000, "Later"),
        {"draft": "scheduled", "scheduled": "scheduled"},
    ),
    "pause": (
        lambda one: model.paused(one, "wait"),
        {"scheduled": "paused", "running": "paused", "paused": "paused"},
    ),
    "resume": (
        lambda one: model.resumed(one, LATER, NOW),
        {"paused": "running", "running": "running", "scheduled": "scheduled"},
    ),
    "cancel": (
        lambda one: model.cancelled(one, NOW),
        {
            "scheduled": "cancelled",
            "running": "cancelled",
            "paused": "cancelled",
            "cancelled": "cancelled",
        },
    ),
    "finish": (
        lambda one: model.finished(one, one.run, NOW),
        {"running": "finished", "finished": "finished"},
    ),
    "retry": (
        model.retried,
        {"running": "running", "paused": "paused", "finished": "running"},
    ),
}
HANDS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([*COMMANDS, "read"])), max_size=30)


@pytest.mark.parametrize("state", MailingState)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_leads_where_it_says_or_is_refused_with_the_reason(command, state):
    perform, leads = COMMANDS[command]
    standing = STANDING[state]

    if state in leads:
        assert leads[state] == perform(standing).state
    else:
        with pytest.raises(MoveRefusedError, match=f"the mailing is {state} and cannot") as caught:
            perform(standing)
        assert str(caught.value).rpartition(": ")[2]


@settings(max_examples=200, deadline=None)
@given(HANDS)
def test_several_hands_never_break_a_promise(steps):
    """Three hands, each with the copy that it read last; only a copy that is current is written."""
    stands = draft()
    copies = [stands] * 3
    for hand, command in steps:
        if command == "read":
            copies[hand] = stands
            continue
        try:
            wanted = COMMANDS[command][0](copies[hand])
        except MoveRefusedError:
            continue
        if wanted == copies[hand] or copies[hand].version != stands.version:
            continue
        after = replace(wanted, version=stands.version + 1)
        check_step(stands, after)
        check(after)
        stands = copies[hand] = after


def check_step(before, after):
    """Assert what a change must not do."""
    assert before.state is not MailingState.CANCELLED
    assert before.run <= after.run <= before.run + 1
    assert before.retry_run <= after.retry_run
    begins = after.run > before.run
    assert begins == (
        after.state is MailingState.RUNNING
        and (before.state is not MailingState.RUNNING or after.retry_run > before.retry_run)
    )
    if before.run:
        kept = ("campaign_version", "mode", "mailer_id", "lists", "started_ms", "name")
        assert [getattr(before, one) for one in kept] == [getattr(after, one) for one in kept]
        assert after.state not in {MailingState.DRAFT, MailingState.SCHEDULED}


def check(stands):
    """Assert what holds for every mailing."""
    begun = stands.state in {MailingState.RUNNING, MailingState.FINISHED}
    ended = stands.state in {MailingState.FINISHED, MailingState.CANCELLED}
    assert bool(stands.run) == bool(stands.started_ms) == bool(stands.campaign_version)
    assert stands.run or not begun
    assert ended == bool(stands.finished_ms)
    assert (stands.state is MailingState.PAUSED) == bool(stands.pause_reason)
    waits = stands.state in {MailingState.PAUSED, MailingState.CANCELLED}
    assert stands.retry_run <= stands.run + waits
    assert stands.is_active == (stands.state in ACTIVE)
    assert stands.sends_in(stands.run) == (stands.state is MailingState.RUNNING)
    assert not stands.sends_in(stands.run - 1)


def test_what_is_asked_again_changes_nothing():
    """Who got no answer asks again: all but a retry find done what they want."""
    for command, (perform, leads) in COMMANDS.items():
        for state in leads if command != "retry" else ():
            once = perform(STANDING[state])

            assert once == perform(once), (command, state)


def test_a_mailing_sends_the_version_that_it_was_started_with():
    paused = STANDING[MailingState.PAUSED]

    resumed = model.resumed(paused, LATER, NOW + 5)

    assert (3, "anonymous", "41", ("31", "32"), NOW) == (
        resumed.campaign_version,
        resumed.mode,
        resumed.mailer_id,
        resumed.lists,
        resumed.started_ms,
    )
    assert (2, "") == (resumed.run, resumed.pause_reason)


def test_one_that_was_paused_before_its_time_waits_for_it_or_starts():
    waiting = model.paused(STANDING[MailingState.SCHEDULED], "wait")

    early = model.resumed(waiting, LATER, NOW)
    late = model.resumed(waiting, LATER, NOW + 60_000)

    assert (MailingState.SCHEDULED, 0) == (early.state, early.run)
    assert (MailingState.RUNNING, 1, 4) == (late.state, late.run, late.campaign_version)
    with pytest.raises(MoveRefusedError, match="resume it"):
        model.retried(waiting)


def test_a_retry_tries_what_failed_before_it():
    finished = STANDING[MailingState.FINISHED]
    paused = STANDING[MailingState.PAUSED]

    again = model.retried(finished)
    later = model.resumed(model.retried(paused), LATER, NOW)

    assert (MailingState.RUNNING, 2, 2, 0) == (
        again.state,
        again.run,
        again.retry_run,
        again.finished_ms,
    )
    assert (2, 2) == (later.run, later.retry_run)


def test_a_worker_of_an_older_run_finishes_nothing():
    again = model.retried(RUNNING)

    assert again == model.finished(again, 1, NOW)
    assert MailingState.FINISHED is model.finished(again, 2, NOW).state


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((499, 499, 499), ""),
        ((500, 9, 0), ""),
        ((500, 10, 0), "10 hard bounces of 500 mails are 2 % or more"),
        ((1_000, 0, 1), "1 complaints of 1000 mails are 0.08 % or more"),
        ((1_251, 0, 1), ""),
    ],
)
def test_a_mailing_pauses_itself_at_its_limits(numbers, reason):
    deliveries, bounces, complaints = numbers

    assert reason == model.reason_to_pause(
        Limits(), deliveries=deliveries, hard_bounces=bounces, complaints=complaints
    )


def test_a_limit_of_nothing_is_none():
    off = Limits(0, 0, 1)

    assert not model.reason_to_pause(off, deliveries=9, hard_bounces=9, complaints=9)


def test_a_mailing_is_named_after_subject_and_date():
    assert "Big news, 2026-11-21" == model.named(" Big\n news ", "2026-11-21")
    assert "News for …, 100% new, 2026-11-21" == model.named(
        "News for %FIRSTNAME%, 100% new", "2026-11-21"
    )
    assert f"{'x' * 199}…, 2026-11-21" == model.named("x" * 300, "2026-11-21")
