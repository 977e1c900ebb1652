"""Schedules of EventBridge Scheduler fire when they are due.

MiniStack 1.5.33 looks for schedules that are due every 10 s. Here it does every second, which is the
precision of an `at()` expression.
"""

EVERY_SECONDS = 1.0


def install() -> None:
    """Look more often."""
    from ministack.services import scheduler  # noqa: PLC0415 - the emulator's

    scheduler._SCHEDULE_TICK_INTERVAL = EVERY_SECONDS  # noqa: SLF001 - a shim sets it
