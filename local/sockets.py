"""The ports of the local stack.

They are taken before anything is started, so that one that is in use is told at once, and handed over
open, so that nobody can take it in between.
"""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from local.errors import StackError
from local.home import Home, read_json, write_json

LOOPBACK = "127.0.0.1"
DEFAULTS = {"api": 8800, "emulator": 8801, "receiver": 8802}
IN_DATA = ("emulator", "receiver")
FREE = dict.fromkeys(DEFAULTS, 0)
HIGHEST = 65_535


class Sockets(ExitStack):
    """The listening sockets of a stack, by `api`, `emulator` and `receiver`; closed on exit."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        """Listen on loopback; port 0 takes any that is free.

        Raises:
            StackError: a port is in use.
        """
        super().__init__()
        self.by_name: dict[str, socket.socket] = {}
        with ExitStack() as opened:
            for name, port in ports.items():
                self.by_name[name] = opened.enter_context(listen(name, port))
            self.push(opened.pop_all())

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def port(self, name: str) -> int:
        """The port of a socket."""
        return int(self.by_name[name].getsockname()[1])

    def url(self, name: str) -> str:
        """The base URL of a socket, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.port(name)}"


def listen(name: str, port: int) -> socket.socket:
    """A socket that listens on loopback.

    Raises:
        StackError: the port is in use.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((LOOPBACK, port))
        # Set in any case before a connection is made: what lingers of one then keeps nobody from
        # taking the same port at the next start.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise StackError(
            f"Port {port} on {LOOPBACK}, wanted for the {name}, cannot be taken ({error.strerror}): "
            f"end what uses it, or choose another with {variable(name)}=PORT."
        ) from error
    return listening


def variable(name: str) -> str:
    """The environment variable that chooses a port."""
    return f"SIGNALBOX_{name.upper()}_PORT"


def chosen(environ: Mapping[str, str], home: Home, *, free: bool) -> dict[str, int]:
    """The ports to take: those of the environment, or the usual ones, or, when `free`, any.

    The kept data holds URLs of the emulator (its queues) and of the receiver (the demo's webhook), so
    it goes with these ports only; `free` takes the ports of last time when there is data.

    Raises:
        StackError: a variable holds no port, or the data was made with another one.
    """
    kept = read_json(home.ports_file) if any(home.state.glob("*.json")) else None
    if free:
        return dict(kept) if kept else dict(FREE)
    ports = {name: read(environ, name, default) for name, default in DEFAULTS.items()}
    for name in IN_DATA:
        if kept and ports[name] != kept[name]:
            raise StackError(
                f"The data in {home.folder} was made with {name} port {kept[name]}, not "
                f"{ports[name]}: set {variable(name)}={kept[name]}, or clear the data with `make reset`."
            )
    return ports


def read(environ: Mapping[str, str], name: str, default: int) -> int:
    """The port that the environment chooses.

    Raises:
        StackError: it is not a port.
    """
    text = environ.get(variable(name), "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) > HIGHEST:
        raise StackError(f"{variable(name)} is {text!r}, which is no port (0 to {HIGHEST}).")
    return int(text)


def remember(home: Home, sockets: Sockets) -> None:
    """Keep the ports with the data."""
    write_json(home.ports_file, {name: sockets.port(name) for name in DEFAULTS})
