"""Keys: what they look like and whose they are."""

import itertools
import secrets

import pytest

from signalbox.model.credential import (
    Key,
    Role,
    account_of,
    api_token,
    event_key,
    fingerprint,
)
from signalbox.model.permission import ALLOWED, Permission, allowed


def test_a_key_tells_its_account():
    """Tokens and event keys name their account; an event key is 40 hex digits."""
    token = api_token("123456789", secrets.token_urlsafe(32))
    shown = event_key("123456789", secrets.token_hex(16))

    assert ("123456789", "123456789") == (account_of(token), account_of(shown))
    assert 40 == len(shown)
    assert int(shown, 16)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "sb_123456789_short",
        "sb_023456789_" + "x" * 43,
        "sb_123456789_" + "x" * 44,
        "sb_12345678\u0669_" + "x" * 43,
        "sb_123456789_" + "x" * 42 + "é",
        "sb_123456789_" + "x" * 43 + "\n",
        "123456789" + "g" * 31,
        "123456789" + "A" * 31,
        "123456789" + "a" * 30,
    ],
)
def test_what_is_no_key_belongs_to_nobody(key):
    assert "" == account_of(key)


def test_only_a_fingerprint_is_kept():
    """The fingerprint tells keys apart and does not hold them; the id is its beginning."""
    shown = api_token("123456789", "s" * 43)
    kept = Key("123456789", fingerprint(shown), Role.VIEWER, "n", shown[-4:], 0)

    assert 64 == len(kept.fingerprint)
    assert kept.fingerprint != fingerprint(shown[:-1] + "t")
    assert "sss" not in kept.fingerprint
    assert kept.key_id == kept.fingerprint[:16]


def test_every_role_has_its_permissions():
    """Nobody but the global admin may do everything; the keys of programs do one thing each."""
    assert set(Role) == set(ALLOWED)
    assert [Role.GLOBAL_ADMIN] == [role for role in Role if set(Permission) == ALLOWED[role]]
    assert [Permission.SEND_EVENTS] == [one for one in Permission if allowed(Role.EVENT, one)]
    assert [Permission.RELAY_MAIL] == [one for one in Permission if allowed(Role.RELAY, one)]
    ranks = [Role.VIEWER, Role.ANALYST, Role.MARKETER, Role.ADMIN, Role.GLOBAL_ADMIN]
    assert all(ALLOWED[low] < ALLOWED[high] for low, high in itertools.pairwise(ranks))
