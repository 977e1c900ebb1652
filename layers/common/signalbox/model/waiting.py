"""Waits: when an action is due that shall not be performed at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Wait:
    """What an action waits for: some seconds, then a time of day; either may be absent.

    `until` is `HH:MM` in the account's zone or, with `zone` `contact`, in that of the contact.
    """

    seconds: int = 0
    until: str = ""
    zone: str = "account"


def due_ms(wait: Wait, since_ms: int, zone: ZoneInfo) -> int:
    """Return when an action is due whose wait began at `since_ms`.

    A time of day that the clocks skip in spring comes as much later as they were put forward; one
    that they repeat in autumn is its first.
    """
    earliest_ms = since_ms + wait.seconds * 1000
    if not wait.until:
        return earliest_ms
    hour, minute = map(int, wait.until.split(":"))
    earliest = datetime.fromtimestamp(earliest_ms / 1000, tz=zone)
    day = earliest.date()
    due = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
    if due < earliest.astimezone(UTC):
        tomorrow = day + timedelta(days=1)
        due = datetime.combine(tomorrow, time(hour, minute), zone).astimezone(UTC)
    return int(due.timestamp() * 1000)


def zone_of(*names: str) -> ZoneInfo:
    """Return the first of these time zones that exists, in the names of the IANA; else UTC."""
    for name in names:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, ZoneInfoNotFoundError):  # a folder, a path, an unknown name
            continue
    return ZoneInfo("UTC")
