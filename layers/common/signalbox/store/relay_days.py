"""Days on which mail was relayed that is tracked, in the tracking table.

Item    pk A#<account>#relay-days   sk <day>
        nothing else: it says that there may be opens and clicks of such mail
Access  note a day, once in a process; a page of days, latest first

A day is noted before its first mail goes out, so that none is missing where all are gone through.
"""

from typing import Final

from signalbox.environment import environment
from signalbox.store import keys, table
from signalbox.store.table import Key

MOST_NOTED: Final = 10_000

_noted: set[Key] = set()


def note(account_id: str, day: str) -> None:
    """Note that mail of a day is tracked; a day that this process has noted costs nothing."""
    pk, sk = _key(account_id, day)
    if (pk, sk) in _noted:
        return
    table.put(environment().tracking_table, {"pk": pk, "sk": sk})
    if len(_noted) >= MOST_NOTED:
        _noted.clear()
    _noted.add((pk, sk))


def of_account(account_id: str, *, limit: int, after: str = "") -> tuple[list[str], str]:
    """Return a page of an account's days, latest first, and the day to go on after."""
    page = table.query(
        environment().tracking_table,
        keys.relay_days(account_id),
        limit=limit,
        after=_key(account_id, after) if after else None,
        newest_first=True,
        consistent=True,
    )
    return [item["sk"] for item in page.items], page.last[1] if page.last else ""


def forget() -> None:
    """Empty the memory of this process."""
    _noted.clear()


def _key(account_id: str, day: str) -> Key:
    return keys.relay_days(account_id), day
