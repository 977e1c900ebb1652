"""Retries of webhooks: what a receiver's answer means, and when to try again.

The rules are those of Standard Webhooks 1.0.0: 2xx is success, 410 says that nobody lives there
any more, everything else is tried again on a schedule with jitter, and no sooner than the
receiver's `Retry-After` says. A redirect counts as a failure, since it is never followed, and so
does every other 4xx: a receiver that is being mended answers 404 or 401 for a while.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS

DELAYS_MS: Final = (
    5 * SECOND_MS,
    1 * MINUTE_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    9 * HOUR_MS,
    12 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
    24 * HOUR_MS,
)
"""The wait after each attempt but the last: 12 attempts over at least 96 hours."""

ATTEMPTS: Final = len(DELAYS_MS) + 1

JITTER = 0.2
"""The largest part of a wait that jitter adds; it never takes any away."""

LONGEST_RETRY_AFTER_MS = max(DELAYS_MS)
"""A `Retry-After` counts up to the schedule's longest wait, so that no receiver can hold a message
for longer than 11 of them: 13.2 days with all jitter."""

NO_CONTENT_EVER_AGAIN = 410
RETRY_AFTER_DIGITS = 10


class Fault(StrEnum):
    """Why no HTTP answer came.

    `name`: the host's name does not resolve. `refused`: Signalbox does not connect there (a
    private address, a port or form of URL that is not allowed). `invalid`: the request cannot be
    sent, for instance a header with a line break. `unreadable`: what came back is not HTTP.
    """

    TIMEOUT = "timeout"
    NAME = "name"
    CONNECTION = "connection"
    TLS = "tls"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt: an HTTP status, or the fault that took its place.

    `status` is 0 where there is a fault. `body` is the beginning of the answer's body, for the
    log; `detail` says of a fault what a person needs to mend it. `retry_after_ms` is how long the
    receiver asks to be left alone, counted from the answer.
    """

    status: int = 0
    fault: Fault | None = None
    body: str = ""
    detail: str = ""
    retry_after_ms: int | None = None

    @property
    def summary(self) -> str:
        """Return the outcome in a few words, as in `HTTP 503` or `tls: certificate has expired`."""
        if self.fault is None:
            return f"HTTP {self.status}"
        return f"{self.fault}: {self.detail}" if self.detail else str(self.fault)


class GiveUpReason(StrEnum):
    """Why a message is not tried again."""

    GONE = "gone"
    REFUSED = "refused"
    INVALID = "invalid"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Done:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again then, in milliseconds since the epoch."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class GaveUp:
    """This message is not tried again; `disable` says that the endpoint wants no other either."""

    reason: GiveUpReason
    disable: bool


Verdict = Done | RetryAt | GaveUp

# Another attempt would meet the same refusal, so it would only tell the user later.
HOPELESS: Final = {
    Fault.REFUSED: GiveUpReason.REFUSED,
    Fault.INVALID: GiveUpReason.INVALID,
}


def judge(attempt: int, answer: Answer, *, now_ms: int, jitter: float) -> Verdict:
    """Decide what follows from the answer to attempt number `attempt`, which counts from 1.

    `jitter` is a random number from 0 to 1. A wait is the schedule's or the receiver's
    `Retry-After`, whichever is longer, and up to a fifth more of it, so that the retries to a
    receiver that was down for all do not arrive together.
    """
    if answer.fault in HOPELESS:
        return GaveUp(HOPELESS[answer.fault], disable=False)
    if 200 <= answer.status <= 299:  # noqa: PLR2004 the class of success, RFC 9110 section 15.3
        return Done()
    if answer.status == NO_CONTENT_EVER_AGAIN:
        return GaveUp(GiveUpReason.GONE, disable=True)
    if attempt >= ATTEMPTS:
        return GaveUp(GiveUpReason.EXHAUSTED, disable=False)
    return RetryAt(now_ms + _wait_ms(attempt, answer.retry_after_ms or 0, jitter))


def retry_after_ms(header: str | None, *, now_ms: int) -> int | None:
    """Read a `Retry-After` header (RFC 9110 section 10.2.3): seconds, or an HTTP date.

    A date that has passed is 0; what cannot be read is None, as if the header were not there.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:RETRY_AFTER_DIGITS]) * SECOND_MS
    try:
        moment = parsedate_to_datetime(text)
        # Of the three forms of an HTTP date, asctime's names no zone; all are in GMT.
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wait_ms = _milliseconds(aware) - now_ms
    except (ValueError, OverflowError):
        return None
    return max(wait_ms, 0)


def _wait_ms(attempt: int, asked_ms: int, jitter: float) -> int:
    wait_ms = max(DELAYS_MS[max(attempt, 1) - 1], min(asked_ms, LONGEST_RETRY_AFTER_MS))
    return wait_ms + int(wait_ms * JITTER * jitter)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * SECOND_MS)
