"""Which stack a command talks to: the one that is named, or the local one that runs nearby.

The local stack tells where it is in `.signalbox/stack.json` while it is up.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import UsageError

STACK_FILE = Path(".signalbox") / "stack.json"
UNKNOWN = (
    "No stack is known here: start the local one with `make run`, or name one"
    " with --url and --token (SIGNALBOX_URL and SIGNALBOX_TOKEN)."
)


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a stack is and what opens it; `event_key` is known of the local one only."""

    api_url: str
    token: str
    event_key: str = ""


def find(url: str, token: str, folder: Path) -> Stack:
    """Return the stack that is meant; `url` and `token` are empty where they were not given.

    What was not given is read from the local stack's file in `folder` or the nearest one above it.
    A token of that file is sent to the stack of that file only.

    Raises:
        UsageError: there is no such file, or it cannot be used.
    """
    url = url.strip().rstrip("/")
    if url and token:
        return Stack(url, _sendable(token))
    file = _nearest(folder)
    if file is None:
        if url:
            return Stack(url, _sendable(token))
        raise UsageError(UNKNOWN)
    local = _read(file)
    if url and url != local.api_url:
        return Stack(url, _sendable(token))
    return Stack(local.api_url, _sendable(token)) if token else local


def _nearest(folder: Path) -> Path | None:
    for above in (folder, *folder.parents):
        file = above / STACK_FILE
        if file.is_file():
            return file
    return None


def _read(file: Path) -> Stack:
    """Read a stack's file; somebody else's could lead the token of `SIGNALBOX_TOKEN` astray."""
    try:
        if hasattr(os, "getuid") and file.stat().st_uid != os.getuid():
            raise UsageError(f"{file} belongs to another user and is not used; give --url.")
        told: Any = json.loads(file.read_text(encoding="utf-8"))
        return Stack(told["api_url"].rstrip("/"), told["api_token"], told.get("event_key", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} cannot be read: start the stack again, or give --url.") from error


def _sendable(token: str) -> str:
    """Return a token that an HTTP header can carry."""
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise UsageError("The token has characters that no token of Signalbox has.")
    return token
