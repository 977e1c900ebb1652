"""Accounts: one customer's world."""

from dataclasses import dataclass

from signalbox.model.retention import DAY_MS, RETENTION_DAYS
from signalbox.model.tracking_permission import Mode


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A secret that signs webhooks (`whsec_…`); `expires_ms` is 0 while it is the current one."""

    secret: str
    expires_ms: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """An account's settings.

    `version` moves with every change of configuration, so that a worker knows when what it has
    cached is old. `watched_until_ms`: until then somebody is looking at the live tail.
    `api_rate_limit`: requests a second that the ActiveCampaign dialect answers, 0 for any number.
    `tracking_mode` is how mail is tracked where its campaign does not say, `relay_tracking_mode` how
    mail is that other programs hand in.
    """

    account_id: str
    name: str
    tracking_enabled: bool = True
    time_zone: str = "UTC"
    mail_from: str = ""
    mail_from_name: str = ""
    retention_days: int = RETENTION_DAYS
    webhook_secrets: tuple[WebhookSecret, ...] = ()
    api_rate_limit: int = 0
    tracking_mode: Mode = Mode.ANONYMOUS
    relay_tracking_mode: Mode = Mode.OFF
    version: int = 1
    watched_until_ms: int = 0

    def expiry_s(self, at_ms: int) -> int:
        """Return when what happened then may be deleted, in seconds as DynamoDB's TTL wants it."""
        return (at_ms + self.retention_days * DAY_MS) // 1000

    def signing_secrets(self, now_ms: int) -> tuple[str, ...]:
        """Return the secrets that sign now, the current one first."""
        return tuple(
            kept.secret
            for kept in self.webhook_secrets
            if not kept.expires_ms or kept.expires_ms > now_ms
        )
