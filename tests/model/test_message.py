"""Messages: whatever happens in whatever order, one send is accepted, and what is over stays so."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model import message as model
from signalbox.model.message import (
    LEASE_MS,
    SETTLED,
    Message,
    Report,
    State,
    Verdict,
    claimed,
    is_due,
    released,
    reported,
    settled,
    verdict,
)

NOW = 1_795_254_840_000
OUTCOMES = (State.SENT, State.SKIPPED, State.FAILED, State.UNCERTAIN)
SAID = [one for one in Report if one is not Report.UNSUBSCRIBE]


def wish(owner: str = "a", run: int = 1, at_ms: int = NOW) -> Message:
    """Return a wish to claim."""
    return Message("1", "2", "3", State.CLAIMED, owner, run, at_ms)


def outcome(state: State, **changes) -> Message:
    """Return what came of a claim."""
    sent_ms = NOW + 1 if state is State.SENT else 0
    return replace(wish(), state=state, sent_ms=sent_ms, changed_ms=NOW + 1, **changes)


def test_what_nobody_claimed_is_taken():
    assert Verdict.TAKEN is verdict(None, wish(), retry_run=0)


def test_our_own_claim_is_ours_however_often_it_is_made():
    assert Verdict.TAKEN is verdict(wish(), wish(), retry_run=0)


@pytest.mark.parametrize(
    ("late_ms", "expected"), [(LEASE_MS, Verdict.BUSY), (LEASE_MS + 1, Verdict.INTERRUPTED)]
)
def test_another_workers_claim_holds_until_its_lease_runs_out(late_ms, expected):
    """What its owner may have sent is uncertain then."""
    later = wish("b", at_ms=NOW + late_ms)

    assert expected is verdict(wish(), later, retry_run=0)
    uncertain = expected is Verdict.INTERRUPTED
    assert uncertain is (claimed(wish(), later, retry_run=0).state is State.UNCERTAIN)


@pytest.mark.parametrize("state", OUTCOMES)
def test_what_is_over_is_not_claimed_again(state):
    assert Verdict.SETTLED is verdict(outcome(state), wish("b", run=2), retry_run=0)


@pytest.mark.parametrize("state", OUTCOMES)
def test_a_retry_takes_what_failed_in_an_earlier_run_alone(state):
    """What fails again in the run of the retry is over for that run."""
    due = state is State.FAILED

    assert due is is_due(outcome(state), retry_run=2)
    assert not is_due(outcome(state, run=2), retry_run=2)
    assert due is (Verdict.TAKEN is verdict(outcome(state), wish("b", run=2), retry_run=2))


def test_a_claim_that_is_given_back_leaves_what_was():
    """Also after a retry's claim; who lost the claim gives nothing back."""
    failed = outcome(State.FAILED)
    again = claimed(failed, wish("b", run=2), retry_run=2)

    assert failed == released(again, wish("b", run=2), failed)
    assert None is released(wish(), wish(), None)
    assert wish("c") == released(wish("c"), wish("a"), None)


@pytest.mark.parametrize("state", [State.CLAIMED, State.UNCERTAIN])
@pytest.mark.parametrize("report", SAID)
def test_what_ses_says_settles_what_nobody_knew(state, report):
    """SES speaks of mail that it took alone."""
    seen = reported(replace(wish(), state=state), report, NOW + 9, "ses")

    assert (State.SENT, SETTLED, NOW + 9, "ses") == (
        seen.state,
        seen.reason,
        seen.sent_ms,
        seen.ses_id,
    )


def test_a_report_on_what_nobody_sent_is_nothing():
    assert None is reported(None, Report.DELIVERY, NOW)


@given(st.permutations([*[(report, 10 + at) for at, report in enumerate(SAID)]] * 2))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_the_order_of_reports_and_their_repeats_are_nothing(reports):
    """For a message whose worker settled it, and for one that the reports settle."""
    for first in (outcome(State.SENT), outcome(State.UNCERTAIN)):
        one, other = first, first
        for report, at_ms in reports:
            one = reported(one, report, at_ms, "ses", f"{report} {at_ms}")
        for report, at_ms in sorted(reports):
            other = reported(other, report, at_ms, "ses", f"{report} {at_ms}")

        assert other == one


