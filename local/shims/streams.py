"""Streams of DynamoDB beside queues.

On AWS each event source mapping has pollers of its own. MiniStack 1.5.33 runs the functions of stream
mappings on the one thread that polls all of them: while such a function works, no queue is read.
"""

import logging
import threading
import time

IDLE_SECONDS = 0.2

logger = logging.getLogger("signalbox.streams")


def install() -> None:
    """Give streams a thread of their own."""
    from ministack.services import lambda_svc  # noqa: PLC0415 - the emulator's

    poll = lambda_svc._poll_dynamodb_streams  # noqa: SLF001 - a shim replaces it

    def poll_for_ever() -> None:
        while True:
            busy = False
            try:
                busy = poll()
            except Exception:
                logger.exception("Polling the streams failed")
            if not busy:
                time.sleep(IDLE_SECONDS)

    lambda_svc._poll_dynamodb_streams = lambda: False  # noqa: SLF001
    threading.Thread(target=poll_for_ever, daemon=True, name="streams").start()
