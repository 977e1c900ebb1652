"""Starts counted in instructions, which no other program on the machine disturbs.

Valgrind counts what the interpreter executes until the handler is imported, as a plain process;
beside it stands `import boto3; boto3.client("sqs")`.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.builds import FUNCTIONS, Artefacts
from bench.figures import Figure, compared
from bench.start import NOWHERE
from bench.warm import environment
from local.processes import RUNTIME_PYTHON

COUNTED = re.compile(r"Collected : (\d+)")
WORKS = {
    "boto3": "import boto3; boto3.client('sqs')",
    "ingest": "import ingest.app",
    "pixel": "import pixel.app",
    "track": "import track.app",
    "bare Python": "",
}


def available() -> bool:
    """Tell whether this machine has Valgrind."""
    return shutil.which("valgrind") is not None


def figures(built: Artefacts) -> list[Figure]:
    """Count each start once; counts repeat within half a percent."""
    counted = {name: _counted(built, name, work) for name, work in WORKS.items()}
    return [
        compared(
            f"instructions of {name}",
            [counted[name]],
            [counted["boto3"]],
            unit="M",
            against="import boto3; boto3.client",
            target=target,
        )
        for name, target in (
            ("ingest", 0.22),
            ("pixel", 0.22),
            ("track", 0.0),
            ("bare Python", 0.0),
        )
    ]


def _counted(built: Artefacts, name: str, work: str) -> float:
    """Return the millions of instructions of a process that does the work."""
    search_path = built.search_path(name) if name in FUNCTIONS else ""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind"
        done = subprocess.run(
            [
                *("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"),
                *(RUNTIME_PYTHON, "-c", work),
            ],
            env=environment(search_path, NOWHERE) | {"PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
    found = COUNTED.search(done.stderr)
    if found is None:
        raise RuntimeError(f"callgrind did not count: {done.stderr[-500:]}")
    return int(found[1]) / 1e6
