"""Keys that open an account, and what they look like.

An *API token* is `sb_<account>_<43 characters>`; an *event key* is 40 hex digits that begin with
the account's nine, so that clients which send nothing but a key can be told apart without a look-up.
Only a key's SHA-256 is stored: the keys are random, so a slow hash would add nothing.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from signalbox.model.wire import digest

ACCOUNT_DIGITS = 9
EVENT_KEY_RANDOM_DIGITS = 31
API_TOKEN = re.compile(r"sb_([1-9][0-9]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
EVENT_KEY = re.compile(r"([1-9][0-9]{8})[0-9a-f]{31}", re.ASCII)
ACCOUNT_ID = re.compile(r"[1-9][0-9]{8}", re.ASCII)


class Role(StrEnum):
    """What a key may do; `docs/api.md` has the table."""

    GLOBAL_ADMIN = "global_admin"
    ADMIN = "admin"
    MARKETER = "marketer"
    ANALYST = "analyst"
    VIEWER = "viewer"
    EVENT = "event"
    RELAY = "relay"


class Key(NamedTuple):
    """A key as it is kept: everything but the key itself.

    `fingerprint` is the SHA-256 of the key; `hint` its last four characters, to know it by.
    """

    account_id: str
    fingerprint: str
    role: Role
    name: str
    hint: str
    created_ms: int

    @property
    def key_id(self) -> str:
        """Return the id that the API shows."""
        return self.fingerprint[:16]


def account_of(key: str) -> str:
    """Return the account that a token or event key belongs to; empty for no key of ours."""
    found = API_TOKEN.fullmatch(key) or EVENT_KEY.fullmatch(key)
    return found[1] if found else ""


def fingerprint(key: str) -> str:
    """Return what is stored of a key."""
    return digest("key", key)


def made_key(account_id: str, role: Role, entropy: bytes) -> str:
    """Return the key of that role made from 32 random bytes: an event key, or an API token."""
    if role is Role.EVENT:
        return event_key(account_id, entropy.hex())
    from base64 import urlsafe_b64encode  # noqa: PLC0415 the hot functions make no keys

    return api_token(account_id, urlsafe_b64encode(entropy).decode().rstrip("="))


def api_token(account_id: str, secret: str) -> str:
    """Return the token made from 43 random URL-safe characters."""
    return f"sb_{account_id}_{secret}"


def event_key(account_id: str, secret: str) -> str:
    """Return the event key made from at least 31 random hex digits."""
    return account_id + secret[:EVENT_KEY_RANDOM_DIGITS]
