"""Dollars for a million events: requests and units are counted, prices stand in `bench.prices`.

The handlers run against the stand-in world with a meter between. Milliseconds are the handler's
CPU on this machine, stretched by the share of a processor that its memory buys, and assumed waits
for AWS's answers. Left out is what does not grow with the events (storage and metrics by the month,
alarms), the rare start, and X-Ray's sample of traces.
"""

import contextlib
import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import prices, world
from bench.metering import Meter
from functions.dispatch.perform import perform
from functions.ingest import app as ingest
from functions.track import app as track
from signalbox.environment import environment
from signalbox.queues import ACTIONS

MEGABYTES = 512
RECEIVED_AT_ONCE = 10  # messages that Lambda's poller takes, and deletes, with one request
DISPATCHED_AT_ONCE = 10
ACTIONS_COUNTED = 100
TIMED = 200
PLATFORM_LOG_BYTES = 26 + 420 + 26 + 180  # `platform.report` and `platform.start`, as JSON
ACCESS_LOG_BYTES = 26 + 230


@dataclass(frozen=True, slots=True)
class Way:
    """A way in, and how the worker takes its events: `request` is what brings `events` of them."""

    name: str
    request: dict[str, Any]
    events: int
    batch: int


# Dollars for one event, by what they are paid for.
Bill = dict[str, float]


def main() -> None:
    """Print the bill of each way."""
    ways = [
        Way("single events, worker in batches of 100", world.form(), 1, 100),
        Way("single events, worker in batches of 10", world.form(), 1, 10),
        Way("single events, worker one by one", world.form(), 1, 1),
        Way("100 events a request, worker in batches of 100", world.bulk(100), 100, 100),
    ]
    print(f"Dollars for a million events, {prices.REGION}, list prices of {prices.AS_OF}\n")
    for way in ways:
        _show(way.name, _bill(way))
    print("Each action that an event sets off comes on top:\n")
    _show("an action that fires, without its mail", _firing())
    print(f"A mail itself is ${prices.MAIL * prices.MILLION:.2f} for a million.")


def _bill(way: Way) -> Bill:
    """Return what an event costs that comes this way."""
    took = _metered(lambda: ingest.handler(way.request, None))
    worked = _metered(lambda: track.handler(world.batch(way.batch), None))
    request, batch = 1 / way.events, 1 / way.batch
    return {
        "HTTP API": request * prices.HTTP_API_REQUEST,
        "Lambda ingest, requests": request * prices.LAMBDA_REQUEST,
        "Lambda ingest, GB-s": request * took.gigabyte_seconds * prices.LAMBDA_GB_SECOND,
        "Lambda track, requests": batch * prices.LAMBDA_REQUEST,
        "Lambda track, GB-s": batch * worked.gigabyte_seconds * prices.LAMBDA_GB_SECOND,
        "SQS in": request * took.meter.queue_requests * prices.SQS_REQUEST,
        "SQS out": _polls(way.batch) * prices.SQS_REQUEST,
        "DynamoDB writes": batch * worked.meter.write_units * prices.WRITE_UNIT,
        "DynamoDB reads": batch * worked.meter.read_units * prices.READ_UNIT
        + request * took.meter.read_units * prices.READ_UNIT,
        "logs": (
            request * (took.log_bytes + PLATFORM_LOG_BYTES + ACCESS_LOG_BYTES)
            + batch * (worked.log_bytes + PLATFORM_LOG_BYTES)
        )
        / 1e9
        * prices.LOG_GB,
    }


def _firing() -> Bill:
    """Return what an action costs beyond its event: its message, its claim and its outcome."""
    cloud = world.World()
    meter = Meter(cloud)
    with world.answering(meter), contextlib.redirect_stdout(io.StringIO()):
        world.settle()
        meter.reset()
        track.handler(world.batch(ACTIONS_COUNTED, name=world.FIRING_NAME), None)
        sent, queued = cloud.sent[environment().actions_queue_url], meter.queue_requests
        meter.reset()
        for message in sent:
            perform(ACTIONS.read(message))
    each = 1 / ACTIONS_COUNTED
    return {
        "SQS in": each * queued * prices.SQS_REQUEST,
        "SQS out": _polls(DISPATCHED_AT_ONCE) * prices.SQS_REQUEST,
        "Lambda dispatch, requests": prices.LAMBDA_REQUEST / DISPATCHED_AT_ONCE,
        "DynamoDB writes": each * meter.write_units * prices.WRITE_UNIT,
        "DynamoDB reads": each * meter.read_units * prices.READ_UNIT,
    }


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one warm invocation asks for."""

    meter: Meter
    gigabyte_seconds: float
    log_bytes: int


def _metered(invoke: Callable[[], object]) -> Invocation:
    """Time an invocation, then count one."""
    cloud, said = world.World(), io.StringIO()
    with world.answering(cloud), contextlib.redirect_stdout(io.StringIO()):
        world.settle()
        invoke()
        started = time.process_time()
        for _ in range(TIMED):
            invoke()
        cpu_ms = (time.process_time() - started) / TIMED * 1000
    meter = Meter(cloud)
    with world.answering(meter):
        with contextlib.redirect_stdout(io.StringIO()):
            invoke()
        meter.reset()
        with contextlib.redirect_stdout(said):
            invoke()
    cpu_ms += meter.total * prices.CALL_CPU_MS
    waits_ms = sum(prices.WAIT_MS[name] * count for name, count in meter.calls.items())
    billed_ms = math.ceil(cpu_ms * prices.PROCESSOR_MEGABYTES / MEGABYTES + waits_ms)
    return Invocation(meter, billed_ms / 1000 * MEGABYTES / 1024, len(said.getvalue().encode()))


def _polls(batch: int) -> float:
    """Return the requests a message with which Lambda's poller takes and deletes a batch."""
    return 2 / min(batch, RECEIVED_AT_ONCE)


def _show(name: str, bill: Bill) -> None:
    """Print a bill: what the way itself costs, and with its logs."""
    print(name)
    for item, dollars in bill.items():
        print(f"    {item:<28}{dollars * prices.MILLION:>8.3f}")
    logs = bill.get("logs", 0.0)
    total = sum(bill.values()) * prices.MILLION
    if logs:
        print(f"  {'without logs':<30}{total - logs * prices.MILLION:>8.3f}")
    print(f"  {'in all':<30}{total:>8.3f}\n")


if __name__ == "__main__":
    main()
