"""The secrets that sign webhooks."""

from dataclasses import replace

from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.channels.webhook import new_secret
from signalbox.model.account import Account, WebhookSecret
from signalbox.model.permission import Permission
from signalbox.store import accounts

from .requests import Shown, answers, caller, now_ms

router = Router()
OVERLAP_MS = 86_400_000


class SecretShown(Shown):
    """A secret that signs now; `expires_ms` is 0 for the current one."""

    secret: str
    expires_ms: int


class SecretList(Shown):
    """The secrets that sign now, the current one first."""

    secrets: list[SecretShown]


@router.get("/webhook-secrets", responses=answers("The secrets"))
def of_account() -> SecretList:
    """List the secrets; a receiver verifies with any of them."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    return _shown(accounts.fetch(key.account_id))


@router.post("/webhook-secrets/rotate", responses=answers("The secrets", 409))
def rotate() -> SecretList:
    """Make a new secret; the one before signs beside it for a day."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    account = accounts.fetch(key.account_id)
    now = now_ms()
    kept = [old for old in account.webhook_secrets if not old.expires_ms or old.expires_ms > now]
    aged = [replace(old, expires_ms=old.expires_ms or now + OVERLAP_MS) for old in kept]
    fresh = (WebhookSecret(new_secret()), *aged)
    return _shown(accounts.save(account, replace(account, webhook_secrets=fresh)))


def _shown(account: Account) -> SecretList:
    now = now_ms()
    valid = account.signing_secrets(now)
    return SecretList(
        secrets=[
            SecretShown(secret=kept.secret, expires_ms=kept.expires_ms)
            for kept in account.webhook_secrets
            if kept.secret in valid
        ]
    )
