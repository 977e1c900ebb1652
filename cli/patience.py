"""Asking again a stack that was there a moment ago."""

import time
from collections.abc import Callable
from typing import Any

from cli.errors import UnreachableError

TRIES = 5  # each with the tries of `cli.api` in it; the waits add up to at most half a minute

sleep = time.sleep


def patiently(ask: Callable[[], Any]) -> Any:
    """Return what is answered to what does no harm when it is asked twice.

    Raises:
        UnreachableError: there is no answer, again and again.
        RefusedError: the answer is no.
    """
    from random import uniform  # noqa: PLC0415 only here

    for attempt in range(1, TRIES + 1):
        try:
            return ask()
        except UnreachableError:
            if attempt == TRIES:
                raise
            sleep(uniform(0.5, 1) * 2**attempt)  # noqa: S311 it guards nothing
    raise AssertionError("the last try returns or raises")
