"""Changes of contacts, as events: what the items of a contact were and are says what happened.

A change is an event of its own kind, addressed to the contact's id. Its `properties` hold the facts:
`initiated_from`, and what the kind adds (`list_id`, `tag_id`, `changed`).
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signalbox.model.event import DEFAULT_SOURCE, Event
from signalbox.model.membership import Subscription
from signalbox.model.wire import unpacked

SUBSCRIBE: Final = "subscribe"
UNSUBSCRIBE: Final = "unsubscribe"
UPDATE: Final = "update"
TAG_ADDED: Final = "contact_tag_added"
TAG_REMOVED: Final = "contact_tag_removed"
KINDS: Final = (SUBSCRIBE, UNSUBSCRIBE, UPDATE, TAG_ADDED, TAG_REMOVED)

SOURCE: Final = "changes"
FACTS: Final = ("email", "first_name", "last_name", "phone", "external_id")

Item = Mapping[str, Any]
Found = tuple[str, dict[str, Any]]


class Changed(NamedTuple):
    """An item of the contacts table before and after one write; None where there was or is none.

    `change_id` is unique to the write and the same however often it is told, as is `at_ms`, when it
    was made. Two attributes of items speak to us alone: `source` says who caused the change (`api`
    where it is absent), and `quiet` on the new item that nobody shall be told, as of an import.
    """

    change_id: str
    at_ms: int
    before: Item | None
    after: Item | None


def changes_of(changed: Changed) -> list[Event]:
    """Return the events that a write to the contacts table stands for; most stand for none.

    Raises:
        KeyError, TypeError, ValueError: the item is none that Signalbox writes.
    """
    item = changed.after or changed.before or {}
    owner = _owner(item)
    if owner is None or (changed.after or {}).get("quiet"):
        return []
    account_id, contact_id = owner
    facts = {
        "contact_id": contact_id,
        "initiated_from": (changed.after or {}).get("source", DEFAULT_SOURCE),
    }
    return [
        Event(
            account_id=account_id,
            event_id=changed.change_id,
            name=kind,
            at_ms=changed.at_ms,
            received_ms=changed.at_ms,
            address=f"contact:{contact_id}",
            properties=facts | more,
            source=SOURCE,
            kind=kind,
        )
        for kind, more in _found(item["sk"], changed.before, changed.after)
    ]


def _owner(item: Item) -> tuple[str, str] | None:
    """Return the account and the contact that an item belongs to; None where it is no contact's."""
    mark, *parts = item.get("pk", "").split("#")
    if mark != "A" or len(parts) != 3 or parts[1] != "contact":  # noqa: PLR2004 account, noun, id
        return None
    return parts[0], parts[2]


def _found(sort_key: str, before: Item | None, after: Item | None) -> list[Found]:
    noun, _, item_id = sort_key.partition("#")
    match noun:
        case "contact":
            return _of_contact(before, after)
        case "list":
            return _of_membership(item_id, before, after)
        case "tag":
            return _of_tag(item_id, before, after)
        case _:
            return []


def _of_contact(before: Item | None, after: Item | None) -> list[Found]:
    """An update, where a fact that people know of differs."""
    if not (before and after):
        return []
    changed = _changed(unpacked(before["body"]), unpacked(after["body"]))
    return [(UPDATE, {"changed": changed})] if changed else []


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    facts = [name for name in FACTS if old.get(name, "") != new.get(name, "")]
    old_fields, new_fields = old.get("fields", {}), new.get("fields", {})
    tags = sorted({*old_fields, *new_fields})
    return facts + [f"fields.{tag}" for tag in tags if old_fields.get(tag) != new_fields.get(tag)]


def _of_membership(list_id: str, before: Item | None, after: Item | None) -> list[Found]:
    """A subscription or its end; a membership that is removed with its list or contact is neither.

    Who was not on the list and is noted as not to be put there has left nothing.
    """
    if after is None:
        return []
    old = unpacked(before["body"])["status"] if before else None
    new = unpacked(after["body"])["status"]
    if new == old:
        return []
    if new == Subscription.ACTIVE:
        return [(SUBSCRIBE, {"list_id": list_id})]
    if new == Subscription.UNSUBSCRIBED and before:
        return [(UNSUBSCRIBE, {"list_id": list_id})]
    return []


def _of_tag(tag_id: str, before: Item | None, after: Item | None) -> list[Found]:
    if before and after:
        return []
    return [(TAG_ADDED if after else TAG_REMOVED, {"tag_id": tag_id})]