def test_the_earliest_report_of_a_kind_counts_with_its_word():
    sent = outcome(State.SENT)
    late = reported(sent, Report.HARD_BOUNCE, NOW + 20, detail="late")
    seen = reported(late, Report.HARD_BOUNCE, NOW + 10, detail="early")

    assert (NOW + 10, "early") == (seen.hard_bounce_ms, seen.hard_bounce)
    assert seen == reported(seen, Report.HARD_BOUNCE, NOW + 30, detail="later")


class World:
    """A message, SES, and what workers know that may die, be late or be repeated."""

    def __init__(self) -> None:
        self.message: Message | None = None
        self.accepted = 0
        self.now = NOW
        self.claims: dict[str, Message] = {}
        self.before: dict[str, Message | None] = {}
        self.retry_run = 0
        self.runs = 1


MOVES = st.sampled_from(
    ["claim", "send", "refuse", "lose", "skip", "give back", "wait", "event", "delivery", "retry"]
)


@given(st.lists(st.tuples(MOVES, st.sampled_from("abc")), max_size=30))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_whatever_workers_do_one_send_is_accepted(moves):
    """Workers claim, die, lose answers, come late; SES tells what it took, sooner or later."""
    world = World()
    for move, owner in moves:
        before = world.message
        step(world, move, owner)
        check(before, world, move)

    assert world.accepted <= 1
    if world.accepted == 0:
        assert world.message is None or world.message.state is not State.SENT


def step(world: World, move: str, owner: str) -> None:
    """Make one move."""
    match move:
        case "claim":
            want = wish(f"{owner}{world.now}", world.runs, world.now)
            if verdict(world.message, want, retry_run=world.retry_run) is Verdict.TAKEN:
                world.claims[owner], world.before[owner] = want, world.message
            world.message = claimed(world.message, want, retry_run=world.retry_run)
        case "wait":
            world.now += LEASE_MS + 1
            world.claims.clear()  # a worker does not run for longer than its lease
        case "event" | "delivery" if world.accepted:
            report = Report.SENT if move == "event" else Report.DELIVERY
            world.message = reported(world.message, report, world.now, "ses")
        case "retry":
            world.runs += 1
            world.retry_run = world.runs
        case _ if owner in world.claims:
            finish(world, move, world.claims.pop(owner), owner)
    world.now += 1


def finish(world: World, move: str, claim: Message, owner: str) -> None:
    """Let a worker do something with its claim, and be done with it."""
    states = {"send": State.SENT, "refuse": State.FAILED, "skip": State.SKIPPED}
    if move in {"send", "lose"}:
        world.accepted += 1
    if move == "give back":
        world.message = released(world.message, claim, world.before[owner])
    elif move in states:
        sent_ms = world.now if move == "send" else 0
        done = replace(claim, state=states[move], sent_ms=sent_ms, changed_ms=world.now)
        world.message = settled(world.message, done)


def check(before: Message | None, world: World, move: str) -> None:
    """What is over stays so, but for marks, for what an event tells, and for a retry of a failure."""
    after = world.message
    if before is None or not before.is_terminal or after is None:
        return
    if before.state is State.UNCERTAIN and world.accepted and move in {"event", "delivery"}:
        assert State.SENT is after.state
    elif before.state is State.FAILED and world.retry_run > before.run:
        assert after.state in {State.FAILED, State.CLAIMED}
    else:
        assert before.state is after.state


@given(st.lists(st.sampled_from([*OUTCOMES, None]), max_size=40))
@settings(max_examples=50, derandomize=True, deadline=None)
def test_the_states_of_an_audience_add_up(fates):
    """Each contact that was listed is in one state, and each but the claimed ones is over."""
    standing = [
        settled(claimed(None, wish(), retry_run=0), outcome(fate)) if fate else wish()
        for fate in fates
    ]
    sums = {state: sum(one.state is state for one in standing) for state in State}

    assert len(fates) == sum(sums.values())
    assert sums[State.CLAIMED] == sum(not one.is_terminal for one in standing)
    assert model.MARKS.keys() == set(Report) - {Report.SENT, Report.OTHER}
