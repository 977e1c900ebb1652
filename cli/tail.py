"""`signalbox tail`: what happens, while it happens."""

import sys
import time
from typing import Annotated, Any

import typer

from cli.errors import UnreachableError
from cli.screen import rendered, show_json_line
from cli.session import Session


def tail(
    session: Session,
    seconds: Annotated[
        float,
        typer.Option(
            "--for",
            min=0,
            metavar="SECONDS",
            help="End after so many seconds; else at Ctrl-C.",
            show_default=False,
        ),
    ] = 0,
) -> None:
    """Show each event, drop and action as it happens; with --json one object a line."""
    from cli import live  # noqa: PLC0415 it loads rich

    deadline = time.monotonic() + seconds
    live.follow(
        Watch(session),
        show_json_line if session.screen.is_json else show_line,
        (lambda: time.monotonic() < deadline) if seconds else (lambda: True),
    )


class Watch:
    """Asks the stack for its feed. Once it was reached, a fault is told and passed over."""

    def __init__(self, session: Session) -> None:
        self._api = session.api
        self._was_reached = False
        self._is_lost = False

    def __call__(self, since: str) -> Any:
        """Return what happened since; None where the stack cannot be reached just now."""
        try:
            answer = self._api.call("GET", "/api/tail", query={"after": since})
        except UnreachableError as error:
            if not self._was_reached:
                raise
            if not self._is_lost:
                print(f"signalbox: {error} Trying on.", file=sys.stderr)
            self._is_lost = True
            return None
        self._was_reached, self._is_lost = True, False
        return answer


def show_line(entry: dict[str, Any]) -> None:
    """Print an entry for people, at once."""
    from cli import live  # noqa: PLC0415 see above

    print(rendered(live.line(entry)), flush=True)
