"""Dispatches: what rules did, and what somebody should look at."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from signalbox.model.dispatch import DispatchRecord, Outcome
from signalbox.model.errors import ConflictError
from signalbox.model.permission import Permission
from signalbox.queues import ACTIONS
from signalbox.store import dispatches

from .requests import Limit, Shown, answers, caller

router = Router()
DispatchId = Annotated[str, Path(max_length=128)]


class DispatchShown(Shown):
    """One action of one rule for one contact, and what came of it."""

    dispatch_id: str
    contact_id: str
    rule_id: str
    rule_version: int
    action: int
    kind: str
    outcome: Outcome
    detail: str
    response_status: int
    attempt: int
    event_name: str
    changed_ms: int
    next_ms: int


class DispatchList(Shown):
    """Dispatches, latest first."""

    dispatches: list[DispatchShown]


@router.get("/dispatches", responses=answers("The dispatches"))
def needing_attention(
    limit: Limit = 50,
    outcome: Annotated[
        Literal["attention"], Query(description="Failed or uncertain")
    ] = "attention",
) -> DispatchList:
    """List the dispatches that failed, or of which nobody knows whether a mail went out."""
    key = caller(router, Permission.READ_PEOPLE)
    found = dispatches.needing_attention(key.account_id, limit=limit)
    return DispatchList(dispatches=[shown_dispatch(record) for record in found])


@router.get("/dispatches/<dispatch_id>", responses=answers("The dispatch", 404))
def read(dispatch_id: DispatchId) -> DispatchShown:
    """Return a dispatch."""
    key = caller(router, Permission.READ_PEOPLE)
    return shown_dispatch(dispatches.fetch(key.account_id, dispatch_id))


@router.post(
    "/dispatches/<dispatch_id>/retry",
    status_code=202,
    responses=answers("Queued", 404, 409, status=202),
)
def retry(dispatch_id: DispatchId) -> DispatchShown:
    """Perform a dispatch again that failed or is uncertain; asking twice performs it once."""
    key = caller(router, Permission.REPLAY)
    record = dispatches.fetch(key.account_id, dispatch_id)
    if record.outcome not in dispatches.ATTENTION:
        raise ConflictError(f"the dispatch is {record.outcome}; there is nothing to try again")
    ACTIONS.put([record.dispatch.again()])
    return shown_dispatch(record)


def shown_dispatch(record: DispatchRecord) -> DispatchShown:
    """Return a dispatch as the API shows it."""
    dispatch = record.dispatch
    return DispatchShown(
        dispatch_id=dispatch.dispatch_id,
        contact_id=dispatch.contact_id,
        rule_id=dispatch.rule_id,
        rule_version=dispatch.rule_version,
        action=dispatch.action,
        kind=record.kind,
        outcome=record.outcome,
        detail=record.detail,
        response_status=record.response_status,
        attempt=dispatch.attempt,
        event_name=dispatch.event.name,
        changed_ms=record.changed_ms,
        next_ms=record.next_ms,
    )
