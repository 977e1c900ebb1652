"""The tracking log: a contact's events, append only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from signalbox.model.errors import NotFoundError
from signalbox.model.event import Event

CONTACT_DIGITS = 16  # of 2^53
HASH_DIGITS = 15  # 48 bits in decimal
TIME_DIGITS = 13  # milliseconds since 1970, until the year 2286


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event on the record of one contact.

    `key_hash` is 12 hex digits made from the event's id; with contact and time it is the entry's
    key, so the same event always lands on the same entry. `kind` is the event's.
    """

    account_id: str
    contact_id: str
    at_ms: int
    received_ms: int
    key_hash: str
    name: str
    value: str
    properties: Mapping[str, Any]
    source: str
    event_id: str
    kind: str = ""

    @property
    def entry_id(self) -> str:
        """Return the id that the API shows: digits that hold the whole key.

        The contact's id, 13 digits of time, 15 of the hash: an entry is found by its id without an
        index, which would double the price of every event.
        """
        return f"{self.contact_id}{self.at_ms:013d}{int(self.key_hash, 16):015d}"


class EntryKey(NamedTuple):
    """Where an entry stands."""

    contact_id: str
    at_ms: int
    key_hash: str

    @classmethod
    def of(cls, entry_id: str) -> "EntryKey":
        """Read an `entry_id`; raise `NotFoundError` where no entry can have it."""
        shortest = TIME_DIGITS + HASH_DIGITS + 1
        longest = shortest - 1 + CONTACT_DIGITS
        readable = entry_id.isascii() and entry_id.isdigit()
        readable = readable and shortest <= len(entry_id) <= longest
        number = int(entry_id[-HASH_DIGITS:]) if readable else 1 << 48
        if number >= 1 << 48:
            raise NotFoundError("log entry", entry_id)
        return cls(
            contact_id=entry_id[: -TIME_DIGITS - HASH_DIGITS],
            at_ms=int(entry_id[-TIME_DIGITS - HASH_DIGITS : -HASH_DIGITS]),
            key_hash=f"{number:012x}",
        )


def entry_of(event: Event, contact_id: str) -> LogEntry:
    """Return the entry that records this event on that contact."""
    return LogEntry(
        account_id=event.account_id,
        contact_id=contact_id,
        at_ms=event.at_ms,
        received_ms=event.received_ms,
        key_hash=event.key_hash(),
        name=event.name,
        value=event.value,
        properties=event.properties,
        source=event.source,
        event_id=event.event_id,
        kind=event.kind,
    )
