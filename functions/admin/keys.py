"""API tokens and event keys."""

import secrets
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from signalbox.model.credential import Key, Role, fingerprint, made_key
from signalbox.model.errors import ForbiddenError
from signalbox.model.permission import ALLOWED, Permission
from signalbox.store import api_keys

from .requests import Sent, Shown, answers, caller, now_ms

router = Router()


class KeyShown(Shown):
    """A key without the key itself; `hint` is its last four characters."""

    key_id: str
    role: Role
    name: str
    hint: str
    created_ms: int


class OwnKey(KeyShown):
    """The key that a request shows, the account it belongs to, and what it may do."""

    account_id: str
    permissions: list[Permission]


class KeyMade(KeyShown):
    """A new key; `key` is shown this once and kept nowhere."""

    key: str


class KeyList(Shown):
    """The account's keys, oldest first."""

    keys: list[KeyShown]


class KeyWanted(Sent):
    """The key to make: role `event` gives an event key, every other an API token."""

    role: Role
    name: Annotated[str, Field(min_length=1, max_length=128)]


@router.get("/key", responses=answers("The caller's key"))
def own() -> OwnKey:
    """Tell who the caller is; every key may ask."""
    key: Key = router.context["key"]
    return OwnKey(
        account_id=key.account_id,
        permissions=sorted(ALLOWED[key.role]),
        **_shown(key).model_dump(),
    )


@router.get("/keys", responses=answers("The keys"))
def of_account() -> KeyList:
    """List the keys."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    return KeyList(keys=[_shown(kept) for kept in api_keys.of_account(key.account_id)])


@router.post("/keys", status_code=201, responses=answers("The new key", status=201))
def make(wanted: KeyWanted) -> KeyMade:
    """Make a key. Nobody makes one that may do more than the own."""
    own = caller(router, Permission.MANAGE_ACCOUNT)
    _check_rank(own, wanted.role)
    shown = made_key(own.account_id, wanted.role, secrets.token_bytes(32))
    kept = Key(
        account_id=own.account_id,
        fingerprint=fingerprint(shown),
        role=wanted.role,
        name=wanted.name,
        hint=shown[-4:],
        created_ms=now_ms(),
    )
    api_keys.add(kept)
    return KeyMade(key=shown, **_shown(kept).model_dump())


@router.delete("/keys/<key_id>", status_code=204, responses=answers("Revoked", 404, status=204))
def revoke(key_id: Annotated[str, Path(max_length=64)]) -> None:
    """Revoke a key, none that may do more than the own.

    Functions that saw it lately honour it for up to a minute more.
    """
    own = caller(router, Permission.MANAGE_ACCOUNT)
    for kept in api_keys.of_account(own.account_id):
        if kept.key_id == key_id:
            _check_rank(own, kept.role)
    api_keys.revoke(own.account_id, key_id)


def _check_rank(own: Key, role: Role) -> None:
    if not ALLOWED[role] <= ALLOWED[own.role]:
        raise ForbiddenError(f"The role {own.role} must not make or revoke a key with {role}.")


def _shown(key: Key) -> KeyShown:
    return KeyShown(
        key_id=key.key_id,
        role=key.role,
        name=key.name,
        hint=key.hint,
        created_ms=key.created_ms,
    )
