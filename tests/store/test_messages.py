"""Messages in their table: each write leaves what the model says, whoever was there before."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.model import message as model
from signalbox.model.message import LEASE_MS, Message, Report, State, Verdict
from signalbox.store import messages
from tests.store.things import NOW, A, B

MAILING = "700"
EXPIRES = NOW // 1000 + 10


def wish(contact_id: str = "3", owner: str = "me", run: int = 1, at_ms: int = NOW) -> Message:
    """Return a wish to claim."""
    return Message(A, MAILING, contact_id, State.CLAIMED, owner, run, at_ms, mode="anonymous")


def claim(one: Message, retry_run: int = 0) -> Verdict:
    """Claim and return the verdict."""
    return messages.claim(one, retry_run=retry_run, expires=EXPIRES).verdict


def stands(contact_id: str = "3") -> Message | None:
    """Return what stands."""
    return messages.states_of(A, MAILING, [contact_id]).get(contact_id)


def settle(state: State, contact_id: str = "3", **changes) -> Message:
    """Claim and settle a message."""
    claim(wish(contact_id))
    return messages.settle(replace(wish(contact_id), state=state, changed_ms=NOW + 1, **changes))


def test_a_message_comes_out_as_it_went_in(cloud):
    """Of another account and another mailing there is none."""
    sent = settle(State.SENT, sent_ms=NOW + 1, ses_id="ses-1")

    assert sent == stands()
    assert {} == messages.states_of(B, MAILING, ["3"])
    assert {} == messages.states_of(A, "701", ["3"])
    (item,) = cloud.items("TRACKING")
    assert {"N": str(EXPIRES)} == item["expires"]


def test_our_own_claim_is_recognised(cloud):
    """The client's repeat of a write whose answer was lost is no other worker's claim."""
    assert [Verdict.TAKEN] * 2 == [claim(wish()), claim(wish())]


def test_our_own_outcome_is_recognised(cloud):
    """So is that of a settled message; what was given back is gone, however often that is said."""
    sent = settle(State.SENT, sent_ms=NOW + 1)
    assert sent == messages.settle(sent)
    claim(wish("4"))
    for _ in range(2):
        messages.release(wish("4"), None)
    assert stands("4") is None


def test_who_lost_the_claim_settles_nothing(cloud):
    claim(wish())
    late = wish(owner="other", at_ms=NOW + LEASE_MS + 1)

    assert Verdict.INTERRUPTED is claim(late)
    came_back = replace(wish(), state=State.SENT, sent_ms=NOW + 5)
    assert State.UNCERTAIN is messages.settle(came_back).state
    assert State.UNCERTAIN is stands().state


def test_an_event_that_is_faster_than_the_worker_wins(cloud):
    """The worker learns when the message was sent."""
    claim(wish())
    messages.report(A, MAILING, "3", "sent", NOW + 7, "ses-1")
    settled = messages.settle(replace(wish(), state=State.SENT, sent_ms=NOW + 9, ses_id="ses-1"))

    assert (NOW + 7, model.SETTLED) == (settled.sent_ms, settled.reason)


def test_how_a_message_is_tracked_is_known_from_its_claim_on(cloud):
    """Its worker may die, and the message be sent nevertheless."""
    claim(wish())
    messages.report(A, MAILING, "3", "delivery", NOW + 7)

    assert "anonymous" == stands().mode


@pytest.mark.parametrize("word", ["delivery_delay", "suppressed", "rendering_failure", "what"])
def test_what_is_new_to_us_tells_that_the_mail_was_taken(cloud, word):
    claim(wish())

    assert State.SENT is messages.report(A, MAILING, "3", word, NOW + 7, "ses").state


def test_a_report_on_a_message_that_nobody_sent_makes_none(cloud):
    for what in ("sent", "hard_bounce"):
        assert messages.report(A, MAILING, "3", what, NOW) is None
    assert not messages.mark_unsubscribed(A, MAILING, "3", NOW)
    assert [] == cloud.items("TRACKING")


def test_who_unsubscribes_marks_the_message_and_settles_nothing(cloud):
    claim(wish())

    assert messages.mark_unsubscribed(A, MAILING, "3", NOW + 3)
    assert (State.CLAIMED, NOW + 3) == (stands().state, stands().unsubscribe_ms)


def test_messages_are_listed_page_by_page_and_counted(cloud):
    """All of them, in pages that may hold few."""
    for number in range(20):
        settle(State.SENT if number % 2 else State.SKIPPED, str(number))
    found, place = messages.of_mailing(A, MAILING, limit=3)
    pages = 1
    while place:
        more, place = messages.of_mailing(A, MAILING, limit=3, place=place)
        found, pages = found + more, pages + 1

    assert {str(number) for number in range(20)} == {one.contact_id for one in found}
    assert pages >= 16
    assert 20 == sum(messages.count(A, MAILING, shard) for shard in range(16))


def test_messages_of_a_state_are_listed(cloud):
    """Those that somebody should look at are found by an index, until that is over."""
    for number, state in enumerate((State.SENT, State.FAILED, State.UNCERTAIN, State.SKIPPED)):
        settle(state, str(number), reason="because")

    def listed(state: State) -> list[str]:
        found, place = messages.of_mailing(A, MAILING, state=state, limit=10)
        while place:
            more, place = messages.of_mailing(A, MAILING, state=state, limit=10, place=place)
            found += more
        return [one.contact_id for one in found]

    states = (State.SENT, State.FAILED, State.UNCERTAIN, State.SKIPPED)
    assert [["0"], ["1"], ["2"], ["3"]] == [listed(state) for state in states]
    messages.report(A, MAILING, "2", "sent", NOW + 9)
    assert [] == listed(State.UNCERTAIN)
    claim(wish("1", owner="other", run=2), retry_run=2)
    assert [] == listed(State.FAILED)


MOVES = st.one_of(
    st.tuples(st.just("claim"), st.sampled_from("ab"), st.integers(0, 2)),
    st.tuples(st.just("settle"), st.sampled_from("ab"), st.sampled_from(list(State)[1:])),
    st.tuples(st.just("release"), st.sampled_from("ab"), st.none()),
    st.tuples(st.just("report"), st.sampled_from(list(Report)), st.integers(1, 5)),
    st.tuples(st.just("wait"), st.none(), st.none()),
)


@given(moves=st.lists(MOVES, max_size=8))
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_each_write_leaves_what_the_model_says(cloud, moves):
    """Any sequence of claims, outcomes, returns and reports, by two workers."""
    who = str(len(cloud.items("TRACKING")) + 10)  # a message of its own for each sequence
    expected: Message | None = None
    claims: dict[str, Message] = {}
    before: dict[str, Message | None] = {}
    now = NOW
    for number, (move, what, how) in enumerate(moves):
        match move:
            case "claim":
                want = wish(who, f"{what}{number}", 1 + number, now)
                verdict = messages.claim(want, retry_run=how and 1 + number, expires=EXPIRES)
                if verdict.verdict is Verdict.TAKEN:
                    claims[what], before[what] = want, expected
                expected = model.claimed(expected, want, retry_run=how and 1 + number)
            case "settle" if what in claims:
                outcome = replace(
                    claims.pop(what), state=how, changed_ms=now, sent_ms=now, reason="said"
                )
                messages.settle(outcome)
                expected = model.settled(expected, outcome)
            case "release" if what in claims:
                want = claims.pop(what)
                messages.release(want, before[what])
                expected = model.released(expected, want, before[what])
            case "report":
                messages.report(A, MAILING, who, what, now + how, "ses", "word")
                expected = model.reported(expected, what, now + how, "ses", "word")
            case "wait":
                now += LEASE_MS + 1
        assert expected == stands(who)
        now += 1
