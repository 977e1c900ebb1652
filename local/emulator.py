"""The process of the emulator: MiniStack with its gaps filled, and the front door of the HTTP API.

Started by `local.processes` with the emulator's own interpreter, an empty environment and two sockets
that already listen on loopback, so that a port in use is known before anything starts:

    python -m local.emulator --control-socket 5 --api-socket 6 --port 8801 --home .signalbox --interpreter …

It ends on SIGTERM, and when its standard input closes, that is, when the process that started it is
gone, whatever ended that one. Both ways it writes its state to `HOME/state` first.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

from local import front_door, shims
from local.guard import Application, Receive, Scope, Send, guarded

DRAIN_SECONDS = 2.0
"""How long functions that are running may take to finish when the emulator ends."""


def main() -> None:
    """Serve until told to end; to be run as a process."""
    options = parse(sys.argv[1:])
    if version("ministack") != shims.MINISTACK_VERSION:
        sys.exit(
            f"The shims are made for MiniStack {shims.MINISTACK_VERSION}: run make requirements."
        )
    os.environ.update(settings(options.home, options.port))
    # MiniStack reads its settings when it is imported, so it comes after them.
    from ministack import app  # noqa: PLC0415

    # Functions inherit what is left, and they have a log level of their own.
    del os.environ["LOG_LEVEL"]
    logging.getLogger("hypercorn.error").setLevel(logging.WARNING)
    shims.install(interpreter=options.interpreter, mailbox=options.home / "mailbox")
    application = by_port(api_port=options.api_port, api=front_door.serve, control=guarded(app.app))
    saving = options.home / "state" / ".saving"
    asyncio.run(serve(application, [options.control_socket, options.api_socket], saving))
    saving.unlink()
    stop_workers()
    # Threads of the emulator may still wait for something; all that matters is written.
    os._exit(0)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.emulator")
    parser.add_argument("--control-socket", type=int, required=True, help="file descriptor")
    parser.add_argument("--api-socket", type=int, required=True, help="file descriptor")
    parser.add_argument("--port", type=int, required=True, help="port of the control socket")
    parser.add_argument("--api-port", type=int, required=True, help="port of the API socket")
    parser.add_argument("--home", type=Path, required=True, help="where state and mails are kept")
    parser.add_argument("--interpreter", type=Path, required=True, help="the Python of functions")
    return parser.parse_args(arguments)


def settings(home: Path, port: int) -> dict[str, str]:
    """MiniStack's environment variables; functions that it starts inherit them."""
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "state" / "s3"),
        "TMPDIR": str(home / "functions"),
        # Listeners that nobody here uses; the first one would be open to the network.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }


def by_port(*, api_port: int, api: Application, control: Application) -> Application:
    """One application for two listeners: what comes to the port of the API, and all else."""

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        chosen = api if server and server[1] == api_port else control
        await chosen(scope, receive, send)

    return choose


async def serve(application: Application, descriptors: list[int], saving: Path) -> None:
    """Serve on sockets that already listen, until SIGTERM or the end of standard input.

    The file `saving` is there while the state is written: left over, it was not written whole.
    """
    from hypercorn.asyncio import serve as hypercorn_serve  # type: ignore[import-not-found] # noqa: PLC0415 - only in the emulator's environment
    from hypercorn.config import Config  # type: ignore[import-not-found] # noqa: PLC0415

    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, end.set)
    threading.Thread(target=wait_for_parent, args=(loop, end), daemon=True).start()
    config = Config()
    config.bind = [f"fd://{descriptor}" for descriptor in descriptors]
    config.keep_alive_timeout = 75
    config.graceful_timeout = DRAIN_SECONDS
    config.loglevel = "WARNING"

    async def drained() -> None:
        await end.wait()
        await asyncio.to_thread(drain)
        await asyncio.to_thread(saving.touch)

    await hypercorn_serve(application, config, shutdown_trigger=drained)


def wait_for_parent(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    """Set `end` when standard input closes."""
    sys.stdin.buffer.read()
    loop.call_soon_threadsafe(end.set)


def drain() -> None:
    """Let functions that are running finish, for a moment; their queues deliver again what they miss."""
    from ministack.services import lambda_svc  # noqa: PLC0415 - the emulator's

    deadline = time.monotonic() + DRAIN_SECONDS
    while lambda_svc.executions_in_flight()[0] and time.monotonic() < deadline:
        time.sleep(0.02)


def stop_workers() -> None:
    """End the processes of the functions and remove their folders."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the emulator's

    lambda_runtime.reset()


if __name__ == "__main__":
    main()
