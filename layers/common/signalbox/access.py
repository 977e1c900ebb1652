"""Who is calling, and what they may do. Keys are looked up once a minute and kept in memory."""

import time
from collections.abc import Callable
from typing import TypeVar

from signalbox.model.credential import ACCOUNT_ID, Key, account_of
from signalbox.model.errors import ForbiddenError
from signalbox.model.permission import Permission, allowed
from signalbox.store import api_keys

NOT_OURS = "The key is missing or not valid."
REMEMBERED_S = 60  # a revoked key works for at most this long
REFUSED_S = 5  # a new key waits at most this long where it was tried too early
LIMIT_REMEMBERED_S = 10  # a changed limit of requests holds after at most this long
MOST_REMEMBERED = 10_000

Found = TypeVar("Found")

_remembered: dict[str, tuple[float, Key | None]] = {}
_limited: dict[str, tuple[float, tuple[Key, int] | None]] = {}


def caller(shown: str) -> Key:
    """Return the key that a request shows; raise `ForbiddenError` where it is not one of ours."""
    key = _find(shown)
    if key is None:
        raise ForbiddenError(NOT_OURS)
    return key


def limited_caller(shown: str) -> tuple[Key, int]:
    """Return the key that a request shows, and its account's requests a second, 0 for no limit.

    Both are looked up in one call. Raises `ForbiddenError` as `caller` does.
    """
    from signalbox.store import rate_limits  # noqa: PLC0415 the hot functions have no limit

    found = _recalled(_limited, shown, rate_limits.of_key, LIMIT_REMEMBERED_S)
    if found is None:
        raise ForbiddenError(NOT_OURS)
    return found


def require(key: Key, permission: Permission) -> None:
    """Raise `ForbiddenError` unless the key's role allows this."""
    if not allowed(key.role, permission):
        raise ForbiddenError(f"The role {key.role} does not have the permission {permission}.")


def sender(shown: str) -> str:
    """Return the account that events sent with this key belong to; raise `ForbiddenError`."""
    key = caller(shown)
    require(key, Permission.SEND_EVENTS)
    return key.account_id


def check_account(account_id: str, shown: str) -> None:
    """Raise `ForbiddenError`, with what is wrong, unless the key may send events there."""
    known = bool(ACCOUNT_ID.fullmatch(account_id))
    if known and account_of(shown) == account_id and _find(shown) is not None:
        sender(shown)
    elif known and _exists(account_id):
        raise ForbiddenError("The event key is not valid for this account ID.")
    else:
        raise ForbiddenError("The account ID is unknown.")


def forget() -> None:
    """Empty the memory of this process."""
    _remembered.clear()
    _limited.clear()


def _exists(account_id: str) -> bool:
    from signalbox.store import accounts  # noqa: PLC0415 only a refusal asks

    return accounts.find(account_id) is not None


def _find(shown: str) -> Key | None:
    return _recalled(_remembered, shown, api_keys.find, REMEMBERED_S)


def _recalled(
    memory: dict[str, tuple[float, Found | None]],
    shown: str,
    find: Callable[[str], Found | None],
    kept_s: int,
) -> Found | None:
    """Return what was found of a key lately, else look it up and remember it for so long."""
    until, found = memory.get(shown, (0.0, None))
    now = time.monotonic()
    if now >= until:
        if len(memory) >= MOST_REMEMBERED:
            memory.clear()
        found = find(shown)
        memory[shown] = (now + (kept_s if found else REFUSED_S), found)
    return found
