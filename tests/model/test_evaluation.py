"""Evaluations: nobody is lost between two lines, and rates are over those who could be seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model import evaluation as model
from signalbox.model.evaluation import Hour, Link, Response, evaluation
from signalbox.model.mailing_count import added, counts_of
from tests.mailed import hit, hits, message
from tests.model.test_mailing_count import CLICKS, MESSAGES, OPENS


def of(*items: dict, audience: int = 0) -> model.Evaluation:
    """Evaluate items."""
    return evaluation(added(map(counts_of, items)).get("count", {}), audience)


@given(st.lists(st.one_of(MESSAGES, OPENS, CLICKS), max_size=12), st.integers(0, 20))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_every_step_adds_up_to_the_one_before(items, audience):
    found = of(*items, audience=audience)

    assert found.audience == (
        found.suppressed + found.sent + found.failed + found.uncertain + found.pending
    )
    assert found.sent == (
        found.delivered + found.hard_bounced + found.soft_bounced + found.rejected + found.underway
    )
    assert found.suppressed == sum(found.suppressed_by.values())
    assert found.audience >= audience
    assert min(found.pending, found.underway) >= 0


def test_a_mailing_under_way_shows_who_is_still_to_come():
    items = [
        message("1", delivered_ms=1),
        message("2"),
        message("3", "skipped", reason="opted_out"),
        message("4", "claimed"),
        message("5", "failed"),
    ]

    found = of(*items, audience=9)

    assert (9, 1, {"opted_out": 1}, 2, 1, 1, 1, 5) == (
        found.audience,
        found.suppressed,
        found.suppressed_by,
        found.sent,
        found.delivered,
        found.underway,
        found.failed,
        found.pending,
    )


def test_who_opened_is_told_by_human_machine_and_nobody_known():
    opens = [
        hits("open", "1", human=[hit(1), hit(2)], machine=[hit(3)]),
        hits("open", "2", machine=[hit(4)]),
        hits("open", "~a", human=[hit(5)]),
        hits("open", "~b", machine=[hit(6)]),
    ]
    known = [message(str(who)) for who in range(4)]
    unknown = [message(str(who), mode="anonymous") for who in range(4, 8)]
    unseen = [message("8", mode="off"), message("9", hard_bounce_ms=1)]

    found = of(*opens, *known, *unknown, *unseen).opened

    assert Response(1, 1, 2, 2, 1, 3, tracked=8, rate=0.25) == found
    assert 2 == found.people


def test_a_rate_of_nobody_is_none():
    """Where nothing was tracked nobody knows that nobody opened."""
    found = of(message("1", mode="off", click_mode="off", delivered_ms=1))

    assert (None, None) == (found.opened.rate, found.clicked.rate)
    assert (1.0, 0.0, 0.0, 0.0) == (
        found.delivery_rate,
        found.bounce_rate,
        found.complaint_rate,
        found.unsubscribe_rate,
    )
    assert (None, None) == (of().delivery_rate, of().bounce_rate)


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 3, 0.3333), (2, 2, 1.0), (1, 0, None)])
def test_rates_are_shares(part, whole, expected):
    assert expected == model.rate(part, whole)


def test_hours_come_in_order_and_links_by_who_followed_them():
    counted = {7: {"clicks_human": 2}, 3: {"sent": 4, "opens_machine": 1}}
    assert [
        Hour(3 * 3_600_000, 4, 0, 1, 0, 0),
        Hour(7 * 3_600_000, 0, 0, 0, 2, 0),
    ] == model.hours(counted)

    links = {0: {"clicked_machine": 9}, 1: {"clicked_human": 2, "clicks_human": 5}, 2: {}}
    assert [Link(1, 2, 0, 5, 0), Link(0, 0, 9, 0, 0), Link(2, 0, 0, 0, 0)] == model.links(links)
