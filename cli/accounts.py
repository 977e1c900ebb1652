"""Accounts made from outside, with nothing but the stack's tables: the first one, and a lost key.

Whoever holds AWS credentials for the tables may do this; the API makes no accounts.
"""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from signalbox import aws
from signalbox.environment import environment
from signalbox.model.account import Account, WebhookSecret
from signalbox.model.credential import ACCOUNT_ID, Key, Role, fingerprint, made_key
from signalbox.model.errors import ConflictError, InvalidError
from signalbox.store import accounts, api_keys

FIRST_ID = 100_000_000
IDS = 900_000_000
TRIES = 5  # of random ids


def create(
    variables: Mapping[str, str],
    *,
    name: str,
    actid: str = "",
    mail_from: str = "",
    mail_from_name: str = "",
) -> dict[str, str]:
    """Create an account with its first keys.

    Args:
        variables: what `signalbox.environment` wants, and the `AWS_…` settings of the stack where
            the process has others. Credentials count only in a process that used none before.
        name: of the account.
        actid: its id, nine digits; random where it is empty.
        mail_from: the sender of mails whose rule names none.
        mail_from_name: the name shown beside it.

    Returns:
        `actid`, `event_key`, `api_token` (of a global admin) and `webhook_secret`. The keys are
        stored as fingerprints, so this is the only time that anybody sees them.

    Raises:
        InvalidError: the id or the sender cannot be.
        ConflictError: an account has the id already.
        AwsError: DynamoDB did not do it.
    """
    from signalbox.channels.webhook import new_secret  # noqa: PLC0415 a recovery needs no channel

    account = Account(
        account_id=_checked(actid) if actid else _random_id(),
        name=name,
        mail_from=_checked_sender(mail_from),
        mail_from_name=mail_from_name,
        webhook_secrets=(WebhookSecret(new_secret()),),
    )
    with _stack(variables):
        account = _created(account, is_random=not actid)
        return {
            "actid": account.account_id,
            "event_key": _key(account.account_id, Role.EVENT, "first event key"),
            "api_token": _key(account.account_id, Role.GLOBAL_ADMIN, "first global admin"),
            "webhook_secret": account.webhook_secrets[0].secret,
        }


def recover(variables: Mapping[str, str], *, actid: str, name: str) -> dict[str, str]:
    """Make a global admin's token for an account whose own is lost.

    Args:
        variables: as for `create`.
        actid: the account's id.
        name: of the key, for those who list the keys later.

    Returns:
        `actid` and `api_token`.

    Raises:
        InvalidError: the id cannot be.
        NotFoundError: there is no such account.
        AwsError: DynamoDB did not do it.
    """
    account_id = _checked(actid)
    with _stack(variables):
        accounts.fetch(account_id)
        return {"actid": account_id, "api_token": _key(account_id, Role.GLOBAL_ADMIN, name)}


def _created(account: Account, *, is_random: bool) -> Account:
    for _ in range(TRIES):
        try:
            accounts.create(account)
        except ConflictError:
            if not is_random:
                raise
            account = replace(account, account_id=_random_id())
        else:
            return account
    raise ConflictError("no free account id was found; try again")


def _key(account_id: str, role: Role, name: str) -> str:
    """Make a key and return it."""
    shown = made_key(account_id, role, secrets.token_bytes(32))
    now_ms = time.time_ns() // 1_000_000
    api_keys.add(Key(account_id, fingerprint(shown), role, name, shown[-4:], now_ms))
    return shown


def _random_id() -> str:
    return str(FIRST_ID + secrets.randbelow(IDS))


def _checked(actid: str) -> str:
    if not ACCOUNT_ID.fullmatch(actid):
        raise InvalidError("actid", "must be nine digits, the first of them not 0")
    return actid


def _checked_sender(mail_from: str) -> str:
    if not mail_from:
        return ""
    from signalbox.people import checked_email  # noqa: PLC0415 few senders are given

    return checked_email(mail_from, field="mail_from")


@contextmanager
def _stack(variables: Mapping[str, str]) -> Iterator[None]:
    """Let the store see another environment for a while."""
    before = dict(os.environ)
    os.environ.update(variables)
    _forget(variables, before)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget(variables, before)


def _forget(variables: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Forget the settings, and the AWS clients where they were or will be made with others."""
    environment.cache_clear()
    if any(
        before.get(name) != value for name, value in variables.items() if name.startswith("AWS_")
    ):
        aws.client.cache_clear()
