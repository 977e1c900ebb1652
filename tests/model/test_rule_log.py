"""The rule log: which rows are wanted, and what of a detail may be shown."""

from dataclasses import replace

import pytest

from signalbox.model.dispatch import Outcome, SkipReason
from signalbox.model.retries import Answer, Fault, GiveUpReason
from signalbox.model.rule_log import LogFilter, RuleNamed, public_detail, row_of, trigger_of
from tests.store.things import NOW, event, record

RULE = RuleNamed("Thanks", "email_campaign", "4", "contact_added")
ADDRESS = "ada@signalbox.example"


@pytest.mark.parametrize("word", [*SkipReason, *Fault, *GiveUpReason])
def test_our_own_words_are_shown_without_what_follows_them(word):
    assert word == public_detail(word)
    assert word == public_detail(f"{word}: of {ADDRESS}")


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("HTTP 503", "HTTP 503"),
        ("queued 3 actions", "queued 3 actions"),
        (f"MessageRejected: Email address is not verified: {ADDRESS}", "MessageRejected"),
        ("StateMachineDoesNotExist: none", "StateMachineDoesNotExist"),
        (Answer(fault=Fault.TLS, detail=f"for {ADDRESS}").summary, "tls"),
        ("", ""),
        ("HTTP 503 for Ada", ""),
        ("queued 3 actions for Ada", ""),
        (f"{ADDRESS}: is not an address", ""),
        ("Ada: is not a name", ""),
        ("Ada Lovelace: is not a name", ""),
        ("the email belongs to another contact", ""),
        ("0100018f-0000 (2 parts)", ""),
    ],
)
def test_of_a_detail_only_what_names_nobody_is_shown(detail, shown):
    assert shown == public_detail(detail)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (LogFilter(), True),
        (LogFilter(since_ms=NOW, until_ms=NOW), True),
        (LogFilter(since_ms=NOW + 1), False),
        (LogFilter(until_ms=NOW - 1), False),
        (LogFilter(rule_id="1"), True),
        (LogFilter(rule_id="2"), False),
        (LogFilter(kind="webhook", outcome="done", test=False), True),
        (LogFilter(kind="send_sms"), False),
        (LogFilter(outcome="failed"), False),
        (LogFilter(test=True), False),
        (LogFilter(level="email_campaign", trigger="contact_added"), True),
        (LogFilter(level="project"), False),
        (LogFilter(trigger="contact_deleted"), False),
    ],
)
def test_a_filter_asks_for_all_that_it_names(wanted, fits):
    done = record(outcome=Outcome.DONE)

    assert fits is (wanted.wants(done) and wanted.wants_rule(RULE))


def test_a_test_run_is_told_from_the_real_thing():
    done = record(outcome=Outcome.DONE)
    tried = replace(done, dispatch=replace(done.dispatch, test=True))

    assert [True, False] == [LogFilter(test=test).wants(tried) for test in (True, False)]


def test_what_is_under_way_is_no_row():
    assert not LogFilter().wants(record(outcome=Outcome.CLAIMED))


def test_a_row_tells_of_the_dispatch_and_of_its_rule():
    done = record(outcome=Outcome.DONE, detail="HTTP 200", response_status=200)

    row = row_of(done, RULE)

    assert ("Thanks", "email_campaign", "4", "contact_added") == (
        row.rule_name,
        row.level,
        row.container_id,
        row.trigger,
    )
    assert (done.dispatch.dispatch_id, NOW, "7", "HTTP 200", 200) == (
        row.dispatch_id,
        row.at_ms,
        row.contact_id,
        row.detail,
        row.response_status,
    )


@pytest.mark.parametrize(("kind", "trigger"), [("", "event_recorded"), ("open", "open")])
def test_an_event_says_what_it_triggers(kind, trigger):
    assert trigger == trigger_of(replace(record().dispatch, event=event(kind=kind)))
