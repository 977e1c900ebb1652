"""Registered event names, in the rules table.

Item    pk A#<account>#event-names                       sk <name>
Item    pk A#<account>#trigger#event_recorded#<name>  sk registered
        stands beside the rules that the name wakes: without it they do not fire
Access  register; list; delete; ask whether a name is registered
"""

from signalbox.environment import environment
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.trigger import Trigger
from signalbox.model.wire import packed
from signalbox.store import accounts, keys, table
from signalbox.store.table import Key, Page
from signalbox.store.waking import REGISTERED

LONGEST_NAME = 128


def marker(account_id: str, name: str) -> Key:
    """Return where the registration stands that rules look at."""
    return keys.trigger(account_id, Trigger.EVENT_RECORDED, name), REGISTERED


def register(account_id: str, name: str, created_ms: int) -> None:
    """Register a name; raise `ConflictError` where it is registered already."""
    check(name)
    listed = _listed(account_id, name)
    rules_table = environment().rules_table
    body = packed({"created_ms": created_ms})
    mark = marker(account_id, name)
    free = "attribute_not_exists(pk)"
    try:
        table.transact(
            [
                table.putting(
                    rules_table,
                    {"pk": listed[0], "sk": listed[1], "body": body},
                    condition=free,
                ),
                table.putting(rules_table, {"pk": mark[0], "sk": mark[1], "body": body}),
                accounts.bumping(account_id),
            ]
        )
    except table.CancelledError as error:
        _, old = error.reasons[0]
        if old is None or old["body"] != body:
            raise ConflictError(f"the event name {name!r} is registered already") from error


def check(name: str) -> None:
    """Raise `InvalidError` where no event can be called that."""
    if not name.strip():
        raise InvalidError("name", "must not be empty")
    if len(name) > LONGEST_NAME:
        raise InvalidError("name", f"is longer than {LONGEST_NAME} characters")


def is_registered(account_id: str, name: str) -> bool:
    """Tell whether rules may be set on this name."""
    return table.get(environment().rules_table, marker(account_id, name)) is not None


def of_account(account_id: str, *, limit: int = 100, after: str = "") -> Page:
    """Return a page of names in alphabetical order; each item's `sk` is the name."""
    partition = keys.collection(account_id, "event-names")
    start = (partition, after) if after else None
    return table.query(
        environment().rules_table, partition, limit=limit, after=start, consistent=True
    )


def names(account_id: str) -> list[str]:
    """Return all names in alphabetical order."""
    partition = keys.collection(account_id, "event-names")
    found = table.query_all(environment().rules_table, partition, consistent=True)
    return [item["sk"] for item in found]


def delete(account_id: str, name: str) -> None:
    """Take a name off the register; what was logged under it stays.

    Raises:
        NotFoundError: it is not registered.
    """
    rules_table = environment().rules_table
    listed = _listed(account_id, name)
    if table.get(rules_table, listed) is None:
        raise NotFoundError("event name", name)
    table.transact(
        [
            table.deleting(rules_table, listed),
            table.deleting(rules_table, marker(account_id, name)),
            accounts.bumping(account_id),
        ]
    )


def _listed(account_id: str, name: str) -> Key:
    return keys.collection(account_id, "event-names"), name
