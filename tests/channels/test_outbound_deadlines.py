"""However long or slow a receiver is, a request ends at its deadline and reads little."""

import socket
import threading

import pytest

from signalbox.channels import outbound
from signalbox.model.retries import Fault
from tests.channels.receiver import DRIPS, Receiver, dripping, flooding, receiver


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
    ],
    ids=["length", "chunked", "until closed", "header"],
)
def test_an_answer_of_1_gb_is_not_read(head):
    """What the receiver could send is what the kernel's buffers hold."""
    with receiver(flooding(head, 10**9)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert answer.status == 200 or Fault.UNREADABLE == answer.fault
    assert len(answer.body) <= 1024
    assert server.sent < 50_000_000


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 "],
    ids=["status line", "header", "after 100"],
)
def test_a_receiver_that_drips_its_head_is_left_at_the_deadline(first):
    """Every byte comes well within any time-out of a single read; the whole does not."""
    with receiver(dripping(first)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts, seconds=0.3)

    assert Fault.TIMEOUT == answer.fault
    assert 2 < server.sent < DRIPS


def test_a_receiver_that_has_answered_but_drips_its_body_counts_as_answered():
    with receiver(dripping(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts, seconds=0.3)

    assert 200 == answer.status
    assert {"x"} == set(answer.body)
    assert server.sent < DRIPS


def test_a_receiver_that_says_nothing_is_a_time_out():
    over = threading.Event()
    with receiver(lambda _server, _connection: over.wait(10)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts, seconds=0.2)
        over.set()

    assert Fault.TIMEOUT == answer.fault


def test_a_receiver_that_does_not_read_is_a_time_out():
    over = threading.Event()
    with receiver(lambda _server, _connection: over.wait(10)) as server:
        answer = outbound.request(
            "POST", server.url(), body=b"x" * 50_000_000, allowed_hosts=server.hosts, seconds=0.3
        )
        over.set()

    assert Fault.TIMEOUT == answer.fault


def test_a_receiver_that_reads_on_but_slowly_is_a_time_out():
    """Every single send comes well within the time-out; all of them do not."""
    size = 50_000_000

    def play(server: Receiver, connection: socket.socket) -> None:
        while part := connection.recv(262_144):
            server.received += len(part)
            threading.Event().wait(0.01)

    with receiver(play) as server:
        answer = outbound.request(
            "POST", server.url(), body=b"x" * size, allowed_hosts=server.hosts, seconds=0.3
        )

    assert Fault.TIMEOUT == answer.fault
    assert server.received < size


def test_a_name_that_takes_for_ever_to_resolve_is_a_time_out():
    over = threading.Event()

    def resolver(*_):
        over.wait(10)
        raise socket.gaierror

    answer = outbound.request("POST", "https://x.example/", seconds=0.2, resolver=resolver)
    over.set()

    assert Fault.TIMEOUT == answer.fault
