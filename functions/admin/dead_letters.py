"""Dead letters: what failed again and again, and its way back."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from signalbox import queues
from signalbox.announcing import CHANGES_DEAD_LETTERS
from signalbox.counting import ROLLUP_DEAD_LETTERS
from signalbox.model.permission import Permission

from .requests import Shown, answers, caller

router = Router()
DEAD_LETTERS = {
    **queues.DEAD_LETTERS,
    "changes": CHANGES_DEAD_LETTERS,
    "rollup": ROLLUP_DEAD_LETTERS,
}


class DeadLetterCount(Shown):
    """How many messages wait on a dead-letter queue, about."""

    queue: str
    waiting: int


class DeadLetterCounts(Shown):
    """The dead-letter queues of the stack."""

    dead_letters: list[DeadLetterCount]


class Redriven(Shown):
    """How many went back, and how many could not; ask again while `more` is true.

    A change cannot go back where the stream, which keeps it for a day, has forgotten it.
    """

    moved: int
    left: int
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
    queue: Annotated[
        Literal["events", "actions", "sends", "feedback", "changes", "rollup"], Path()
    ],
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Redriven:
    """Send dead letters back to where they failed. Doing so twice does no harm."""
    caller(router, Permission.OPERATE)
    done = DEAD_LETTERS[queue].redrive(limit)
    return Redriven(moved=done.moved, left=done.left, more=done.more)
