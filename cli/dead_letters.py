"""`signalbox redrive`: dead letters, messages that failed five times, back to their queue."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.api import Api
from cli.session import Session


class QueueName(StrEnum):
    """The queues that have dead letters."""

    EVENTS = "events"
    ACTIONS = "actions"


def redrive(
    session: Session,
    queue: Annotated[
        QueueName | None,
        typer.Argument(metavar="QUEUE", help="Else both.", show_default=False),
    ] = None,
) -> None:
    """Send dead letters back to their queue; twice does no harm."""
    moved = {name: _redrive(session.api, name) for name in ([queue] if queue else QueueName)}
    session.screen.say(
        {"redriven": [{"queue": name, "moved": count} for name, count in moved.items()]},
        *(f"{name:<7}  {count} went back" for name, count in moved.items()),
    )


def _redrive(api: Api, queue: QueueName) -> int:
    """Empty a dead-letter queue and return how many messages went back."""
    moved = 0
    while True:
        answer = api.call("POST", f"/api/dead-letters/{queue}/redrive")
        moved += int(answer["moved"])
        if not answer["more"]:
            return moved
