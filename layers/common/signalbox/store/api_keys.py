"""API tokens and event keys, in the rules table. Only their fingerprints are kept.

Item    pk A#<account>  sk key#<SHA-256 of the key>
Access  look one up by the key that was shown; list; add; revoke
"""

from signalbox.environment import environment
from signalbox.model.credential import Key as ApiKey
from signalbox.model.credential import Role, account_of, fingerprint
from signalbox.model.errors import NotFoundError
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

PREFIX = "key#"


def key(account_id: str, key_fingerprint: str) -> Key:
    """Return where a key stands."""
    return keys.account(account_id), PREFIX + key_fingerprint


def find(shown: str) -> ApiKey | None:
    """Return the key that somebody showed; None where it is not, or no longer, one of ours."""
    account_id = account_of(shown)
    if not account_id:
        return None
    item = table.get(environment().rules_table, key(account_id, fingerprint(shown)))
    return key_from(item) if item else None


def of_account(account_id: str) -> list[ApiKey]:
    """Return the account's keys, oldest first."""
    found = table.query_all(environment().rules_table, keys.account(account_id), prefix=PREFIX)
    return sorted((key_from(item) for item in found), key=lambda kept: kept.created_ms)


def add(api_key: ApiKey) -> None:
    """Write a key; writing it twice changes nothing."""
    pk, sk = key(api_key.account_id, api_key.fingerprint)
    body = {
        "role": api_key.role,
        "name": api_key.name,
        "hint": api_key.hint,
        "created_ms": api_key.created_ms,
    }
    table.put(environment().rules_table, {"pk": pk, "sk": sk, "body": packed(body)})


def revoke(account_id: str, key_id: str) -> None:
    """Delete a key; raise `NotFoundError` where there is none.

    Functions that saw it lately honour it for up to a minute more.
    """
    found = [kept for kept in of_account(account_id) if kept.key_id == key_id]
    if not found:
        raise NotFoundError("key", key_id)
    table.delete_many(
        environment().rules_table, [key(account_id, kept.fingerprint) for kept in found]
    )


def key_from(item: Item) -> ApiKey:
    """Read an item."""
    body = unpacked(item["body"])
    return ApiKey(
        account_id=item["pk"].removeprefix("A#"),
        fingerprint=item["sk"].removeprefix(PREFIX),
        role=Role(body["role"]),
        name=body["name"],
        hint=body["hint"],
        created_ms=body["created_ms"],
    )
