"""What is counted of a mailing: what items stand for, and what changes change."""

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model import mailing_count
from signalbox.model.mailing_count import added, counter_of_day, counts_of, deltas
from signalbox.model.message import SkipReason, State
from signalbox.model.tracking_token import HONEYPOT
from tests.mailed import AT_MS, HOUR, hit, hits, message

DAY = "count#20261121"


def totals(item: dict) -> dict[str, int]:
    """Return what an item adds to the totals."""
    return counts_of(item).get("count", {})


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (message("1", "claimed"), {}),
        (message("1", "failed", reason="MessageRejected"), {"failed": 1}),
        (message("1", "uncertain"), {"uncertain": 1}),
        (
            message("1", "uncertain", mode="personal", click_mode="off"),
            {"uncertain": 1, "open_tracked_personal": 1},
        ),
        (message("1", "skipped", reason="opted_out"), {"skipped": 1, "skipped_opted_out": 1}),
        (message("1", "skipped", reason="no_email: x"), {"skipped": 1, "skipped_no_email": 1}),
        (message("1", "skipped", reason="Ada!"), {"skipped": 1, "skipped_other": 1}),
        (message("1", "skipped"), {"skipped": 1, "skipped_other": 1}),
        (message("1", mode="off", click_mode="off"), {"sent": 1}),
        (message("1", mode="off"), {"sent": 1, "click_tracked_personal": 1}),
        (message("1", mode="anonymous", click_mode=""), {"sent": 1, "open_tracked_anonymous": 1}),
    ],
)
def test_a_message_counts_by_its_state_and_how_it_is_tracked(item, expected):
    assert expected == totals(item)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({"delivered_ms": 1}, {"delivered": 1, "tracked": True}),
        ({"soft_bounce_ms": 1}, {"soft_bounced": 1, "tracked": False}),
        ({"soft_bounce_ms": 1, "delivered_ms": 2}, {"delivered": 1, "tracked": True}),
        ({"reject_ms": 1}, {"rejected": 1, "tracked": False}),
        ({"hard_bounce_ms": 2}, {"hard_bounced": 1, "tracked": False}),
        ({"hard_bounce_ms": 2, "delivered_ms": 1}, {"hard_bounced": 1, "tracked": True}),
        (
            {"delivered_ms": 1, "complaint_ms": 2, "unsubscribe_ms": 3},
            {"delivered": 1, "complained": 1, "unsubscribed": 1, "tracked": True},
        ),
    ],
)
def test_what_was_sent_fares_in_one_way(marks, expected):
    """It was delivered or it bounced, and who never got it is not among those who can open."""
    wanted = dict(expected)
    tracked = wanted.pop("tracked")
    on = {"open_tracked_personal": 1, "click_tracked_personal": 1} if tracked else {}

    assert {"sent": 1} | wanted | on == totals(message("1", **marks))


@pytest.mark.parametrize("state", [one for one in State if one is not State.SENT])
def test_what_was_not_sent_neither_arrives_nor_bounces(state):
    """So what was sent is always at least what arrived or bounced."""
    marks = {"delivered_ms": 1, "hard_bounce_ms": 1, "soft_bounce_ms": 1}

    assert not totals(message("1", state, **marks)).keys() & {
        "sent",
        "delivered",
        "hard_bounced",
        "soft_bounced",
    }


def test_the_hour_of_sending_is_counted():
    assert {"10_sent": 1} == counts_of(message("1"))[DAY]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            hits("open", "7", human=[hit(1), hit(2)], machine=[hit(3)]),
            {"opened_personal_human": 1, "opens_personal_human": 2, "opens_personal_machine": 1},
        ),
        (
            hits("open", "7", machine=[hit(3)]),
            {"opened_personal_machine": 1, "opens_personal_machine": 1},
        ),
        (
            hits("open", "~0a1b", human=[hit(1)]),
            {"opened_anonymous_human": 1, "opens_anonymous_human": 1},
        ),
        (
            hits("click", "7", human=[hit(1, link=3)]),
            {"clicked_personal_human": 1, "clicks_personal_human": 1},
        ),
        (hits("open", "7"), {}),
        (hits("open", "7", human=["nonsense", "1.2", "-1.0.aa", "99999999.0.aa"]), {}),
    ],
)
def test_who_opens_or_clicks_counts_once_and_each_time(item, expected):
    """Once human, human; personal and anonymous ones apart."""
    assert expected == totals(item)


