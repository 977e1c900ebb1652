"""`signalbox redrive`: dead letters, what failed again and again, back to where they failed."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.api import Api
from cli.session import Session


class QueueName(StrEnum):
    """What has dead letters."""

    EVENTS = "events"
    ACTIONS = "actions"
    SENDS = "sends"
    FEEDBACK = "feedback"
    CHANGES = "changes"
    ROLLUP = "rollup"


def redrive(
    session: Session,
    queue: Annotated[
        QueueName | None,
        typer.Argument(metavar="QUEUE", help="Else all.", show_default=False),
    ] = None,
) -> None:
    """Send dead letters back to where they failed; twice does no harm."""
    done = [_redrive(session.api, name) for name in ([queue] if queue else QueueName)]
    session.screen.say({"redriven": done}, *map(_line, done))


def _redrive(api: Api, queue: QueueName) -> dict[str, Any]:
    """Empty a dead-letter queue; return how many letters went back, and how many could not."""
    done: dict[str, Any] = {"queue": queue, "moved": 0, "left": 0}
    while True:
        answer = api.call("POST", f"/api/dead-letters/{queue}/redrive")
        done["moved"] += answer["moved"]
        done["left"] += answer["left"]
        if not (answer["more"] and answer["moved"]):  # those that are left would come again
            return done


def _line(done: dict[str, Any]) -> str:
    left = f", {done['left']} could not" if done["left"] else ""
    return f"{done['queue']:<8}  {done['moved']} went back{left}"
