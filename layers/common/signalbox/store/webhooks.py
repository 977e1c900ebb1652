"""Webhooks in ActiveCampaign's manner, in the rules table.

Item    pk A#<account>#webhooks   sk <id of 16 digits>
        body, version    the version moves with every change
        active           1; 0 once the receiver answered 410 Gone
Item    pk A#<account>#trigger#<kind>#                   sk webhook#<id>
        pk A#<account>#trigger#event_recorded#<name>     sk webhook#<id>
        what a worker needs of an active one, for each of its events, beside the rules that the event
        wakes (`store.waking`), so that it costs no question of its own
Access  create, read, change, delete; all of an account (some dozens); deactivate
A worker knows it by the rule id `webhook-<id>`.
"""

from dataclasses import asdict, replace
from typing import Any, Final

from signalbox.environment import environment
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.rule import Rule
from signalbox.model.trigger import Place, Trigger
from signalbox.model.waking import Wakeable
from signalbox.model.webhook import REPORTED, Webhook, limit_of, rule_of
from signalbox.model.wire import packed, unpacked
from signalbox.store import accounts, keys, rules, table, waking
from signalbox.store.table import Item, Key
from signalbox.store.waking import WEBHOOK_ID

MOST_EVENTS: Final = 45
CHANGED_AT_ONCE: Final = 49  # each with its stamp, in one transaction of 100 items
OUTSIDE_BODY: Final = {"account_id", "webhook_id", "active", "version"}


def key(account_id: str, webhook_id: str) -> Key:
    """Return where the webhook stands."""
    return keys.collection(account_id, "webhooks"), place(webhook_id)


def rule_key(account_id: str, rule_id: str) -> Key:
    """Return where the rule or the webhook stands that a dispatch names."""
    if is_webhook(rule_id):
        return key(account_id, rule_id.removeprefix(WEBHOOK_ID))
    return rules.key(account_id, rule_id)


def is_webhook(rule_id: str) -> bool:
    """Tell whether the id that a dispatch names is a webhook's."""
    return rule_id.startswith(WEBHOOK_ID)


def create(wanted: Webhook) -> None:
    """Write a new webhook; it is told of events from now on.

    Raises:
        InvalidError: it wants too many events.
        ConflictError: another has its id.
    """
    _write(wanted, "attribute_not_exists(pk)", {}, left=())


def save(wanted: Webhook, *, since: Webhook) -> Webhook:
    """Write a changed webhook and return it with its new version.

    Raises:
        InvalidError: it wants too many events.
        ConflictError: somebody changed it since `since` was read.
    """
    changed = replace(wanted, version=since.version + 1)
    left = tuple(event for event in since.events if event not in changed.events)
    _write(changed, "version = :since", {":since": since.version}, left=left)
    return changed


def deactivate(account_id: str, rule_id: str, version: int) -> None:
    """Note that the receiver wants no more; nothing where the webhook was changed meanwhile.

    Until somebody makes it active again it is told of nothing.
    """
    webhook_id = rule_id.removeprefix(WEBHOOK_ID)
    item = table.get(environment().rules_table, key(account_id, webhook_id))
    if item is None or item["version"] != version or not item["active"]:
        return
    standing = webhook_from(item, account_id)
    resting = table.updating(
        environment().rules_table,
        key(account_id, webhook_id),
        "SET active = :no",
        {":no": 0, ":yes": 1, ":version": version},
        condition="version = :version AND active = :yes",
    )
    leaving = _leaving(standing, standing.events)
    try:
        table.transact([resting, *leaving, accounts.bumping(account_id)])
    except table.CancelledError as error:
        if error.reasons[0][0] != "ConditionalCheckFailed":
            raise


