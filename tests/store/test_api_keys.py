"""API tokens and event keys in their table."""

import pytest

from signalbox.model.credential import Key, Role, api_token, event_key, fingerprint
from signalbox.model.errors import NotFoundError
from signalbox.store import api_keys
from tests.store.things import A, B

TOKEN, EVENT_KEY = api_token(A, "t" * 43), event_key(A, "e" * 31)


def kept(shown: str, role: Role, created_ms: int) -> Key:
    """Return what is kept of a key."""
    return Key(A, fingerprint(shown), role, "name", shown[-4:], created_ms)


@pytest.fixture(name="keys")
def _keys(cloud):
    both = [kept(TOKEN, Role.ADMIN, 2), kept(EVENT_KEY, Role.EVENT, 1)]
    for one in both:
        api_keys.add(one)
        api_keys.add(one)
    return both


def test_a_key_is_found_by_what_is_shown(keys):
    assert keys == [api_keys.find(TOKEN), api_keys.find(EVENT_KEY)]
    for wrong in ("", "x", api_token(A, "u" * 43), api_token(B, "t" * 43)):
        assert None is api_keys.find(wrong)


def test_keys_are_listed_oldest_first(keys):
    assert [Role.EVENT, Role.ADMIN] == [one.role for one in api_keys.of_account(A)]
    assert [] == api_keys.of_account(B)


def test_no_key_stands_in_the_table(keys, cloud):
    """Who reads the table learns no key."""
    text = repr(cloud.items("RULES"))

    assert TOKEN not in text
    assert EVENT_KEY not in text


def test_a_revoked_key_opens_nothing(keys):
    api_keys.revoke(A, keys[0].key_id)

    assert (None, keys[1]) == (api_keys.find(TOKEN), api_keys.find(EVENT_KEY))
    with pytest.raises(NotFoundError):
        api_keys.revoke(A, keys[0].key_id)
    with pytest.raises(NotFoundError):
        api_keys.revoke(B, keys[1].key_id)
