"""The lean client against a server that misbehaves, and against one that is not who it says."""

import threading

import pytest

from signalbox import awsjson, http1
from signalbox.awsjson import AwsError, Client, Credentials
from tests.awsjson_server import Authority, Step, answer, checked, scripted

OK = answer({"ok": 1})
BUSY = answer({"__type": "x#ThrottlingException", "message": "slow down"}, 400)
BROKEN = answer({"__type": "x#InternalServerError"}, 500)
NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
REQUEST = {"TableName": "things"}


@pytest.fixture(name="sleeps", autouse=True)
def _sleeps(monkeypatch):
    """Wait no real time; the fixture is the list of the waits asked for, at their longest."""
    asked = []
    monkeypatch.setattr(awsjson, "sleep", asked.append)
    monkeypatch.setattr(awsjson, "jitter", lambda: 1.0)
    return asked


def _client(server, **settings):
    credentials = Credentials("key", "secret")
    return Client(
        "dynamodb", endpoint=server.url, region="us-east-1", credentials=credentials, **settings
    )


def _call(server, **settings):
    return _client(server, **settings).call("GetItem", REQUEST)


def _refusal(server, **settings):
    with pytest.raises(AwsError) as raised:
        _call(server, **settings)
    return raised.value


def _connections(server):
    return [received.connection for received in server.received]


def test_one_connection_carries_many_calls():
    with scripted(OK, answer(b""), OK) as server:
        client = _client(server)
        answers = [client.call("GetItem", REQUEST) for _ in range(3)]

    assert [{"ok": 1}, {}, {"ok": 1}] == answers
    assert [1, 1, 1] == _connections(server)


@pytest.mark.parametrize("stale", [Step(OK, "close"), OK], ids=["closed", "reset"])
def test_a_stale_connection_is_replaced_at_once_and_does_not_count(stale, sleeps):
    """With a single attempt allowed, a kept connection that has died still costs nothing."""
    dead = [] if isinstance(stale, Step) else [Step(then="reset")]
    with scripted(stale, *dead, OK) as server:
        client = _client(server, attempts=1)
        client.call("GetItem", REQUEST)

        assert {"ok": 1} == client.call("GetItem", REQUEST)

    assert 2 == server.connections
    assert [] == sleeps


def test_a_long_unused_connection_is_not_trusted(monkeypatch):
    """After a freeze the other end may be gone silently, so a new connection is made."""
    with scripted(OK, OK) as server:
        client = _client(server)
        client.call("GetItem", REQUEST)
        woken_at = http1.time() + http1.IDLE_SECONDS + 1
        monkeypatch.setattr(http1, "time", lambda: woken_at)
        client.call("GetItem", REQUEST)

    assert [1, 2] == _connections(server)


@pytest.mark.parametrize("close", ["close", "Close", "x, close"])
def test_connection_close_is_honoured(close):
    with scripted(answer({}, connection=close), OK) as server:
        client = _client(server)
        client.call("GetItem", REQUEST)
        client.call("GetItem", REQUEST)

    assert [1, 2] == _connections(server)


