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
    """What happened since; ask again with `next`, and pass over ids that came before."""

    entries: list[TailEntry]
    next: str


@router.get("/tail", responses=answers("What happened since"))
def since(
    after: Annotated[str, Query(pattern="^[0-9]{0,13}$", description="The `next` of before")] = "",
) -> Tail:
    """Return what happened since, and keep the tail running for a minute."""
    key = caller(router, Permission.READ_PEOPLE)
    now = now_ms()
    account = accounts.fetch(key.account_id)
    if account.watched_until_ms < now + RENEWED_MS:
        accounts.watch(key.account_id, now + WATCHED_MS)
    found = feed.since(key.account_id, int(after or now - OVERLAP_MS), limit=MOST)
    reached = found[-1]["at_ms"] if len(found) == MOST else now - OVERLAP_MS
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
    return Tail(entries=entries, next=str(reached))
