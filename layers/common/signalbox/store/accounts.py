"""Accounts, in the rules table.

Item    pk A#<account>  sk settings
        body             the settings
        version          moves with every change of configuration
        watched_until    milliseconds until which somebody follows the live tail
Access  read one (with every batch of events); create; change; bump the version
"""

from dataclasses import asdict
from typing import Any

from signalbox.environment import environment
from signalbox.model.account import Account, WebhookSecret
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.tracking_permission import Mode
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

OUTSIDE_BODY = {"account_id", "version", "watched_until_ms"}
# What stands in the body only where it differs: settings that older items do not have.
UNSET = {
    "api_rate_limit": 0,
    "tracking_mode": Mode.ANONYMOUS,
    "relay_tracking_mode": Mode.OFF,
}


def key(account_id: str) -> Key:
    """Return where the account's settings stand."""
    return keys.account(account_id), "settings"


def create(account: Account) -> None:
    """Write a new account; raise `ConflictError` where its id is taken."""
    try:
        table.put(
            environment().rules_table,
            _item(account),
            condition="attribute_not_exists(pk)",
        )
    except table.RefusedError as error:
        if error.old is not None and error.old["body"] == _body(account):
            return  # our own write, whose answer was lost
        raise ConflictError(f"account {account.account_id} exists") from error


def find(account_id: str) -> Account | None:
    """Return the account; None where there is none."""
    item = table.get(environment().rules_table, key(account_id))
    return account_from(item) if item else None


def fetch(account_id: str) -> Account:
    """Return the account; raise `NotFoundError` where there is none."""
    account = find(account_id)
    if account is None:
        raise NotFoundError("account", account_id)
    return account


def save(before: Account, after: Account) -> Account:
    """Write changed settings and return them as they stand.

    Raises:
        ConflictError: somebody changed the settings since `before` was read.
    """
    try:
        table.update(
            environment().rules_table,
            key(after.account_id),
            "SET body = :after ADD version :one",
            {":before": _body(before), ":after": _body(after), ":one": 1},
            condition="body = :before",
        )
    except table.RefusedError as error:
        if error.old is None or error.old["body"] != _body(after):
            raise ConflictError("the settings were changed meanwhile; read them again") from error
    return fetch(after.account_id)


def watch(account_id: str, until_ms: int) -> None:
    """Note that somebody follows the live tail until then."""
    table.update(
        environment().rules_table,
        key(account_id),
        "SET watched_until = :until",
        {":until": until_ms},
        condition="attribute_exists(pk)",
    )


def bumping(account_id: str) -> Item:
    """Return the part of a transaction that tells workers to read the configuration again."""
    return table.updating(
        environment().rules_table,
        key(account_id),
        "ADD version :one",
        {":one": 1},
        condition="attribute_exists(pk)",
    )


def account_from(item: Item) -> Account:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    secrets = tuple(WebhookSecret(**kept) for kept in body.pop("webhook_secrets"))
    return Account(
        account_id=item["pk"].removeprefix("A#"),
        version=item["version"],
        watched_until_ms=item["watched_until"],
        webhook_secrets=secrets,
        tracking_mode=Mode(body.pop("tracking_mode", Mode.ANONYMOUS)),
        relay_tracking_mode=Mode(body.pop("relay_tracking_mode", Mode.OFF)),
        **body,
    )


def _item(account: Account) -> Item:
    pk, sk = key(account.account_id)
    return {
        "pk": pk,
        "sk": sk,
        "body": _body(account),
        "version": account.version,
        "watched_until": account.watched_until_ms,
    }


def _body(account: Account) -> str:
    fields = asdict(account)
    left_out = OUTSIDE_BODY | {name for name, unset in UNSET.items() if fields[name] == unset}
    return packed({name: value for name, value in fields.items() if name not in left_out})