@pytest.mark.parametrize(
    "fault",
    [
        Step(OK[:-3], "close"),
        Step(OK[:20], "close"),
        Step(then="close"),
        Step(then="reset"),
        Step(BROKEN),
        Step(answer(b"<html>", 503)),
        Step(answer(b"not JSON")),
        Step(answer([1])),
        Step(answer(b"\xff{}")),
        Step(answer({"wrong": "sum"}, x_amz_crc32=1)),
        Step(b"HTTP/1.1 200 OK\r\n\r\n", "close"),
        Step(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        Step(b"HTTP/1.1 200 OK\r\nlong: " + b"x" * http1.HEAD_LIMIT),
        Step(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
    ],
    ids=repr,
)
def test_a_passing_fault_is_repeated_on_a_sound_connection(fault, sleeps):
    with scripted(fault, checked({"ok": 2})) as server:
        assert {"ok": 2} == _call(server)

    assert 2 == len(server.received)
    assert server.received[0].body == server.received[1].body
    assert [0.05] == sleeps


def test_a_damaged_answer_is_never_believed():
    with scripted(*[answer({"ok": 1}, x_amz_crc32=1)] * 3) as server:
        error = _refusal(server)

    assert ("AnswerError", 0) == (error.code, error.status)
    assert [1, 2, 3] == _connections(server)


@pytest.mark.parametrize(
    ("fault", "code", "status", "waits"),
    [
        (BUSY, "ThrottlingException", 400, [1, 2, 4]),
        (answer(b"", 429), "429", 429, [1, 2, 4]),
        (BROKEN, "InternalServerError", 500, [0.05, 0.1, 0.2]),
        (Step(then="close"), "ConnectionError", 0, [0.05, 0.1, 0.2]),
        (Step(then="wait"), "TimeoutError", 0, [0.05, 0.1, 0.2]),
        (Step(OK[:-2], "wait"), "TimeoutError", 0, [0.05, 0.1, 0.2]),
    ],
    ids=["throttled", "too many", "broken", "closed", "silent", "half"],
)
def test_a_lasting_fault_is_an_error_after_the_last_attempt(fault, code, status, waits, sleeps):
    """Waits double; after throttling they start twenty times longer."""
    with scripted(*[fault] * 4) as server:
        error = _refusal(server, attempts=4, read_timeout=0.1)

    assert (code, status) == (error.code, error.status)
    assert 4 == len(server.received)
    assert waits == sleeps


def test_throttling_that_ends_is_overcome():
    with scripted(BUSY, BUSY, OK) as server:
        assert {"ok": 1} == _call(server)


def test_waits_are_a_random_part_of_their_limit(monkeypatch, sleeps):
    """Full jitter: anything from nothing to the whole limit, as `jitter` says."""
    parts = iter([0.0, 0.5])
    monkeypatch.setattr(awsjson, "jitter", lambda: next(parts))
    with scripted(BUSY, BUSY, OK) as server:
        _call(server)

    assert [0.0, 1.0] == sleeps


@pytest.mark.parametrize(("byte", "expected"), [(0, 0.0), (128, 0.5), (255, 1.0)])
def test_jitter_covers_zero_to_below_one(monkeypatch, byte, expected):
    """The first byte of randomness is the first binary digits of the number."""
    monkeypatch.undo()
    monkeypatch.setattr(awsjson.os, "urandom", lambda size: bytes([byte]) * size)

    assert expected == round(awsjson.jitter(), 2)
    assert awsjson.jitter() < 1


def test_waits_have_an_upper_bound(sleeps):
    with scripted(*[BUSY] * 7) as server:
        _refusal(server, attempts=7)

    assert [1, 2, 4, 8, 16, 20] == sleeps


def test_a_refusal_is_not_repeated(sleeps):
    refusal = answer({"__type": "x#ValidationException", "message": "no"}, 400)
    with scripted(refusal) as server:
        error = _refusal(server)

    assert ("ValidationException", "no", 400) == (error.code, error.message, error.status)
    assert "ValidationException: no" == str(error)
    assert [] == sleeps


def test_an_address_where_nobody_listens_is_a_connection_error():
    with scripted() as server:
        pass

    assert ("ConnectionError", 0) == ((error := _refusal(server)).code, error.status)


def _late(date="Tue, 14 Nov 2023 23:13:20 GMT"):
    return answer({"__type": "x#InvalidSignatureException", "message": "expired"}, 403, date=date)


def test_a_wrong_clock_is_corrected_once_and_stays_corrected(monkeypatch, sleeps):
    """The server is an hour ahead: the repeat and all later calls are signed with its time."""
    monkeypatch.setattr(awsjson, "time", lambda: NOW)
    with scripted(_late(), OK, OK) as server:
        client = _client(server, attempts=1)
        client.call("GetItem", REQUEST)
        client.call("GetItem", REQUEST)

    assert ["20231114T221320Z", "20231114T231320Z", "20231114T231320Z"] == [
        received.headers["x-amz-date"] for received in server.received
    ]
    assert [] == sleeps


@pytest.mark.parametrize(
    "answers",
    [
        [_late("Tue, 14 Nov 2023 22:14:00 GMT")],
        [_late("yesterday")],
        [_late(), _late("Wed, 15 Nov 2023 23:13:20 GMT")],
    ],
    ids=["the clock is right", "the server's is unreadable", "the server's jumps"],
)
def test_a_signature_that_is_wrong_for_another_reason_is_refused(monkeypatch, answers):
    monkeypatch.setattr(awsjson, "time", lambda: NOW)
    with scripted(*answers) as server:
        error = _refusal(server)

    assert ("InvalidSignatureException", 403) == (error.code, error.status)
    assert len(answers) == len(server.received)


def test_two_threads_have_a_connection_each():
    """Calls that are under way at the same time do not share a socket."""
    with scripted(OK, OK) as server:
        client = _client(server)
        together = threading.Barrier(2)
        answers = []

        def call():
            together.wait()
            answers.append(client.call("GetItem", REQUEST))
            together.wait()

        threads = [threading.Thread(target=call) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [{"ok": 1}] * 2 == answers
    assert [1, 2] == sorted(_connections(server))


@pytest.mark.parametrize("value", [b"raw", {1}, float("nan")], ids=repr)
def test_what_json_cannot_carry_is_refused_before_anything_is_sent(value):
    with scripted() as server, pytest.raises((TypeError, ValueError)):
        _client(server).call("PutItem", {"Item": value})

    assert [] == server.received


@pytest.fixture(name="authority")
def _authority(tmp_path, monkeypatch):
    """A certificate authority that is trusted by nobody yet."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    http1.tls_context.cache_clear()
    yield Authority(tmp_path)
    http1.tls_context.cache_clear()


def test_a_certificate_of_the_given_authority_is_accepted(authority):
    with scripted(OK, OK, context=authority.context()) as server:
        client = _client(server, ca_file=str(authority.file))
        answers = [client.call("GetItem", REQUEST) for _ in range(2)]

    assert [{"ok": 1}] * 2 == answers
    assert [1, 1] == _connections(server)


@pytest.mark.parametrize(
    "certificate",
    [{"name": "other.example"}, {"name": "127.0.0.2"}, {"days": -1}],
    ids=["other name", "other address", "expired"],
)
def test_a_certificate_that_does_not_fit_is_refused(authority, certificate):
    with scripted(OK, context=authority.context(**certificate)) as server:
        error = _refusal(server, ca_file=str(authority.file))

    assert ("CertificateError", 0) == (error.code, error.status)
    assert [] == server.received
    assert 1 == server.connections


def test_an_unknown_authority_is_refused_and_never_asked_again(authority, sleeps):
    """Both sets of roots are tried, then it ends: nothing is sent, nothing repeated."""
    with scripted(OK, context=authority.context()) as server:
        error = _refusal(server)

    assert "CertificateError" == error.code
    assert [] == server.received
    assert 2 == server.connections
    assert [] == sleeps


def test_the_systems_roots_are_asked_where_amazons_do_not_suffice(authority, monkeypatch):
    """The second set is found once; later connections begin with it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    closing = Step(answer({"ok": 1}, connection="close"), "close")
    with scripted(closing, closing, context=authority.context()) as server:
        client = _client(server)
        client.call("GetItem", REQUEST)
        client.call("GetItem", REQUEST)

    assert [2, 3] == _connections(server)


def test_the_shipped_roots_are_amazons():
    """The small set of roots holds the five of Amazon Trust Services, all valid."""
    names = [
        dict(pair for part in root["subject"] for pair in part)["commonName"]
        for root in http1.tls_context(awsjson._AMAZON_ROOTS).get_ca_certs()
    ]

    assert [
        "Amazon Root CA 1",
        "Amazon Root CA 2",
        "Amazon Root CA 3",
        "Amazon Root CA 4",
        "Starfield Services Root Certificate Authority - G2",
    ] == sorted(names)
