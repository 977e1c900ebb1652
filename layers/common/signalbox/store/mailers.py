"""Mailers, in the rules table.

Item    pk A#<account>#mailers   sk <id of 16 digits>
        body, version    the version moves with every change
Access  create, read, change, delete; a page of an account's
What a deleted mailer brought keeps its id.
"""

from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.mailer import Mailer, MailerStatus
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

OUTSIDE_BODY = {"account_id", "mailer_id", "version"}


def key(account_id: str, mailer_id: str) -> Key:
    """Return where the mailer stands."""
    return keys.collection(account_id, "mailers"), place(mailer_id)


def create(wanted: Mailer) -> None:
    """Write a new mailer; raise `ConflictError` where another has its id."""
    try:
        table.put(environment().rules_table, _item(wanted), condition="attribute_not_exists(pk)")
    except table.RefusedError as error:
        if error.old is None or error.old["body"] != _body(wanted):
            raise ConflictError(f"mailer {wanted.mailer_id} exists") from error


def save(wanted: Mailer, *, since: Mailer) -> Mailer:
    """Write a changed mailer and return it with its new version.

    Raises:
        ConflictError: somebody changed or deleted the mailer since `since` was read.
    """
    changed = replace(wanted, version=since.version + 1)
    try:
        table.put(
            environment().rules_table,
            _item(changed),
            condition="version = :since",
            values={":since": since.version},
        )
    except table.RefusedError as error:
        if error.old is None or error.old["body"] != _body(changed):
            raise ConflictError("the mailer was changed meanwhile; read it again") from error
    return changed


def find(account_id: str, mailer_id: str) -> Mailer | None:
    """Return a mailer; None where there is none."""
    item = table.get(environment().rules_table, key(account_id, mailer_id))
    return _mailer_from(item, account_id) if item else None


def fetch(account_id: str, mailer_id: str) -> Mailer:
    """Return a mailer; raise `NotFoundError` where there is none."""
    found = find(account_id, mailer_id)
    if found is None:
        raise NotFoundError("mailer", mailer_id)
    return found


def is_disabled(account_id: str, mailer_id: str) -> bool:
    """Tell whether a mailer may add nobody to lists and campaigns; one that is gone, or none, keeps nobody from it."""
    found = find(account_id, mailer_id) if mailer_id.isdecimal() else None
    return found is not None and found.status is MailerStatus.DISABLED


def of_account(account_id: str, *, limit: int, after: str = "") -> tuple[list[Mailer], str]:
    """Return a page of an account's mailers, oldest first, and the id to go on after."""
    page = table.query(
        environment().rules_table,
        keys.collection(account_id, "mailers"),
        limit=limit,
        after=key(account_id, after) if after else None,
        consistent=True,
    )
    found = [_mailer_from(item, account_id) for item in page.items]
    return found, contact_id_at(page.last[1]) if page.last else ""


def delete(account_id: str, mailer_id: str) -> None:
    """Delete a mailer; repeated, it changes nothing."""
    table.delete_many(environment().rules_table, [key(account_id, mailer_id)])


def _mailer_from(item: Item, account_id: str) -> Mailer:
    body: dict[str, Any] = unpacked(item["body"])
    return Mailer(
        account_id=account_id,
        mailer_id=contact_id_at(item["sk"]),
        version=item["version"],
        status=MailerStatus(body.pop("status")),
        **body,
    )


def _item(wanted: Mailer) -> Item:
    pk, sk = key(wanted.account_id, wanted.mailer_id)
    return {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version}


def _body(wanted: Mailer) -> str:
    facts = asdict(wanted)
    return packed({name: value for name, value in facts.items() if name not in OUTSIDE_BODY})
