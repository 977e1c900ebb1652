"""The secret that signs an account's confirmation links, in the rules table.

Item    pk A#<account>#signups   sk secret
        secret           64 hex digits, made when first needed
Access  read, or make
It has a partition of its own, the only one of this table that the public function may write.
"""

import secrets

from signalbox.environment import environment
from signalbox.store import keys, table
from signalbox.store.table import Key

BYTES = 32


def key(account_id: str) -> Key:
    """Return where the secret stands."""
    return keys.collection(account_id, "signups"), "secret"


def find_secret(account_id: str) -> bytes | None:
    """Return the secret; None where no link was ever signed."""
    item = table.get(environment().rules_table, key(account_id))
    return bytes.fromhex(item["secret"]) if item else None


def secret(account_id: str) -> bytes:
    """Return the secret, made where there is none; whoever is first makes it for all."""
    standing = find_secret(account_id)
    if standing:
        return standing
    made = secrets.token_bytes(BYTES)
    pk, sk = key(account_id)
    item = {"pk": pk, "sk": sk, "secret": made.hex()}
    try:
        table.put(environment().rules_table, item, condition="attribute_not_exists(pk)")
    except table.RefusedError as error:
        return bytes.fromhex(error.old["secret"]) if error.old else made
    return made
