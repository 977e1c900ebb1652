"""Relayed mail: what came of the mail of other programs that was tracked."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from signalbox.model import evaluation as model
from signalbox.model.permission import Permission
from signalbox.model.relay_day import day_id
from signalbox.model.retention import DAY_MS
from signalbox.store import mailing_counts, relay_days

from .evaluation_shapes import Moment, ResponseShown, days_between, shown
from .requests import Limit, Shown, answers, caller, now_ms

router = Router()
AfterDay = Annotated[
    str, Query(pattern="^([0-9]{8})?$", description="The `next` of the page before")
]
USUAL_DAYS = 30


class RelayEvaluated(Shown):
    """Who opened and who clicked mails that were relayed on these days (UTC), each once a day.

    It is not known how many could be seen, so there is no rate.
    """

    days: int
    opened: ResponseShown
    clicked: ResponseShown


class RelayDay(Shown):
    """A day (UTC), as in `20261121`."""

    day: str


class RelayDays(Shown):
    """A page of days on which mail was relayed that is tracked, latest first."""

    days: list[RelayDay]
    next: str


@router.get("/relay/days", responses=answers("A page of days"))
def tracked(limit: Limit = 100, after: AfterDay = "") -> RelayDays:
    """List the days on which mail was relayed that is tracked."""
    key = caller(router, Permission.READ_SETUP)
    found, last = relay_days.of_account(key.account_id, limit=limit, after=after)
    return RelayDays(days=[RelayDay(day=one) for one in found], next=last)


@router.get("/relay/evaluation", responses=answers("The evaluation"))
def evaluate(since_ms: Moment = 0, until_ms: Moment = 0) -> RelayEvaluated:
    """Evaluate the mails relayed in a time of 31 days at most: the last 30, if none is said."""
    key = caller(router, Permission.READ_SETUP)
    until = until_ms or now_ms()
    days = days_between(since_ms or until - USUAL_DAYS * DAY_MS, until)
    numbers = mailing_counts.totals(key.account_id, [day_id(one) for one in days])
    found = shown(model.evaluation(numbers))
    return RelayEvaluated(days=len(days), opened=found.opened, clicked=found.clicked)
