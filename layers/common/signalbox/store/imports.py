"""Imports, in the tracking table: what became of each, and how many there were of a day.

Item    pk A#<account>#import#<batch>   sk status
        body             number of contacts, ids of those written, rows that failed and why
        progress         outstanding, completed
        expires          30 days later, in seconds, for TTL
Item    pk A#<account>#import#<SHA-256 of what is imported>   sk outstanding
        batch            the import of it that was begun and is not done
        expires          a day later, in seconds
Item    pk A#<account>#imports   sk <day>
        begun, begun_contacts, done, done_contacts, expires
Access  begin, or go on with what was cut off; complete, each counted once; one by its id; the days
No address is kept here: a row that failed is known by its number.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from signalbox.environment import environment
from signalbox.model.errors import NotFoundError
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

KEPT_S = 30 * 86_400
CONTINUED_S = 86_400  # what was cut off longer ago is begun anew
DAYS = 30
OUTSTANDING, COMPLETED = "outstanding", "completed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A row, counted from 0, that could not be imported in whole, and why.

    `code` is a `model.import_fault`; it is empty in what was noted before there were codes.
    """

    row: int
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """One import; `contact_ids` are the contacts that it wrote.

    `content` is the digest of what is imported, by which a repeat of it is known.
    """

    account_id: str
    batch_id: str
    rows: int
    begun_ms: int
    content: str = ""
    state: str = OUTSTANDING
    contact_ids: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The imports that began on a day, as in 2026-11-21."""

    day: str
    begun: int
    begun_contacts: int
    done: int
    done_contacts: int


def begin(wanted: Import) -> Import:
    """Write down that an import begins, and count it; return it.

    Where the same is being imported, or was cut off within a day, that import goes on instead.
    """
    tracking_table = environment().tracking_table
    now_s = wanted.begun_ms // 1000
    pk, sk = _claim_key(wanted)
    claim = {"pk": pk, "sk": sk, "batch": wanted.batch_id, "expires": now_s + CONTINUED_S}
    writes = [
        table.putting(tracking_table, _item(wanted), condition="attribute_not_exists(pk)"),
        table.putting(
            tracking_table,
            claim,
            condition="attribute_not_exists(pk) OR expires < :now",
            values={":now": now_s},
        ),
        _counting(wanted, "begun"),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _, begun = error.reasons[1]
        if begun is None:
            raise
        return fetch(wanted.account_id, begun["batch"])
    return wanted


def complete(wanted: Import) -> None:
    """Write down what became of an import, and count it, the first time that this is said."""
    tracking_table = environment().tracking_table
    writes = [
        table.putting(
            tracking_table,
            _item(wanted),
            condition="progress = :outstanding",
            values={":outstanding": OUTSTANDING},
        ),
        table.deleting(tracking_table, _claim_key(wanted)),
        _counting(wanted, "done"),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _, standing = error.reasons[0]
        if standing is None or standing["progress"] != COMPLETED:
            raise


def fetch(account_id: str, batch_id: str) -> Import:
    """Return an import; raise `NotFoundError` where there is none."""
    item = table.get(environment().tracking_table, _key(account_id, batch_id))
    if item is None:
        raise NotFoundError("import", batch_id)
    body: dict[str, Any] = unpacked(item["body"])
    return Import(
        account_id=account_id,
        batch_id=batch_id,
        rows=body["rows"],
        begun_ms=body["begun_ms"],
        content=body.get("content", ""),
        state=item["progress"],
        contact_ids=tuple(body["contact_ids"]),
        failures=tuple(Failure(*failure) for failure in body["failures"]),
    )


def days(account_id: str) -> list[Day]:
    """Return the last 30 days on which something was imported, latest first."""
    page = table.query(
        environment().tracking_table,
        keys.imports(account_id),
        newest_first=True,
        limit=DAYS,
        consistent=True,
    )
    return [
        Day(
            day=item["sk"],
            begun=item.get("begun", 0),
            begun_contacts=item.get("begun_contacts", 0),
            done=item.get("done", 0),
            done_contacts=item.get("done_contacts", 0),
        )
        for item in page.items
    ]


def _counting(wanted: Import, counted: str) -> Item:
    day = datetime.fromtimestamp(wanted.begun_ms / 1000, tz=UTC).date().isoformat()
    return table.updating(
        environment().tracking_table,
        (keys.imports(wanted.account_id), day),
        f"ADD {counted} :one, {counted}_contacts :rows SET expires = :expires",
        {":one": 1, ":rows": wanted.rows, ":expires": _expiry_s(wanted)},
    )


def _claim_key(wanted: Import) -> Key:
    return keys.batch(wanted.account_id, wanted.content or wanted.batch_id), "outstanding"


def _key(account_id: str, batch_id: str) -> Key:
    return keys.batch(account_id, batch_id), "status"


def _item(wanted: Import) -> Item:
    pk, sk = _key(wanted.account_id, wanted.batch_id)
    return {
        "pk": pk,
        "sk": sk,
        "body": _body(wanted),
        "progress": wanted.state,
        "expires": _expiry_s(wanted),
    }


def _expiry_s(wanted: Import) -> int:
    return wanted.begun_ms // 1000 + KEPT_S


def _body(wanted: Import) -> str:
    return packed(
        {
            "rows": wanted.rows,
            "begun_ms": wanted.begun_ms,
            "content": wanted.content,
            "contact_ids": wanted.contact_ids,
            "failures": [(one.row, one.reason, one.code) for one in wanted.failures],
        }
    )
