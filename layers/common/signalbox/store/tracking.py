"""The tracking log, in the tracking table.

Item    pk A#<account>#contact#<contact>   sk event#<13 digits of ms>#<hash of the event's id>
        body             name, value, properties, source, id, when received
        expires          seconds, for TTL
Item    the same with the sort key change#…: an event of a kind, which is no application's
Access  write many (with dropped events and the feed); a contact's log, with changes or without;
        one entry by its id; the last event of a name; those of a name before another event
"""

from collections.abc import Iterable, Iterator
from typing import Any

from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.errors import NotFoundError
from signalbox.model.event import Event
from signalbox.model.log import EntryKey, LogEntry
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

PREFIX = "event#"
CHANGES = "change#"
END_OF_TIME = PREFIX + "~"
LOOKED_BACK = 500  # entries searched for the last event of a name


def key(account_id: str, where: EntryKey) -> Key:
    """Return where an entry stands."""
    sort = f"{PREFIX}{where.at_ms:013d}#{where.key_hash}"
    return keys.contact(account_id, where.contact_id), sort


def item(entry: LogEntry, account: Account) -> Item:
    """Return what is written for an entry; at most one write unit up to 1 KB."""
    pk, sk = _place(entry)
    return {
        "pk": pk,
        "sk": sk,
        "body": _body(entry),
        "expires": account.expiry_s(entry.received_ms),
    }


def _place(entry: LogEntry) -> Key:
    pk, sk = key(entry.account_id, EntryKey(entry.contact_id, entry.at_ms, entry.key_hash))
    return pk, CHANGES + sk.removeprefix(PREFIX) if entry.kind else sk


def _body(entry: LogEntry) -> str:
    body: dict[str, Any] = {
        "name": entry.name,
        "id": entry.event_id,
        "source": entry.source,
        "received": entry.received_ms,
    }
    if entry.value:
        body["value"] = entry.value
    if entry.properties:
        body["properties"] = entry.properties
    return packed(body)


def write(items: Iterable[Item]) -> None:
    """Write items of the tracking table; writing an item again changes nothing."""
    table.put_many(environment().tracking_table, items)


def of_contact(  # noqa: PLR0913 the parts of one question
    account_id: str,
    contact_id: str,
    *,
    limit: int = 100,
    after: Key | None = None,
    newest_first: bool = False,
    since_ms: int = 0,
) -> tuple[list[LogEntry], Key | None]:
    """Return a page of a contact's entries and the key to go on after."""
    page = table.query(
        environment().tracking_table,
        keys.contact(account_id, contact_id),
        between=(f"{PREFIX}{max(since_ms, 0):013d}", END_OF_TIME),
        limit=limit,
        after=after,
        newest_first=newest_first,
        consistent=True,
    )
    return [entry_from(found, account_id) for found in page.items], page.last


def latest(account_id: str, contact_id: str, *, limit: int) -> list[LogEntry]:
    """Return a contact's latest entries, changes among them, latest first."""
    entries = [
        entry_from(found, account_id)
        for prefix in (PREFIX, CHANGES)
        for found in table.query(
            environment().tracking_table,
            keys.contact(account_id, contact_id),
            prefix=prefix,
            limit=limit,
            newest_first=True,
            consistent=True,
        ).items
    ]
    entries.sort(key=lambda entry: (entry.at_ms, entry.key_hash), reverse=True)
    return entries[:limit]


def window(  # noqa: PLR0913 the parts of one question
    account_id: str,
    contact_id: str,
    *,
    limit: int,
    offset: int = 0,
    newest_first: bool = False,
    since_ms: int = 0,
) -> list[LogEntry]:
    """Return `limit` entries after the first `offset`; those that are skipped are paid for."""
    entries, after = of_contact(
        account_id,
        contact_id,
        limit=offset + limit or 1,
        newest_first=newest_first,
        since_ms=since_ms,
    )
    while after and len(entries) < offset + limit:
        more, after = of_contact(
            account_id,
            contact_id,
            limit=offset + limit - len(entries),
            after=after,
            newest_first=newest_first,
            since_ms=since_ms,
        )
        entries += more
    return entries[offset : offset + limit]


def before(  # noqa: PLR0913 the parts of one question
    event: Event,
    contact_id: str,
    name: str,
    within_s: int,
    *,
    kind: bool = False,
    clock_ms: int = 1,
) -> Iterator[LogEntry]:
    """Yield a contact's entries of a name in the seconds before an event, latest first.

    The event itself is none of them, and of those that share its name and its instant it is those
    that came first (`_came_first`). `kind` asks for events of that kind in place of a name.
    `clock_ms` is how far apart the ticks of the event's clock are: where that is coarser than the
    clock of what applications report, all that they report within its tick counts.
    """
    prefix = CHANGES if kind else PREFIX
    since_ms = max(event.at_ms - within_s * 1000, 0)
    until_ms = event.at_ms if kind else event.at_ms // clock_ms * clock_ms + clock_ms - 1
    found = table.query_all(
        environment().tracking_table,
        keys.contact(event.account_id, contact_id),
        between=(f"{prefix}{since_ms:013d}", f"{prefix}{until_ms:013d}~"),
        newest_first=True,
        consistent=True,
    )
    own = event.key_hash()
    for item in found:
        entry = entry_from(item, event.account_id)
        if entry.name == name and entry.key_hash != own and _came_first(entry, event):
            yield entry


