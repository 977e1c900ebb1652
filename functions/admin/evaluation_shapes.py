"""What the API shows of evaluations."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from signalbox.model import evaluation as model
from signalbox.model.errors import InvalidError
from signalbox.model.evaluation import Evaluation
from signalbox.model.mailing_count import HOUR_MS
from signalbox.model.retention import DAY_MS
from signalbox.model.spreadsheet import csv_of

from .requests import Shown, answers

MOST_DAYS = 31
Moment = Annotated[int, Query(ge=0, le=10**13, description="Milliseconds; 0 for what is usual")]


class ResponseShown(Shown):
    """Who opened, or clicked, each once, and how often.

    `human` are known contacts, `anonymous` people of whom nobody is to know who they are, `machine`
    those of whom only machines were seen. `rate` is `human` and `anonymous` over `tracked`, those whom
    the mail reached, or may have, and of whom it could be seen; null where there are none.
    """

    human: int
    anonymous: int
    machine: int
    human_times: int
    anonymous_times: int
    machine_times: int
    tracked: int
    rate: float | None


class EvaluationShown(Shown):
    """What came of the messages to an audience.

    `audience` = `suppressed` + `sent` + `failed` + `uncertain` + `pending`, and `sent` = `delivered` +
    `hard_bounced` + `soft_bounced` + `rejected` + `underway`. Rates are null of nothing.
    """

    audience: int
    suppressed: int
    suppressed_by: dict[str, int]
    failed: int
    uncertain: int
    pending: int
    sent: int
    delivered: int
    hard_bounced: int
    soft_bounced: int
    rejected: int
    underway: int
    complained: int
    unsubscribed: int
    opened: ResponseShown
    clicked: ResponseShown
    delivery_rate: float | None
    bounce_rate: float | None
    complaint_rate: float | None
    unsubscribe_rate: float | None


class MailingEvaluated(Shown):
    """What came of a mailing."""

    mailing_id: str
    campaign_id: str
    name: str
    state: str
    mode: str
    started_ms: int
    finished_ms: int
    evaluation: EvaluationShown


class MailingsEvaluated(Shown):
    """What came of several mailings together; who got two of them counts twice."""

    mailings: int
    evaluation: EvaluationShown


class HourShown(Shown):
    """What happened in the hour that began at `at_ms`."""

    at_ms: int
    sent: int
    opens_human: int
    opens_machine: int
    clicks_human: int
    clicks_machine: int


class Hours(Shown):
    """The hours in which something happened, oldest first."""

    hours: list[HourShown]


class LinkShown(Shown):
    """Who followed a link of the content, each once, and how often.

    `number` is its place among the content's links, from 0; `target` and `label` are empty where the
    content does not say any more.
    """

    number: int
    target: str
    label: str
    human: int
    machine: int
    human_times: int
    machine_times: int


class Links(Shown):
    """The links of a mailing, those that most people followed first."""

    links: list[LinkShown]


def shown(found: Evaluation) -> EvaluationShown:
    """Return an evaluation as the API shows it."""
    return EvaluationShown(**asdict(found))


def hours_shown(counted: dict[int, dict[str, int]], since_ms: int, until_ms: int) -> Hours:
    """Return the hours that began in a span of time."""
    wanted = [one for one in model.hours(counted) if since_ms - HOUR_MS < one.at_ms <= until_ms]
    return Hours(hours=[HourShown(**asdict(one)) for one in wanted])


def days_between(since_ms: int, until_ms: int) -> list[date]:
    """Return the days of a span of time, in UTC.

    Raises:
        InvalidError: it ends before it begins, or is too long.
    """
    if until_ms < since_ms:
        raise InvalidError("until_ms", "must not be before since_ms")
    if until_ms - since_ms > MOST_DAYS * DAY_MS:
        raise InvalidError("until_ms", f"may be {MOST_DAYS} days after since_ms at most")
    first, last = (datetime.fromtimestamp(at // 1000, UTC).date() for at in (since_ms, until_ms))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def as_csv(success: str) -> dict[int, Any]:
    """Describe what a route answers whose success is a CSV file."""
    described: dict[int, Any] = answers(success, 404)
    described[200] |= {"content": {"text/csv": {"schema": {"type": "string"}}}}
    return described


def csv_file(kind: type[Shown], rows: Iterable[Shown], after: str = "") -> Response[str]:
    """Return things as a CSV file, a row each, under the names of their fields.

    Times are written as UTC, lists as words between spaces. A page of many names in the header
    `Next-Page` what asks for the next.
    """
    names = list(kind.model_fields)
    cells = [[_cell(name, getattr(row, name)) for name in names] for row in rows]
    headers = {"Next-Page": after} if after else {}
    body = csv_of([names, *cells])
    return Response(status_code=200, content_type="text/csv", body=body, headers=headers)


def _cell(name: str, value: Any) -> str:
    if name.endswith("_ms"):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="seconds")
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
