"""Dispatches and their outcomes, in the tracking table.

Item    pk A#<account>#contact#<contact>   sk dispatch#<13 digits of ms>#<hash of the cause>
        body             the dispatch as it was queued
        kind outcome owner lease attempt changed detail status next expires
        told             SES's id of a mail, where SES told of it while a worker was at it
        attention        A#<account>#attention, while it failed or is uncertain (index `attention`)
        logged           A#<account>#logged#<shard>, from its first outcome on, but not while a worker
                         is at it (index `logged`): the account's rule log, see `store.rule_log`
Access  claim (conditional, once a try); write the outcome; confirm a mail of which nobody knew; a
        contact's dispatches; one by its id; those that somebody should look at, latest first
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome, SkipReason
from signalbox.model.errors import NotFoundError
from signalbox.model.retention import DAY_MS, RETENTION_DAYS
from signalbox.model.rule import Rule
from signalbox.store import accounts, contacts, keys, rules, table, webhooks
from signalbox.store.table import Item, Key

PREFIX = "dispatch#"
ATTENTION = frozenset({Outcome.FAILED, Outcome.UNCERTAIN})


class BusyError(Exception):
    """Another worker holds the claim; the queue brings the dispatch back."""


class InterruptedError(Exception):  # noqa: A001 the word is right, and the built-in is not in use
    """A worker died at a dispatch that must not be repeated blindly. `record` is what it left."""

    def __init__(self, record: DispatchRecord) -> None:
        super().__init__(f"{record.dispatch.dispatch_id} was interrupted")
        self.record = record


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a dispatch meets when it is due; None for what is gone."""

    account: Account | None
    contact: Contact | None
    rule: Rule | None


def key(account_id: str, dispatch_id: str) -> Key:
    """Return where a dispatch stands; raise `NotFoundError` where none can have the id."""
    parts = dispatch_id.split("-")
    if len(parts) != 3 or not (parts[0].isdigit() and parts[1].isdigit()):  # noqa: PLR2004 its parts
        raise NotFoundError("dispatch", dispatch_id)
    contact_id, at, key_hash = parts
    return keys.contact(account_id, contact_id), f"{PREFIX}{at}#{key_hash}"


def circumstances(dispatch: Dispatch) -> Circumstances:
    """Read account, contact and rule (or webhook) as they are now, in one call."""
    account_id = dispatch.account_id
    env = environment()
    account_key = accounts.key(account_id)
    contact_key = contacts.key(account_id, dispatch.contact_id)
    rule_key = webhooks.rule_key(account_id, dispatch.rule_id)
    rule_from = webhooks.rule_from if webhooks.is_webhook(dispatch.rule_id) else rules.rule_from
    found = table.get_many(
        {env.rules_table: [account_key, rule_key], env.contacts_table: [contact_key]}
    )
    account, contact, rule = (found.get(where) for where in (account_key, contact_key, rule_key))
    return Circumstances(
        account=accounts.account_from(account) if account else None,
        contact=contacts.contact_from(contact, account_id) if contact else None,
        rule=rule_from(rule, account_id) if rule else None,
    )


def claim(record: DispatchRecord, *, now_ms: int, repeatable: bool) -> bool:
    """Enter the record if this attempt is due; False where the attempt was settled before.

    `repeatable`: what a dead worker may have done already does no harm when it is done again. The
    claim of an earlier attempt is taken over in any case once its lease has run out: this attempt
    was only scheduled because that one had performed nothing.

    Raises:
        BusyError: another worker is at it.
        InterruptedError: another worker died at it, and it is not repeatable.
    """
    due = (
        "attribute_not_exists(pk)"
        " OR (attempt < :attempt AND outcome IN (:waiting, :failed, :uncertain))"
        " OR (outcome = :claimed AND lease < :now"
    )
    due += ")" if repeatable else " AND attempt < :attempt)"
    values: dict[str, Any] = {
        ":attempt": record.dispatch.attempt,
        ":waiting": Outcome.WAITING,
        ":failed": Outcome.FAILED,
        ":uncertain": Outcome.UNCERTAIN,
        ":claimed": Outcome.CLAIMED,
        ":now": now_ms,
    }
    try:
        table.put(environment().tracking_table, _item(record), condition=due, values=values)
    except table.RefusedError as error:
        if error.old is None:  # it came and went between two tries of the same write
            raise BusyError(record.dispatch.dispatch_id) from error
        standing = record_from(error.old)
        if standing.owner == record.owner:
            return True  # our own write, whose answer was lost
        if standing.outcome is not Outcome.CLAIMED:
            return False
        if standing.lease_ms >= now_ms:
            raise BusyError(record.dispatch.dispatch_id) from error
        raise InterruptedError(standing) from error
    return True


def settle(record: DispatchRecord) -> bool:
    """Write the outcome of the attempt that `record.owner` holds; False where it lost the claim."""
    try:
        table.put(
            environment().tracking_table,
            _item(replace(record, lease_ms=0)),
            condition="#owner = :owner",
            values={":owner": record.owner},
            names={"#owner": "owner"},
        )
    except table.RefusedError:
        return False
    return True


