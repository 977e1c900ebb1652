"""Idempotency keys of callers, in the tracking table.

Item    pk A#<account>#idempotency#<SHA-256 of the key>   sk claim
        fingerprint      of the body that came with it
        event            the id that its events were given
        received         milliseconds
        expires          seven days later, in seconds
Item    pk A#<account>#idempotency#<SHA-256 of an event's id>   sk event
        received         milliseconds at which the id first came
        expires          seconds, for TTL, as long as the event itself is kept
Access  claim, or learn what the first request under the key, or the first event of the id, was given
"""

from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model.errors import ConflictError
from signalbox.model.retention import DAY_MS, RETENTION_DAYS
from signalbox.model.wire import digest
from signalbox.store import keys, table

KEPT_S = 7 * 86_400


class Acceptance(NamedTuple):
    """The id and time that a request's events are given, each time that it is sent."""

    event_id: str
    received_ms: int


def accept(account_id: str, idempotency_key: str, body: str, offered: Acceptance) -> Acceptance:
    """Return what the first request under this key was given: `offered` if this is the first.

    Raises:
        ConflictError: the key came with another body within the last seven days.
    """
    now_s = offered.received_ms // 1000
    claim = {
        "pk": keys.idempotency(account_id, digest(idempotency_key)),
        "sk": "claim",
        "fingerprint": digest(body),
        "event": offered.event_id,
        "received": offered.received_ms,
        "expires": now_s + KEPT_S,
    }
    try:
        table.put(
            environment().tracking_table,
            claim,
            condition="attribute_not_exists(pk) OR expires < :now",
            values={":now": now_s},
        )
    except table.RefusedError as error:
        first = error.old
        if first is None or first["fingerprint"] != claim["fingerprint"]:
            raise ConflictError("this Idempotency-Key was used for another request") from error
        return Acceptance(first["event"], first["received"])
    return offered


def first_received(account_id: str, event_id: str, now_ms: int) -> int:
    """Return when an event of this id came first, in milliseconds: now, if this is the first."""
    claim = {
        "pk": keys.idempotency(account_id, digest(event_id)),
        "sk": "event",
        "received": now_ms,
        "expires": (now_ms + RETENTION_DAYS * DAY_MS) // 1000,
    }
    try:
        table.put(environment().tracking_table, claim, condition="attribute_not_exists(pk)")
    except table.RefusedError as error:
        if error.old is not None:
            return int(error.old["received"])
    return now_ms
