"""Accounts: their secrets and how long what they write is kept."""

from signalbox.model.account import Account, WebhookSecret
from signalbox.model.retention import DAY_MS

ACCOUNT = Account(
    "100000001",
    "Test",
    retention_days=2,
    webhook_secrets=(WebhookSecret("new"), WebhookSecret("old", 5_000), WebhookSecret("older", 3)),
)


def test_what_is_written_expires_after_the_retention():
    """The expiry is in seconds, as DynamoDB's TTL reads it."""
    assert (1_795_000_000_000 + 2 * DAY_MS) // 1000 == ACCOUNT.expiry_s(1_795_000_000_000)


def test_a_secret_signs_until_it_expires():
    """The current secret comes first and has no end."""
    assert ("new", "old") == ACCOUNT.signing_secrets(4_999)
    assert ("new",) == ACCOUNT.signing_secrets(5_000)
