"""CPU of a warm function, beside one boto3 `send_message`, against the same local endpoint."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench import world
from bench.builds import Artefacts
from bench.figures import Figure, compared
from bench.stub import serving
from local.processes import RUNTIME_PYTHON

REPEATS = 5
WORKLOAD = Path(__file__).with_name("workload.py")
AGAINST = "boto3 send_message"


def works() -> dict[str, tuple[str, str, Any, int]]:
    """Return what is measured: a handler, its function, what invokes it, and of how many pieces."""
    return {
        "boto3": ("boto3", "ingest", world.event(1).to_wire(), 1),
        "ingest": ("ingest.app", "ingest", world.form(), 1),
        "ingest of 10": ("ingest.app", "ingest", world.bulk(10), 10),
        "open": ("pixel.app", "pixel", world.opening(), 1),
        "click": ("pixel.app", "pixel", world.clicking(), 1),
        "track 10": ("track.app", "track", world.batch(10), 10),
        "track 100": ("track.app", "track", world.batch(100), 100),
        "firing 100": ("track.app", "track", world.batch(100, name=world.FIRING_NAME), 100),
        "hits 100": ("track.app", "track", world.hits(100), 100),
    }


def figures(built: Artefacts, *, repeats: int = REPEATS) -> list[Figure]:
    """Measure ingest a request, and track an event, in processes that take turns."""
    measured = works()
    spent: dict[str, list[float]] = {name: [] for name in measured}
    with serving() as url:
        for _ in range(repeats):
            for name, (work, function, invocation, units) in measured.items():
                rounds = _measure(work, invocation, built.search_path(function), url)
                spent[name] += [round_ / units for round_ in rounds]
    wanted = (
        ("ingest, a form event", "ingest", 0.16),
        ("ingest, an event of 10 in a request", "ingest of 10", 0.0),
        ("pixel, an open", "open", 0.16),
        ("pixel, a click", "click", 0.16),
        ("track, an event in a batch of 10", "track 10", 0.12),
        ("track, an event in a batch of 100", "track 100", 0.035),
        ("track, the same, each firing one action", "firing 100", 0.0),
        ("track, an open in a batch of 100", "hits 100", 0.0),
    )
    return [
        compared(name, spent[key], spent["boto3"], unit="µs CPU", against=AGAINST, target=target)
        for name, key, target in wanted
    ]


def _measure(work: str, invocation: Any, search_path: str, url: str) -> list[float]:
    done = subprocess.run(
        [RUNTIME_PYTHON, WORKLOAD, work],
        input=json.dumps(invocation),
        env=environment(search_path, url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the workload {work} failed: {done.stderr}")
    rounds: list[float] = json.loads(done.stdout)
    return rounds


def environment(search_path: str, url: str) -> dict[str, str]:
    """Return the environment of a function whose AWS is at a URL."""
    return world.VARIABLES | {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": search_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CLIENT": "lean",
    }
