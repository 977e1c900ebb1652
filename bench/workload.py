"""What runs inside a measured process: one handler of a build, or one boto3 call, again and again.

`workload.py NAME` reads the invocation from its input and prints, as JSON, the CPU microseconds of
a unit in each round. Started by path with the built layer and function on `PYTHONPATH`, so that
what is measured is what is deployed; it knows nothing of the rest of this package.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 20
WARM_UP_SECONDS = 0.4
ROUND_SECONDS = 0.05


def boto3_send(message: Any) -> Callable[[], object]:
    """Return boto3's `send_message` of a text of the size of an event."""
    import boto3  # noqa: PLC0415 the other workload must not load it

    client = boto3.client("sqs")
    url = os.environ["EVENTS_QUEUE_URL"]
    return lambda: client.send_message(QueueUrl=url, MessageBody=message)


def handled(name: str, invocation: Any) -> Callable[[], object]:
    """Return the invocation of a handler (`ingest.app`)."""
    handler: Callable[[Any, None], object] = importlib.import_module(name).handler
    return lambda: handler(invocation, None)


def spent(work: Callable[[], object]) -> list[float]:
    """Return the CPU microseconds of one piece of work, in each round."""
    until = time.process_time() + WARM_UP_SECONDS
    count = 0
    while time.process_time() < until:
        work()
        count += 1
    times = max(1, int(count * ROUND_SECONDS / WARM_UP_SECONDS))
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - started) / times * 1e6)
    return rounds


def main() -> None:
    """Measure what the argument names."""
    name = sys.argv[1]
    given = json.load(sys.stdin)
    work = boto3_send(given) if name == "boto3" else handled(name, given)
    out, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115, PTH123 until the end
    work()
    rounds = spent(work)
    json.dump(rounds, out)


if __name__ == "__main__":
    main()
