"""What the original has and Signalbox has not: its lists are there, and empty.

Clients that look before they leap (is the contact in an automation?) get an honest "no".
"""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model.permission import Permission

from .answers import answer
from .requests import caller

router = Router()


def _empty(noun: str) -> Response[str]:
    caller(router, Permission.READ_SETUP)
    return answer({noun: [], "meta": {"total": "0"}})


@router.get("/automations")
def automations() -> Response[str]:
    """Return no automations; what they do, rules do."""
    return _empty("automations")


@router.get("/campaigns")
def campaigns() -> Response[str]:
    """Return no campaigns."""
    return _empty("campaigns")


@router.get("/contactAutomations")
def contact_automations() -> Response[str]:
    """Return nobody in an automation."""
    return _empty("contactAutomations")


@router.get("/emailActivities")
def email_activities() -> Response[str]:
    """Return no opens and clicks: mails of rules are not tracked."""
    return _empty("emailActivities")


@router.get("/groups")
def groups() -> Response[str]:
    """Return no groups of users: keys have roles."""
    return _empty("groups")
