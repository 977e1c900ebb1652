"""Hostile input: what comes is refused with the fault's name, or taken whole. Never a 5xx."""

import base64
import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from functions.ingest import app as ingest
from functions.track import app as track
from signalbox import queues
from signalbox.model.credential import Role
from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event
from tests.cloud import Context, http_event, sqs_event
from tests.faults.world import World
from tests.people import ACCOUNT_ID

MOST_OF_A_SCHEDULE = 262_144  # bytes that EventBridge Scheduler carries
MANY = settings(
    max_examples=1500,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
SOME = settings(MANY, max_examples=300)
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
times = st.sampled_from(
    [
        "2026-11-21T11:00:00Z",
        "2026-11-21T11:00:00+23:59",
        "2026-11-21",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-W47-6T11:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "T",
        "٢٠٢٦-11-21T11:00:00Z",
    ]
)
sent_events = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | values,
        "contact": st.fixed_dictionaries({"email": emails | texts})
        | st.fixed_dictionaries({"id": texts | st.from_regex("[0-9]{1,20}", fullmatch=True)})
        | values,
        "value": texts | values,
        "properties": st.dictionaries(texts, values, max_size=4) | values,
        "at": times | values,
        "id": texts | values,
        "more": values,
    },
)
likely_events = st.fixed_dictionaries(
    {"name": texts, "contact": st.fixed_dictionaries({"email": emails})},
    optional={
        "value": texts,
        "properties": st.dictionaries(texts, values, max_size=3),
        "at": times,
        "id": texts,
    },
)
bodies = (
    st.fixed_dictionaries({"events": st.lists(likely_events, min_size=1, max_size=3)}).map(
        json.dumps
    )
    | st.fixed_dictionaries({"events": st.lists(sent_events, max_size=3)}).map(json.dumps)
    | values.map(json.dumps)
    | st.text(max_size=60)
)
raw = bodies.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=60)

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


@pytest.fixture(scope="module", name="queued")
def _queued(world: World):
    """What ingest queues, instead of the queue: thousands of cases need no more of it."""
    taken: list[str] = []

    def take(operation: str, **request: Any) -> dict[str, Any]:
        sent = [request] if operation == "SendMessage" else request["Entries"]
        taken.extend(one["MessageBody"] for one in sent)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        world.begin()
        patch.setattr(queues, "sqs", take)
        yield taken


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


def check_batch(world: World, queued: list[str], body: bytes) -> None:
    """Send a body to the native API."""
    token = world.people.tokens[Role.EVENT]
    headers = {"api-token": token}
    check_answer(ask("/api/events", body, headers=headers), queued)


@pytest.mark.parametrize("body", CORPUS, ids=lambda body: f"{body[:40]!r}-{len(body)}")
def test_a_nasty_batch_is_refused_by_name_or_tracked(world, queued, body):
    """The corpus: what parsers stumble over."""
    check_batch(world, queued, body)


@MANY
@given(body=raw)
def test_any_batch_is_refused_by_name_or_tracked(world, queued, body):
    """Whatever the native API is sent."""
    check_batch(world, queued, body)


@pytest.mark.soak
@LONG
@given(body=raw)
def test_any_batch_is_refused_by_name_or_tracked_in_the_long_run(world, queued, body):
    """The same, many times more."""
    check_batch(world, queued, body)


visits = (
    emails.map(lambda email: json.dumps({"email": email}))
    | values.map(json.dumps)
    | st.sampled_from(
        ['{"email": "\\ud800@a.example"}', '{"email":1e309}', "[" * 5000, "{}", "NaN"]
    )
)
octets = texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=20)
form_fields = st.fixed_dictionaries(
    {},
    optional={
        "actid": st.just(ACCOUNT_ID.encode()) | octets,
        "key": octets,
        "event": octets,
        "eventdata": octets,
        "visit": visits.map(str.encode) | octets,
        "visit[email]": emails.map(str.encode) | octets,
        "more": octets,
    },
)


