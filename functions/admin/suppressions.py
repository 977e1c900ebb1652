"""Suppressed addresses: looking one up, suppressing one by hand, lifting it."""

from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from signalbox.model.address import email_address
from signalbox.model.permission import Permission
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.people import checked_email
from signalbox.store import suppressions

from .requests import Shown, answers, caller, now_ms

router = Router()
Address = Annotated[str, Path(min_length=1, max_length=1024, description="An e-mail address")]


class SuppressionShown(Shown):
    """Whether nothing is sent to an address; without a suppression the rest is empty and 0."""

    address: str
    suppressed: bool
    reason: str
    at_ms: int
    detail: str


@router.get("/suppressions/<address>", responses=answers("The suppression"))
def read(address: Address) -> SuppressionShown:
    """Say whether an address is suppressed, and why."""
    key = caller(router, Permission.READ_PEOPLE)
    return _shown(key.account_id, _plain(address))


@router.put("/suppressions/<address>", responses=answers("The suppression"))
def suppress(address: Address) -> SuppressionShown:
    """Let nothing be sent to an address any more; a bounce or a complaint goes on standing."""
    key = caller(router, Permission.WRITE_PEOPLE)
    plain = _plain(address)
    wanted = Suppression(SuppressionReason.MANUAL, now_ms(), f"key/{key.key_id}")
    suppressions.suppress(key.account_id, email_address(plain), wanted)
    return _shown(key.account_id, plain)


@router.delete("/suppressions/<address>", status_code=204, responses=answers("Lifted", status=204))
def lift(address: Address) -> None:
    """Let mails go to an address again, whatever the reason was; what comes from now on counts."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    suppressions.lift(key.account_id, email_address(_plain(address)), now_ms())


def _plain(address: str) -> str:
    return checked_email(unquote(address), field="address")


def _shown(account_id: str, plain: str) -> SuppressionShown:
    found = suppressions.find(account_id, email_address(plain))
    return SuppressionShown(
        address=plain,
        suppressed=found is not None,
        reason=str(found.reason) if found else "",
        at_ms=found.at_ms if found else 0,
        detail=found.detail if found else "",
    )
