"""Erasing contacts: what is still to do, what is swept, and what goes on holding.

Item    pk A#<account>#erasures   sk <id of 16 digits>   (contacts table) a contact being erased
        body             its addresses; none once everything has been swept
        due              milliseconds from which it is to be swept again, and is then forgotten
Item    pk A#<account>#erased#<hash of an address>   sk list#<list>   (contacts table)
        the address opted out of this list, or was on this opt-out list; the hash is HMAC-SHA256
        under the account's salt; its suppression stands beside it (`store.suppressions`)
Item    pk A#<account>   sk salt   (rules table)
        salt             64 hex digits, made with the first erasure
Access  note an erasure, those that are due; delete a contact's log and dispatches, the dropped
        events of an address (index `attention`), the lines of the feed, what mailings hold of a
        contact; keep, ask for and lift an opt-out; all that is kept of an address

A batch of events that was looked up before the contact went may be written after its log was
swept. So the contact's id, and nothing else of it, is noted until the log was swept once more.
"""

import hmac
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from signalbox.environment import environment
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

AGAIN_AFTER_MS = 60_000  # a batch of events is written within the tracking worker's 30 s
DELETED_AT_ONCE = 250
PAGE = 1_000  # so many events of one address are not dropped in one millisecond
END_OF_TIME_MS = 10**13
LIST = "list#"
OF_MAILINGS = ("message", "open", "click")
MAILINGS_AT_ONCE = 33  # three items of each in one read

_salts: dict[str, bytes] = {}


class Erasure(NamedTuple):
    """A contact to be erased; `addresses` are empty where it was swept before."""

    account_id: str
    contact_id: str
    addresses: tuple[str, ...]


class LateError(Exception):
    """The time for this request is up; what is erased is erased, the rest is noted."""


def note(erasure: Erasure, due_ms: int) -> None:
    """Note that a contact is to be erased; what was noted of it before is forgotten."""
    item = {
        "pk": keys.erasures(erasure.account_id),
        "sk": place(erasure.contact_id),
        "body": packed(erasure.addresses),
        "due": due_ms,
    }
    table.put_many(environment().contacts_table, [item])


def find(account_id: str, contact_id: str) -> Erasure | None:
    """Return the erasure that was begun of a contact; None where there is none."""
    where = keys.erasures(account_id), place(contact_id)
    item = table.get(environment().contacts_table, where)
    return _erasure_from(item, account_id) if item else None


def due(account_id: str, now_ms: int, *, limit: int) -> list[Erasure]:
    """Return erasures that a crash cut off, and those whose second sweep is due."""
    found = table.query_all(
        environment().contacts_table, keys.erasures(account_id), consistent=True
    )
    ready = (_erasure_from(item, account_id) for item in found if item["due"] <= now_ms)
    return list(islice(ready, limit))


def forget(erasure: Erasure) -> None:
    """Remove the note of an erasure that is complete."""
    where = keys.erasures(erasure.account_id), place(erasure.contact_id)
    table.delete_many(environment().contacts_table, [where])


def sweep(erasure: Erasure, *, until: float) -> None:
    """Delete what the tracking table holds of a contact.

    Raises:
        LateError: `until` (of `time.monotonic`) has come before everything was deleted.
    """
    account_id = erasure.account_id
    tracking_table = environment().tracking_table
    own = table.query_all(
        tracking_table, keys.contact(account_id, erasure.contact_id), consistent=True
    )
    _delete(tracking_table, own, until)
    _delete(tracking_table, _of_mailings(account_id, erasure.contact_id), until)
    for address in erasure.addresses:
        _delete(tracking_table, _dropped(keys.dropped_of(account_id, address)), until)
    lines = table.query_all(tracking_table, keys.feed(account_id), consistent=True)
    _delete(tracking_table, (line for line in lines if _speaks_of(line, erasure)), until)


def sweep_record(account_id: str, contact_id: str, *, until: float) -> None:
    """Delete what the contacts table still holds in a contact's partition.

    Raises:
        LateError: as for `sweep`.
    """
    contacts_table = environment().contacts_table
    own = table.query_all(contacts_table, keys.contact(account_id, contact_id), consistent=True)
    _delete(contacts_table, own, until)


def keep_opt_outs(account_id: str, addresses: Iterable[str], list_ids: Iterable[str]) -> None:
    """Let the opt-outs of an address go on holding after its contact is gone."""
    kept = [(address, list_id) for address in addresses for list_id in list_ids]
    if kept:
        salt = _salt(account_id) or _new_salt(account_id)
        places = [_kept_key(account_id, salt, address, f"{LIST}{one}") for address, one in kept]
        items = [{"pk": pk, "sk": sk} for pk, sk in places]
        table.put_many(environment().contacts_table, items)


def opted_out(account_id: str, address: str) -> set[str]:
    """Return the ids of the lists that an erased contact of this address had opted out of."""
    return lists_among(kept_of(account_id, address))


