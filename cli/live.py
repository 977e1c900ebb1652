"""The live feed: asked for again and again, each entry shown once, a line an entry."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from cli.screen import printable

EVERY_SECONDS = 0.5
AFTER_FAULT_SECONDS = 5.0
STEP_SECONDS = 0.1

Entry = dict[str, Any]

COLOURS = {"event": "cyan", "dropped": "yellow", "action": "green"}
OUTCOME_COLOURS = {"failed": "red", "uncertain": "red", "skipped": "yellow"}


def follow(
    ask: Callable[[str], dict[str, Any] | None],
    show: Callable[[Entry], None],
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Show what the feed tells, as long as `go_on` says.

    Args:
        ask: asks `GET /api/tail` for what came since its argument, the `next` of the answer before;
            returns the answer, or None where there was none and it is to be asked later.
        show: shows one entry.
        go_on: looked at often, also while waiting.
    """
    since = ""
    shown: dict[str, int] = {}
    while go_on():
        answer = ask(since)
        if answer is None:
            wait(AFTER_FAULT_SECONDS, go_on)
            continue
        since = answer["next"]
        for entry in answer["entries"]:
            if entry["id"] not in shown:
                shown[entry["id"]] = entry["at_ms"]
                show(entry)
        # The feed tells the last seconds again, for what a slow worker wrote; never what is older.
        oldest = int(since.partition("#")[0])
        shown = {entry_id: at_ms for entry_id, at_ms in shown.items() if at_ms >= oldest}
        if not answer["more"]:
            wait(EVERY_SECONDS, go_on)


def line(entry: Entry) -> Text:
    """Return an entry as a line: the time of day, what kind of thing it is, and what happened."""
    at = datetime.fromtimestamp(entry["at_ms"] / 1000, UTC).astimezone()
    colour = OUTCOME_COLOURS.get(entry["facts"].get("outcome", ""), COLOURS.get(entry["kind"], ""))
    return Text.assemble(
        (f"{at:%H:%M:%S}", "dim"),
        "  ",
        (f"{printable(entry['kind']):<8}", colour),
        " ",
        printable(entry["text"]),
    )


def wait(seconds: float, go_on: Callable[[], bool]) -> None:
    """Sleep, but not past the end."""
    deadline = time.monotonic() + seconds
    while go_on() and time.monotonic() < deadline:
        time.sleep(STEP_SECONDS)
