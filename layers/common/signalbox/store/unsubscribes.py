"""Addresses whose owners want no marketing mail at all any more, in the contacts table.

Item    pk A#<account>#address#<kind>:<normalised>   sk unsubscribed
        at_ms            milliseconds, when they said so
        mailing          the mailing whose link they followed, 0 for none
Access  note, lift; those of many addresses, with those of erased contacts; whether an address does,
        where its items are read
A contact that unsubscribed brings it along to each new address (`store.contacts`).
It stands beside the address's suppression and opt-outs, and like these stays with the address. Of an
erased contact the hash of the address goes on holding, as the opt-out of a list `ALL` that there is
not (see `erasure`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from signalbox.environment import environment
from signalbox.model.tracking_token import NO_MAILING
from signalbox.store import erasure, keys, table
from signalbox.store.table import Item, Key

SORT: Final = "unsubscribed"
NOTED: Final = "SET at_ms = if_not_exists(at_ms, :at), mailing = if_not_exists(mailing, :mailing)"
ALL: Final = "0"  # lists have ids from 1


def key(account_id: str, address: str) -> Key:
    """Return where it stands that an address gets no marketing mail."""
    return keys.address(account_id, address), SORT


def note(account_id: str, address: str, *, mailing_id: str, at_ms: int) -> None:
    """Note that an address gets no marketing mail any more; who said so before has said so then."""
    table.update(
        environment().contacts_table, key(account_id, address), NOTED, _values(mailing_id, at_ms)
    )


def noting(account_id: str, address: str, *, at_ms: int) -> Item:
    """Return `note` of no mailing as a part of a transaction."""
    values = _values(NO_MAILING, at_ms)
    return table.updating(environment().contacts_table, key(account_id, address), NOTED, values)


def lift(account_id: str, address: str) -> None:
    """Let an address get marketing mail again, for somebody who asks for it."""
    table.transact([table.deleting(environment().contacts_table, key(account_id, address))])
    erasure.lift_opt_out(account_id, address, ALL)


def find_many(account_id: str, addresses: Iterable[str]) -> set[str]:
    """Return those of the addresses that get no marketing mail."""
    places = {key(account_id, address): address for address in addresses}
    found = table.get_many({environment().contacts_table: places})
    held = erasure.opted_out_among(account_id, [(address, ALL) for address in places.values()])
    return {places[where] for where in found} | {address for address, _ in held}


def is_among(stored: Iterable[Item], kept: Iterable[Item]) -> bool:
    """Tell whether an address gets none, by its items and by those that outlived a contact."""
    return any(one["sk"] == SORT for one in stored) or ALL in erasure.lists_among(kept)


def forget(account_id: str, addresses: Iterable[str]) -> None:
    """Replace what stands with addresses by their hashes, as their contact is erased."""
    places = {key(account_id, address): address for address in addresses}
    found = table.get_many({environment().contacts_table: places})
    erasure.keep_opt_outs(account_id, [places[where] for where in found], [ALL])
    if found:
        table.delete_many(environment().contacts_table, found)


def _values(mailing_id: str, at_ms: int) -> Mapping[str, Any]:
    return {":at": at_ms, ":mailing": mailing_id}
