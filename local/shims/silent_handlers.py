"""The time that a handler costs which prints nothing.

MiniStack 1.5.33 waits 50 ms after each invocation for a line on standard error, so a handler that
prints nothing takes 50 ms more than one that does. AWS waits for nothing. 3 ms are enough for a line
that is on its way; a later one shows with the next invocation.
"""

from typing import Any


def install() -> None:
    """Shorten the wait."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the emulator's

    worker = lambda_runtime.Worker
    original = worker._drain_stderr_bounded  # noqa: SLF001 - a shim replaces it

    def drain(self: Any, first_line_wait: float = 0.003, idle_confirm: float = 0.002) -> Any:
        return original(self, first_line_wait=first_line_wait, idle_confirm=idle_confirm)

    worker._drain_stderr_bounded = drain  # noqa: SLF001
