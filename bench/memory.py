"""What a tracking worker's memory holds when it has met very many rules."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.figures import Figure
from signalbox.model.event import Event
from signalbox.model.matching import tracked
from signalbox.model.trigger import Place, Trigger, TriggerSettings
from signalbox.model.waking import Wakeable
from signalbox.store import table, waking

RULES = 100_000
PER_PLACE = 10
MOST_MB = 200.0
ACCOUNT_ID = "100000001"
ROOT = Path(__file__).resolve().parent.parent


def figures() -> list[Figure]:
    """Measure a worker that remembers a hundred thousand rules beside what it may hold."""
    held = worker_mb(RULES)
    name = f"memory of track, {RULES:,} rules remembered"
    return [Figure(name, held / MOST_MB, held, MOST_MB, "MB", "what is allowed", 1.0)]


def worker_mb(rules: int) -> float:
    """Return the most memory, in MB, that a process of its own took to meet so many rules."""
    from bench.world import VARIABLES  # noqa: PLC0415 the worker's own process does without it

    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(rules)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | VARIABLES | {"AWS_CLIENT": "lean"},
    )
    return float(done.stdout)


def _meet(rules: int) -> int:
    """Let the worker learn rules at as many places as they need; return how many fired."""
    fired = 0
    with patch.object(table, "dynamodb", _answer):
        for number in range(rules // PER_PLACE):
            event = Event(
                account_id=ACCOUNT_ID,
                event_id=f"e{number}",
                name=Trigger.CONTACT_ADDED,
                at_ms=1,
                received_ms=1,
                address="contact:1",
                properties={"list_id": str(number), "mailer_id": "3", "contact_kind": "email"},
                kind=Trigger.CONTACT_ADDED,
            )
            partition = waking.partition(ACCOUNT_ID, _place(number))
            woken = waking.look_up({partition: 1})[partition]
            fired += len(tracked(event, "1", woken).dispatches)
    return fired


def _place(number: int) -> Place:
    return Place(Trigger.CONTACT_ADDED, f"list:{number}")


def _answer(operation: str, **request: Any) -> dict[str, Any]:
    """Answer as a table would that holds ten rules at each place, and keep nothing."""
    if operation == "BatchGetItem":
        ((name, asked),) = request["RequestItems"].items()
        return {"Responses": {name: [key | {"stamp": {"S": "bench"}} for key in asked["Keys"]]}}
    partition = request["ExpressionAttributeValues"][":pk"]["S"]
    return {"Items": list(_items(partition))}


def _items(partition: str) -> Iterator[Mapping[str, Any]]:
    number = int(partition.rpartition(":")[2])
    for one in range(PER_PLACE):
        rule = Wakeable(
            rule_id=f"{2 * 10**15 + number * PER_PLACE + one}",
            version=1,
            actions=2,
            settings=TriggerSettings(mailers=("3", f"{one}"), contact_kind="email"),
            pattern=f'{{"properties":{{"mailer_id":["3","{number}"]}}}}',
        )
        (entering,) = waking.entering(ACCOUNT_ID, rule, [_place(number)])
        yield entering["Put"]["Item"]


def _most_mb() -> float:
    """Return the most memory that this process has held, in MB.

    Where Linux tells it of the program alone; `getrusage` counts what its parent held when it was
    started, too.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS
    held = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(held.split()[1]) / 1024


if __name__ == "__main__":
    import functions.track.app  # noqa: F401 what a worker has loaded

    met = int(sys.argv[1])
    if _meet(met) != 2 * met:
        raise SystemExit("not every rule fired")
    print(_most_mb())
