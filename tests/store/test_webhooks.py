"""Webhooks as they are kept, where several change one at once."""

from dataclasses import replace

import pytest

from signalbox.model.errors import ConflictError
from signalbox.model.webhook import Webhook
from signalbox.store import accounts, table, webhooks
from tests.people import ACCOUNT_ID

HOOK = Webhook(
    ACCOUNT_ID, "77", "Hook", "https://hooks.example/in", ("subscribe", "update"), ("api",)
)


def of_triggers(cloud):
    """Return where webhooks stand to be woken."""
    items = cloud.items("RULES")
    return [item["pk"]["S"] for item in items if item["sk"]["S"].startswith("webhook#")]


def test_deleting_what_was_changed_meanwhile_is_refused(account, cloud):
    """Otherwise it would go on standing for the events that it was given meanwhile."""
    webhooks.create(HOOK)
    webhooks.save(replace(HOOK, events=("unsubscribe",)), since=HOOK)

    with pytest.raises(ConflictError):
        webhooks.delete(HOOK)

    webhooks.delete(webhooks.fetch(ACCOUNT_ID, "77"))
    assert [] == of_triggers(cloud)


def test_deleting_twice_is_deleting(account, cloud):
    webhooks.create(HOOK)

    webhooks.delete(HOOK)
    webhooks.delete(HOOK)

    assert [] == webhooks.of_account(ACCOUNT_ID)
    assert [] == of_triggers(cloud)


def test_deactivating_moves_the_configuration_once(account, monkeypatch):
    """Also where the answer of the write is lost, and the client makes it again."""
    webhooks.create(HOOK)
    before = accounts.fetch(ACCOUNT_ID).version
    original = table.dynamodb

    def twice(operation, **request):
        if operation == "TransactWriteItems":
            original(operation, **request)
        return original(operation, **request)

    monkeypatch.setattr(table, "dynamodb", twice)
    webhooks.deactivate(ACCOUNT_ID, "webhook-77", 1)

    assert not webhooks.fetch(ACCOUNT_ID, "77").active
    assert before + 1 == accounts.fetch(ACCOUNT_ID).version