def _came_first(entry: LogEntry, event: Event) -> bool:
    """Tell whether an entry counts as having come before an event, however close they are.

    Events of one name and instant have an order, so that exactly one of them is the first: what a
    rule did comes after what may have made it do so, else their hashes decide. Of other names all
    of the instant count, for one of them may be the event's cause.
    """
    if (entry.at_ms, entry.kind, entry.name) != (event.at_ms, event.kind, event.name):
        return True
    return (_is_by_rule(entry), entry.key_hash) < (_is_by_rule(event), event.key_hash())


def _is_by_rule(one: Event | LogEntry) -> bool:
    """Tell whether a rule recorded this, or made the change that it tells of."""
    return "rule" in one.properties if one.kind else one.source == "rule"


def changes_between(
    account_id: str, contact_id: str, from_ms: int, to_ms: int
) -> Iterator[LogEntry]:
    """Yield a contact's entries of events of kinds in that time, both ends included, oldest first."""
    found = table.query_all(
        environment().tracking_table,
        keys.contact(account_id, contact_id),
        between=(f"{CHANGES}{max(from_ms, 0):013d}", f"{CHANGES}{to_ms:013d}~"),
        consistent=True,
    )
    for item in found:
        yield entry_from(item, account_id)


def latest_changes(
    account_id: str, contact_id: str, from_ms: int, to_ms: int, *, limit: int
) -> list[LogEntry]:
    """Return the latest of such entries as `changes_between` yields, oldest first, in one call."""
    page = table.query(
        environment().tracking_table,
        keys.contact(account_id, contact_id),
        between=(f"{CHANGES}{max(from_ms, 0):013d}", f"{CHANGES}{to_ms:013d}~"),
        limit=limit,
        newest_first=True,
        consistent=True,
    )
    return [entry_from(item, account_id) for item in page.items[::-1]]


def rewrite(entry: LogEntry) -> None:
    """Write again what an entry says; one that is gone by now, or its contact, stays so."""
    try:
        table.update(
            environment().tracking_table,
            _place(entry),
            "SET body = :body",
            {":body": _body(entry)},
            condition="attribute_exists(pk)",
        )
    except table.RefusedError:
        return


def count(account_id: str, contact_id: str, *, since_ms: int = 0) -> int:
    """Return how many entries a contact has since then; reads them, but returns none."""
    return table.count(
        environment().tracking_table,
        keys.contact(account_id, contact_id),
        between=(f"{PREFIX}{max(since_ms, 0):013d}", END_OF_TIME),
    )


def fetch(account_id: str, entry_id: str) -> LogEntry:
    """Return an application's event; raise `NotFoundError` where there is none."""
    found = table.get(environment().tracking_table, key(account_id, EntryKey.of(entry_id)))
    if found is None:
        raise NotFoundError("log entry", entry_id)
    return entry_from(found, account_id)


def fetch_any(account_id: str, entry_id: str) -> LogEntry:
    """Return an entry, be it an event or a change; raise `NotFoundError` where there is none.

    An id does not say which of them it is, and no two entries share one, so both places are asked.
    """
    pk, sk = key(account_id, EntryKey.of(entry_id))
    places = [(pk, sk), (pk, CHANGES + sk.removeprefix(PREFIX))]
    for found in table.get_many({environment().tracking_table: places}).values():
        return entry_from(found, account_id)
    raise NotFoundError("log entry", entry_id)


def last_value(account_id: str, contact_id: str, name: str) -> str:
    """Return the value of the contact's last event of that name; empty for none.

    Looks back over at most 500 events.
    """
    looked, after = 0, None
    while looked < LOOKED_BACK:
        entries, after = of_contact(account_id, contact_id, after=after, newest_first=True)
        for entry in entries:
            if entry.name == name:
                return entry.value
        looked += len(entries)
        if after is None:
            break
    return ""


def entry_from(found: Item, account_id: str) -> LogEntry:
    """Read an item."""
    body = unpacked(found["body"])
    _, at, key_hash = found["sk"].split("#")
    return LogEntry(
        account_id=account_id,
        contact_id=found["pk"].rpartition("#")[2],
        at_ms=int(at),
        received_ms=body["received"],
        key_hash=key_hash,
        name=body["name"],
        value=body.get("value", ""),
        properties=body.get("properties", {}),
        source=body["source"],
        event_id=body["id"],
        kind=body["name"] if found["sk"].startswith(CHANGES) else "",
    )
