"""Requests go out as they were asked for, and answers come back as they are, whatever they are."""

import datetime as dt
import socket
from email.utils import format_datetime

import pytest

from signalbox.channels import outbound
from signalbox.model.retries import Answer, Fault
from tests.channels.names import PUBLIC, names
from tests.channels.receiver import Receiver, answering, receiver


def test_the_request_arrives_as_it_was_asked_for():
    with receiver(answering(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")) as server:
        answer = outbound.request(
            "POST",
            server.url("/a'b/%C3%A9/é?q=1&r=ü#fragment"),
            headers=[("X-Name", " Łukasz ")],
            body=b'{"a":1}',
            allowed_hosts=server.hosts,
        )

    assert Answer(status=201, body="ok") == answer
    assert [
        (
            f"POST /a'b/%C3%A9/%C3%A9?q=1&r=%C3%BC HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\nContent-Length: 7\r\n"
            'X-Name: Łukasz\r\n\r\n{"a":1}'
        ).encode()
    ] == server.requests


def test_a_get_without_a_body_tells_no_length():
    with receiver(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        answer = outbound.request("GET", server.url(""), allowed_hosts=server.hosts)

    assert Answer(status=204) == answer
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")
    assert b"Content-Length" not in server.requests[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_nobody_follows_it(status):
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\nsecret")) as target:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {target.url()}\r\n\r\n"
        with receiver(answering(head.encode())) as server:
            answer = outbound.request(
                "POST", server.url(), body=b"x", allowed_hosts=server.hosts | target.hosts
            )

    assert Answer(status=status) == answer
    assert 1 == len(server.requests)
    assert [] == target.requests


@pytest.mark.parametrize("status", [410, 429, 500, 503])
def test_the_status_is_told_with_the_beginning_of_the_body(status):
    head = f"HTTP/1.1 {status} No\r\nContent-Length: 4\r\n\r\nsóó".encode("latin-1")
    with receiver(answering(head)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert Answer(status=status, body="s��") == answer


def test_retry_after_is_read_as_seconds_and_as_a_date():
    past = format_datetime(dt.datetime(2020, 1, 1, tzinfo=dt.UTC), usegmt=True)
    for header, expected in (("120", 120_000), (past, 0), ("soon", None)):
        head = f"HTTP/1.1 429 Slow\r\nRetry-After: {header}\r\n\r\n"
        with receiver(answering(head.encode())) as server:
            answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

        assert Answer(status=429, retry_after_ms=expected) == answer


def test_the_body_is_cut_and_made_fit_to_be_shown():
    body = b"\x1b[31mred\x00\xff\n\tok" + b"x" * 5000
    with receiver(answering(b"HTTP/1.0 200 OK\r\n\r\n" + body)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert "\ufffd[31mred\ufffd\ufffd\n\tok" + "x" * 1010 == answer.body


def test_a_name_that_does_not_resolve_is_told():
    def resolver(*_):
        raise socket.gaierror

    answer = outbound.request("POST", "https://x.example/", resolver=resolver)

    assert Fault.NAME == answer.fault


def test_a_refused_connection_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = outbound.request(
        "POST", f"http://127.0.0.1:{port}/", allowed_hosts=frozenset({f"127.0.0.1:{port}"})
    )

    assert Fault.CONNECTION == answer.fault


def test_a_connection_that_is_closed_without_an_answer_is_told():
    with receiver(answering()) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert Fault.CONNECTION == answer.fault


def test_an_answer_before_the_request_was_read_is_heard():
    def play(_server: Receiver, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")

    with receiver(play) as server:
        answer = outbound.request(
            "POST", server.url(), body=b"x" * 10_000_000, allowed_hosts=server.hosts
        )

    assert Answer(status=410) == answer


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\xff\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"x" * 200_000,
    ],
)
def test_what_is_not_http_is_told(garbage):
    with receiver(answering(garbage)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert Fault.UNREADABLE == answer.fault


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: -1\r\n\r\nok",
        b"Content-Length: 99\r\n\r\nok",
        b"Content-Length: many\r\n\r\nok",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n-5\r\nxxxxxxx",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ],
)
def test_a_body_that_breaks_off_does_not_take_the_status_back(rest):
    with receiver(answering(b"HTTP/1.1 200 OK\r\n" + rest)) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert 200 == answer.status
    assert answer.body.startswith("ok")


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ([("X-A", "a\r\nX-B: b")], "X-A"),
        ([("X-A", "a\nb")], "X-A"),
        ([("X-A", "a\rb")], "X-A"),
        ([("X-A", "a\x00b")], "X-A"),
        ([("X-A", "half \ud800")], "X-A"),
        ([("X-A\r\nX-B", "b")], "headers"),
        ([("X A", "b")], "headers"),
        ([("X:A", "b")], "headers"),
        ([("", "b")], "headers"),
        ([("X-A", "1"), ("x-a", "2")], "x-a"),
        ([("host", "other.example")], "host"),
        ([("Content-Length", "0")], "Content-Length"),
        ([("Transfer-Encoding", "chunked")], "Transfer-Encoding"),
        ([("Connection", "keep-alive")], "Connection"),
    ],
)
def test_a_header_that_could_begin_another_message_is_never_sent(headers, field, connections):
    answer = outbound.request("POST", f"http://{PUBLIC}/", headers=headers)

    assert Fault.INVALID == answer.fault
    assert field in answer.detail
    assert [] == connections


@pytest.mark.parametrize("method", ["", "GET /", "POST\r\nX: y", "PÖST"])
def test_a_method_that_is_none_is_never_sent(method, connections):
    answer = outbound.request(method, f"http://{PUBLIC}/")

    assert Fault.INVALID == answer.fault
    assert [] == connections


def test_a_name_of_several_addresses_is_reached_where_one_listens():
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        hosts = frozenset({f"hooks.example:{server.port}"})
        asked: list[str] = []
        answer = outbound.request(
            "POST",
            f"http://hooks.example:{server.port}/",
            allowed_hosts=hosts,
            resolver=names({"hooks.example": ["127.0.0.2", "127.0.0.1"]}, asked),
        )

    assert Answer(status=200) == answer
    assert f"Host: hooks.example:{server.port}\r\n".encode() in server.requests[0]
    assert ["hooks.example"] == asked


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert Answer(status=200) == answer
