"""Rules, in the rules table.

Item    pk A#<account>#rules             sk <rule>                  the rule as it stands
        gone_<number>    1 where the webhook of that number answered 410 Gone
Item    pk A#<account>#rule#<rule>       sk <version, 8 digits>     each version, never changed
Item    pk A#<account>#trigger#…         sk rule#<rule>             while it is active: see
        `store.waking`
Access  write; list; read one, and each version; those on an event name
"""

from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.action import action_from, stored_action
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.rule import Conditions, Once, PastEvents, Rule, RuleStatus
from signalbox.model.trigger import Level, Place, Trigger, settings_from
from signalbox.model.waiting import Wait
from signalbox.model.wire import packed, unpacked
from signalbox.store import accounts, keys, table, waking
from signalbox.store.table import Item, Key, Page
from signalbox.store.waking import WEBHOOK_ID

GONE = "gone_"


def key(account_id: str, rule_id: str) -> Key:
    """Return where the rule stands as it is now."""
    return keys.collection(account_id, "rules"), rule_id


def version_key(account_id: str, rule_id: str, version: int) -> Key:
    """Return where one version of the rule stands."""
    return keys.collection(account_id, f"rule#{rule_id}"), f"{version:08d}"


def create(rule: Rule) -> None:
    """Write a new rule.

    Raises:
        ConflictError: the id is taken.
    """
    _write(rule, condition="attribute_not_exists(pk)", values={})


def save(rule: Rule, *, since: Rule) -> Rule:
    """Write a changed rule as its next version and return it.

    Raises:
        ConflictError: somebody changed the rule since `since` was read.
    """
    changed = replace(rule, version=since.version + 1)
    left = [place for place in since.places if place not in changed.places]
    _write(changed, condition="version = :since", values={":since": since.version}, left=left)
    return changed


def note_gone(rule: Rule, action: int) -> None:
    """Note that the receiver of a webhook wants no more; saving the rule forgets it."""
    with suppress(table.RefusedError):  # the rule was changed meanwhile: a new start for its URLs
        table.update(
            environment().rules_table,
            key(rule.account_id, rule.rule_id),
            f"SET gone_{action} = :one",
            {":one": 1, ":version": rule.version},
            condition="version = :version",
        )


def delete(rule: Rule) -> None:
    """Delete a rule; its versions stay, for the log that names them."""
    table.transact(
        [
            table.deleting(environment().rules_table, key(rule.account_id, rule.rule_id)),
            *waking.leaving(rule.account_id, rule.rule_id, rule.places),
            *waking.stamping(rule.account_id, rule.places),
            accounts.bumping(rule.account_id),
        ]
    )


def fetch(account_id: str, rule_id: str) -> Rule:
    """Return a rule as it stands; raise `NotFoundError` where there is none."""
    item = table.get(environment().rules_table, key(account_id, rule_id))
    if item is None:
        raise NotFoundError("rule", rule_id)
    return rule_from(item, account_id)


def fetch_version(account_id: str, rule_id: str, version: int) -> Rule:
    """Return one version of a rule; raise `NotFoundError` where there is none."""
    item = table.get(environment().rules_table, version_key(account_id, rule_id, version))
    if item is None:
        raise NotFoundError("rule version", f"{rule_id} version {version}")
    return rule_from(item, account_id)


def of_account(account_id: str, *, limit: int = 100, after: str = "") -> Page:
    """Return a page of the account's rules, oldest first; read each with `rule_from`."""
    partition = keys.collection(account_id, "rules")
    start = (partition, after) if after else None
    return table.query(
        environment().rules_table, partition, limit=limit, after=start, consistent=True
    )


def on_event_name(account_id: str, event_name: str) -> list[Rule]:
    """Return the active rules on an event name, registered or not."""
    return at_place(account_id, Place(Trigger.EVENT_RECORDED, event_name))


def at_place(account_id: str, place: Place) -> list[Rule]:
    """Return the active rules at a place, oldest first, without the webhooks that stand there."""
    found = waking.at_place(account_id, place)
    ids = [one.rule_id for one in found if not one.rule_id.startswith(WEBHOOK_ID)]
    wanted = [key(account_id, rule_id) for rule_id in ids]
    items = table.get_many({environment().rules_table: wanted})
    return [rule_from(items[where], account_id) for where in wanted if where in items]


def rule_from(item: Item, account_id: str) -> Rule:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    actions = body.pop("actions")
    once = body.pop("once", None)
    return Rule(
        account_id=account_id,
        level=Level(body.pop("level")),
        trigger=Trigger(body.pop("trigger")),
        settings=settings_from(body.pop("settings")),
        conditions=_conditions_from(body.pop("conditions", {})),
        once=Once(**once) if once else None,
        status=RuleStatus(body.pop("status")),
        actions=tuple(action_from(_without_wait(stored)) for stored in actions),
        waits={
            number: Wait(**stored["wait"])
            for number, stored in enumerate(actions)
            if "wait" in stored
        },
        version=item["version"],
        gone_actions=frozenset(
            int(name.removeprefix(GONE)) for name in item if name.startswith(GONE)
        ),
        **body,
    )


def stored_steps(rule: Rule) -> list[dict[str, Any]]:
    """Return the actions as they are stored, each with what it waits for."""
    return [
        stored_action(action)
        | ({"wait": asdict(rule.waits[number])} if number in rule.waits else {})
        for number, action in enumerate(rule.actions)
    ]


def _write(
    rule: Rule, *, condition: str, values: dict[str, Any], left: list[Place] | None = None
) -> None:
    rules_table = environment().rules_table
    account_id = rule.account_id
    body = _body(rule)
    now_pk, now_sk = key(account_id, rule.rule_id)
    past_pk, past_sk = version_key(account_id, rule.rule_id, rule.version)
    version = {"body": body, "version": rule.version}
    standing = rule.places if rule.status is RuleStatus.ACTIVE else []
    left = [*(left or []), *(place for place in rule.places if place not in standing)]
    writes = [
        table.putting(
            rules_table,
            {"pk": now_pk, "sk": now_sk, **version},
            condition=condition,
            values=values,
        ),
        table.putting(rules_table, {"pk": past_pk, "sk": past_sk, **version}),
        *waking.entering(account_id, rule.wakeable(), standing),
        *waking.leaving(account_id, rule.rule_id, left),
        *waking.stamping(account_id, [*standing, *left]),
        accounts.bumping(account_id),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _, old = error.reasons[0]
        if old is None or old["body"] != body:
            raise ConflictError("the rule was changed meanwhile; read it again") from error


def _without_wait(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if name != "wait"}


def _conditions_from(stored: dict[str, Any]) -> Conditions:
    return Conditions(
        event=stored.get("event", {}),
        contact=stored.get("contact", {}),
        past_events=tuple(PastEvents(**one) for one in stored.get("past_events", ())),
    )


def _body(rule: Rule) -> str:
    """Return the rule as it is stored; what is empty is left out."""
    conditions = {name: value for name, value in asdict(rule.conditions).items() if value}
    facts: dict[str, Any] = {
        "container_id": rule.container_id,
        "conditions": conditions,
        "once": asdict(rule.once) if rule.once else None,
    }
    return packed(
        {
            "rule_id": rule.rule_id,
            "name": rule.name,
            "level": rule.level,
            "trigger": rule.trigger,
            "settings": {name: value for name, value in rule.settings._asdict().items() if value},
            "actions": stored_steps(rule),
            "status": rule.status,
            "author": rule.author,
            "created_ms": rule.created_ms,
            "updated_ms": rule.updated_ms,
            **{name: value for name, value in facts.items() if value},
        }
    )
