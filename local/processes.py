"""The processes that the local stack starts, and how they end.

Each gets a session of its own, so that Ctrl-C reaches the stack alone, which then ends them in order,
and so that everything that one of them started can be ended with it.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from local.errors import StackError
from local.home import REPOSITORY, Home
from local.sockets import Sockets

VENVS = REPOSITORY / ".venvs"
SAM = VENVS / "sam" / "bin" / "sam"
EMULATOR_PYTHON = VENVS / "emulator" / "bin" / "python"
RUNTIME_PYTHON = VENVS / "runtime" / "bin" / "python"

START_SECONDS = 30.0
END_SECONDS = 20.0


def require_tools() -> None:
    """Check that every program is there that the stack starts.

    Raises:
        StackError: one is missing.
    """
    for program in (SAM, EMULATOR_PYTHON, RUNTIME_PYTHON):
        if not program.exists():
            environment = program.parent.parent.relative_to(REPOSITORY)
            raise StackError(
                f"{environment} is not there yet: `make run` and `make up` install it."
            )


@contextmanager
def emulator(home: Home, sockets: Sockets) -> Iterator[subprocess.Popen[bytes]]:
    """Run the emulator on two of the sockets; at the end it writes its data, which is waited for."""
    control, api = sockets.by_name["emulator"].fileno(), sockets.by_name["api"].fileno()
    command = [
        *(str(EMULATOR_PYTHON), "-m", "local.emulator"),
        *("--control-socket", str(control), "--port", str(sockets.port("emulator"))),
        *("--api-socket", str(api), "--api-port", str(sockets.port("api"))),
        *("--home", str(home.folder), "--interpreter", str(RUNTIME_PYTHON)),
    ]
    with home.log("emulator").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=emulator_environment(home),
            # It ends when this pipe closes, that is, with us, however we end.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(control, api),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def emulator_environment(home: Home) -> dict[str, str]:
    """All that the emulator sees of the environment; functions inherit it, so it is next to nothing."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home.functions),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process in order, and by force when it takes too long."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()
    if process.stdin:
        process.stdin.close()


def kill_group(group_id: int) -> None:
    """Kill every process of a group that we started."""
    with suppress(ProcessLookupError):
        os.killpg(group_id, signal.SIGKILL)


def wait_for_emulator(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the emulator answers.

    Raises:
        StackError: it ended, or does not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StackError(f"The emulator did not start: {last_line(log)} (all of it: {log})")
        with suppress(urllib.error.URLError, TimeoutError, ConnectionError):
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=1).close()  # noqa: S310 - ours
            return
        time.sleep(0.05)
    raise StackError(f"The emulator does not answer after {START_SECONDS:.0f} s: see {log}.")


def run_to_end(command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
    """Run a program of which only the outcome matters.

    Raises:
        StackError: it failed.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        code = process.wait()
    except BaseException:
        kill_group(process.pid)
        process.wait()
        raise
    if code:
        name = " ".join([Path(command[0]).name, *command[1:2]])
        raise StackError(f"`{name}` failed: {last_line(log)} (all of it: {log})")


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def python_version(interpreter: Path) -> str:
    """The version of an interpreter as a Lambda runtime names it, such as `python3.13`."""
    code = "import sys; print('python%d.%d' % sys.version_info[:2])"
    found = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def own_python() -> str:
    """The interpreter that runs the stack itself."""
    return sys.executable
