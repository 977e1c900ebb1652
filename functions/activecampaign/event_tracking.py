"""The switch of event tracking: /eventTracking.

The reference says PUT, the tutorial says POST; clients of both are served.
"""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.store import accounts

from .answers import answer
from .requests import body_part, caller

router = Router()


@router.get("/eventTracking")
def read() -> Response[str]:
    """Tell whether events are recorded."""
    key = caller(router, Permission.READ_SETUP)
    enabled = accounts.fetch(key.account_id).tracking_enabled
    return answer({"eventTracking": {"enabled": enabled}})


@router.route("/eventTracking", method=["PUT", "POST"])
def switch() -> Response[str]:
    """Turn recording on or off."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    enabled = body_part(router, "eventTracking").get("enabled")
    if enabled in ("0", "1", 0, 1):
        enabled = bool(int(enabled))
    if not isinstance(enabled, bool):
        raise InvalidError("enabled", "must be true or false")
    account = accounts.fetch(key.account_id)
    if account.tracking_enabled is not enabled:
        accounts.save(account, replace(account, tracking_enabled=enabled))
    return answer({"eventTracking": {"enabled": enabled}})
