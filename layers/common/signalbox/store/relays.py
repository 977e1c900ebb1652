"""Relayed mails by recipient, in the tracking table, so that a request that is repeated sends once.

Item    pk A#<account>#idempotency#<SHA-256 of the request's key and the recipient>   sk relay
        state            claimed, sent or uncertain
        fingerprint      of what the mail says
        owner            the request that holds it
        at_ms            when it was claimed
        ses_id           SES's message id, once it took the mail
        expires          a day later, in seconds
Access  claim, settle, give back: each a conditional write
"""

import contextlib
from enum import StrEnum
from typing import Final, NamedTuple

from signalbox.environment import environment
from signalbox.model.errors import ConflictError
from signalbox.model.wire import digest
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

KEPT_S: Final = 86_400
NAMES: Final = {"#state": "state", "#owner": "owner"}
OWNED: Final = "#state = :claimed AND #owner = :owner"


class State(StrEnum):
    """What is known of a relayed mail to one recipient.

    `claimed`: a request is at it, or died with it. `uncertain`: SES did not say whether it took it.
    """

    CLAIMED = "claimed"
    SENT = "sent"
    UNCERTAIN = "uncertain"


class Claim(NamedTuple):
    """A mail to one recipient, in the hands of a request.

    `key` is the request's idempotency key, `address` the recipient's (`email:…`), `fingerprint` the
    hash of what the mail says; `owner` is of one request alone.
    """

    account_id: str
    key: str
    address: str
    fingerprint: str
    owner: str
    at_ms: int


class Standing(NamedTuple):
    """What an earlier request left."""

    state: State
    at_ms: int
    ses_id: str


def take(claim: Claim) -> Standing | None:
    """Claim a mail; return what stands there where an earlier request did within a day.

    Raises:
        ConflictError: that one was another mail.
    """
    pk, sk = _key(claim)
    now_s = claim.at_ms // 1000
    item = {
        "pk": pk,
        "sk": sk,
        "state": State.CLAIMED,
        "fingerprint": claim.fingerprint,
        "owner": claim.owner,
        "at_ms": claim.at_ms,
        "ses_id": "",
        "expires": now_s + KEPT_S,
    }
    try:
        table.put(
            environment().tracking_table,
            item,
            condition="attribute_not_exists(pk) OR expires < :now",
            values={":now": now_s},
        )
    except table.RefusedError as error:
        return _standing(claim, error.old)
    return None


def settle(claim: Claim, state: State, ses_id: str = "") -> None:
    """Write down what came of a mail that was claimed."""
    with contextlib.suppress(table.RefusedError):  # an earlier try of this write has come through
        table.update(
            environment().tracking_table,
            _key(claim),
            "SET #state = :state, ses_id = :ses_id",
            {":state": state, ":ses_id": ses_id, **_owner(claim)},
            condition=OWNED,
            names=NAMES,
        )


def release(claim: Claim) -> None:
    """Give back the claim of a mail that was not sent."""
    with contextlib.suppress(table.RefusedError):  # as above
        table.delete(
            environment().tracking_table,
            _key(claim),
            condition=OWNED,
            values=_owner(claim),
            names=NAMES,
        )


def _standing(claim: Claim, old: Item | None) -> Standing | None:
    """Tell our own write, whose answer was lost, from an earlier request's."""
    if old is None or old["owner"] == claim.owner:
        return None
    if old["fingerprint"] != claim.fingerprint:
        raise ConflictError("this Idempotency-Key was used for another mail")
    return Standing(State(old["state"]), old["at_ms"], old["ses_id"])


def _owner(claim: Claim) -> dict[str, str]:
    return {":claimed": State.CLAIMED, ":owner": claim.owner}


def _key(claim: Claim) -> Key:
    return keys.idempotency(claim.account_id, digest(claim.key, claim.address)), "relay"
