"""Changes of contacts, as events: what the items of a contact were and are says what happened.

A change is an event of its own kind, addressed to the contact's id, for an address may be somebody
else's before the event is worked on. Its `properties` hold the facts: `contact_id`, `initiated_from`,
and what the kind adds: of containers `container` (the kind), `list_id` (the container's id),
`mailer_id` and `contact_kind`, of opt-out lists the `address`, too, without its kind; else `tag_id` or
`changed`; `rule` is the id of a rule that did it.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signalbox.model.container import EMAIL, OPT_OUT_LISTS, PHONE, ContainerKind
from signalbox.model.event import DEFAULT_SOURCE, Event
from signalbox.model.membership import Subscription
from signalbox.model.wire import unpacked

SUBSCRIBE: Final = "subscribe"
UNSUBSCRIBE: Final = "unsubscribe"
UPDATE: Final = "update"
TAG_ADDED: Final = "contact_tag_added"
TAG_REMOVED: Final = "contact_tag_removed"
KINDS: Final = (SUBSCRIBE, UNSUBSCRIBE, UPDATE, TAG_ADDED, TAG_REMOVED)
CONTACT_ADDED: Final = "contact_added"
CONTACT_DELETED: Final = "contact_deleted"
CONTACT_CREATED: Final = "contact_created"
OWN_KINDS: Final = (CONTACT_ADDED, CONTACT_DELETED, CONTACT_CREATED)  # no other system knows them

SOURCE: Final = "changes"
FACTS: Final = ("email", "first_name", "last_name", "phone", "external_id")

_OWN_CONTAINERS: Final = frozenset(ContainerKind) - {ContainerKind.LIST}

Item = Mapping[str, Any]
Found = tuple[str, dict[str, Any]]


class Changed(NamedTuple):
    """An item of the contacts table before and after one write; None where there was or is none.

    `change_id` is unique to the write and the same however often it is told, as is `at_ms`, when it
    was made. Some attributes of items speak to us alone: `source` says who caused the change (`api`
    where it is absent), `rule` and `depth` which rule did, and how many led there, and `quiet` on
    the new item that nobody shall be told, as of an import. What was deleted for good says so in its
    last image, as `leaving_source`, `leaving_rule` and `leaving_depth`.
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
    account_id, address = owner
    marks = _marks(changed)
    facts = {
        "contact_id": address.partition(":")[2],
        "initiated_from": marks.get("source", DEFAULT_SOURCE),
    }
    if "rule" in marks:
        facts["rule"] = marks["rule"]
    return [
        Event(
            account_id=account_id,
            event_id=changed.change_id,
            name=kind,
            at_ms=changed.at_ms,
            received_ms=changed.at_ms,
            address=_addressed(address, more),
            properties=facts | more,
            source=SOURCE,
            depth=marks.get("depth", 0),
            kind=kind,
        )
        for kind, more in _found(item["sk"], changed.before, changed.after)
    ]


def _addressed(owner: str, facts: Mapping[str, Any]) -> str:
    """Return whom an event is about: who had the address of an opt-out then, whoever has it now."""
    contact_id = facts.get("contact_id")
    return f"contact:{contact_id}" if contact_id else owner


def _owner(item: Item) -> tuple[str, str] | None:
    """Return the account and the address that an item belongs to; None where it is nobody's."""
    mark, *parts = item.get("pk", "").split("#", 3)
    if mark != "A" or len(parts) != 3:  # noqa: PLR2004 account, noun, whose
        return None
    account_id, noun, whose = parts
    match noun:
        case "contact":
            return account_id, f"contact:{whose}"
        case "address" if item["sk"].partition("#")[0] in OPT_OUT_LISTS:
            return account_id, whose
        case _:
            return None


def _marks(changed: Changed) -> Item:
    """Return what a write says of who made it."""
    if changed.after is not None:
        return changed.after
    before = changed.before or {}
    names = ("source", "rule", "depth")
    return {name: before[f"leaving_{name}"] for name in names if f"leaving_{name}" in before}


def _found(sort_key: str, before: Item | None, after: Item | None) -> list[Found]:
    noun, _, item_id = sort_key.partition("#")
    match noun:
        case "contact":
            return _of_contact(before, after)
        case ContainerKind.LIST:
            return _of_membership(item_id, before, after)
        case "tag":
            return _of_tag(item_id, before, after)
        case _ if noun in _OWN_CONTAINERS:
            return _of_container(ContainerKind(noun), item_id, before, after)
        case _:
            return []


def _of_contact(before: Item | None, after: Item | None) -> list[Found]:
    """A new contact, or an update, where a fact that people know of differs."""
    if after is None:
        return []
    new = unpacked(after["body"])
    if before is None:
        return [(CONTACT_CREATED, {"contact_kind": _kind_of(new)})]
    changed = _changed(unpacked(before["body"]), new)
    return [(UPDATE, {"changed": changed})] if changed else []


def _kind_of(contact: Mapping[str, Any]) -> str:
    """Return by which address a contact is known first; empty for an id of other systems alone."""
    if contact.get("email"):
        return EMAIL
    return PHONE if contact.get("phone_number") else ""


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
    body = unpacked(after["body"])
    new = body["status"]
    if new == old:
        return []
    facts = _facts(ContainerKind.LIST, list_id, body)
    if new == Subscription.ACTIVE:
        return [(SUBSCRIBE, facts)]
    if new == Subscription.UNSUBSCRIBED and before:
        return [(UNSUBSCRIBE, facts)]
    return []


def _of_container(
    kind: ContainerKind, container_id: str, before: Item | None, after: Item | None
) -> list[Found]:
    """A member that came or went; what is removed with its container or contact is neither."""
    if after is None:
        return []
    body = unpacked(after["body"])
    was_inside = before is not None and not unpacked(before["body"])["deleted_ms"]
    is_inside = not body["deleted_ms"]
    if was_inside == is_inside:
        return []
    facts = _facts(kind, container_id, body)
    if kind.is_opt_out_list:
        facts |= {"contact_id": body["contact_id"], "address": _address_at(after)}
    return [(CONTACT_ADDED if is_inside else CONTACT_DELETED, facts)]


def _address_at(item: Item) -> str:
    """Return the address of an opt-out's item, without its kind."""
    text: str = item["pk"].split("#", 3)[3].partition(":")[2]
    return text


def _facts(kind: ContainerKind, container_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every coming and going says; who joined a list without a word did so by e-mail."""
    return {
        "container": str(kind),
        "list_id": container_id,
        "mailer_id": body.get("mailer_id", ""),
        "contact_kind": kind.contact_kind or body.get("contact_kind") or EMAIL,
    }


def _of_tag(tag_id: str, before: Item | None, after: Item | None) -> list[Found]:
    if before and after:
        return []
    return [(TAG_ADDED if after else TAG_REMOVED, {"tag_id": tag_id})]
