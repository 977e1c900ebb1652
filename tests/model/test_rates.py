"""Rates and lists of people: of the same messages as the numbers, so nothing is more than all."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.evaluation import audience_of, evaluation
from signalbox.model.mailing_count import added, counts_of
from signalbox.model.mailing_person import PREFIXES, Seen, What, finding
from signalbox.model.message import State
from tests.mailed import hit, hits, message

MARKS = (
    *("delivered_ms", "soft_bounce_ms", "hard_bounce_ms"),
    *("reject_ms", "complaint_ms", "unsubscribe_ms"),
)
FACTS = st.fixed_dictionaries(
    {"state": st.sampled_from(State), "mode": st.sampled_from(["off", "personal"])},
    optional={mark: st.integers(1, 2) for mark in MARKS},
)
SEEN = st.sampled_from(["", "human", "machine"])
MAILED = st.lists(st.tuples(FACTS, SEEN, SEEN), max_size=8)


def items_of(mailed):
    """Return messages to contacts, and what these opened and clicked."""
    items = []
    for number, (facts, *seen) in enumerate(mailed):
        who, state = str(number), facts["state"]
        marks = {name: value for name, value in facts.items() if name != "state"}
        items.append(message(who, state, **{"click_mode": "personal", **marks}))
        items += [
            hits(kind, who, **{judged: [hit(number)]})
            for kind, judged in zip(("open", "click"), seen, strict=True)
            if judged
        ]
    return items


def evaluated(items):
    """Evaluate items."""
    return evaluation(added(map(counts_of, items)).get("count", {}))


@given(MAILED)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_no_rate_is_more_than_all(mailed):
    """Whatever was opened though it bounced, was never sent for certain, or was not tracked."""
    found = evaluated(items_of(mailed))

    rates = (
        *(found.opened.rate, found.clicked.rate, found.delivery_rate),
        *(found.bounce_rate, found.complaint_rate, found.unsubscribe_rate),
    )
    assert all(one is None or 0 <= one <= 1 for one in rates), rates
    for seen in (found.opened, found.clicked):
        assert seen.people + seen.machine <= seen.tracked


@pytest.mark.parametrize(
    "second",
    [
        message("2", delivered_ms=1, hard_bounce_ms=2),
        message("2", delivered_ms=1, reject_ms=2),
        message("2", "uncertain", mode="personal", click_mode="personal"),
    ],
)
def test_who_may_have_opened_is_among_those_who_could(second):
    """A mail that came back later had arrived, and one of which nobody knows may have."""
    first = message("1", delivered_ms=1)
    opened = [hits("open", who, human=[hit(1)]) for who in ("1", "2")]

    both = evaluated([first, second, *opened]).opened
    one = evaluated([first, second, *opened[:1]]).opened
    assert [(2, 1.0), (2, 0.5)] == [(both.tracked, both.rate), (one.tracked, one.rate)]


@given(MAILED)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_as_many_people_are_listed_as_are_counted(mailed):
    items = items_of(mailed)
    found = evaluated(items)
    listed = Counter(
        what
        for what in What
        for item in items
        if item["sk"].startswith(PREFIXES.get(what, "message#")) and finding(what, Seen.HUMAN)(item)
    )

    numbers = {what: getattr(found, what) for what in What if hasattr(found, what)}
    numbers |= {What.SKIPPED: found.suppressed}
    numbers |= {What.OPENED: found.opened.human, What.CLICKED: found.clicked.human}
    assert numbers == {what: listed[what] for what in What}


@pytest.mark.parametrize(("listed", "audience"), [(0, 3), (2, 3), (5, 5)])
def test_an_audience_is_never_less_than_what_became_of_it(listed, audience):
    numbers = {"sent": 1, "skipped": 1, "failed": 1, "delivered": 1}

    assert audience == audience_of(numbers, listed) == evaluation(numbers, listed).audience
