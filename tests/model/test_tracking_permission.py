"""What a contact's answers, a mailing's mode and the account's make of a message."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.errors import InvalidError
from signalbox.model.tracking_permission import (
    REPORTED,
    Answer,
    Mode,
    Permission,
    Purpose,
    Source,
    Statement,
    Statements,
    Voice,
    after_hearing,
    answer_from,
    answers_from,
    consents_of,
    heard,
    may_record,
    message_mode,
    permission_from,
    relay_mode,
    resolved,
    statements_from,
)

A, CONTACT = "100000001", "7"
OPEN, CLICK = Purpose.OPEN, Purpose.CLICK
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
OFF, ANONYMOUS, PERSONAL = Mode.OFF, Mode.ANONYMOUS, Mode.PERSONAL

TABLE = {
    (Mode.OFF, YES): OFF,
    (Mode.OFF, NO): OFF,
    (Mode.OFF, UNKNOWN): OFF,
    (Mode.ANONYMOUS, YES): ANONYMOUS,
    (Mode.ANONYMOUS, NO): OFF,
    (Mode.ANONYMOUS, UNKNOWN): ANONYMOUS,
    (Mode.PERSONAL, YES): PERSONAL,
    (Mode.PERSONAL, NO): OFF,
    (Mode.PERSONAL, UNKNOWN): PERSONAL,
    (Mode.PERMISSION, YES): PERSONAL,
    (Mode.PERMISSION, NO): OFF,
    (Mode.PERMISSION, UNKNOWN): ANONYMOUS,
}

answers = st.sampled_from(Answer)
permissions = st.builds(Permission, answers, answers)
said = st.builds(
    Statement, st.sampled_from((YES, NO)), st.integers(1, 6), st.sampled_from(sorted(REPORTED))
)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize(("case", "expected"), TABLE.items(), ids=" ".join)
def test_how_a_message_is_tracked(case, expected, purpose):
    """Each purpose goes by its own answer: here the other one is no obstacle and no help."""
    mode, answer = case

    for other in Answer:
        permission = Permission()._replace(**{purpose: answer, _other(purpose): other})
        assert expected is message_mode(mode, permission, purpose)


def _other(purpose: Purpose) -> Purpose:
    return CLICK if purpose is OPEN else OPEN


def test_the_table_is_whole():
    assert set(product(Mode, Answer)) == set(TABLE)


@given(st.sampled_from(Mode), st.sampled_from(Purpose), permissions)
def test_a_no_always_wins_and_off_is_off(mode, purpose, permission):
    tracked = message_mode(mode, permission, purpose)

    if permission.of(purpose) is NO or mode is Mode.OFF:
        assert OFF is tracked
        assert not may_record(mode, permission, purpose)


@given(st.sampled_from(Purpose), permissions)
def test_in_permission_mode_nobody_is_known_who_did_not_say_yes(purpose, permission):
    known = permission.of(purpose) is YES

    assert known is (PERSONAL is message_mode(Mode.PERMISSION, permission, purpose))
    assert known is may_record(Mode.PERMISSION, permission, purpose)


def test_a_no_said_after_the_mail_went_out_ends_the_recording():
    """The mail was personal when it was made; the hit is looked at by the answer of then."""
    before, after = Permission(open=YES), Permission(open=NO)

    for mode in (Mode.PERSONAL, Mode.PERMISSION):
        assert PERSONAL is message_mode(mode, before, OPEN)
        assert may_record(mode, before, OPEN)
        assert not may_record(mode, after, OPEN)


@pytest.mark.parametrize("account", Mode)
@pytest.mark.parametrize("campaign", [None, *Mode])
@pytest.mark.parametrize("message", [None, *Mode])
def test_the_nearest_mode_counts(message, campaign, account):
    """Message before campaign before account; an inner one may also ask for more than an outer."""
    named = [mode for mode in (message, campaign, account) if mode is not None]

    assert named[0] is resolved(message, campaign, account)


def test_relayed_mail_cannot_go_by_permission():
    for mode in (OFF, ANONYMOUS, PERSONAL):
        assert mode is relay_mode(mode, field="relay_tracking_mode")
    with pytest.raises(
        InvalidError, match=r"relay_tracking_mode: .* does not say what its readers"
    ):
        relay_mode(Mode.PERMISSION, field="relay_tracking_mode")


@given(st.lists(said, max_size=6).flatmap(lambda all_of: st.permutations(all_of).map(tuple)))
def test_reports_may_come_in_any_order_and_twice(reports):
    """The last word is that of the latest report, of those of one time the no."""
    forwards = backwards = Statement()
    for one in (*reports, *reports):
        forwards = heard(forwards, one)
    for one in reversed(reports):
        backwards = heard(backwards, one)

    latest = max(reports, key=lambda one: (one.at_ms, one.answer is NO), default=Statement())
    assert latest.answer is forwards.answer is backwards.answer
    assert latest.at_ms == forwards.at_ms == backwards.at_ms


@given(st.lists(said, max_size=6))
def test_what_others_report_undoes_no_no_of_the_contact_itself(reports):
    own = last = Statement(NO, 3, Source.PAGE)
    for one in reports:
        last = heard(last, one)

    assert (NO, Source.PAGE) == (last.answer, last.source)
    assert last.at_ms >= own.at_ms
    assert YES is heard(last, Statement(YES, 7, Source.PAGE)).answer
    assert YES is heard(last, Statement(YES, 7, Source.API)).answer


@given(st.sampled_from((YES, NO)), st.sampled_from((YES, NO)), st.integers(1, 10))
def test_what_is_said_directly_is_always_the_last_word(first, second, clock_ms):
    """Also where the clock that writes is behind the one that wrote before."""
    standing = after_hearing(Statements(), {OPEN: first}, Voice(Source.API, "key", 5))
    after = after_hearing(standing, {OPEN: second}, Voice(Source.PAGE, "contact", clock_ms))

    assert second is after.open.answer
    assert after.open.at_ms > standing.open.at_ms


def test_a_report_older_than_the_last_word_changes_nothing():
    standing = after_hearing(Statements(), {OPEN: YES}, Voice(Source.API, "key", 5))

    assert standing == after_hearing(standing, {OPEN: NO}, Voice(Source.EVENT, "api", 4))


def test_the_log_gets_what_is_new():
    """One entry for each purpose whose answer is another; one that is repeated adds none."""
    voice = Voice(Source.PAGE, "contact", 5, "a note")
    before = after_hearing(Statements(), {OPEN: YES}, Voice(Source.API, "key", 1))
    after = after_hearing(before, {OPEN: YES, CLICK: NO}, voice)
    (entry,) = consents_of(A, CONTACT, before, after, voice)

    assert (CLICK, NO, Source.PAGE, "contact", 5, "a note") == entry[2:]
    assert [] == consents_of(A, CONTACT, after, after, voice)


def test_the_same_entry_has_the_same_id_and_another_one_another():
    voice = Voice(Source.PAGE, "contact", 1_795_254_840_000)
    both = {OPEN: YES, CLICK: YES}
    after = after_hearing(Statements(), both, voice)
    first, second = consents_of(A, CONTACT, Statements(), after, voice)

    assert first.consent_id == first._replace().consent_id
    assert "1795254840000-" == first.consent_id[:14]
    assert first.consent_id != second.consent_id
    assert first.consent_id != first._replace(actor="key").consent_id


@given(st.builds(Statements, said, said | st.just(Statement())))
def test_statements_come_out_of_an_item_as_they_went_in(statements):
    assert statements == statements_from(statements.to_wire())
    assert statements.permission == permission_from(statements.to_wire())


def test_nothing_said_leaves_no_text():
    assert "" == Statements().to_wire()
    assert Statements() == statements_from("")
    assert Permission(UNKNOWN, UNKNOWN) == permission_from("")


def test_events_say_it_with_booleans():
    assert {OPEN: YES, CLICK: NO} == answers_from({"open": True, "click": False}, "p")
    assert {CLICK: YES} == answers_from({"click": True}, "p")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (None, "p"),
        (True, "p"),
        ("yes", "p"),
        ([], "p"),
        ({}, "p"),
        ({"open": "yes"}, "p.open"),
        ({"open": 1}, "p.open"),
        ({"open": None}, "p.open"),
        ({"opens": True}, "p.opens"),
        ({"open": True, "click": "no"}, "p.click"),
    ],
)
def test_anything_else_names_its_fault(sent, field):
    with pytest.raises(InvalidError) as caught:
        answers_from(sent, "p")

    assert field == caught.value.field


def test_people_write_yes_and_no():
    assert [YES, NO, YES] == [answer_from(text, "opens") for text in ("yes", " No", "YES")]
    for text in ("unknown", "", "ja", "1", "yes!"):
        with pytest.raises(InvalidError, match="opens: must be one of yes, no"):
            answer_from(text, "opens")
