"""Rules, in the rules table.

Item    pk A#<account>#rules             sk <rule>                  the rule as it stands
        gone_<number>    1 where the webhook of that number answered 410 Gone
Item    pk A#<account>#rule#<rule>       sk <version, 8 digits>     each version, never changed
Item    pk A#<account>#trigger#<level>#<trigger>#<setting>  sk rule#<rule>
        what a worker needs of an active rule; gone while the rule is disabled
Item    pk the same                                         sk webhook#<id>   see `store.webhooks`
Item    pk A#<account>#trigger#project#<kind>#              sk webhook#<id>
        the same for what a change of a contact wakes, which needs no registration
Access  write; list; read one; what an event can wake (one question, whatever the number of rules)
"""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.action import action_from, stored_action
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.rule import Level, Rule, RuleStatus, Trigger, Wakeable
from signalbox.model.wire import packed, unpacked
from signalbox.store import accounts, event_names, keys, table
from signalbox.store.table import Item, Key, Page

CACHED_TRIGGERS = 5_000  # a worker's memory of them stays below 20 MB
WAKEABLE = "rule#"
WEBHOOK = "webhook#"
WEBHOOK_ID = "webhook-"  # before the id of a webhook where others have the id of a rule
GONE = "gone_"

_cache: OrderedDict[str, tuple[int, tuple[Wakeable, ...]]] = OrderedDict()


def key(account_id: str, rule_id: str) -> Key:
    """Return where the rule stands as it is now."""
    return keys.collection(account_id, "rules"), rule_id


def version_key(account_id: str, rule_id: str, version: int) -> Key:
    """Return where one version of the rule stands."""
    return keys.collection(account_id, f"rule#{rule_id}"), f"{version:08d}"


def woken_by(
    account_id: str, account_version: int, event_name: str, kind: str = ""
) -> tuple[Wakeable, ...]:
    """Return the active rules that an event of this name or kind wakes, oldest first.

    They are kept in memory for as long as the account's configuration does not move.
    """
    partition = trigger(account_id, event_name, kind)
    version, rules = _cache.get(partition, (0, ()))
    if version != account_version:
        items = list(table.query_all(environment().rules_table, partition, consistent=True))
        registered = kind or any(item["sk"] == event_names.REGISTERED for item in items)
        wakeable = (WAKEABLE, WEBHOOK)
        rules = tuple(_wakeable(item) for item in items if item["sk"].startswith(wakeable))
        rules = rules if registered else ()
        _cache[partition] = (account_version, rules)
        if len(_cache) > CACHED_TRIGGERS:
            _cache.popitem(last=False)
    return rules


def trigger(account_id: str, event_name: str, kind: str = "") -> str:
    """Return the partition of what an event of this name, or of this kind, can wake."""
    if kind:
        return keys.trigger(account_id, Level.PROJECT, kind, "")
    return keys.trigger(account_id, Level.PROJECT, Trigger.EVENT_RECORDED, event_name)


def forget() -> None:
    """Empty the memory of this process."""
    _cache.clear()


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
    left = [] if _trigger_of(since) == _trigger_of(changed) else [_leaving(since)]
    _write(changed, condition="version = :since", values={":since": since.version}, also=left)
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
            _leaving(rule),
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
    partition = trigger(account_id, event_name)
    found = table.query_all(environment().rules_table, partition, prefix=WAKEABLE, consistent=True)
    wanted = [key(account_id, item["sk"].removeprefix(WAKEABLE)) for item in found]
    items = table.get_many({environment().rules_table: wanted})
    return [rule_from(items[where], account_id) for where in wanted if where in items]


def rule_from(item: Item, account_id: str) -> Rule:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    return Rule(
        account_id=account_id,
        level=Level(body.pop("level")),
        trigger=Trigger(body.pop("trigger")),
        status=RuleStatus(body.pop("status")),
        actions=tuple(action_from(stored) for stored in body.pop("actions")),
        version=item["version"],
        gone_actions=frozenset(
            int(name.removeprefix(GONE)) for name in item if name.startswith(GONE)
        ),
        **body,
    )


def _write(
    rule: Rule, *, condition: str, values: dict[str, Any], also: list[Item] | None = None
) -> None:
    rules_table = environment().rules_table
    body = _body(rule)
    now_pk, now_sk = key(rule.account_id, rule.rule_id)
    past_pk, past_sk = version_key(rule.account_id, rule.rule_id, rule.version)
    version = {"body": body, "version": rule.version}
    try:
        table.transact(
            [
                table.putting(
                    rules_table,
                    {"pk": now_pk, "sk": now_sk, **version},
                    condition=condition,
                    values=values,
                ),
                table.putting(rules_table, {"pk": past_pk, "sk": past_sk, **version}),
                _entering(rule) if rule.status is RuleStatus.ACTIVE else _leaving(rule),
                accounts.bumping(rule.account_id),
                *(also or []),
            ]
        )
    except table.CancelledError as error:
        _, old = error.reasons[0]
        if old is None or old["body"] != body:
            raise ConflictError("the rule was changed meanwhile; read it again") from error


def _entering(rule: Rule) -> Item:
    body = packed({"version": rule.version, "actions": len(rule.actions)})
    wakeable = {"pk": _trigger_of(rule), "sk": WAKEABLE + rule.rule_id, "body": body}
    return table.putting(environment().rules_table, wakeable)


def _leaving(rule: Rule) -> Item:
    return table.deleting(environment().rules_table, (_trigger_of(rule), WAKEABLE + rule.rule_id))


def _trigger_of(rule: Rule) -> str:
    return trigger(rule.account_id, rule.event_name)


def _wakeable(item: Item) -> Wakeable:
    body = unpacked(item["body"])
    noun, _, rule_id = item["sk"].partition("#")
    return Wakeable(
        rule_id if noun == WAKEABLE[:-1] else WEBHOOK_ID + rule_id,
        body["version"],
        body["actions"],
        frozenset(body.get("sources", ())),
        body.get("list", ""),
    )


def _body(rule: Rule) -> str:
    return packed(
        {
            "rule_id": rule.rule_id,
            "name": rule.name,
            "level": rule.level,
            "trigger": rule.trigger,
            "event_name": rule.event_name,
            "actions": [stored_action(action) for action in rule.actions],
            "status": rule.status,
            "author": rule.author,
            "created_ms": rule.created_ms,
            "updated_ms": rule.updated_ms,
        }
    )
