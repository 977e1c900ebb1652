"""Facts of channels/outbound.py, proved against real servers on loopback and fake names."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signalbox.channels import outbound
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Answer, Fault

PUBLIC = "93.184.215.14"
OTHER_PUBLIC = "93.184.215.15"
DRIPS = 500
Play = Callable[[socket.socket], None]


@dataclass
class Receiver:
    """A server that plays one part to everyone who connects, and keeps what it was told."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    sent: int = 0
    received: int = 0

    @property
    def hosts(self) -> frozenset[str]:
        """Return the allow-list on which it stands."""
        return frozenset({f"127.0.0.1:{self.port}"})

    def url(self, path: str = "/hook") -> str:
        """Return an address of it."""
        return f"http://127.0.0.1:{self.port}{path}"


def whole_request(connection: socket.socket) -> bytes:
    """Read a head, and the body whose length it tells."""
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65536)
        if not part:
            return request
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiver(play: Callable[[Receiver, socket.socket], None], tls: ssl.SSLContext | None = None):
    """Serve on a free port of loopback until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Receiver(listener.getsockname()[1])

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), closing(connection):
                    served = tls.wrap_socket(connection, server_side=True) if tls else connection
                    with closing(served):
                        play(server, served)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def answering(*parts: bytes) -> Callable[[Receiver, socket.socket], None]:
    """Play a receiver that reads the request and then says this."""

    def play(server: Receiver, connection: socket.socket) -> None:
        server.requests.append(whole_request(connection))
        for part in parts:
            connection.sendall(part)

    return play


def dripping(first: bytes) -> Callable[[Receiver, socket.socket], None]:
    """Play a receiver that sends a byte every few milliseconds, up to `DRIPS` of them."""

    def play(server: Receiver, connection: socket.socket) -> None:
        server.requests.append(whole_request(connection))
        connection.sendall(first)
        while server.sent < DRIPS:
            connection.sendall(b"x")
            server.sent += 1
            threading.Event().wait(0.01)

    return play


def flooding(first: bytes, total: int) -> Callable[[Receiver, socket.socket], None]:
    """Play a receiver that sends this many bytes if it may."""

    def play(server: Receiver, connection: socket.socket) -> None:
        server.requests.append(whole_request(connection))
        connection.sendall(first)
        block = b"x" * 65536
        while server.sent < total:
            connection.sendall(block)
            server.sent += len(block)

    return play


def names(table: dict[str, list[str]], asked: list[str] | None = None):
    """Resolve the names of a table; digits as the system does, all else not at all."""

    def resolver(host, port, *_):
        if asked is not None:
            asked.append(host)
        if host not in table:
            return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in table[host]
        ]

    return resolver


@pytest.fixture
def connections(monkeypatch) -> Iterator[list[tuple]]:
    """Note where connections go instead of making them."""
    made: list[tuple] = []

    def connect(_socket, address):
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return made


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


PRIVATE_NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "localhost.localdomain": ["::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata.google.internal.": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "169.254.169.254.nip.io": ["169.254.169.254"],
    "customer1.app.localhost": ["127.0.0.1"],
    "spoofed.example": ["10.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "xn--bcher-kva.example": ["192.168.0.1"],
    "two.example": [PUBLIC, "10.0.0.1"],
    "two6.example": [PUBLIC, "fd00::1"],
    "last.example": [PUBLIC, OTHER_PUBLIC, "2606:4700::1111", "169.254.169.254"],
}

REFUSED = [
    # This machine, in every spelling.
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "https://127.0.0.1/",
    "http://127.255.255.254/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://00000177.0.0.1/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x7f.1/",
    "http://0X7F.0.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.1%00/",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",  # noqa: RUF001 the wide digits are the point
    "http://0/",
    "http://0.0.0.0/",
    "http://0.0.0.0:8080/",
    "http://0.1.2.3/",
    "http://[::1]/",
    "http://[::1]:8080/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:7f00:0001]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://localhost.localdomain/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://customer1.app.localhost/",
    "http://127.0.0.1.nip.io/",
    # Networks behind this machine, and the cloud's own services.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials/",
    "http://169.254.169.123/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::a9fe:a9fe]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://metadata.google.internal/",
    "http://metadata.google.internal./",
    "http://metadata/",
    "http://instance-data/",
    "http://instance-data.ec2.internal/",
    "http://169.254.169.254.nip.io/",
    # What is nobody's, everybody's or on paper only.
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    # Names that lead inside, and names of which one address does.
    "https://spoofed.example/",
    "https://mapped.example/",
    "https://bücher.example/",
    "https://two.example/",
    "https://two6.example/",
    "https://last.example/",
    # URLs that say two things, or nothing that can be reached.
    f"http://{PUBLIC}@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://user:password@example.com/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com\t.evil/",
    "http://exam\nple.com/",
    "http://example.com/a\r\nHost: x",
    "http://example .com/",
    " http://example.com/",
    "http:///etc/passwd",
    "http:example.com",
    "//example.com/",
    "example.com",
    "",
    "http://",
    "http://[::1/",
    "http://exa_mple.com/",
    "http://example..com/",
    f"http://{'a' * 300}.example/",
    f"http://example.com/{'a' * 9000}",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com:70/_x",
    "dict://example.com:11211/",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    # Ports that are not the web's.
    f"http://{PUBLIC}:22/",
    f"http://{PUBLIC}:25/",
    f"http://{PUBLIC}:6379/",
    f"http://{PUBLIC}:9001/",
    f"http://{PUBLIC}:0/",
    f"http://{PUBLIC}:65536/",
    f"http://{PUBLIC}:-80/",
    f"http://{PUBLIC}:٨٠/",
    f"http://{PUBLIC}:8o/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_inside_or_disguised_is_refused_without_a_connection(url, connections):
    answer = outbound.request("POST", url, resolver=names(PRIVATE_NAMES))

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1/", {}),
        ("ftp://example.com/", {}),
        (f"http://{PUBLIC}:22/", {}),
        ("https://user@example.com/", {}),
        ("https://example.com/\ud800", {}),
        ("https://example.com/", {"X-A": "a\r\nX-B: b"}),
        ("https://example.com/", {"Host": "other.example"}),
    ],
)
def test_what_could_never_be_sent_is_refused_when_it_is_written_down(url, headers, connections):
    with pytest.raises(InvalidError):
        outbound.check(url, headers, frozenset(), field="actions.0")

    assert [] == connections


@pytest.mark.parametrize("url", ["https://example.com/%EMAIL%", "http://127.0.0.1:9999/"])
def test_what_can_be_sent_is_accepted_without_asking_for_its_name(url, connections):
    outbound.check(url, {"X-A": "b"}, frozenset({"127.0.0.1:9999"}), field="actions.0")

    assert [] == connections


@pytest.mark.parametrize("url", ["http://example.com/\ud800", "http://example.com/?\udfff"])
def test_a_url_that_no_encoding_has_is_invalid(url, connections):
    answer = outbound.request("POST", url, resolver=names({}))

    assert Fault.INVALID == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"http://{PUBLIC}/", (PUBLIC, 80)),
        (f"https://{PUBLIC}/", (PUBLIC, 443)),
        (f"http://{PUBLIC}:8080/", (PUBLIC, 8080)),
        (f"https://{PUBLIC}:8443/", (PUBLIC, 8443)),
        ("HTTPS://Hooks.Example/", (OTHER_PUBLIC, 443)),
        ("https://hooks.example./", (OTHER_PUBLIC, 443)),
        ("https://[2606:4700::1111]/", ("2606:4700::1111", 443, 0, 0)),
    ],
)
def test_public_addresses_are_reached(url, expected, connections):
    table = {"hooks.example": [OTHER_PUBLIC], "hooks.example.": [OTHER_PUBLIC]}

    answer = outbound.request("POST", url, resolver=names(table))

    assert Fault.CONNECTION == answer.fault
    assert [expected] == connections


def test_a_name_that_changes_its_address_is_asked_once_and_the_first_answer_is_used(connections):
    """DNS rebinding: public when it is judged, this machine when it is connected to."""
    answers = iter([[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def resolver(host, port, *rest):
        return names({host: next(answers)}, asked)(host, port, *rest)

    answer = outbound.request("POST", "http://rebinding.example/", resolver=resolver)

    assert Fault.CONNECTION == answer.fault
    assert [(PUBLIC, 80)] == connections
    assert ["rebinding.example"] == asked


def test_the_address_that_a_name_led_to_is_not_told():
    answer = outbound.request(
        "POST", "https://spoofed.example/", resolver=names({"spoofed.example": ["10.9.8.7"]})
    )

    assert "10.9.8.7" not in answer.summary
    assert "refused: the name leads to an address that is not public" == answer.summary


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


@pytest.mark.parametrize(
    "entry",
    [
        "127.0.0.1",
        "localhost:{port}",
        "127.0.0.2:{port}",
        "127.0.0.1:{other}",
        "27.0.0.1:{port}",
        "*:{port}",
        "0.0.0.0:{port}",
    ],
)
def test_an_allowed_host_is_that_host_and_port_and_no_other(entry, connections):
    port, other = 9999, 9998
    hosts = frozenset({entry.format(port=port, other=other)}) if ":" in entry else frozenset()

    answer = outbound.request("POST", f"http://127.0.0.1:{port}/", allowed_hosts=hosts)

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9998/",
        "http://127.0.0.2:9999/",
        "http://127.1:9999/",
        "http://[::ffff:127.0.0.1]:9999/",
        "http://x@127.0.0.1:9999/",
        "http://127.0.0.1:9999@10.0.0.1/",
        "ftp://127.0.0.1:9999/",
        f"http://{PUBLIC}:9999/",
        "http://localhost:9999/",
        "http://127.0.0.1/",
    ],
)
def test_an_allowed_host_opens_nothing_beside_it(url, connections):
    answer = outbound.request(
        "POST",
        url,
        allowed_hosts=frozenset({"127.0.0.1:9999"}),
        resolver=names(PRIVATE_NAMES),
    )

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.64.0.1", "224.0.0.1"])
def test_an_allowed_name_does_not_lead_to_metadata(address, connections):
    answer = outbound.request(
        "POST",
        "http://inside.example:9999/",
        allowed_hosts=frozenset({"inside.example:9999"}),
        resolver=names({"inside.example": [address]}),
    )

    assert Fault.REFUSED == answer.fault
    assert [] == connections


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("localhost:9999", ("127.0.0.1", 9999)),
        ("[::1]:9999", ("::1", 9999, 0, 0)),
        ("10.1.2.3:80", ("10.1.2.3", 80)),
        ("192.168.1.1:443", ("192.168.1.1", 443)),
    ],
)
def test_an_allowed_host_is_reached_although_private(entry, expected, connections):
    answer = outbound.request(
        "POST",
        f"http://{entry}/",
        allowed_hosts=frozenset({entry, "other.example:1"}),
        resolver=names(PRIVATE_NAMES),
    )

    assert Fault.CONNECTION == answer.fault
    assert [expected] == connections


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        answer = outbound.request("POST", server.url(), allowed_hosts=server.hosts)

    assert Answer(status=200) == answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the file of a certificate and key for hooks.example, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = dt.datetime.now(dt.UTC)
    names_of_it = [
        x509.DNSName("hooks.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names_of_it), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="module")
def serving(certificate):
    """Return the TLS settings of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("host", ["hooks.example", "hooks.example.", "127.0.0.1"])
