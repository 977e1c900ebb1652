"""Hostile input, drawn and collected, and its answers: a fault's name, or all of it is taken."""

import base64
import json
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from functions.ingest import app as ingest
from functions.track import app as track
from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event
from tests.cloud import http_event, sqs_event

MOST_OF_A_SCHEDULE = 262_144  # bytes that EventBridge Scheduler carries
MANY = settings(
    max_examples=1500,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
LONG = settings(
    MANY,
    max_examples=5_000,
    derandomize=False,
    print_blob=True,
    phases=[*MANY.phases, Phase.shrink],
)

NASTY = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ufffe\uffff",
    "\u202e\u2066",
    "\x7f\x85",
    "İ" * 64,
    "ß" * 200,
    "😀" * 100,
    "'\"`%<>{}",
    "%EVENT: x%",
    "A#100000001",
    "../../etc/passwd",
    "null",
    "1e309",
    "\r\nX-Injected: 1",
    "email:ada@signalbox.example",
    "٣",
    "a" * 33,
    "a" * 129,
    "a" * 32_769,
]
texts = st.sampled_from(NASTY) | st.text(max_size=40)
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([10**30, -(10**400), 1e308, -0.0, 2**53 + 1, 5e-324])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
emails = st.sampled_from(
    [
        "ada@signalbox.example",
        "ADA@SIGNALBOX.EXAMPLE",
        " ada@signalbox.example ",
        "nobody@signalbox.example",
        "a@b",
        "@",
        "a@@b",
        "a@" + "b." * 130 + "example",
        "a" * 65 + "@signalbox.example",
        "ä@bücher.example",
        "a@ß.example",
        "a@xn--.example",
        "a@\u200d.example",
        "a@..example",
        "a@[127.0.0.1]",
        'a#b"c@signalbox.example',
        "a\x00b@signalbox.example",
        "a@\u0661.example",
        "a@א1.example",
    ]
)

ADA = '{"name": "n", "contact": {"email": "ada@signalbox.example"}, %s}'
CORPUS = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"events"',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"\xed\xa0\x80",
    b"{" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"events":' * 20_000,
    b'{"events": [], "events": [1]}',
    b'{"events": {"0": {}}}',
    b'{"events": [' + b"0," * 500 + b"0]}",
    b'{"events": [' + b"1" * 5_000 + b"]}",
    b"x" * 262_144,
    b"x" * 262_145,
    *(
        ('{"events": [' + ADA % extra + "]}").encode()
        for extra in (
            '"value": NaN',
            '"properties": {"a": NaN}',
            '"properties": {"a": Infinity}',
            '"properties": {"a": 1e309}',
            '"properties": {"a": -1e309}',
            '"properties": {"a": 1e400}',
            '"properties": {"a": %s}' % ("9" * 4000),
            '"properties": {"a": %s}' % ("9" * 5000),
            '"properties": ' + '{"a":' * 31 + "1" + "}" * 31,
            '"properties": ' + '{"a":' * 40 + "1" + "}" * 40,
            '"value": "\\ud800"',
            '"value": "\\udfff\\ud800"',
            '"properties": {"\\ud800": 1}',
            '"properties": {"__proto__": {"a": 1}}',
            '"value": "\\u0000"',
            '"value": "a", "value": 1',
            '"name": "a", "name": "b"',
            '"at": 1',
            '"at": "2026-11-21T11:00:00"',
            '"id": ""',
            '"id": null',
            '"properties": {' + ",".join(f'"f{number}": {number}' for number in range(3000)) + "}",
            '"value": "%s"' % ("😀" * 32_768),
            '"value": "%s"' % ("ä" * 32_768),
            '"value": "%s"' % ('\\"' * 32_768),
            '"value": "%s"' % ("\\u0000" * 32_768),
        )
    ),
]


def ask(path: str, octets: bytes | None, **changes: Any) -> dict[str, Any]:
    """Send a body as the HTTP API hands it on: what may be binary comes as base64."""
    sent = http_event("POST", path)
    if octets is not None:
        sent |= {"body": base64.b64encode(octets).decode(), "isBase64Encoded": True}
    answer: dict[str, Any] = ingest.handler(sent | changes, None)
    return answer


def check_answer(answer: dict[str, Any], queued: list[str]) -> None:
    """Assert that the answer names a fault, or that what was taken can be tracked."""
    status, said = answer["statusCode"], json.loads(answer["body"])
    if status in {200, 202}:
        check_taken(queued)
    else:
        assert status in {400, 403, 409, 413}
        assert not queued
        words = said.get("message") or said["errors"][0]["message"]
        assert len(words) > 10
    queued.clear()


def check_taken(queued: list[str]) -> None:
    """Assert that every event that was taken is tracked, and that its dispatch can be carried."""
    assert queued
    for start in range(0, len(queued), 10):
        answer = track.handler(sqs_event(queued[start : start + 10]), None)
        assert {"batchItemFailures": []} == answer
    for body in queued:
        due = Dispatch("1" * 16, "1" * 16, 99, 19, Event.from_wire(body), 12)
        assert len(due.to_wire()) <= MOST_OF_A_SCHEDULE