def check_form(
    world: World, queued: list[str], fields: dict[str, bytes], *, valid: bool, where: str
) -> None:
    """Send a form; a `valid` one has all that is needed, and then the drawn fields."""
    usual = {
        "actid": ACCOUNT_ID.encode(),
        "key": world.people.event_key.encode(),
        "event": b"n",
        "visit": b'{"email":"ada@signalbox.example"}',
    }
    fields = (
        {name: value for name, value in fields.items() if name not in {"actid", "key"}}
        if valid
        else fields
    )
    whole = (usual | fields) if valid else fields
    text = "&".join(
        f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}"
        for name, value in whole.items()
    )
    if where == "query":
        answer = ask("/event", None, rawQueryString=text)
    else:
        answer = ask("/event", text.encode())
    check_answer(answer, queued)


@MANY
@given(fields=form_fields, valid=st.booleans(), where=st.sampled_from(["query", "body"]))
@example(fields={"eventdata": "😀".encode() * 20_000}, valid=True, where="body")
@example(fields={"eventdata": b"x" * 32_768}, valid=True, where="body")
@example(fields={"eventdata": b"x" * 32_769}, valid=True, where="body")
@example(fields={"event": b"x" * 32}, valid=True, where="body")
@example(fields={"event": b"x" * 33}, valid=True, where="body")
def test_any_form_is_refused_by_name_or_tracked(world, queued, fields, valid, where):
    """Whatever the event form is sent."""
    check_form(world, queued, fields, valid=valid, where=where)


@pytest.mark.soak
@LONG
@given(fields=form_fields, valid=st.booleans(), where=st.sampled_from(["query", "body"]))
def test_any_form_is_refused_by_name_or_tracked_in_the_long_run(
    world, queued, fields, valid, where
):
    """The same, many times more."""
    check_form(world, queued, fields, valid=valid, where=where)


@MANY
@given(body=st.binary(max_size=80) | st.text("%&=+;\x00aé😀", max_size=80).map(str.encode))
@example(body=b"&".join(b"a%d=1" % number for number in range(64)))
@example(body=b"&".join(b"a%d=1" % number for number in range(65)))
@example(body=b"&" * 262_144)
@example(body=b"x" * 262_145)
def test_any_text_in_place_of_a_form_is_refused_by_name(queued, body):
    """What is no form at all."""
    check_answer(ask("/event", body), queued)


@pytest.mark.parametrize("path", ["/event", "/api/events"])
@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {}},
        {"headers": {"api-token": ""}},
        {"headers": {"api-token": "\ud800", "idempotency-key": "\x00"}},
        {"headers": {"api-token": "sb_100000001_" + "é" * 43}},
        {"body": None},
        {"body": "", "isBase64Encoded": True},
        {"body": "not base64!", "isBase64Encoded": True},
        {"body": "é", "isBase64Encoded": True},
        {"body": "\ud800"},
        {"body": "a" * 600_000},
        {"rawQueryString": "%"},
        {"rawQueryString": "%FF=%FF"},
    ],
    ids=str,
)
def test_weird_requests_are_refused_by_name(queued, path, changes):
    """Requests that lack what others have, or have what others lack."""
    check_answer(ask(path, None, **changes), queued)


@pytest.mark.parametrize("lacking", ["headers", "body", "rawQueryString", "isBase64Encoded"])
@pytest.mark.parametrize("path", ["/event", "/api/events"])
def test_a_request_without_a_part_is_refused_by_name(queued, path, lacking):
    """Parts of the HTTP API's event that it leaves out where they are empty."""
    sent = http_event("POST", path, body="")
    sent.pop(lacking)
    check_answer(ingest.handler(sent, None), queued)


@pytest.mark.parametrize("repeat_key", ["\x00", "é", "k" * 10_000, "a,b", " "])
def test_any_idempotency_key_will_do(world, queued, repeat_key):
    """A key is any text; only its digest is kept."""
    body = json.dumps({"events": [{"name": "n", "contact": {"email": "ada@signalbox.example"}}]})
    headers = {"api-token": world.people.tokens[Role.EVENT], "idempotency-key": repeat_key}
    check_answer(ask("/api/events", body.encode(), headers=headers), queued)


def test_whatever_was_tracked_can_be_shown(world, queued):
    """Odd names, values and properties come back out of both APIs as they went in."""
    sent = [
        {"name": name, "contact": {"email": "bob@signalbox.example"}, "value": name}
        | {"properties": {name: [10**30, 1e308, -0.0, None, name]}}
        for name in NASTY
        if name.strip() and len(name) < 128
    ]
    check_batch(world, queued, json.dumps({"events": sent}).encode())

    found = {one["value"]: one["properties"] for one in shown(world)}
    assert len(sent) == len(found)
    for one in sent:
        assert one["properties"] == found[one["value"]]
    path = f"/api/3/contacts/{world.bob.contact_id}/trackingLogs"
    assert 200 == world.people.call("GET", path)[0]


