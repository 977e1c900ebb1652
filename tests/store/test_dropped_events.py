"""Dropped events in their table."""

import itertools

import pytest

from signalbox.model.drop import DroppedEvent, DropReason
from signalbox.model.errors import NotFoundError
from signalbox.model.retention import DAY_MS
from signalbox.store import dropped_events, tracking
from tests.store.things import NOW, A, B, event

TODAY = "2026-11-21"


def dropped(number: int, account_id: str = A, *, days_ago: int = 0) -> DroppedEvent:
    """Return a dropped event."""
    at = NOW + number - days_ago * DAY_MS
    happened = event(number, account_id, event_id=f"e{number}-{days_ago}", received_ms=at)
    return DroppedEvent(happened, DropReason.UNKNOWN_CONTACT)


@pytest.fixture(name="newest_first")
def _newest_first(cloud):
    """Thirteen dropped events of today and three earlier days, over several shards."""
    kept = [dropped(n) for n in range(8)]
    kept += [dropped(n, days_ago=days) for days in (1, 3) for n in range(2)]
    kept += [dropped(0, days_ago=7)]
    others = [dropped(0, B)]
    tracking.write(dropped_events.item(one) for one in [*kept, *others])
    return sorted(kept, key=lambda one: one.dropped_id, reverse=True)


def test_days_are_read_from_the_latest_back(newest_first):
    found = list(dropped_events.newest_first(A, from_day=TODAY, days=8))

    assert newest_first == found
    assert newest_first[:8] == list(dropped_events.newest_first(A, from_day=TODAY, days=1))
    assert newest_first[8:12] == list(dropped_events.newest_first(A, from_day="2026-11-20", days=4))


def test_events_of_a_day_are_spread(newest_first, cloud):
    """No single key takes every dropped event of a day."""
    assert len({item["pk"]["S"] for item in cloud.items("TRACKING")}) > 6


@pytest.mark.parametrize("limit", range(1, 15))
def test_pages_give_every_event_once_in_order(newest_first, limit):
    found, before, day = [], "", TODAY
    while True:
        rest = dropped_events.newest_first(A, from_day=day, days=8, before=before)
        page = list(itertools.islice(rest, limit))
        found += page
        if not page:
            break
        before = page[-1].dropped_id
        day = dropped_events.day_of(page[-1].event.received_ms)

    assert newest_first == found


def test_one_is_found_by_its_id(newest_first):
    for one in newest_first:
        assert one == dropped_events.fetch(A, one.dropped_id)


@pytest.mark.parametrize(
    "dropped_id",
    [
        "",
        "x",
        "1-",
        "-8b29b74c1d04",
        "1-8B29B74C1D04",
        "1-8b29b74c1d04",
        "²-8b29b74c1d04",
        "99999999999999999999-8b29b74c1d04",
    ],
)
def test_what_no_dropped_event_is_called_is_not_found(cloud, dropped_id):
    with pytest.raises(NotFoundError):
        dropped_events.fetch(A, dropped_id)
    with pytest.raises(NotFoundError):
        dropped_events.note_replay(A, dropped_id, NOW)


def test_a_replay_is_noted_until_the_event_is_dropped_again(newest_first):
    first = newest_first[0]

    dropped_events.note_replay(A, first.dropped_id, NOW + 5)

    assert NOW + 5 == dropped_events.fetch(A, first.dropped_id).replayed_ms
    tracking.write([dropped_events.item(first)])
    assert 0 == dropped_events.fetch(A, first.dropped_id).replayed_ms