def test_https_is_verified_against_the_name_and_answers(host, certificate, serving):
    play = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    with receiver(play, serving) as server:
        answer = outbound.request(
            "POST",
            f"https://{host}:{server.port}/",
            body=b"x",
            allowed_hosts=frozenset({f"{host}:{server.port}"}),
            resolver=names({"hooks.example": ["127.0.0.1"], "hooks.example.": ["127.0.0.1"]}),
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

    assert Answer(status=200, body="ok") == answer
    assert server.requests[0].endswith(b"\r\n\r\nx")


def test_https_with_another_names_certificate_gets_nothing(certificate, serving):
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n"), serving) as server:
        answer = outbound.request(
            "POST",
            f"https://other.example:{server.port}/",
            body=b"secret",
            allowed_hosts=frozenset({f"other.example:{server.port}"}),
            resolver=names({"other.example": ["127.0.0.1"]}),
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

    assert Fault.TLS == answer.fault
    assert "other.example" in answer.detail
    assert [] == server.requests


def test_https_with_an_unknown_authority_gets_nothing(serving):
    with receiver(answering(b"HTTP/1.1 200 OK\r\n\r\n"), serving) as server:
        answer = outbound.request(
            "POST", f"https://127.0.0.1:{server.port}/", allowed_hosts=server.hosts
        )

    assert Fault.TLS == answer.fault
    assert "self-signed" in answer.detail
    assert [] == server.requests


def test_https_to_a_server_without_tls_is_told():
    def play(_server: Receiver, connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with receiver(play) as server:
        answer = outbound.request(
            "POST", f"https://127.0.0.1:{server.port}/", allowed_hosts=server.hosts
        )

    assert Fault.TLS == answer.fault


def test_a_handshake_that_never_ends_is_a_time_out():
    over = threading.Event()
    with receiver(lambda _server, _connection: over.wait(10)) as server:
        answer = outbound.request(
            "POST", f"https://127.0.0.1:{server.port}/", allowed_hosts=server.hosts, seconds=0.2
        )
        over.set()

    assert Fault.TIMEOUT == answer.fault


def test_a_dripping_https_answer_is_left_at_the_deadline(certificate, serving):
    with receiver(dripping(b"HTTP/1.1 200 OK\r\nX: "), serving) as server:
        answer = outbound.request(
            "POST",
            f"https://127.0.0.1:{server.port}/",
            allowed_hosts=server.hosts,
            seconds=0.4,
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

    assert Fault.TIMEOUT == answer.fault
