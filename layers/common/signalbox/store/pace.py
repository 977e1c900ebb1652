"""The clock that spaces what all workers send together, in the tracking table.

Item    pk A#<account>#pace   sk email, sms
        free_at          microseconds since 1970 from which no slot is taken
        taken_by         who took the last slots
        expires          seconds, for TTL
Access  take some slots, in order; one write, seldom two
SES's rate is that of the AWS account, whatever accounts of Signalbox are in it, so the clock belongs
to account `0`, which is nobody's.
"""

import math
from typing import Any, Final, NamedTuple

from signalbox.environment import environment
from signalbox.store import keys, table

STACK: Final = "0"
MAIL: Final = "email"
SECOND_US: Final = 1_000_000
MOST_AHEAD_US: Final = 60 * SECOND_US
"""How far ahead slots are given; who asks for later ones comes again."""

KEPT_S: Final = 3_600
TRIES: Final = 10

_seen: dict[str, int] = {}


class Slots(NamedTuple):
    """Slots, one every `interval_us` from `first_us` on; none where `taken` is 0.

    Then `first_us` is from when on it is worth asking again.
    """

    first_us: int
    interval_us: int
    taken: int

    def at(self, number: int) -> int:
        """Return when slot number `number` begins, in microseconds since 1970."""
        return self.first_us + number * self.interval_us


def take(count: int, per_second: float, now_us: int, *, owner: str, clock: str = MAIL) -> Slots:
    """Take slots of the clock; `owner` is of this wish alone, and tells its own lost answer.

    One that the SDK sends once more may take slots twice where the clock runs; nobody uses those.
    """
    interval_us = max(1, math.ceil(SECOND_US / per_second))
    length_us = count * interval_us
    for _ in range(TRIES):
        free_us = _seen.get(clock, 0)
        try:
            free_us = _take(clock, free_us > now_us, length_us, now_us, owner)
        except table.RefusedError as error:
            stands = error.old or {}
            _seen[clock] = int(stands.get("free_at", 0))
            if stands.get("taken_by") == owner:
                return Slots(_seen[clock] - length_us, interval_us, count)
            if _seen[clock] > now_us + MOST_AHEAD_US:
                return Slots(_seen[clock] - MOST_AHEAD_US, interval_us, 0)
            continue
        _seen[clock] = free_us
        return Slots(free_us - length_us, interval_us, count)
    return Slots(now_us + SECOND_US, interval_us, 0)


def forget() -> None:
    """Empty the memory of this process."""
    _seen.clear()


def _take(clock: str, is_busy: bool, length_us: int, now_us: int, owner: str) -> int:
    """Move the clock on, from where it stands or from now; return until when slots are taken."""
    values: dict[str, Any] = {
        ":length": length_us,
        ":now": now_us,
        ":owner": owner,
        ":expires": now_us // SECOND_US + KEPT_S,
    }
    beside = "taken_by = :owner, expires = :expires"
    where = keys.pace(STACK), clock
    if is_busy:
        values[":latest"] = now_us + MOST_AHEAD_US
        written = table.updated(
            environment().tracking_table,
            where,
            f"SET free_at = free_at + :length, {beside}",
            values,
            condition="free_at > :now AND free_at <= :latest",
        )
        return int(written["free_at"])
    until_us = now_us + length_us
    values |= {":until": until_us}
    del values[":length"]
    table.update(
        environment().tracking_table,
        where,
        f"SET free_at = :until, {beside}",
        values,
        condition="attribute_not_exists(pk) OR free_at <= :now",
    )
    return until_us
