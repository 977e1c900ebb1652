"""Starts of the functions, beside a function that only makes boto3's SQS client.

Each start is a new process under AWS's own Lambda runtime interface emulator, with the runtime's
boto3 and runtime client, in turns; the emulator says how long the initialisation took. AWS is said
to be at an https address where nobody listens, so that TLS is made ready as in AWS; that the one
invocation of each start then fails does not matter.
"""

import json
import platform
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_server

from bench import world
from bench.builds import FUNCTIONS, Artefacts
from bench.figures import Figure, compared
from bench.warm import environment
from local.processes import RUNTIME_PYTHON, VENVS

STARTS = 9
WAIT_SECONDS = 30.0
INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)")
AGAINST = "import boto3; boto3.client"
NOWHERE = "https://127.0.0.1:1"
BASELINE = """import boto3

client = boto3.client("sqs")


def handler(event, context):
    return {}
"""
EMPTY = "def handler(event, context):\n    return {}\n"
RUNTIME_CLIENT = ("awslambdaric", "runtime_client*.so", "simplejson", "snapshot_restore_py.py")


class StartError(Exception):
    """A function did not start under the emulator."""


def figures(built: Artefacts, *, starts: int = STARTS) -> list[Figure]:
    """Measure how long each function takes to start."""
    milliseconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        functions = prepared(built, Path(folder))
        for number in range(starts + 1):
            for name, (handler, search_path) in functions.items():
                took = _start(handler, search_path, environment(search_path, NOWHERE), Path(folder))
                if number:  # the first start only warms the disk's cache
                    milliseconds.setdefault(name, []).append(took)
    wanted = (("ingest", 0.30), ("pixel", 0.30), ("track", 0.35), ("an empty function", 0.0))
    return [
        compared(
            f"init of {name}",
            milliseconds[name],
            milliseconds["boto3"],
            unit="ms",
            against=AGAINST,
            target=target,
        )
        for name, target in wanted
    ]


def prepared(built: Artefacts, folder: Path) -> dict[str, tuple[str, str]]:
    """Return the handler and search path of each function that starts, written where needed."""
    runtime = _runtime_client(folder)
    paths = {}
    for name, source in (("boto3", BASELINE), ("an empty function", EMPTY)):
        function = folder / name.replace(" ", "-")
        function.mkdir()
        (function / "app.py").write_text(source)
        paths[name] = ("app.handler", f"{function}:{runtime}")
    for name in FUNCTIONS:
        paths[name] = (f"{name}.app.handler", f"{built.search_path(name)}:{runtime}")
    for part in (folder, VENVS / "runtime" / "lib"):  # as Lambda's own runtime is: compiled
        subprocess.run([RUNTIME_PYTHON, "-m", "compileall", "-q", part], check=True)
    return paths


def _runtime_client(folder: Path) -> Path:
    """Copy what Lambda's runtime brings beside boto3 out of the development environment."""
    runtime = folder / "runtime"
    runtime.mkdir()
    (installed,) = (VENVS / "dev" / "lib").glob("python3.*/site-packages")
    for pattern in RUNTIME_CLIENT:
        for found in installed.glob(pattern):
            copy = shutil.copytree if found.is_dir() else shutil.copy
            copy(found, runtime / found.name)
    return runtime


def _emulator() -> Path:
    """Return the runtime interface emulator that SAM brings."""
    suffix = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    found = (VENVS / "sam").glob(f"lib/*/site-packages/samcli/local/rapid/*-{suffix}")
    path = next(found, None)
    if path is None:
        raise StartError("The SAM environment has no runtime interface emulator: `make build`.")
    return path


def _start(handler: str, search_path: str, env: Mapping[str, str], folder: Path) -> float:
    """Start a function once, invoke it, and return the milliseconds of its initialisation."""
    log = folder / "emulator.log"
    with log.open("wb") as output, _running(handler, search_path, env, output.fileno()) as port:
        _invoke(port, log)
    found = INIT.findall(log.read_text(errors="replace"))
    if not found:
        raise StartError(f"{handler} did not start: {log.read_text(errors='replace')[-500:]}")
    return float(found[-1])


@contextmanager
def _running(handler: str, search_path: str, env: Mapping[str, str], output: int) -> Iterator[int]:
    port, api_port = _free_port(), _free_port()
    process = subprocess.Popen(
        [
            *(_emulator(), "--log-level", "info"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{api_port}"),
            *(RUNTIME_PYTHON, "-m", "awslambdaric", handler),
        ],
        env={
            **env,
            "PYTHONPATH": search_path,
            "_HANDLER": handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
        },
        stdout=output,
        stderr=output,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _invoke(port: int, log: Path) -> None:
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    body = json.dumps(world.form() | world.batch(1)).encode()  # fit for ingest and for track
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError, ConnectionError):
            request = urllib.request.Request(url, body)
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:  # noqa: S310 our own process
                answer.read()
            while not INIT.search(log.read_text(errors="replace")):
                time.sleep(0.005)
            return
        time.sleep(0.01)
    raise StartError(f"The emulator does not answer: {log.read_text(errors='replace')[-500:]}")


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