def test_hits_are_counted_by_their_hours():
    item = hits("open", "7", human=[hit(1), hit(2, hour=HOUR + 14)], machine=[hit(3)])
    later = "count#20261122"

    counts = counts_of(item)

    assert {"10_opens_human": 1, "10_opens_machine": 1} == counts[DAY]
    assert {"00_opens_human": 1} == counts[later]
    assert (DAY, later) == (counter_of_day(date(2026, 11, 21)), counter_of_day(date(2026, 11, 22)))


def test_clicks_are_counted_by_their_links():
    """A link that only machines followed is theirs, whatever the same person clicked elsewhere."""
    item = hits(
        "click",
        "7",
        human=[hit(1, link=3), hit(2, link=3)],
        machine=[hit(3, link=3), hit(4, link=101)],
    )

    counts = counts_of(item)

    assert {"3_clicked_human": 1, "3_clicks_human": 2, "3_clicks_machine": 1} == counts[
        "count#links#0"
    ]
    assert {"101_clicked_machine": 1, "101_clicks_machine": 1} == counts["count#links#1"]


def test_the_trap_for_machines_is_no_link():
    counts = counts_of(hits("click", "7", machine=[hit(1, link=HONEYPOT)]))

    assert {"count", DAY} == counts.keys()
    assert 1 == counts["count"]["clicked_personal_machine"]


@pytest.mark.parametrize("item", [None, {"pk": "p", "sk": "count"}, {"pk": "p", "sk": "mark"}])
def test_nothing_else_counts(item):
    assert {} == counts_of(item)


TEXTS = st.frozensets(
    st.builds(hit, st.integers(0, 30), link=st.integers(0, 120), hour=st.integers(HOUR, HOUR + 30)),
    max_size=4,
)
MARKS = st.fixed_dictionaries(
    {},
    optional={
        mark: st.integers(1, 2)
        for mark in ("delivered_ms", "hard_bounce_ms", "soft_bounce_ms", "complaint_ms")
    },
)
MESSAGES = st.builds(
    lambda state, reason, mode, marks: message("1", state, reason=reason, mode=mode, **marks),
    st.sampled_from(State),
    st.sampled_from(SkipReason),
    st.sampled_from(["off", "anonymous", "personal", ""]),
    MARKS,
)
OPENS = st.builds(
    lambda human, machine: hits("open", "1", human=human, machine=machine), TEXTS, TEXTS
)
CLICKS = st.builds(
    lambda human, machine: hits("click", "1", human=human, machine=machine), TEXTS, TEXTS
)
HISTORIES = st.one_of(
    *(st.lists(st.one_of(st.none(), one), max_size=6) for one in (MESSAGES, OPENS, CLICKS))
)


@given(HISTORIES)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_the_sum_of_all_changes_is_what_the_last_item_stands_for(history):
    """However an item comes, changes and goes."""
    steps = [None, *history]

    changes = [deltas(old, new) for old, new in itertools.pairwise(steps)]

    assert counts_of(steps[-1]) == added(changes)


@given(st.lists(st.one_of(MESSAGES, OPENS, CLICKS), max_size=8))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_uniques_never_outnumber_what_they_are_made_of(items):
    """Whom is never more than how often, what fared never more than what was sent."""
    numbers = added(map(counts_of, items)).get("count", {})
    fared = sum(numbers.get(name, 0) for name in ("delivered", "hard_bounced", "soft_bounced"))

    assert fared <= numbers.get("sent", 0)
    for whom, often in (("opened", "opens"), ("clicked", "clicks")):
        each = [
            sum(numbers.get(f"{noun}_personal_{judged}", 0) for judged in mailing_count.JUDGED)
            for noun in (whom, often)
        ]
        assert each[0] <= each[1]
    assert all(number > 0 for number in numbers.values())


def test_a_change_that_changes_no_number_names_no_counter():
    claimed = message("1", "claimed")

    assert {} == deltas(claimed, claimed | {"changed_ms": AT_MS + 1})
    assert {} == deltas(message("1"), message("1", ses_id="x"))
