"""How fast mails go out: at the rate that SES allows, all workers together."""

import secrets
import time
from typing import Final

from signalbox import aws
from signalbox.environment import environment
from signalbox.model.container import ContainerKind
from signalbox.queues import LONGEST_DELAY_S
from signalbox.store import pace
from signalbox.store.pace import SECOND_US, Slots

ASKED_EVERY_S: Final = 300.0
SLOWEST: Final = 0.1
TEXTS_A_SECOND: Final = 10.0
OVER_RATE_S: Final = 5
OVER_QUOTA_S: Final = LONGEST_DELAY_S
CLOSED_S: Final = 300

sleep = time.sleep
_known: dict[str, tuple[float, float]] = {}


def take(kind: ContainerKind, count: int) -> Slots:
    """Take slots for some messages; none are taken where the next free ones are too far ahead."""
    now_us, owner = time.time_ns() // 1000, secrets.token_hex(8)
    return pace.take(count, rate(kind), now_us, owner=owner, clock=kind.partition("_")[0])


def wait_until(slot_us: int) -> None:
    """Sleep until a slot begins."""
    left_us = slot_us - time.time_ns() // 1000
    if left_us > 0:
        sleep(left_us / SECOND_US)


def delay_until(slot_us: int) -> int:
    """Return how many seconds what has to wait for a slot is queued away, 1 to 900."""
    left_us = slot_us - time.time_ns() // 1000
    return min(max(1, -(-left_us // SECOND_US)), LONGEST_DELAY_S)


def delay_after(error: Exception) -> int:
    """Return for how many seconds to leave AWS alone that does not send at the moment."""
    said = str(error).lower()
    if "quota" in said:
        return OVER_QUOTA_S
    if "rate" in said or "toomanyrequests" in said or "throttling" in said:
        return OVER_RATE_S
    return CLOSED_S


def rate(kind: ContainerKind) -> float:
    """Return how many mails a second may go out: as the stack was told, else as SES says.

    Of texts nobody tells: each country and number has a rate of its own, and AWS refuses what is more.
    """
    if kind is ContainerKind.SMS_CAMPAIGN:
        return TEXTS_A_SECOND
    return environment().mail_rate or _rate_of_ses()


def forget() -> None:
    """Empty the memory of this process."""
    _known.clear()


def _rate_of_ses() -> float:
    """Return the rate of the AWS account, asked for once in a while: it may grow at any time."""
    per_second, asked_at = _known.get("ses", (0.0, 0.0))
    if not per_second or time.monotonic() - asked_at > ASKED_EVERY_S:
        quota = aws.call("sesv2", "GetAccount").get("SendQuota", {})
        per_second = max(float(quota.get("MaxSendRate", 0)), SLOWEST)
        _known["ses"] = per_second, time.monotonic()
    return per_second