def shown(world: World) -> list[dict[str, Any]]:
    """Return Bob's events as the native API shows them."""
    path = f"/api/contacts/{world.bob.contact_id}/activities"
    status, found = world.people.call("GET", path, query="limit=100")
    assert status == 200
    events: list[dict[str, Any]] = found["events"]
    return events


ADMIN = [
    ("POST", "/api/contacts"),
    ("POST", "/api/rules"),
    ("PATCH", "/api/account"),
    ("POST", "/api/event-names"),
    ("POST", "/api/keys"),
    ("PUT", "/api/rules/1"),
]
rules = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | values,
        "trigger": st.just("event_recorded") | values,
        "trigger_settings": st.fixed_dictionaries({"event_name": st.just("download") | texts}),
        "actions": st.lists(
            st.fixed_dictionaries(
                {"kind": st.sampled_from(["send_email", "webhook"])},
                optional={
                    "subject": texts,
                    "text": texts,
                    "html": texts,
                    "sender": emails,
                    "reply_to": emails,
                    "url": texts | st.sampled_from(["https://a.example", "http://[", "https://é"]),
                    "headers": st.dictionaries(texts, texts, max_size=3),
                },
            )
            | values,
            max_size=3,
        ),
        "status": texts,
    },
)
contacts = st.fixed_dictionaries(
    {},
    optional={
        "email": emails | values,
        "first_name": texts | values,
        "phone": texts,
        "fields": st.dictionaries(texts, texts, max_size=3) | values,
    },
)
settings_sent = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | values,
        "tracking_enabled": values,
        "time_zone": texts | values,
        "mail_from": emails | values,
        "retention_days": numbers | values,
        "api_rate_limit": numbers | values,
        "role": texts | st.sampled_from(list(Role)),
        "email": emails,
    },
)
admin_bodies = (rules | contacts | settings_sent | values).map(json.dumps).map(
    lambda text: text.encode("utf-8", "surrogatepass")
) | st.binary(max_size=40)


def check_admin(world: World, method: str, path: str, body: bytes, *, encoded: bool) -> None:
    """Send a body to the native API and assert that it is refused by name or taken."""
    sent = http_event(method, path, headers={"api-token": world.people.tokens[Role.GLOBAL_ADMIN]})
    sent |= (
        {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        if encoded
        else {"body": body.decode("utf-8", "replace")}
    )
    from functions.admin import app as admin  # noqa: PLC0415 loads pydantic, which ingest never needs

    answer = admin.handler(sent, Context())

    assert 200 <= answer["statusCode"] < 500
    if answer["statusCode"] >= 400:
        (first, *_) = json.loads(answer["body"])["errors"]
        assert first["message"]


@SOME
@given(call=st.sampled_from(ADMIN), body=admin_bodies, encoded=st.booleans())
def test_any_body_of_the_native_api_is_refused_by_name_or_taken(admin_world, call, body, encoded):
    """Whatever configuration is sent."""
    check_admin(admin_world, *call, body, encoded=encoded)


@pytest.mark.parametrize("body", CORPUS[:17], ids=lambda body: f"{body[:40]!r}-{len(body)}")
@pytest.mark.parametrize("call", ADMIN, ids=" ".join)
@pytest.mark.parametrize("encoded", [False, True])
def test_a_nasty_body_of_the_native_api_is_refused_by_name(admin_world, call, body, encoded):
    """The corpus, sent to every operation that takes a body."""
    check_admin(admin_world, *call, body, encoded=encoded)


@pytest.mark.soak
@settings(LONG, max_examples=2_000)
@given(call=st.sampled_from(ADMIN), body=admin_bodies, encoded=st.booleans())
def test_any_body_of_the_native_api_is_refused_by_name_or_taken_in_the_long_run(
    admin_world, call, body, encoded
):
    """The same, many times more."""
    check_admin(admin_world, *call, body, encoded=encoded)


@pytest.fixture(scope="module", name="admin_world")
def _admin_world(world: World, queued):
    """The world once more; these tests change its configuration, so they come last."""
    return world
