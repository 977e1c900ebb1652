"""A line for each event, rule and action, while they happen."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from cli import live
from local.client import Api
from local.errors import StackError
from local.stack import Stack


def follow(stack: Stack, go_on: Callable[[], bool], show: Callable[[str], None] = print) -> None:
    """Show what the stack's feed tells, as long as `go_on` says."""
    api = Api(stack.api_url, stack.api_token)

    def ask(since: str) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = api.call("GET", f"/api/tail?after={quote(since)}")
        except StackError:
            return None
        return answer

    live.follow(ask, lambda entry: show(live.line(entry).plain), go_on)