def release(record: DispatchRecord, *, now_ms: int) -> bool:
    """Give the claim back, so that the same attempt is due again; False where it was lost.

    Only for an attempt that is known to have performed nothing.
    """
    before = replace(record.dispatch, attempt=record.dispatch.attempt - 1)
    return settle(
        replace(record, dispatch=before, outcome=Outcome.WAITING, changed_ms=now_ms, next_ms=now_ms)
    )


def confirm(account_id: str, dispatch_id: str, ses_id: str, at_ms: int) -> bool:
    """Take in that SES has a mail; tell whether that settled a dispatch of which nobody knew.

    A worker may be at it, or have died at it: then it is noted for whoever takes the claim over.
    """
    where = key(account_id, dispatch_id)
    table_name = environment().tracking_table
    values = {":uncertain": Outcome.UNCERTAIN, ":done": Outcome.DONE, ":ses": ses_id, ":at": at_ms}
    try:
        table.update(
            table_name,
            where,
            "SET outcome = :done, detail = :ses, changed = :at REMOVE attention",
            values,
            condition="outcome = :uncertain",
        )
    except table.RefusedError as error:
        if error.old is None or error.old["outcome"] != Outcome.CLAIMED:
            return False
    else:
        return True
    with contextlib.suppress(table.RefusedError):  # its worker was faster
        table.update(
            table_name,
            where,
            "SET told = :ses",
            {":ses": ses_id, ":claimed": Outcome.CLAIMED},
            condition="outcome = :claimed",
        )
    return False


def is_claimed(dispatch: Dispatch) -> bool:
    """Tell whether a worker is at the dispatch, or died at it."""
    standing = find(dispatch)
    return standing is not None and standing.outcome is Outcome.CLAIMED


def find(dispatch: Dispatch) -> DispatchRecord | None:
    """Return what is kept of a dispatch; None where nobody was at it yet."""
    where = key(dispatch.account_id, dispatch.dispatch_id)
    found = table.get(environment().tracking_table, where)
    return record_from(found) if found else None


def find_many(wanted: Sequence[Dispatch]) -> list[DispatchRecord]:
    """Return what is kept of these dispatches, in their order, without those nobody was at yet."""
    places = [key(one.account_id, one.dispatch_id) for one in wanted]
    found = table.get_many({environment().tracking_table: places})
    return [record_from(found[where]) for where in places if where in found]


def fetch(account_id: str, dispatch_id: str) -> DispatchRecord:
    """Return a dispatch; raise `NotFoundError` where there is none."""
    found = table.get(environment().tracking_table, key(account_id, dispatch_id))
    if found is None:
        raise NotFoundError("dispatch", dispatch_id)
    return record_from(found)


def of_contact(
    account_id: str, contact_id: str, *, limit: int = 100, after: Key | None = None
) -> tuple[list[DispatchRecord], Key | None]:
    """Return a page of a contact's dispatches, latest first, and the key to go on after."""
    page = table.query(
        environment().tracking_table,
        keys.contact(account_id, contact_id),
        prefix=PREFIX,
        limit=limit,
        after=after,
        newest_first=True,
        consistent=True,
    )
    return [record_from(found) for found in page.items], page.last


def needing_attention(account_id: str, *, limit: int = 100) -> list[DispatchRecord]:
    """Return the dispatches that failed or are uncertain, latest first."""
    page = table.query(
        environment().tracking_table,
        keys.attention(account_id),
        index="attention",
        limit=limit,
        newest_first=True,
    )
    return [record_from(found) for found in page.items]


def record_from(found: Item) -> DispatchRecord:
    """Read an item."""
    return DispatchRecord(
        dispatch=replace(Dispatch.from_wire(found["body"]), attempt=found["attempt"]),
        kind=found["kind"],
        outcome=Outcome(found["outcome"]),
        owner=found["owner"],
        lease_ms=found["lease"],
        changed_ms=found["changed"],
        detail=found["detail"],
        response_status=found["status"],
        next_ms=found["next"],
        told=found.get("told", ""),
    )


def _item(record: DispatchRecord) -> Item:
    dispatch = record.dispatch
    if record.detail == SkipReason.CONTACT_GONE:
        dispatch = _impersonal(dispatch)
    pk, sk = key(dispatch.account_id, dispatch.dispatch_id)
    item = {
        "pk": pk,
        "sk": sk,
        "body": dispatch.to_wire(),
        "kind": record.kind,
        "outcome": record.outcome,
        "owner": record.owner,
        "lease": record.lease_ms,
        "attempt": dispatch.attempt,
        "changed": record.changed_ms,
        "detail": record.detail,
        "status": record.response_status,
        "next": record.next_ms,
        "expires": (dispatch.event.received_ms + RETENTION_DAYS * DAY_MS) // 1000,
    }
    if record.outcome in ATTENTION:
        item["attention"] = keys.attention(dispatch.account_id)
    if record.outcome is not Outcome.CLAIMED:
        shard = int(dispatch.key_hash[:8], 16) % keys.SHARDS
        item["logged"] = keys.logged(dispatch.account_id, shard)
    return item


def _impersonal(dispatch: Dispatch) -> Dispatch:
    """Return the dispatch without what it says of a contact who is gone."""
    contact = f"contact:{dispatch.contact_id}"
    event = dispatch.event._replace(address=contact, value="", properties={})
    return replace(dispatch, event=event, given={})
