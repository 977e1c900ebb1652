"""The live tail: what happens, as it happens. Costs nothing while nobody looks."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from signalbox.model.permission import Permission
from signalbox.model.telling import sentence
from signalbox.store import accounts, feed

from .requests import Shown, answers, caller, now_ms

router = Router()
WATCHED_MS = 60_000
RENEWED_MS = 30_000
OVERLAP_MS = 5_000  # a worker's line may come this late
MOST = 200


class TailEntry(Shown):
    """One thing that happened, as a sentence and as facts."""

    id: str
    at_ms: int
    kind: str
    text: str
    facts: dict[str, Any]


class Tail(Shown):
    """What happened since; ask again with `next`, at once while there is `more`.

    Pass over ids that came before: the last seconds are told again, for what a slow worker wrote.
    """

    entries: list[TailEntry]
    next: str
    more: bool


@router.get("/tail", responses=answers("What happened since"))
def since(
    after: Annotated[
        str, Query(pattern="^([0-9]{13}(#.{1,80})?)?$", description="The `next` of before")
    ] = "",
) -> Tail:
    """Return what happened since, and keep the tail running for a minute."""
    key = caller(router, Permission.READ_PEOPLE)
    now = now_ms()
    account = accounts.fetch(key.account_id)
    if account.watched_until_ms < now + RENEWED_MS:
        accounts.watch(key.account_id, now + WATCHED_MS)
    recently = f"{now - OVERLAP_MS:013d}"
    found = feed.since(key.account_id, after or recently, limit=MOST)
    more = len(found) == MOST
    reached = found[-1]["id"] if more else recently
    entries = [
        TailEntry(
            id=line.pop("id"),
            at_ms=line.pop("at_ms"),
            kind=line["kind"],
            text=sentence(line),
            facts=line,
        )
        for line in found
    ]
    return Tail(entries=entries, next=reached, more=more)
