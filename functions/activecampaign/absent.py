"""What the original has and Signalbox has not: its lists are there, and empty.

Clients that look before they leap (is the contact in an automation?) get an honest "no".
"""

from aws_lambda_powertools.event_handler import Response

from signalbox.model.permission import Permission

from .answers import answer
from .requests import caller
from .routing import DescribedRouter, done
from .schemas import NONE, TOTAL

router = DescribedRouter()


def _empty(noun: str) -> Response[str]:
    caller(router, Permission.READ_SETUP)
    return answer({noun: [], "meta": {"total": "0"}})


@router.serve("GET /automations", done(automations=NONE, meta=TOTAL))
def automations() -> Response[str]:
    """Return no automations; what they do, rules do."""
    return _empty("automations")


@router.serve("GET /campaigns", done(campaigns=NONE, meta=TOTAL))
def campaigns() -> Response[str]:
    """Return no campaigns."""
    return _empty("campaigns")


@router.serve("GET /contactAutomations", done(contactAutomations=NONE, meta=TOTAL))
def contact_automations() -> Response[str]:
    """Return nobody in an automation."""
    return _empty("contactAutomations")


@router.serve("GET /emailActivities", done(emailActivities=NONE, meta=TOTAL))
def email_activities() -> Response[str]:
    """Return no opens and clicks: mails of rules are not tracked."""
    return _empty("emailActivities")


@router.serve("GET /groups", done(groups=NONE, meta=TOTAL))
def groups() -> Response[str]:
    """Return no groups of users: keys have roles."""
    return _empty("groups")
