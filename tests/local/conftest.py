"""Two emulators: one with its gaps filled, one as it is shipped."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from local import processes
from local.home import Home
from local.sockets import FREE, Sockets

from .toy import Emulator, ready


@pytest.fixture(scope="session")
def mended(tmp_path_factory) -> Iterator[Emulator]:
    """The emulator as the local stack starts it."""
    home = Home(tmp_path_factory.mktemp("mended"))
    home.create()
    with Sockets(FREE) as sockets, processes.emulator(home, sockets) as process:
        url = sockets.url("emulator")
        processes.wait_for_emulator(url, process, home.log("emulator"))
        emulator = Emulator(url, sockets.url("api"), home.folder, {})
        emulator.deploy(processes.python_version(processes.RUNTIME_PYTHON))
        yield emulator


@pytest.fixture(scope="session")
def shipped(tmp_path_factory) -> Iterator[Emulator]:
    """The emulator as it is shipped."""
    home = tmp_path_factory.mktemp("shipped")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "PATH": os.defpath,
        "TMPDIR": str(home),
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [processes.EMULATOR_PYTHON, "-m", "ministack"],
            env=settings,
            cwd=home,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        while not ready(url):
            assert process.poll() is None, (home / "log").read_text()
            time.sleep(0.05)
        emulator = Emulator(url, "", home, {})
        emulator.deploy(processes.python_version(processes.EMULATOR_PYTHON))
        yield emulator
    finally:
        process.terminate()
        process.wait(30)
