"""The caller's account and its settings."""

from dataclasses import replace
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import Field

from signalbox.model.account import Account
from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.model.rate_limit import MOST_PER_SECOND
from signalbox.model.tracking_permission import Mode, relay_mode
from signalbox.people import checked_email
from signalbox.store import accounts

from .requests import Sent, Shown, answers, caller

router = Router()


class AccountShown(Shown):
    """An account's settings."""

    account_id: str
    name: str
    tracking_enabled: bool
    time_zone: str
    mail_from: str
    mail_from_name: str
    retention_days: int
    api_rate_limit: int
    tracking_mode: Mode
    relay_tracking_mode: Mode


class AccountChanges(Sent):
    """The settings to change; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    tracking_enabled: bool | None = None
    time_zone: Annotated[str, Field(description="As in Europe/Berlin")] | None = None
    mail_from: Annotated[str, Field(description="Sender of mails that name none")] | None = None
    mail_from_name: Annotated[str, Field(max_length=128)] | None = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    api_rate_limit: (
        Annotated[
            int,
            Field(ge=0, le=MOST_PER_SECOND, description="Requests a second to /api/3; 0 for any"),
        ]
        | None
    ) = None
    tracking_mode: (
        Annotated[Mode, Field(description="Of mail whose campaign does not say")] | None
    ) = None
    relay_tracking_mode: (
        Annotated[Mode, Field(description="Of mail handed in by other programs; not permission")]
        | None
    ) = None


@router.get("/account", responses=answers("The account"))
def read() -> AccountShown:
    """Return the account."""
    key = caller(router, Permission.READ_SETUP)
    return _shown(accounts.fetch(key.account_id))


@router.patch("/account", responses=answers("The account as it is now", 409))
def change(changes: AccountChanges) -> AccountShown:
    """Change settings."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    account = accounts.fetch(key.account_id)
    return _shown(accounts.save(account, replace(account, **_checked(changes))))


def _checked(changes: AccountChanges) -> dict[str, Any]:
    wanted = changes.model_dump(exclude_none=True)
    if changes.time_zone is not None:
        try:
            ZoneInfo(changes.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidError("time_zone", "is not a name of the IANA database") from error
    if changes.mail_from:
        wanted["mail_from"] = checked_email(changes.mail_from, field="mail_from")
    if changes.relay_tracking_mode:
        relay_mode(changes.relay_tracking_mode, field="relay_tracking_mode")
    return wanted


def _shown(account: Account) -> AccountShown:
    return AccountShown(
        account_id=account.account_id,
        name=account.name,
        tracking_enabled=account.tracking_enabled,
        time_zone=account.time_zone,
        mail_from=account.mail_from,
        mail_from_name=account.mail_from_name,
        retention_days=account.retention_days,
        api_rate_limit=account.api_rate_limit,
        tracking_mode=account.tracking_mode,
        relay_tracking_mode=account.relay_tracking_mode,
    )
