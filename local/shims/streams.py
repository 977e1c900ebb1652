"""Streams of DynamoDB beside queues, and after a restart.

On AWS each event source mapping has pollers of its own. MiniStack 1.5.33 runs the functions of stream
mappings on the one thread that polls all of them: while such a function works, no queue is read.

It also keeps from run to run how far each mapping came in its stream, but not the streams themselves:
after a restart a mapping waits until as many changes have been made as before it. Here it begins
with the new run's first.
"""

import logging
import threading
import time
from typing import Any

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
                begin_anew(lambda_svc)
                busy = poll()
            except Exception:
                logger.exception("Polling the streams failed")
            if not busy:
                time.sleep(IDLE_SECONDS)

    lambda_svc._poll_dynamodb_streams = lambda: False  # noqa: SLF001
    threading.Thread(target=poll_for_ever, daemon=True, name="streams").start()


def begin_anew(lambda_svc: Any) -> None:
    """Put every mapping that stands beyond the end of its stream back to the stream's beginning."""
    from ministack.services import dynamodb  # noqa: PLC0415 - the emulator's

    positions = lambda_svc._dynamodb_stream_positions  # noqa: SLF001 - there is no other way
    for account_id, region, mapping in lambda_svc._iter_all_esms():  # noqa: SLF001
        table, _, stream = mapping.get("EventSourceArn", "").partition(":table/")[2].partition("/")
        if not stream.startswith("stream/"):
            continue
        where = {"account_id": account_id, "region": region}
        end = dynamodb.stream_end_position(table, **where)
        position = positions.get_scoped(account_id, region, mapping["UUID"])
        if position is not None and position > end:
            first = dynamodb.stream_start_position(table, **where)
            positions.set_scoped(account_id, region, mapping["UUID"], first)
