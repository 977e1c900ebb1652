"""Triggers: the kinds of event that wake rules, the levels, and what narrows a rule down.

What an event can wake is found by keys. A rule stands at one or a few *places*, a trigger with one
narrow setting (`list:7`, an event's name, or nothing for all), and an event asks at the few places
that it could wake, so its costs do not grow with the number of rules.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from signalbox.model.event import Event


class Level(StrEnum):
    """Where a rule is set; rules of one event fire in this order, older ones first."""

    PROJECT = "project"
    EMAIL_CAMPAIGN = "email_campaign"
    SMS_CAMPAIGN = "sms_campaign"
    EMAIL_OPT_OUT_LIST = "email_opt_out_list"
    PHONE_OPT_OUT_LIST = "phone_opt_out_list"


class Trigger(StrEnum):
    """The kind of event that wakes a rule; all but the first are kinds of `Event.kind`, too."""

    EVENT_RECORDED = "event_recorded"
    CONTACT_ADDED = "contact_added"
    CONTACT_DELETED = "contact_deleted"
    CONTACT_CREATED = "contact_created"
    UPDATE = "update"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    TAG_ADDED = "contact_tag_added"
    TAG_REMOVED = "contact_tag_removed"
    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    SENT = "sent"
    DELIVERY = "delivery"
    DELIVERY_DELAY = "delivery_delay"
    OPEN = "open"
    CLICK = "click"
    REPLY = "reply"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"


LEVELS: Final = tuple(Level)
OPT_OUT_LISTS: Final = frozenset({Level.EMAIL_OPT_OUT_LIST, Level.PHONE_OPT_OUT_LIST})
CAMPAIGNS: Final = frozenset({Level.EMAIL_CAMPAIGN, Level.SMS_CAMPAIGN})

OF_CONTAINERS: Final = frozenset({Trigger.CONTACT_ADDED, Trigger.CONTACT_DELETED})
OF_MESSAGES: Final = frozenset(
    {
        *(Trigger.SENT, Trigger.DELIVERY, Trigger.DELIVERY_DELAY, Trigger.OPEN, Trigger.CLICK),
        *(Trigger.REPLY, Trigger.SOFT_BOUNCE, Trigger.HARD_BOUNCE, Trigger.COMPLAINT),
    }
)
OF_TAGS: Final = frozenset({Trigger.TAG_ADDED, Trigger.TAG_REMOVED})
ON_LISTS: Final = (
    OF_CONTAINERS
    | OF_MESSAGES
    | {Trigger.SUBSCRIBE, Trigger.UNSUBSCRIBE, Trigger.OPT_IN, Trigger.OPT_OUT}
)

# What else an event of a kind is, beside what it is called.
ALSO: Final = {"subscribe": Trigger.CONTACT_ADDED, "unsubscribe": Trigger.CONTACT_DELETED}
ALSO_OF_OPT_OUTS: Final = {
    "contact_added": Trigger.OPT_OUT,
    "contact_deleted": Trigger.OPT_IN,
}


class TriggerSettings(NamedTuple):
    """What narrows a trigger; whatever is empty stands for all.

    `event_name` belongs to `event_recorded`. `lists` are ids of containers of any kind, `mailers`
    and `tags` ids, `fields` facts as `model.change` names them (`email`, `fields.COMPANY`), and
    `contact_kind` is `email` or `phone`.
    """

    event_name: str = ""
    lists: tuple[str, ...] = ()
    mailers: tuple[str, ...] = ()
    contact_kind: str = ""
    tags: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def settings_from(stored: Mapping[str, Any]) -> TriggerSettings:
    """Return settings of what JSON holds of them, which knows lists and no tuples."""
    several = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return TriggerSettings(**{**stored, **several})


class Place(NamedTuple):
    """Where rules stand that one kind of event wakes: the trigger and one narrow setting."""

    trigger: str
    setting: str = ""


def places_of(trigger: str, settings: TriggerSettings, container_id: str) -> list[Place]:
    """Return where a rule stands: the narrowest of its settings, all of them where it has several.

    `container_id` is the campaign or opt-out list at which it is set, empty at project level.
    """
    if trigger == Trigger.EVENT_RECORDED:
        return [Place(trigger, settings.event_name)]
    if container_id:
        return [Place(trigger, f"list:{container_id}")]
    for noun, ids in (("list", settings.lists), ("tag", settings.tags)):
        if ids:
            return [Place(trigger, f"{noun}:{one}") for one in dict.fromkeys(ids)]
    if settings.mailers:
        return [Place(trigger, f"mailer:{one}") for one in dict.fromkeys(settings.mailers)]
    return [Place(trigger)]


def asked(event: Event, groups: Iterable[str] = ()) -> list[Place]:
    """Return the places of the rules that an event can wake.

    `groups` are the ids of the grouped lists that hold the list of the event.
    """
    if not event.kind:
        return [Place(Trigger.EVENT_RECORDED, event.name)]
    named = (("list", "list_id"), ("mailer", "mailer_id"), ("tag", "tag_id"))
    ids = [(noun, event.properties.get(fact, "")) for noun, fact in named]
    settings = ["", *(f"{noun}:{one}" for noun, one in ids if one)]
    settings += [f"list:{group}" for group in groups]
    return [Place(kind, setting) for kind in triggers(event) for setting in settings]


def triggers(event: Event) -> list[str]:
    """Return the triggers that an event of a kind wakes."""
    woken: list[str] = [event.kind]
    also = ALSO.get(event.kind)
    if also:
        woken.append(also)
    if event.properties.get("container") in OPT_OUT_LISTS and event.kind in ALSO_OF_OPT_OUTS:
        woken.append(ALSO_OF_OPT_OUTS[event.kind])
    return woken
