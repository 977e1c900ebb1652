"""The rule log: what rules did, latest first, without what is personal about whom they did it for."""

from dataclasses import asdict
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from signalbox.model.dispatch import Outcome
from signalbox.model.permission import Permission
from signalbox.model.rule_log import LogFilter, LogRow
from signalbox.model.trigger import Level, Trigger
from signalbox.store import rule_log

from .requests import After, Limit, Shown, answers, caller

router = Router()
Time = Annotated[int, Query(ge=0, le=10**13, description="Milliseconds; 0 for no limit")]
Word = Annotated[str, Query(max_length=64)]
Kind = Annotated[str, Query(max_length=64, description="An action's kind, or `check`")]
WhoseId = Annotated[str, Query(pattern="^[0-9]{0,16}$", description="Only this contact's")]


class RowShown(Shown):
    """An action of a rule for a contact, or the check whether the rule fires, and what came of it.

    `at_ms` is when it came to this outcome. `detail` is what cannot hold personal data.
    """

    dispatch_id: str
    at_ms: int
    contact_id: str
    level: str
    container_id: str
    trigger: str
    rule_id: str
    rule_name: str
    rule_version: int
    event_name: str
    kind: str
    outcome: Outcome
    detail: str
    response_status: int
    attempt: int
    test: bool


class LogPage(Shown):
    """A page of the log, latest first; `next` asks for the page after it, even of an empty page."""

    rows: list[RowShown]
    next: str


@router.get("/rule-log", responses=answers("A page of the log"))
def of_account(  # noqa: PLR0913 the filters of the log
    *,
    limit: Limit = 50,
    after: After = "",
    since_ms: Time = 0,
    until_ms: Time = 0,
    rule_id: Word = "",
    level: Level | None = None,
    trigger: Trigger | None = None,
    kind: Kind = "",
    outcome: Outcome | None = None,
    contact_id: WhoseId = "",
    test: bool | None = None,
) -> LogPage:
    """List what rules did, latest first; with `contact_id` by the time of the event.

    A page looks at 2,000 entries at most, so with filters it may be short, or empty, while `next`
    says that there are more.
    """
    key = caller(router, Permission.READ_PEOPLE)
    wanted = LogFilter(
        since_ms=since_ms,
        until_ms=until_ms,
        rule_id=rule_id,
        level=level or "",
        trigger=trigger or "",
        kind=kind,
        outcome=outcome or "",
        test=test,
    )
    rows, more = rule_log.page(
        key.account_id, wanted, contact_id=contact_id, after=after, limit=limit
    )
    return LogPage(rows=[shown_row(row) for row in rows], next=more)


def shown_row(row: LogRow) -> RowShown:
    """Return a row as the API shows it."""
    return RowShown(**asdict(row))
