"""Ingest, broken at every call that it makes: accepted means queued, a failure says so."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.ingest import app as ingest
from signalbox.model.credential import Role
from tests.cloud import forget, http_event
from tests.faults import sites
from tests.faults.enumerator import Break, Death
from tests.faults.world import World
from tests.people import ACCOUNT_ID

TRIES = 4


@dataclass(frozen=True)
class Request:
    """A request as its caller repeats it; `logged` is how many events it stands for.

    `repeatable`: the caller may repeat it without harm.
    """

    path: str
    body: Callable[[World], str]
    headers: dict[str, str] = field(default_factory=dict)
    logged: int = 1
    repeatable: bool = True


def form(world: World, **changes: str) -> str:
    """Return the form of an event by Ada."""
    fields = {
        "actid": ACCOUNT_ID,
        "key": world.people.event_key,
        "event": "visit",
        "eventdata": "/prices",
        "visit": json.dumps({"email": "ada@signalbox.example"}),
    }
    return urlencode(fields | changes)


def batch(count: int, **changes: Callable[[int], Any]) -> Callable[[World], str]:
    """Return the body of so many events by Ada; `changes` are functions of the number."""

    def body(_world: World) -> str:
        sent = [
            {"name": "visit", "contact": {"email": "ada@signalbox.example"}, "value": str(number)}
            | {name: made(number) for name, made in changes.items()}
            for number in range(count)
        ]
        return json.dumps({"events": sent})

    return body


KEY = {"idempotency-key": "once"}
OWN_ID = {"id": lambda number: f"own-{number}"}
OWN_TIME = {"at": lambda number: f"2026-11-21T11:00:00.{number:03d}Z"}
REQUESTS = {
    "form": Request("/event", form, repeatable=False),
    "form-with-key": Request("/event", form, KEY),
    "form-refused": Request("/event", lambda world: form(world, key="wrong"), logged=0),
    "batch": Request("/api/events", batch(12), logged=12, repeatable=False),
    "batch-with-key": Request("/api/events", batch(12), KEY, logged=12),
    "batch-with-ids": Request("/api/events", batch(12, **OWN_ID, **OWN_TIME), logged=12),
    "batch-with-ids-alone": Request("/api/events", batch(3, **OWN_ID), logged=3),
}
CASES = [
    pytest.param(name, site, mode, id=f"{name}-{site}-{mode}")
    for name in REQUESTS
    for site in sites.known().get(name, [])
    for mode in sites.modes(site)
]


def send(world: World, request: Request) -> dict[str, Any] | None:
    """Send the request once; None where the process dies and nothing is answered."""
    headers = {"api-token": world.people.tokens[Role.EVENT]} | request.headers
    sent = http_event("POST", request.path, headers=headers, body=request.body(world))
    world.calls.function = "ingest"
    try:
        answer: dict[str, Any] = ingest.handler(sent, None)
    except Death:
        forget()
        return None
    else:
        return answer
    finally:
        world.calls.function, world.calls.dead = "", False


def send_until_answered(world: World, request: Request) -> list[dict[str, Any] | None]:
    """Send the request as a good caller does, again after a failure; return the answers."""
    answers: list[dict[str, Any] | None] = []
    for _ in range(TRIES):
        answers.append(send(world, request))
        answer = answers[-1]
        if answer is not None and answer["statusCode"] != 503:
            return answers
        world.clock.shift(5)
    raise AssertionError("the request was never answered")


def check_failure(answer: dict[str, Any] | None) -> None:
    """Assert that a failure tells the caller to come back."""
    if answer is None:
        return
    body = json.loads(answer["body"])
    assert (503, "5") == (answer["statusCode"], answer["headers"]["Retry-After"])
    assert "errors" in body or 0 == body["success"]


@pytest.mark.parametrize("name", REQUESTS)
def test_every_call_site_is_enumerated(name, world):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    world.begin()
    send(world, REQUESTS[name])

    sites.check(name, [call.site for call in world.calls.calls])


@pytest.mark.parametrize(("name", "site", "mode"), CASES)
def test_what_is_accepted_is_logged_once(name, site, mode, world):
    """Whatever breaks: no answer that says accepted lies, and repeating the request is safe."""
    request = REQUESTS[name]
    world.begin()
    send(world, request)
    kinds = [str(call.site) for call in world.calls.calls]

    for number in [index for index, kind in enumerate(kinds) if kind == site]:
        world.begin(Break(number, mode, seed=number))
        *failures, answer = send_until_answered(world, request)
        for failure in failures:
            check_failure(failure)
        assert answer is not None
        assert ({0: {403}}.get(request.logged) or {200, 202}) >= {answer["statusCode"]}
        world.drain()
        logged = len(world.state().log)
        if request.repeatable or not failures:
            assert request.logged == logged
        else:
            assert request.logged <= logged


@pytest.mark.parametrize("name", ["form-with-key", "batch-with-key", "batch-with-ids-alone"])
def test_a_repeat_is_the_same_event(name, world):
    """A request that is sent three times, days apart, is logged once."""
    world.begin()

    statuses = []
    for _ in range(3):
        answer = send(world, REQUESTS[name])
        assert answer is not None
        statuses.append(answer["statusCode"])
        world.drain()
        world.clock.shift(2 * 86_400)

    assert 1 == len(set(statuses))
    assert REQUESTS[name].logged == len(world.state().log)
