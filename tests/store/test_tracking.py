"""The tracking log in its table."""

import pytest

from signalbox.model.errors import NotFoundError
from signalbox.model.log import entry_of
from signalbox.store import tracking
from tests.store.things import NOW, A, B, account, event


@pytest.fixture(name="log")
def _log(cloud):
    """Seven entries of contact 7, two of them in one millisecond, and one of another's."""
    events = [event(n) for n in range(6)] + [event(6, at_ms=NOW + 3, name="upload")]
    entries = [entry_of(one, "7") for one in events]
    others = [entry_of(event(1), "77"), entry_of(event(1, B), "7")]
    tracking.write(tracking.item(one, account(one.account_id)) for one in [*entries, *others])
    return sorted(entries, key=lambda entry: (entry.at_ms, entry.key_hash))


def test_a_log_is_read_in_order(log):
    assert (log, None) == tracking.of_contact(A, "7")
    assert log[::-1] == tracking.of_contact(A, "7", newest_first=True)[0]
    assert [] == tracking.of_contact(A, "8")[0]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", range(1, 9))
def test_pages_give_every_entry_once_in_order(log, limit, newest_first):
    found, after = [], None
    while True:
        page, after = tracking.of_contact(
            A, "7", limit=limit, after=after, newest_first=newest_first
        )
        found += page
        if after is None:
            break

    assert (log[::-1] if newest_first else log) == found


def test_windows_are_cut_from_the_same_order(log):
    for offset in range(9):
        for limit in range(9):
            window = tracking.window(A, "7", limit=limit, offset=offset)

            assert log[offset : offset + limit] == window


def test_a_time_leaves_out_what_was_before(log):
    late = [entry for entry in log if entry.at_ms >= NOW + 3]

    assert late == tracking.window(A, "7", limit=100, since_ms=NOW + 3)
    assert len(late) == tracking.count(A, "7", since_ms=NOW + 3)
    assert (7, 7, 0) == (
        tracking.count(A, "7"),
        tracking.count(A, "7", since_ms=-5),
        tracking.count(A, "7", since_ms=NOW + 99),
    )


def test_an_entry_is_found_by_its_id(log):
    for entry in log:
        assert entry == tracking.fetch(A, entry.entry_id)
    with pytest.raises(NotFoundError):
        tracking.fetch(B, log[0].entry_id)


def test_writing_an_entry_again_changes_nothing(log, cloud):
    before = cloud.items("TRACKING")

    tracking.write(tracking.item(entry, account()) for entry in log)

    assert before == cloud.items("TRACKING")


def test_the_last_value_of_a_name_is_found(log):
    assert "v5" == tracking.last_value(A, "7", "download")
    assert "v6" == tracking.last_value(A, "7", "upload")
    assert "" == tracking.last_value(A, "7", "unheard")


def test_an_entry_of_one_kilobyte_costs_one_write_unit(cloud):
    """DynamoDB counts names and values in UTF-8, and a number as at most 21 bytes."""
    entry = entry_of(event(value="v" * 700, name="n" * 32), "1" * 16)
    item = tracking.item(entry, account())
    size = sum(
        len(name) + (21 if isinstance(value, int) else len(value.encode()))
        for name, value in item.items()
    )

    assert size <= 1024


def test_entries_expire_with_the_accounts_retention(cloud):
    item = tracking.item(entry_of(event(), "7"), account(retention_days=1))

    assert NOW // 1000 + 86_400 == item["expires"]


@pytest.fixture(name="changes")
def _changes(log) -> list:
    """Changes of contact 7 between its events, one in the millisecond of an event."""
    events = [event(n, event_id=f"c{n}", name="open", kind="open") for n in (2, 9)]
    entries = [entry_of(one, "7") for one in events]
    tracking.write(tracking.item(one, account()) for one in entries)
    return entries


@pytest.mark.parametrize("limit", [1, 3, 5, 9, 100])
def test_the_latest_entries_are_events_and_changes(log, changes, limit):
    both = sorted([*log, *changes], key=lambda entry: (entry.at_ms, entry.key_hash), reverse=True)

    assert both[:limit] == tracking.latest(A, "7", limit=limit)
    assert [] == tracking.latest(A, "8", limit=limit)


def test_any_entry_is_found_by_its_id(log, changes):
    """An id does not say whether it is an event's or a change's; `fetch` knows events alone."""
    for entry in [*log, *changes]:
        assert entry == tracking.fetch_any(A, entry.entry_id)
        with pytest.raises(NotFoundError):
            tracking.fetch_any(B, entry.entry_id)
    with pytest.raises(NotFoundError):
        tracking.fetch(A, changes[0].entry_id)
    with pytest.raises(NotFoundError):
        tracking.fetch_any(A, "x")
