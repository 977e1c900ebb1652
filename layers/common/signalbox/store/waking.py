"""What events wake, in the rules table, and what a worker remembers of it.

Item    pk A#<account>#trigger#<trigger>#<setting>   sk head
        stamp            another one with every change of what stands here
Item    pk the same                                  sk rule#<rule>, webhook#<id>
        body             what a worker needs of an active rule or webhook
Item    pk A#<account>#trigger#event_recorded#<name> sk registered   see `store.event_names`
Access  what events can wake: nothing while the account's configuration does not move; else one
        question for all heads, and one for each place whose stamp is another
Where no head stands nothing was ever set, so an event that wakes nothing asks for nothing more.
"""

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model.trigger import Place, Trigger, TriggerSettings, settings_from
from signalbox.model.waking import Wakeable
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

REMEMBERED_PLACES = 5_000
REMEMBERED_RULES = 150_000  # together with the places about 100 MB
RULE, WEBHOOK = "rule#", "webhook#"
WEBHOOK_ID = "webhook-"  # before the id of a webhook where others have the id of a rule
HEAD, REGISTERED = "head", "registered"


class Remembered(NamedTuple):
    """A place as it was when the account's configuration had this version."""

    account_version: int
    stamp: str
    registered: bool
    rules: tuple[Wakeable, ...]


class Memory:
    """The places that this process knows, the latest learned last."""

    def __init__(self) -> None:
        self.places: OrderedDict[str, Remembered] = OrderedDict()
        self.rules = 0

    def learn(self, partition: str, place: Remembered) -> None:
        """Remember a place, and forget the oldest where it is too much."""
        self.forget(partition)
        self.places[partition] = place
        self.rules += len(place.rules)
        while len(self.places) > REMEMBERED_PLACES or self.rules > REMEMBERED_RULES:
            if len(self.places) == 1:
                return  # the place that is in use now
            self.forget(next(iter(self.places)))

    def forget(self, partition: str) -> None:
        """Forget a place."""
        place = self.places.pop(partition, None)
        self.rules -= len(place.rules) if place else 0


_memory = Memory()
_NO_SETTINGS = TriggerSettings()


def partition(account_id: str, place: Place) -> str:
    """Return the partition of a place."""
    return keys.trigger(account_id, place.trigger, place.setting)


def look_up(asked: Mapping[str, int]) -> dict[str, tuple[Wakeable, ...]]:
    """Return the active rules and webhooks at places, oldest first, of registered names alone.

    `asked` has partitions with the version of their account's configuration.
    """
    known = {one: _memory.places[one] for one, version in asked.items() if _is_known(one, version)}
    moved = {one: version for one, version in asked.items() if one not in known}
    if moved:
        known |= _read_again(moved)
    return {one: known[one].rules if known[one].registered else () for one in asked}


def is_webhook(rule: Wakeable) -> bool:
    """Tell whether what stands at a place is a webhook and no rule."""
    return rule.rule_id.startswith(WEBHOOK_ID)


def forget() -> None:
    """Empty the memory of this process."""
    for one in list(_memory.places):
        _memory.forget(one)


def at_place(account_id: str, place: Place) -> list[Wakeable]:
    """Return what stands at a place now, whatever is remembered, registered or not."""
    return list(_read(partition(account_id, place)))


def entering(account_id: str, rule: Wakeable, places: Iterable[Place]) -> list[Item]:
    """Return the parts of a transaction that let a rule stand at places; each needs `stamping`."""
    body = packed(_body(rule))
    items = [{"pk": pk, "sk": sk, "body": body} for pk, sk in _at(account_id, rule.rule_id, places)]
    return [table.putting(environment().rules_table, item) for item in items]


def leaving(account_id: str, rule_id: str, places: Iterable[Place]) -> list[Item]:
    """Return the parts of a transaction that take a rule off places; each needs `stamping`."""
    wanted = _at(account_id, rule_id, places)
    return [table.deleting(environment().rules_table, where) for where in wanted]


def stamping(account_id: str, places: Iterable[Place]) -> list[Item]:
    """Return the parts of a transaction that tell workers that these places changed."""
    return [
        table.putting(
            environment().rules_table,
            {"pk": partition(account_id, place), "sk": HEAD, "stamp": os.urandom(8).hex()},
        )
        for place in dict.fromkeys(places)
    ]


def _is_known(one: str, version: int) -> bool:
    place = _memory.places.get(one)
    return place is not None and place.account_version == version


def _read_again(moved: Mapping[str, int]) -> dict[str, Remembered]:
    """Read the heads of places whose account moved, and the places that changed themselves."""
    heads = {one: (one, HEAD) for one in moved}
    names = {one: (one, REGISTERED) for one in moved if _is_of_name(one)}
    wanted: list[Key] = [*heads.values(), *names.values()]
    found = table.get_many({environment().rules_table: wanted})
    places = {}
    for one, version in moved.items():
        stamp = found.get(heads[one], {}).get("stamp", "")
        registered = one not in names or names[one] in found
        standing = _memory.places.get(one)
        if standing is not None and standing.stamp == stamp:
            rules = standing.rules
        else:
            rules = _read(one) if stamp else ()
        places[one] = Remembered(version, stamp, registered, rules)
        _memory.learn(one, places[one])
    return places


def _is_of_name(one: str) -> bool:
    return f"#trigger#{Trigger.EVENT_RECORDED}#" in one


def _read(one: str) -> tuple[Wakeable, ...]:
    items = table.query_all(environment().rules_table, one, consistent=True)
    return tuple(_wakeable(item) for item in items if item["sk"].startswith((RULE, WEBHOOK)))


def _at(account_id: str, rule_id: str, places: Iterable[Place]) -> list[Key]:
    if rule_id.startswith(WEBHOOK_ID):
        sort = WEBHOOK + rule_id.removeprefix(WEBHOOK_ID)
    else:
        sort = RULE + rule_id
    return [(partition(account_id, place), sort) for place in dict.fromkeys(places)]


def _wakeable(item: Item) -> Wakeable:
    body = unpacked(item["body"])
    noun, _, rule_id = item["sk"].partition("#")
    settings = body.get("settings")
    return Wakeable(
        rule_id=rule_id if noun == RULE[:-1] else WEBHOOK_ID + rule_id,
        version=body["version"],
        actions=body["actions"],
        sources=frozenset(body.get("sources", ())),
        list_id=body.get("list", ""),
        level=body.get("level", 0),
        checked=body.get("checked", False),
        settings=settings_from(settings) if settings else _NO_SETTINGS,
        pattern=body.get("pattern", ""),
    )


def _body(rule: Wakeable) -> dict[str, object]:
    """Return what is not as usual of a wakeable."""
    facts = {
        "sources": sorted(rule.sources),
        "list": rule.list_id,
        "level": rule.level,
        "checked": rule.checked,
        "settings": {name: value for name, value in rule.settings._asdict().items() if value},
        "pattern": rule.pattern,
    }
    said = {name: value for name, value in facts.items() if value}
    return {"version": rule.version, "actions": rule.actions, **said}
