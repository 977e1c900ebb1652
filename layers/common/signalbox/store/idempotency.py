"""Idempotency keys of callers, in the tracking table.

Item    pk A#<account>#idempotency#<SHA-256 of the key>   sk claim
        fingerprint      of the body that came with it
        event            the id that its events were given
        received         milliseconds
        expires          seven days later, in seconds
Access  claim, or learn what the first request under the key was given
"""

from dataclasses import dataclass

from signalbox.environment import environment
from signalbox.model.errors import ConflictError
from signalbox.model.wire import digest
from signalbox.store import keys, table

KEPT_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Acceptance:
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
