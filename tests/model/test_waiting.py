"""When an action is due that waits."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.waiting import LONGEST_S, Wait, due_ms, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")


def at(text: str) -> int:
    """Return a time with its offset in milliseconds."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("wait", "since", "due"),
    [
        (Wait(), "2026-11-21T09:54:00Z", "2026-11-21T09:54:00Z"),
        (Wait(90), "2026-11-21T09:54:00Z", "2026-11-21T09:55:30Z"),
        (Wait(until="12:00"), "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"),
        (Wait(until="11:00"), "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        (Wait(until="10:59"), "2026-11-21T10:00:00Z", "2026-11-22T09:59:00Z"),
        (Wait(86_400, "09:00"), "2026-11-21T09:00:00Z", "2026-11-23T08:00:00Z"),
        # 02:30 does not exist on the morning when the clocks go forward.
        (Wait(until="02:30"), "2027-03-27T22:00:00Z", "2027-03-28T01:30:00Z"),
        # 02:30 comes twice when they go back: at 00:30 and at 01:30 UTC.
        (Wait(until="02:30"), "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"),
    ],
)
def test_when_it_is_due_in_berlin(wait, since, due):
    assert at(due) == due_ms(wait, at(since), BERLIN)


@given(
    st.integers(0, 4 * 10**12),
    st.integers(0, LONGEST_S),
    st.times().map(lambda time: f"{time:%H:%M}"),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_nothing_is_due_before_its_wait_is_over_nor_two_days_after(since, seconds, until, zone):
    """Whatever the clocks do, of which some go forward by a whole day."""
    due = due_ms(Wait(seconds, until), since, ZoneInfo(zone))

    assert 0 <= due - (since + seconds * 1000) <= 2 * 86_400_000


@pytest.mark.parametrize(
    ("names", "zone"),
    [
        (("Europe/Berlin", "UTC"), BERLIN),
        (("", "Europe/Berlin"), BERLIN),
        (("Mars/Olympus", "Europe/Berlin"), BERLIN),
        (("../../etc/passwd", "/etc/passwd", "Europe"), UTC),
        (("\x00",), UTC),
    ],
)
def test_the_first_zone_that_exists_counts(names, zone):
    """A contact's field may hold anything."""
    assert zone == zone_of(*names)
