"""Whatever the native API is sent as events is refused by name or tracked. Never a 5xx."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ingest import app as ingest
from signalbox.model.credential import Role
from tests.cloud import http_event
from tests.faults.hostile import CORPUS, LONG, MANY, NASTY, ask, check_answer, emails, texts, values
from tests.faults.world import World

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
