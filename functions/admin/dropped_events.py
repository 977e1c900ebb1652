"""Dropped events: accepted, not written, kept with the reason, and replayed when it is mended."""

import itertools
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from signalbox.model.drop import DroppedEvent, DropReason
from signalbox.model.permission import Permission
from signalbox.queues import EVENTS
from signalbox.store import dropped_events

from .requests import Limit, Shown, answers, caller, now_ms

router = Router()
DroppedId = Annotated[str, Path(max_length=64)]


class DroppedShown(Shown):
    """An event that was not written; `replayed_ms` is 0 until it is sent back."""

    dropped_id: str
    reason: DropReason
    explanation: str
    name: str
    address: str
    value: str
    properties: dict[str, Any]
    source: str
    at_ms: int
    received_ms: int
    replayed_ms: int


class DroppedList(Shown):
    """A page of dropped events, latest first; `next` asks for the page after it."""

    dropped_events: list[DroppedShown]
    next: str


@router.get("/dropped-events", responses=answers("A page of dropped events", 404))
def newest_first(
    limit: Limit = 50,
    days: Annotated[int, Query(ge=1, le=31, description="Days to look back")] = 7,
    after: Annotated[str, Query(max_length=64, description="The `next` of the page before")] = "",
    reason: Annotated[DropReason | None, Query(description="Only these")] = None,
) -> DroppedList:
    """List dropped events; `days` are counted from the day where the page begins."""
    key = caller(router, Permission.READ_PEOPLE)
    if after:
        dropped_events.key(key.account_id, after)
    latest_ms = int(after.partition("-")[0]) if after else now_ms()
    found = dropped_events.newest_first(
        key.account_id, from_day=dropped_events.day_of(latest_ms), days=days, before=after
    )
    wanted = (dropped for dropped in found if reason is None or dropped.reason is reason)
    page = list(itertools.islice(wanted, limit + 1))
    more = page[limit - 1].dropped_id if len(page) > limit else ""
    return DroppedList(dropped_events=[_shown(dropped) for dropped in page[:limit]], next=more)


@router.get("/dropped-events/<dropped_id>", responses=answers("The dropped event", 404))
def read(dropped_id: DroppedId) -> DroppedShown:
    """Return a dropped event."""
    key = caller(router, Permission.READ_PEOPLE)
    return _shown(dropped_events.fetch(key.account_id, dropped_id))


@router.post(
    "/dropped-events/<dropped_id>/replay",
    status_code=202,
    responses=answers("Queued again", 404, status=202),
)
def replay(dropped_id: DroppedId) -> DroppedShown:
    """Send a dropped event back to the events queue, with its id and time.

    Replaying it twice writes it once. If the cause stands still, it is dropped again.
    """
    key = caller(router, Permission.REPLAY)
    dropped = dropped_events.fetch(key.account_id, dropped_id)
    EVENTS.put([dropped.event])
    dropped_events.note_replay(key.account_id, dropped_id, now_ms())
    return _shown(dropped_events.fetch(key.account_id, dropped_id))


def _shown(dropped: DroppedEvent) -> DroppedShown:
    event = dropped.event
    return DroppedShown(
        dropped_id=dropped.dropped_id,
        reason=dropped.reason,
        explanation=dropped.reason.explanation,
        name=event.name,
        address=event.address,
        value=event.value,
        properties=dict(event.properties),
        source=event.source,
        at_ms=event.at_ms,
        received_ms=event.received_ms,
        replayed_ms=dropped.replayed_ms,
    )
