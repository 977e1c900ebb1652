"""How often an account may ask: a bucket of one second's requests, refilled steadily.

The bucket is kept as one number, the time at which it is full again, which each request moves on by
what one request takes to be refilled: the generic cell rate algorithm of ITU-T I.371. One number can
be moved by one write, so that two requests at once never take the same place.
"""

from dataclasses import dataclass

SECOND_US = 1_000_000
MOST_PER_SECOND = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is let through, and what its caller is told.

    `remaining` requests may follow at once; in `reset_s` seconds the bucket is full again; a request
    that is not let through may be sent again in `retry_after_s` seconds, 0 for one that is.
    """

    is_admitted: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int = 0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests a second, 1 to 500; times are microseconds since 1970."""

    per_second: int

    @property
    def refill_us(self) -> int:
        """Return the microseconds in which one request is refilled."""
        return SECOND_US // self.per_second

    def latest_us(self, now_us: int) -> int:
        """Return how late the bucket may be full for a request to be let through now."""
        return now_us + (self.per_second - 1) * self.refill_us

    def admits(self, full_at_us: int, now_us: int) -> bool:
        """Tell whether a request is let through while the bucket is full at that time."""
        return full_at_us <= self.latest_us(now_us)

    def admitted(self, full_at_us: int, now_us: int) -> Verdict:
        """Return the verdict on a request that was let through and moved the time to this."""
        free_us = self.latest_us(now_us) + self.refill_us - full_at_us
        return Verdict(
            is_admitted=True,
            limit=self.per_second,
            remaining=max(0, free_us // self.refill_us),
            reset_s=_seconds(full_at_us - now_us),
        )

    def refused(self, full_at_us: int, now_us: int) -> Verdict:
        """Return the verdict on a request that found no place, the bucket being full at this time."""
        return Verdict(
            is_admitted=False,
            limit=self.per_second,
            remaining=0,
            reset_s=_seconds(full_at_us - now_us),
            retry_after_s=_seconds(full_at_us - self.latest_us(now_us)),
        )


def _seconds(wait_us: int) -> int:
    """Return whole seconds that are not too few, at least 1."""
    return max(1, -(-wait_us // SECOND_US))
