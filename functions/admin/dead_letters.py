"""Dead letters: messages that failed five times, and their way back."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from signalbox.model.permission import Permission
from signalbox.queues import DEAD_LETTERS

from .requests import Shown, answers, caller

router = Router()


class DeadLetterCount(Shown):
    """How many messages wait on a dead-letter queue, about."""

    queue: str
    waiting: int


class DeadLetterCounts(Shown):
    """The dead-letter queues of the stack."""

    dead_letters: list[DeadLetterCount]


class Redriven(Shown):
    """How many messages went back to their queue; ask again while `more` is true."""

    moved: int
    more: bool


@router.get("/dead-letters", responses=answers("The counts"))
def counts() -> DeadLetterCounts:
    """Count the dead letters of each queue."""
    caller(router, Permission.OPERATE)
    return DeadLetterCounts(
        dead_letters=[
            DeadLetterCount(queue=name, waiting=letters.waiting())
            for name, letters in DEAD_LETTERS.items()
        ]
    )


@router.post("/dead-letters/<queue>/redrive", responses=answers("What went back", 404))
def redrive(
    queue: Annotated[Literal["events", "actions"], Path()],
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Redriven:
    """Send dead letters back to the queue they came from. Doing so twice does no harm."""
    caller(router, Permission.OPERATE)
    moved = DEAD_LETTERS[queue].redrive(limit)
    return Redriven(moved=moved, more=moved == limit)
