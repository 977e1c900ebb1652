"""Where the short links of a mailing's texts lead: fixed when it starts (see `store.mailings`).

Somebody waits for the answer, so the targets of a mailing are read once and remembered for as long
as the process lives.
"""

from typing import Final

from signalbox.environment import environment
from signalbox.model.wire import unpacked
from signalbox.store import keys, table
from signalbox.store.table import Key

REMEMBERED: Final = 1_000
"""Mailings; a text of 1,600 characters holds no more than that of targets."""

_remembered: dict[Key, tuple[str, ...]] = {}


def find(account_id: str, mailing_id: str, link: int) -> str:
    """Return where a link leads; empty where the mailing has none of that number.

    Raises:
        AwsError: the mailing is not remembered, and the table does not answer.
    """
    targets = _targets((keys.collection(account_id, "mailings"), mailing_id))
    return targets[link] if link < len(targets) else ""


def forget() -> None:
    """Empty the memory of this process."""
    _remembered.clear()


def _targets(key: Key) -> tuple[str, ...]:
    if key not in _remembered:
        item = table.get(environment().rules_table, key)
        targets = tuple(unpacked(item["body"]).get("targets", ())) if item else ()
        if not targets:
            return ()  # nothing is settled about a mailing that has not started
        if len(_remembered) >= REMEMBERED:
            del _remembered[next(iter(_remembered))]
        _remembered[key] = targets
    return _remembered[key]
