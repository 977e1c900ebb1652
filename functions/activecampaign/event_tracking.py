"""The switch of event tracking: /eventTracking.

The reference says PUT, the tutorial says POST; clients of both are served.
"""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.store import accounts

from .answers import answer
from .requests import body_part, caller
from .routing import DescribedRouter, done
from .schemas import SENT_FLAG, YES_OR_NO, shape, wrapped

router = DescribedRouter()
TRACKING = {"eventTracking": shape({"enabled": YES_OR_NO})}
SWITCH = wrapped("eventTracking", {"enabled": SENT_FLAG}, needs=("enabled",))


@router.serve("GET /eventTracking", done(**TRACKING))
def read() -> Response[str]:
    """Tell whether events are recorded."""
    key = caller(router, Permission.READ_SETUP)
    enabled = accounts.fetch(key.account_id).tracking_enabled
    return answer({"eventTracking": {"enabled": enabled}})


@router.serve("PUT /eventTracking", done(**TRACKING), body=SWITCH)
@router.serve("POST /eventTracking", done(**TRACKING), body=SWITCH)
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
