"""Reading HTTP/1.1 answers: the same as http.client, or refused."""

import http.client
import io
import socket
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox import http1
from signalbox.http1 import AnswerError, Connection

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).map("x-".__add__)
# RFC 9110 section 5.5: the space around a value is no part of it; http.client keeps what is behind.
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip)
BODIES = st.binary(max_size=300)
CUTS = st.lists(st.integers(0, 2000), max_size=8)


class Pieces:
    """A socket that gives prepared pieces, one each time it is read, and then ends."""

    def __init__(self, pieces):
        self._pieces = iter(pieces)

    def settimeout(self, _seconds):
        """Accept any: the pieces are there already."""

    def recv(self, _size):
        """Give the next piece, or nothing after the last."""
        return next(self._pieces, b"")


def _read(content, cuts=()):
    """Return what is read of `content` when it arrives cut at these places."""
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    pieces = [content[start:end] for start, end in pairwise(places)]
    first, *more = pieces or [b""]
    return http1._read_answer(http1._Reader(Pieces(more), first, float("inf")))


def _chunked(body, sizes):
    pieces = []
    for size in [*sizes, len(body) or 1]:
        if body:
            piece, body = body[:size], body[size:]
            pieces.append(b"%X;ext=1\r\n%b\r\n" % (len(piece), piece))
    return b"".join(pieces) + b"0\r\nx-trailer: 1\r\n\r\n"


def _by_http_client(content):
    class Socket:
        def makefile(self, *_):
            return io.BytesIO(content)

    response = http.client.HTTPResponse(Socket(), method="POST")
    response.begin()
    body = response.read()
    headers = {name.lower(): response.getheader(name) for name in response.headers}
    return response.status, headers, body


@given(
    status=st.integers(200, 599).filter(lambda status: status not in {204, 304}),
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    body=BODIES,
    sizes=st.none() | st.lists(st.integers(1, 100), max_size=5),
    interim=st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]),
    cuts=CUTS,
)
def test_answers_read_as_http_client_reads_them(  # noqa: PLR0913, PLR0917 - drawn by Hypothesis
    status, headers, body, sizes, interim, cuts
):
    """By length or in chunks, with an interim answer or not, however it arrives."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    if sizes is None:
        lines, sent = lines + b"Content-Length: %d\r\n" % len(body), body
    else:
        lines, sent = lines + b"TRANSFER-ENCODING: Chunked\r\n", _chunked(body, sizes)
    content = interim + b"HTTP/1.1 %d Some Words\r\n%b\r\n%b" % (status, lines, sent)
    answer, is_kept = _read(content, cuts)

    assert _by_http_client(content) == answer
    assert (status, body, True) == (answer[0], answer[2], is_kept)


@given(
    content=st.binary(max_size=200)
    | st.text("HTP/1. 20\r\n:Contet-Lghrasfdcunkig-Ecod;ABx", max_size=200).map(str.encode),
    start=st.sampled_from(
        [b"", b"HTTP/1.1 200 \r\n", b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"]
    ),
    cuts=CUTS,
)
def test_any_other_bytes_are_an_answer_or_an_answer_error(content, start, cuts):
    """Nothing that a server may send makes the reader fail in another way."""
    try:
        (status, headers, body), _ = _read(start + content, cuts)
    except AnswerError:
        return

    assert 200 <= status <= 999 or status < 100
    assert len(body) <= len(content)
    assert all(name == name.lower() for name in headers)


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 ²00 OK\r\nContent-Length: 0\r\n\r\n".encode("latin-1"),
        b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n{}" % (b"9" * 5000),
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{}" % (http1.BODY_LIMIT + 1),
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"x: %b\r\n" % (b"1" * 60_000) * 3
        + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: %b\r\nContent-Length: 0\r\n\r\n" % (b"1" * http1.HEAD_LIMIT),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"",
    ],
    ids=lambda content: repr(content[:90]),
)
def test_malformed_or_oversized_answers_are_refused(content):
    with pytest.raises(AnswerError):
        _read(content)


@pytest.mark.parametrize("sizes", [[], [4], [3, 3]])
def test_the_limit_of_a_body_holds_for_all_its_chunks_together(monkeypatch, sizes):
    monkeypatch.setattr(http1, "BODY_LIMIT", 7)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert b"1234567" == _read(head + _chunked(b"1234567", sizes))[0][2]
    with pytest.raises(AnswerError):
        _read(head + _chunked(b"12345678", sizes))


@pytest.mark.parametrize(
    ("content", "is_kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\n{}", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n", False),
    ],
)
def test_a_connection_is_kept_only_where_the_next_answer_is_certain(content, is_kept):
    """HTTP/1.0, `Connection: close` and bytes that nobody asked for end it."""
    assert is_kept == _read(content)[1]


def test_answers_that_drip_in_end_at_the_deadline():
    """Each byte in time does not help: the whole answer has one time-out."""
    moments = iter(range(100))
    reader = http1._Reader(Pieces([b"x"] * 100), b"HTTP/1.1 200", deadline=5)
    with patch("signalbox.http1.monotonic", lambda: next(moments)), pytest.raises(TimeoutError):
        http1._read_answer(reader)


def test_a_connection_left_behind_closes_its_socket():
    """A thread that ends leaves no open socket: the server sees the end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(listener.getsockname(), None, 1, 5)
        connection._socket = connection._open()
        accepted, _ = listener.accept()
        del connection
        with accepted:
            accepted.settimeout(5)

            assert b"" == accepted.recv(1)
