"""The stack in the background: `up`, `down`, `reset` and `status`."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress

from local.errors import StackError
from local.home import REPOSITORY, Home
from local.processes import last_line, own_python
from local.run import Say, greeting
from local.stack import Stack

READY_SECONDS = 300.0
END_SECONDS = 30.0


def up(home: Home, *, free: bool, say: Say) -> None:
    """Start the stack and return when it is ready.

    Raises:
        StackError: it runs already, or cannot be started.
    """
    running = process_id(home)
    if running is not None:
        raise StackError(f"Signalbox is already running (process {running}): `make down` ends it.")
    home.folder.mkdir(parents=True, exist_ok=True)
    home.stack_file.unlink(missing_ok=True)
    log = home.log("run")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [own_python(), "-m", "local", "run", *(["--ports", "free"] if free else [])],
            cwd=REPOSITORY,
            env={**os.environ, "SIGNALBOX_HOME": str(home.folder), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_ready(home, process)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    say(greeting(Stack.read(home)).replace("Ctrl-C ends it.", "`make down` ends it."))


def wait_until_ready(home: Home, process: "subprocess.Popen[bytes]") -> None:
    """Return when the stack that was started is ready.

    Raises:
        StackError: it ended instead, or takes too long.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not home.stack_file.exists():
        if process.poll() is not None:
            raise StackError(last_line(home.log("run")))
        if time.monotonic() > deadline:
            raise StackError(
                f"Signalbox is not ready after {READY_SECONDS:.0f} s: see {home.folder}."
            )
        time.sleep(0.05)


def down(home: Home, say: Say) -> None:
    """End the stack and return when it has ended, its data written."""
    running = process_id(home)
    if running is None:
        say("Signalbox is not running.")
        return
    with suppress(ProcessLookupError):
        os.kill(running, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    while process_id(home) == running:
        if time.monotonic() > deadline:
            # Its emulator ends by itself when it is gone.
            with suppress(ProcessLookupError):
                os.kill(running, signal.SIGKILL)
        time.sleep(0.05)
    say("Signalbox has ended; the data is kept.")


def reset(home: Home, say: Say) -> None:
    """End the stack and clear its data."""
    if process_id(home) is not None:
        down(home, say)
    home.clear()
    for log in home.folder.glob("*.log"):
        log.unlink()
    if home.folder != REPOSITORY / ".signalbox":
        shutil.rmtree(home.folder, ignore_errors=True)
    say("The data is cleared.")


def status(home: Home, say: Say) -> None:
    """Say where the stack is.

    Raises:
        StackError: it does not run.
    """
    if process_id(home) is None:
        raise StackError("Signalbox is not running: start it with `make run` or `make up`.")
    say(greeting(Stack.read(home)).replace("Ctrl-C", "`make down`, or Ctrl-C where it runs,"))


def process_id(home: Home) -> int | None:
    """The process that runs the stack, or None: known by its lock, which ends with it."""
    try:
        stream = home.lock_file.open("r")
    except FileNotFoundError:
        return None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = stream.read().strip()
            return int(text) if text else None
    return None
