"""The rule log: every outcome, by time, over all shards, page after page."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.errors import InvalidError
from signalbox.model.rule_log import LogFilter
from signalbox.model.trigger import Level
from signalbox.store import accounts, dispatches, rule_log, rules, table
from tests.cloud import client
from tests.store.things import NOW, A, B, account, event, record, rule


def settled(number: int, changed_ms: int = 0, **changes) -> str:
    """Let a dispatch come to an outcome; return its id."""
    facts = {"outcome": Outcome.DONE, "changed_ms": NOW + (changed_ms or number)} | changes
    done = record(number, **facts)
    dispatches.claim(replace(done, outcome=Outcome.CLAIMED), now_ms=NOW, repeatable=True)
    dispatches.settle(done)
    return done.dispatch.dispatch_id


def log(wanted: LogFilter | None = None, *, limit: int = 100, **where) -> list[str]:
    """Return the ids of all rows, over all pages."""
    found, after = [], ""
    while True:
        rows, after = rule_log.page(A, wanted or LogFilter(), after=after, limit=limit, **where)
        assert len(rows) <= limit
        found += [row.dispatch_id for row in rows]
        if not after:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_the_log_is_read_latest_first_over_all_pages(cloud, limit):
    made = [settled(number) for number in range(12)]

    assert made[::-1] == log(limit=limit)


def test_the_log_is_kept_in_eight_shards(cloud):
    """A busy account's outcomes do not meet in one partition."""
    for number in range(60):
        settled(number)

    assert 8 == len({item["logged"]["S"] for item in cloud.items("TRACKING")})


@given(times=st.lists(st.integers(0, 3), min_size=1, max_size=12), limit=st.integers(1, 5))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_outcomes_of_one_millisecond_are_neither_lost_nor_told_twice(cloud, times, limit):
    for item in cloud.items("TRACKING"):
        key = {"pk": item["pk"], "sk": item["sk"]}
        client("dynamodb").delete_item(TableName="TrackingTable", Key=key)
    made = [settled(number, 1 + time) for number, time in enumerate(times)]

    found = log(limit=limit)

    assert sorted(made) == sorted(found)
    assert len(made) == len(found)


def test_a_page_ends_with_nothing_after_the_last_row(cloud):
    settled(1)
    settled(2)

    assert "" == rule_log.page(A, LogFilter(), limit=2)[1]
    assert "" == rule_log.page(A, LogFilter(rule_id="other"), limit=2)[1]
    assert ([], "") == rule_log.page(B, LogFilter(), limit=2)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_logged_and_no_claim(cloud, outcome):
    made = settled(1, outcome=outcome)

    assert ([] if outcome is Outcome.CLAIMED else [made]) == log()


def test_a_dispatch_that_is_tried_again_stands_where_its_last_try_ended(cloud):
    """While a worker is at it, it does not stand in the log."""
    first = settled(1, outcome=Outcome.WAITING)
    other = settled(2)
    again = record(1, attempt=2, changed_ms=NOW + 3, owner="again")

    dispatches.claim(again, now_ms=NOW + 3, repeatable=True)
    assert [other] == log()
    dispatches.settle(replace(again, outcome=Outcome.DONE))

    assert [first, other] == log()


def test_times_count_in_at_both_ends(cloud):
    made = [settled(number) for number in range(5)]

    assert made[3:0:-1] == log(LogFilter(since_ms=NOW + 1, until_ms=NOW + 3))
    assert [] == log(LogFilter(since_ms=NOW + 3, until_ms=NOW + 1))


def test_a_page_looks_at_so_many_entries_and_no_more(cloud, monkeypatch):
    """Whoever looks for what is seldom gets empty pages, and in the end what is there."""
    monkeypatch.setattr(rule_log, "MOST_READ", 4)
    wanted = settled(0, outcome=Outcome.FAILED)
    for number in range(1, 10):
        settled(number)

    rows, after = rule_log.page(A, LogFilter(outcome="failed"), limit=10)

    assert ([], True) == (rows, bool(after))
    assert [wanted] == log(LogFilter(outcome="failed"))


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_contacts_log_is_that_contacts_alone(cloud, limit):
    """In the order of its events, whenever the outcomes came."""
    made = [settled(number, changed_ms=20 - number) for number in range(4)]
    settled(9, dispatch=Dispatch("8", "1", 1, 0, event(9)))
    dispatches.claim(record(5), now_ms=NOW, repeatable=True)

    assert made[::-1] == log(contact_id="7", limit=limit)
    assert [] == log(LogFilter(rule_id="2"), contact_id="7", limit=limit)


def test_level_trigger_and_name_are_those_of_the_version_that_fired(cloud):
    """Also when the rule was changed or deleted since."""
    accounts.create(account())
    first = rule(name="first")
    rules.create(first)
    second = rules.save(replace(first, name="second"), since=first)
    rules.delete(second)
    settled(1, dispatch=Dispatch("7", "1", 1, 0, event(1)))
    settled(2, dispatch=Dispatch("7", "1", 2, 0, event(2)))
    settled(3, dispatch=Dispatch("7", "webhook-9", 1, 0, event(3, kind="subscribe")))

    rows, _ = rule_log.page(A, LogFilter(), limit=10)

    assert [
        ("", Level.PROJECT, "subscribe"),
        ("second", Level.PROJECT, "event_recorded"),
        ("first", Level.PROJECT, "event_recorded"),
    ] == [(row.rule_name, row.level, row.trigger) for row in rows]
    assert 1 == len(log(LogFilter(trigger="subscribe")))
    assert 3 == len(log(LogFilter(level="project")))
    assert [] == log(LogFilter(level="sms_campaign"))


def test_the_rules_of_a_page_are_asked_for_at_once(cloud, monkeypatch):
    for number in range(30):
        settled(number, dispatch=Dispatch("7", str(number), 1, 0, event(number)))
    asked = []
    ask = table.dynamodb
    monkeypatch.setattr(
        table,
        "dynamodb",
        lambda operation, **request: asked.append(operation) or ask(operation, **request),
    )

    rows, _ = rule_log.page(A, LogFilter(), limit=100)

    assert (30, 1) == (len(rows), asked.count("BatchGetItem"))


@pytest.mark.parametrize("after", ["x", "1", "1-", "1-7", "-7-1-a", "²-7-0000000000001-a", "1-8-9"])
def test_what_no_page_said_is_refused(cloud, after):
    with pytest.raises(InvalidError):
        rule_log.page(A, LogFilter(), after=after, limit=1)
