"""What the tests of channels share: connections that are noted and not made."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def connections(monkeypatch) -> Iterator[list[tuple]]:
    """Note where connections go instead of making them."""
    made: list[tuple] = []

    def connect(_socket, address):
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return made
