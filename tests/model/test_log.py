"""The tracking log's entries and their ids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.contact import EPOCH_MS, new_contact_id
from signalbox.model.errors import NotFoundError
from signalbox.model.event import Event
from signalbox.model.log import EntryKey, entry_of


@given(
    st.from_regex("[0-9]{1,16}", fullmatch=True),
    st.integers(0, 10**13 - 1),
    st.text(max_size=20),
)
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_an_entry_is_found_by_its_id(contact_id, at_ms, event_id):
    """An entry's id holds its whole key, in digits only."""
    event = Event("100000001", event_id, "n", at_ms, at_ms, "email:a@b.example")
    entry = entry_of(event, contact_id)

    assert entry.entry_id.isdigit()
    assert EntryKey(contact_id, at_ms, entry.key_hash) == EntryKey.of(entry.entry_id)


@pytest.mark.parametrize(
    "entry_id",
    ["", "27", "9" * 28, "x" * 40, "²" * 40, "1" * 45, "9" * 44, "1" + "0" * 13 + str(1 << 48)],
)
def test_what_no_entry_is_called_is_not_found(entry_id):
    with pytest.raises(NotFoundError):
        EntryKey.of(entry_id)


def test_an_entry_says_what_the_event_said():
    event = Event("1", "e", "n", 1, 2, "email:a@b.example", "v", {"p": 1}, "form")

    entry = entry_of(event, "7")

    assert ("1", "7", 1, 2, "n", "v", {"p": 1}, "form", "e") == (
        entry.account_id,
        entry.contact_id,
        entry.at_ms,
        entry.received_ms,
        entry.name,
        entry.value,
        entry.properties,
        entry.source,
        entry.event_id,
    )


def test_contact_ids_grow_with_time_and_fit_a_double():
    """The last id of a millisecond is below the first of the next; none passes 2^53 until 2095."""
    now = EPOCH_MS + 86_400_000
    last_day = 3_944_678_400_000  # 2095-01-01

    assert int(new_contact_id(now, (1 << 40) - 1)) < int(new_contact_id(now + 1, 0))
    assert int(new_contact_id(last_day, 4095)) < 2**53
    assert len(new_contact_id(last_day, 4095)) <= 16
