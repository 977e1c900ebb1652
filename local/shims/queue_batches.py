# ruff: noqa: SLF001 - a shim replaces private functions
"""Batches of an event source mapping from SQS.

AWS fills a batch up to `BatchSize` (10,000 at most) and waits up to `MaximumBatchingWindowInSeconds`
for it to fill. MiniStack 1.5.33 takes 10 messages at most and never waits.
"""

import threading
import time
from typing import Any

RECEIVE_AT_ONCE = 10
"""What the emulator's own receiving takes in one go."""


class Windows:
    """The batching windows that are open, by queue URL: when the first waiting message was seen."""

    def __init__(self, wake: threading.Event) -> None:
        self.opened_at: dict[str, float] = {}
        self.wake = wake

    def is_waiting(self, queue_url: str, *, ready: int, wanted: int, seconds: float) -> bool:
        """Whether the mapping should wait for more messages before it takes a batch."""
        now = time.monotonic()
        if ready == 0:
            self.opened_at.pop(queue_url, None)
            return True
        if queue_url not in self.opened_at:
            self.opened_at[queue_url] = now
            # The poller sleeps until something wakes it: the end of a window must.
            timer = threading.Timer(seconds, self.wake.set)
            timer.daemon = True
            timer.start()
        if ready < wanted and now - self.opened_at[queue_url] < seconds:
            return True
        del self.opened_at[queue_url]
        return False


def install() -> None:
    """Replace how a mapping receives its batch."""
    from ministack.core.concurrency import esm_wake  # noqa: PLC0415 - the emulator's
    from ministack.services import sqs  # noqa: PLC0415

    windows = Windows(esm_wake)

    def receive(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
        wanted = int(batch_size or 1)
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            seconds = window_of(queue["attributes"].get("QueueArn"))
            now = time.time()
            ready = sum((message.get("visible_at") or 0) <= now for message in queue["messages"])
            if seconds and windows.is_waiting(
                queue_url, ready=ready, wanted=wanted, seconds=seconds
            ):
                return []
            return take(sqs, queue, wanted)

    sqs._receive_messages_for_esm = receive


def window_of(queue_arn: str | None) -> float:
    """The longest batching window, in seconds, of the mappings that read a queue."""
    from ministack.services import lambda_svc  # noqa: PLC0415 - the emulator's

    return max(
        (
            float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
            for _, _, mapping in lambda_svc._iter_all_esms()
            if mapping.get("EventSourceArn") == queue_arn
        ),
        default=0.0,
    )


def take(sqs: Any, queue: dict[str, Any], wanted: int) -> list[dict[str, Any]]:
    """Receive up to `wanted` messages, in steps of what the emulator's receiving is made for."""
    visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
    taken: list[dict[str, Any]] = []
    while len(taken) < wanted:
        step = min(wanted - len(taken), RECEIVE_AT_ONCE)
        got = sqs._collect_msgs(queue, step, visibility)
        taken += got
        if len(got) < step:
            break
    return taken
