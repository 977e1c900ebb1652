"""A line for each event, rule and action, while they happen."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from local.client import Api
from local.errors import StackError
from local.stack import Stack

EVERY_SECONDS = 0.5
AFTER_FAULT_SECONDS = 5.0
REMEMBERED = 1000


def follow(stack: Stack, go_on: Callable[[], bool], show: Callable[[str], None] = print) -> None:
    """Show what the stack's feed tells, as long as `go_on` says."""
    api = Api(stack.api_url, stack.api_token)
    cursor = ""
    shown: deque[str] = deque(maxlen=REMEMBERED)
    while go_on():
        pause = EVERY_SECONDS
        try:
            answer = api.call("GET", f"/api/tail?after={quote(cursor)}")
        except StackError:
            pause = AFTER_FAULT_SECONDS
        else:
            cursor = answer["next"]
            # What a slow worker wrote is asked for again, and with it what was shown already.
            for entry in answer["entries"]:
                if entry["id"] not in shown:
                    shown.append(entry["id"])
                    show(line(entry))
        wait(pause, go_on)


def line(entry: dict[str, Any]) -> str:
    """An entry of the feed as a line."""
    at = datetime.fromtimestamp(entry["at_ms"] / 1000, UTC).astimezone()
    return f"{at:%H:%M:%S}  {entry['kind']:<8} {entry['text']}"


def wait(seconds: float, go_on: Callable[[], bool]) -> None:
    """Sleep, but not past the end."""
    deadline = time.monotonic() + seconds
    while go_on() and time.monotonic() < deadline:
        time.sleep(0.1)
