"""The one place where keys of items are made. Every key begins with the account.

The part that may hold any character comes last, so that no two nouns can meet in one key.
"""

from zlib import crc32

SHARDS = 8  # partitions that share a day's dropped events
MAILING_SHARDS = 16  # partitions that share what is known of a mailing


def account(account_id: str) -> str:
    """Partition of the account's settings and keys (rules table)."""
    return f"A#{account_id}"


def collection(account_id: str, noun: str) -> str:
    """Partition that lists an account's things of one noun (rules table)."""
    return f"A#{account_id}#{noun}"


def trigger(account_id: str, trigger_name: str, setting: str) -> str:
    """Partition of the rules at one place: a trigger with a setting, perhaps empty (rules table)."""
    return f"A#{account_id}#trigger#{trigger_name}#{setting}"


def contact(account_id: str, contact_id: str) -> str:
    """Partition of a contact: its record (contacts table), its log and dispatches (tracking)."""
    return f"A#{account_id}#contact#{contact_id}"


def address(account_id: str, value: str) -> str:
    """Partition of an address, `email:ada@example.com` (contacts table)."""
    return f"A#{account_id}#address#{value}"


def member(account_id: str, who: str) -> str:
    """Partition of a contact by its id, or of an address by its text (contacts table)."""
    return contact(account_id, who) if who.isdecimal() else address(account_id, who)


def count(account_id: str, what: str) -> str:
    """Partition of a number kept in shares (contacts table)."""
    return f"A#{account_id}#count#{what}"


def listed_by(account_id: str, order: str, shard: int) -> str:
    """Partition of a share of the contacts in one order (contacts table)."""
    return f"A#{account_id}#by#{order}#{shard}"


def container(account_id: str, kind: str, container_id: str, shard: int) -> str:
    """Partition of a share of what a container holds (index `container` of the contacts table).

    Kinds: `contacts` (all of the account, no id), `tag`, and those of `model.container`.
    """
    return f"A#{account_id}#{kind}#{container_id}#{shard}"


def dropped(account_id: str, day: str, shard: int) -> str:
    """Partition of a share of a day's dropped events (tracking table)."""
    return f"A#{account_id}#dropped#{day}#{shard}"


def dropped_of(account_id: str, value: str) -> str:
    """Partition of an address's dropped events (index `attention` of the tracking table)."""
    return f"A#{account_id}#dropped-of#{value}"


def erasures(account_id: str) -> str:
    """Partition of what is still to be erased (contacts table)."""
    return f"A#{account_id}#erasures"


def erased(account_id: str, address_hash: str) -> str:
    """Partition of what goes on holding for an erased address (contacts table)."""
    return f"A#{account_id}#erased#{address_hash}"


def imports(account_id: str) -> str:
    """Partition of the numbers of imports by day (tracking table)."""
    return f"A#{account_id}#imports"


def batch(account_id: str, batch_id: str) -> str:
    """Partition of one import (tracking table)."""
    return f"A#{account_id}#import#{batch_id}"


def idempotency(account_id: str, key_digest: str) -> str:
    """Partition of a caller's idempotency key (tracking table)."""
    return f"A#{account_id}#idempotency#{key_digest}"


def relay_days(account_id: str) -> str:
    """Partition of the days on which tracked mail was relayed (tracking table)."""
    return f"A#{account_id}#relay-days"


def rate_limit(account_id: str) -> str:
    """Partition of how often an account asks (tracking table)."""
    return f"A#{account_id}#rate-limit"


def feed(account_id: str) -> str:
    """Partition of what the live tail shows (tracking table)."""
    return f"A#{account_id}#feed"


def logged(account_id: str, shard: int) -> str:
    """Partition of a share of the rule log (index `logged` of the tracking table)."""
    return f"A#{account_id}#logged#{shard}"


def detail_accesses(account_id: str) -> str:
    """Partition of who looked at the personal data behind the rule log (tracking table)."""
    return f"A#{account_id}#detail-accesses"


def attention(account_id: str) -> str:
    """Partition of the index of dispatches that somebody should look at (tracking table)."""
    return f"A#{account_id}#attention"


def mailing(account_id: str, mailing_id: str, shard: int) -> str:
    """Partition of a share of a mailing's messages, hits and counters (tracking table)."""
    return f"A#{account_id}#mailing#{mailing_id}#{shard}"


def mailing_attention(account_id: str, mailing_id: str) -> str:
    """Partition of the index of messages that failed or are uncertain (tracking table)."""
    return f"A#{account_id}#mailing#{mailing_id}#attention"


def sending(account_id: str, mailing_id: str) -> str:
    """Partition of what is listed of a mailing's audience, and still to send (tracking table)."""
    return f"A#{account_id}#sending#{mailing_id}"


def pace(account_id: str) -> str:
    """Partition of the clock that spaces what is sent (tracking table)."""
    return f"A#{account_id}#pace"


def mailing_shard(who: str) -> int:
    """Return in which share of a mailing a contact's things are, or those of an anonymous nonce."""
    return crc32(who.encode()) % MAILING_SHARDS