def kept_of(account_id: str, address: str) -> list[Item]:
    """Return all that goes on holding for an address whose contact was erased."""
    salt = _salt(account_id)
    if salt is None:
        return []
    partition, _ = _kept_key(account_id, salt, address, "")
    return [*table.query_all(environment().contacts_table, partition, consistent=True)]


def lists_among(kept: Iterable[Item]) -> set[str]:
    """Return the ids of the lists whose opt-outs are among what is kept of an address."""
    return {item["sk"].removeprefix(LIST) for item in kept if item["sk"].startswith(LIST)}


def find_kept_key(account_id: str, address: str, sort: str) -> Key | None:
    """Return where something is kept of an address; None where the account keeps nothing at all."""
    salt = _salt(account_id)
    return _kept_key(account_id, salt, address, sort) if salt else None


def kept_key(account_id: str, address: str, sort: str) -> Key:
    """Return where something is to be kept of an address."""
    salt = _salt(account_id) or _new_salt(account_id)
    return _kept_key(account_id, salt, address, sort)


def opted_out_among(account_id: str, wanted: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those pairs of an address and a list where `opted_out` would name the list."""
    salt = _salt(account_id)
    if salt is None:
        return set()
    places = {
        _kept_key(account_id, salt, address, f"{LIST}{one}"): (address, one)
        for address, one in wanted
    }
    found = table.get_many({environment().contacts_table: places})
    return {places[where] for where in found}


def lift_opt_out(account_id: str, address: str, list_id: str) -> None:
    """Forget an opt-out, for somebody who has joined the list again."""
    salt = _salt(account_id)
    if salt is not None:
        where = _kept_key(account_id, salt, address, f"{LIST}{list_id}")
        table.delete_many(environment().contacts_table, [where])


def forget_salts() -> None:
    """Empty the memory of this process."""
    _salts.clear()


def _erasure_from(item: Item, account_id: str) -> Erasure:
    return Erasure(account_id, contact_id_at(item["sk"]), tuple(unpacked(item["body"])))


def _delete(name: str, items: Iterable[Item], until: float) -> None:
    pending: Iterator[Key] = (table.key_of(item) for item in items)
    while batch := list(islice(pending, DELETED_AT_ONCE)):
        if time.monotonic() >= until:
            raise LateError
        table.delete_many(name, batch)


def _of_mailings(account_id: str, contact_id: str) -> Iterator[Item]:
    """Yield what the account's mailings hold of a contact: messages, opens and clicks.

    Their numbers stay: what is removed goes on counting (`model.mailing_count`).
    """
    env = environment()
    shard = keys.mailing_shard(contact_id)
    mailings = table.query_all(
        env.rules_table, keys.collection(account_id, "mailings"), consistent=True
    )
    ids = (item["sk"] for item in mailings)
    while some := list(islice(ids, MAILINGS_AT_ONCE)):
        places = [
            (keys.mailing(account_id, one, shard), f"{noun}#{contact_id}")
            for one in some
            for noun in OF_MAILINGS
        ]
        yield from table.get_many({env.tracking_table: places}).values()


def _dropped(partition: str) -> Iterator[Item]:
    """Yield an address's dropped events, page after page from the time that the last one reached."""
    low = 0
    while True:
        page = table.query(
            environment().tracking_table,
            partition,
            index="attention",
            sort="changed",
            between=(low, END_OF_TIME_MS),
            limit=PAGE,
        )
        yield from page.items
        if page.last is None or not page.items:
            return
        reached: int = page.items[-1]["changed"]
        low = max(reached, low + 1)


def _speaks_of(line: Item, erasure: Erasure) -> bool:
    told: Mapping[str, Any] = unpacked(line["body"])
    named = told.get("contact_id") == erasure.contact_id
    return named or told.get("address") in erasure.addresses


def _kept_key(account_id: str, salt: bytes, address: str, sort: str) -> Key:
    hashed = hmac.digest(salt, address.encode(), "sha256").hex()
    return keys.erased(account_id, hashed), sort


def salt_key(account_id: str) -> Key:
    """Return where the account's salt stands, from its first erasure on."""
    return keys.account(account_id), "salt"


def _salt(account_id: str) -> bytes | None:
    if account_id not in _salts:
        item = table.get(environment().rules_table, salt_key(account_id))
        if item is None:
            return None
        _salts[account_id] = bytes.fromhex(item["salt"])
    return _salts[account_id]


def _new_salt(account_id: str) -> bytes:
    """Make the account's salt; where two do so at once, both get the first."""
    made = secrets.token_bytes(32)
    item = {"pk": keys.account(account_id), "sk": "salt", "salt": made.hex()}
    try:
        table.put(environment().rules_table, item, condition="attribute_not_exists(pk)")
    except table.RefusedError as error:
        if error.old is not None:
            made = bytes.fromhex(error.old["salt"])
    _salts[account_id] = made
    return made
