"""Test runs of rules: what a person gives in place of facts, and the event that stands in for one.

Values are given by the names of placeholders (`first_name`, `fields.COMPANY`, `event.value`,
`event.properties.price`, `mailer_id`) or of personalisation tags (`FIRSTNAME`, `COMPANY`,
`EVENT: download`), with or without their brackets or percent signs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from signalbox.model.contact import Contact, addresses
from signalbox.model.container import EMAIL, ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.event import DEFAULT_SOURCE, Event
from signalbox.model.field import is_free
from signalbox.model.rule import Rule
from signalbox.model.trigger import OPT_OUT_LISTS, Level, Trigger

TEST: Final = "test-"  # how the ids of the events of test runs begin
EVENT_TAG: Final = "EVENT: "  # before the name of another event, in what is given
FIELD: Final = "fields."
PROPERTY: Final = "event.properties."
VALUE: Final = "event.value"

_TEXTS: Final = (
    *("contact_id", "initiated_from", "container", "list_id"),
    *("mailer_id", "contact_kind", "tag_id", "address"),
)
_FACTS: Final = ("email", "first_name", "last_name", "phone", "external_id")
_TAGS: Final = {
    "EMAIL": "email",
    "FIRSTNAME": "first_name",
    "LASTNAME": "last_name",
    "PHONE": "phone",
    "list_id": f"{PROPERTY}list_id",
    "mailer_id": f"{PROPERTY}mailer_id",
    "tag_id": f"{PROPERTY}tag_id",
}
_ON_LISTS: Final = frozenset({Trigger.SUBSCRIBE, Trigger.UNSUBSCRIBE})


class Given(NamedTuple):
    """What is given: facts of the contact, and of the event, by one name each.

    Data of other events than the one that is tried stands with the contact, as `EVENT: <name>`.
    """

    contact: Mapping[str, str]
    event: Mapping[str, str]


def given(values: Mapping[str, str], event_name: str) -> Given:
    """Sort what was given; `event_name` is that of the event that is tried.

    Raises:
        InvalidError: nothing can be given in the place of a name.
    """
    named = {_name(name, event_name): text for name, text in values.items()}
    of_event = {one: text for one, text in named.items() if one.startswith("event.")}
    return Given({one: text for one, text in named.items() if one not in of_event}, of_event)


def fields_given(contact: Mapping[str, str]) -> list[str]:
    """Return the tags of the custom fields of which something is given."""
    return [name.removeprefix(FIELD) for name in contact if name.startswith(FIELD)]


def stand_in(contact: Contact, facts: Mapping[str, str]) -> Contact:
    """Return the contact with what is given in place of its facts."""
    own: dict[str, Any] = {
        name: text for name, text in facts.items() if name in (*_FACTS, "phone_number")
    }
    named = {one: facts[FIELD + one] for one in fields_given(facts)}
    return replace(contact, **own, fields={**contact.fields, **named}) if facts else contact


def with_given(event: Event, facts: Mapping[str, str]) -> Event:
    """Return the event with what is given in place of its value and properties."""
    properties: Any = event.properties
    for name, text in facts.items():
        if name.startswith(PROPERTY):
            properties = _placed(properties, name.removeprefix(PROPERTY).split("."), text)
    return event._replace(value=facts.get(VALUE, event.value), properties=properties)


def check_facts(event: Event, field: str) -> None:
    """Raise `InvalidError` where a fact of an event of a kind is not what its kind says of it.

    `field` is the path of the properties in what was sent.
    """
    if not event.kind:
        return
    for name in _TEXTS:
        if not isinstance(event.properties.get(name, ""), str):
            raise InvalidError(f"{field}.{name}", "must be a text")
    changed = event.properties.get("changed", [])
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        raise InvalidError(f"{field}.changed", "must be a list of texts")


def sample_event(rule: Rule, event_id: str, contact: Contact, now_ms: int) -> Event:
    """Return an event that the rule's trigger and settings ask for."""
    kind = "" if rule.trigger is Trigger.EVENT_RECORDED else str(rule.trigger)
    return Event(
        account_id=rule.account_id,
        event_id=event_id,
        name=kind or rule.settings.event_name,
        at_ms=now_ms,
        received_ms=now_ms,
        address=f"contact:{contact.contact_id}",
        properties=_facts(rule, contact) if kind else {},
        kind=kind,
    )


def _name(written: str, event_name: str) -> str:
    """Return the one name of what can be given."""
    plain = written.strip("%{} ").removeprefix("contact.")
    if plain.startswith(EVENT_TAG.strip()):
        name = plain.removeprefix(EVENT_TAG.strip()).strip()
        return VALUE if name == event_name else EVENT_TAG + name
    plain = _TAGS.get(plain, plain)
    if plain in (*_FACTS, VALUE) or plain.startswith((FIELD, PROPERTY)):
        return plain
    if not is_free(plain):
        raise InvalidError(f"values.{written}", "is no name in place of which a value can be given")
    return FIELD + plain


def _facts(rule: Rule, contact: Contact) -> dict[str, Any]:
    asked = rule.settings
    container = _container(rule)
    own_kind = ContainerKind(container).contact_kind if container else ""
    facts = {
        "container": container,
        "list_id": rule.container_id or next(iter(asked.lists), ""),
        "mailer_id": next(iter(asked.mailers), ""),
        "contact_kind": own_kind or asked.contact_kind or EMAIL,
        "tag_id": next(iter(asked.tags), ""),
        "changed": list(asked.fields),
        "address": _address(contact, own_kind) if rule.level in OPT_OUT_LISTS else "",
    }
    known = {name: value for name, value in facts.items() if value}
    return {"contact_id": contact.contact_id, "initiated_from": DEFAULT_SOURCE, **known}


def _address(contact: Contact, kind: str) -> str:
    """Return the contact's address of a kind; empty where it has none."""
    return next(
        (one[len(kind) + 1 :] for one in addresses(contact) if one.startswith(f"{kind}:")), ""
    )


def _container(rule: Rule) -> str:
    if rule.level is not Level.PROJECT:
        return str(rule.level)
    return str(ContainerKind.LIST) if rule.trigger in _ON_LISTS else ""


def _placed(value: Any, steps: Sequence[str], text: str) -> Any:
    """Return the value with a text where a path leads; what is missing on the way is made."""
    if not steps:
        return text
    first, *rest = steps
    if isinstance(value, list) and first.isdecimal() and int(first) < len(value):
        at = int(first)
        return [*value[:at], _placed(value[at], rest, text), *value[at + 1 :]]
    standing = dict(value) if isinstance(value, Mapping) else {}
    return {**standing, first: _placed(standing.get(first), rest, text)}