def delete(webhook: Webhook) -> None:
    """Delete a webhook; deliveries that are under way are skipped.

    Raises:
        ConflictError: somebody changed it since it was read, so it may stand for other events.
    """
    deleting = table.deleting(
        environment().rules_table,
        key(webhook.account_id, webhook.webhook_id),
        condition="attribute_not_exists(pk) OR version = :since",
        values={":since": webhook.version},
    )
    leaving = _leaving(webhook, webhook.events)
    try:
        table.transact([deleting, *leaving, accounts.bumping(webhook.account_id)])
    except table.CancelledError as error:
        raise ConflictError("the webhook was changed meanwhile; read it again") from error


def fetch(account_id: str, webhook_id: str) -> Webhook:
    """Return a webhook; raise `NotFoundError` where there is none."""
    item = table.get(environment().rules_table, key(account_id, webhook_id))
    if item is None:
        raise NotFoundError("webhook", webhook_id)
    return webhook_from(item, account_id)


def of_account(account_id: str) -> list[Webhook]:
    """Return all webhooks of an account, oldest first."""
    partition = keys.collection(account_id, "webhooks")
    found = table.query_all(environment().rules_table, partition, consistent=True)
    return [webhook_from(item, account_id) for item in found]


def webhook_from(item: Item, account_id: str) -> Webhook:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    return Webhook(
        account_id=account_id,
        webhook_id=contact_id_at(item["sk"]),
        events=tuple(body.pop("events")),
        sources=tuple(body.pop("sources")),
        active=bool(item["active"]),
        version=item["version"],
        **body,
    )


def rule_from(item: Item, account_id: str) -> Rule:
    """Read an item as the rule that it is to a worker."""
    webhook = webhook_from(item, account_id)
    return rule_of(webhook, WEBHOOK_ID + webhook.webhook_id)


def _write(
    webhook: Webhook, condition: str, values: dict[str, Any], *, left: tuple[str, ...]
) -> None:
    if len(webhook.events) > MOST_EVENTS:
        raise InvalidError("events", f"are more than {MOST_EVENTS}")
    if len({*webhook.events, *left}) > CHANGED_AT_ONCE:
        raise InvalidError("events", "are too many to exchange at once; do it in two steps")
    pk, sk = key(webhook.account_id, webhook.webhook_id)
    item = {
        "pk": pk,
        "sk": sk,
        "body": _body(webhook),
        "version": webhook.version,
        "active": int(webhook.active),
    }
    standing = _entering if webhook.active else _leaving
    writes = [
        table.putting(environment().rules_table, item, condition=condition, values=values),
        *standing(webhook, webhook.events),
        *_leaving(webhook, left),
        accounts.bumping(webhook.account_id),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _, old = error.reasons[0]
        if old is None or old["body"] != item["body"] or old["active"] != item["active"]:
            raise ConflictError("the webhook was changed meanwhile; read it again") from error


def _entering(webhook: Webhook, events: tuple[str, ...]) -> list[Item]:
    account_id = webhook.account_id
    entering = []
    for event in events:
        wakeable = Wakeable(
            rule_id=WEBHOOK_ID + webhook.webhook_id,
            version=webhook.version,
            actions=1,
            sources=frozenset(webhook.sources),
            list_id=limit_of(webhook, event),
        )
        entering += waking.entering(account_id, wakeable, [_place(event)])
    return entering + waking.stamping(account_id, map(_place, events))


def _leaving(webhook: Webhook, events: tuple[str, ...]) -> list[Item]:
    account_id, places = webhook.account_id, [_place(event) for event in events]
    return [
        *waking.leaving(account_id, WEBHOOK_ID + webhook.webhook_id, places),
        *waking.stamping(account_id, places),
    ]


def _place(event: str) -> Place:
    if event.startswith(REPORTED):
        return Place(Trigger.EVENT_RECORDED, event.removeprefix(REPORTED))
    return Place(event)


def _body(webhook: Webhook) -> str:
    fields = asdict(webhook)
    return packed({name: value for name, value in fields.items() if name not in OUTSIDE_BODY})
