"""Suppressions, in the contacts table.

Item    pk A#<account>#address#<address>   sk suppression    where a contact has the address
        reason, weight   hard_bounce, complaint or manual, and how much that counts; empty and 0
                         once somebody has lifted it
        at_ms, detail    when it began, and more about the reason
        lifted_ms        when it was lifted last: what began until then suppresses nothing
Item    pk A#<account>#erased#<hash of an address>   sk suppression    where nobody has it
Access  suppress, lift; one address; many at once; what bars an address (with its opt-outs, in one
        Query each of the address and its hash); what goes on holding for an erased contact

Whatever is told again, in whatever order, leaves the weightiest reason and its first time. An address
that no contact has (any more) is kept as its salted hash alone, as opt-outs are (`store.erasure`).
The suppressions of an account are not listed: a hash names nobody, and no index holds them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from signalbox.environment import environment
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.store import (
    contacts,
    container_memberships,
    erasure,
    keys,
    table,
    unsubscribes,
)
from signalbox.store.table import Item, Key

SORT: Final = "suppression"
EXPRESSION: Final = "SET reason = :reason, weight = :weight, at_ms = :at, detail = :detail"
OUTWEIGHS: Final = (
    "attribute_not_exists(pk) OR ((attribute_not_exists(lifted_ms) OR lifted_ms < :at)"
    " AND (weight < :weight OR (weight = :weight AND at_ms > :at)))"
)


class Bars(NamedTuple):
    """What speaks against writing to an address: opt-out lists that exist, a suppression.

    `unsubscribed` says whether it gets no marketing mail at all.
    """

    opt_outs: list[str]
    suppression: Suppression | None
    unsubscribed: bool


def suppress(account_id: str, address: str, wanted: Suppression) -> None:
    """Let nothing be sent to an address (`email:…`) any more; a weightier reason goes on standing."""
    contacts_table = environment().contacts_table
    where, values = _key(account_id, address), _values(wanted)
    writes = [
        table.updating(contacts_table, where, EXPRESSION, values, condition=OUTWEIGHS),
        table.checking(
            contacts_table, contacts.address_key(account_id, address), "attribute_exists(pk)"
        ),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        (code, _), (owner, _) = error.reasons
        if owner == table.REFUSED:
            _keep(account_id, address, values)
        elif code != table.REFUSED:
            raise


def lift(account_id: str, address: str, now_ms: int) -> bool:
    """Let mails go to an address again; tell whether it was suppressed.

    It is remembered when that was, so that old feedback that comes again suppresses nothing.
    """
    found = _items(account_id, [address])
    lifted = False
    for where in found:
        lifted |= _lifted(where, now_ms)
    return lifted


def find(account_id: str, address: str) -> Suppression | None:
    """Return why nothing is sent to an address; None where something may be."""
    return find_many(account_id, [address]).get(address)


def find_many(account_id: str, addresses: Iterable[str]) -> dict[str, Suppression]:
    """Return the suppressions of those of these addresses (`email:…`) that are suppressed."""
    found: dict[str, Suppression] = {}
    for item, address in _items(account_id, addresses).values():
        standing = _from(item)
        if standing and (address not in found or standing.outweighs(found[address])):
            found[address] = standing
    return found


def bars(account_id: str, address: str) -> Bars:
    """Return all that speaks against writing to an address: one Query, two with an erasure."""
    stored = [*table.query_all(_table(), keys.address(account_id, address), consistent=True)]
    kept = erasure.kept_of(account_id, address)
    standing = [_from(item) for item in (*stored, *kept) if item["sk"] == SORT]
    return Bars(
        container_memberships.opt_outs_among(account_id, address, stored, kept),
        _weightiest([one for one in standing if one]),
        unsubscribes.is_among(stored, kept),
    )


def keep_erased(account_id: str, address: str) -> None:
    """Let the suppression of an address go on holding after its contact is gone, as a hash."""
    item = table.get(_table(), _key(account_id, address))
    if item is None:
        return
    standing = _from(item)
    if standing:
        _keep(account_id, address, _values(standing))
    table.delete_many(_table(), [table.key_of(item)])


def _keep(account_id: str, address: str, values: Mapping[str, Any]) -> None:
    where = erasure.kept_key(account_id, address, SORT)
    try:
        table.update(_table(), where, EXPRESSION, values, condition=OUTWEIGHS)
    except table.RefusedError:
        return  # a weightier reason stands, or it was lifted since


def _lifted(where: Key, now_ms: int) -> bool:
    """Lift what stands at a key; False where somebody else has lifted it."""
    try:
        table.update(
            _table(),
            where,
            "SET reason = :none, weight = :zero, at_ms = :now, lifted_ms = :now, detail = :none",
            {":none": "", ":zero": 0, ":now": now_ms},
            condition="weight > :zero",
        )
    except table.RefusedError as error:
        # Where our own write's answer was lost, this is what it left.
        return error.old is not None and error.old.get("lifted_ms") == now_ms
    return True


def _items(account_id: str, addresses: Iterable[str]) -> dict[Key, tuple[Item, str]]:
    """Return the items about addresses, each with its address; a lifted one is among them."""
    named = list(dict.fromkeys(addresses))
    places = {_key(account_id, address): address for address in named}
    places |= {
        where: address
        for address in named
        if (where := erasure.find_kept_key(account_id, address, SORT))
    }
    found = table.get_many({_table(): places})
    return {where: (item, places[where]) for where, item in found.items()}


def _from(item: Item) -> Suppression | None:
    if not item["weight"]:
        return None
    return Suppression(SuppressionReason(item["reason"]), item["at_ms"], item["detail"])


def _weightiest(standing: list[Suppression]) -> Suppression | None:
    return max(standing, key=lambda one: (one.reason.weight, -one.at_ms), default=None)


def _values(wanted: Suppression) -> dict[str, Any]:
    return {
        ":reason": wanted.reason,
        ":weight": wanted.reason.weight,
        ":at": wanted.at_ms,
        ":detail": wanted.detail,
    }


def _key(account_id: str, address: str) -> Key:
    return keys.address(account_id, address), SORT


def _table() -> str:
    return environment().contacts_table
