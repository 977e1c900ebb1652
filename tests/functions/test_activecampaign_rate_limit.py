"""The limit of an account's requests in the dialect of ActiveCampaign."""

import json
from typing import Any

import pytest

from bench.metering import Meter
from functions.activecampaign import app, rate_limiting
from signalbox import access, aws
from signalbox.aws import AwsError
from signalbox.model.credential import Role
from signalbox.store import table
from tests.cloud import Context, http_event
from tests.people import People, settle

OTHER = "200000002"
NOW_US = 1_795_254_840_000_000
SECOND_US = 1_000_000
LIMITS = {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"}


class Clock:
    """A time that stands until it is moved."""

    now_us = NOW_US

    def __call__(self) -> int:
        """Return the time."""
        return self.now_us


@pytest.fixture(name="clock")
def _clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limiting, "now_us", clock)
    return clock


def limit(account: People, per_second: int) -> None:
    """Set the account's limit."""
    status, shown = account.call("PATCH", "/api/account", {"api_rate_limit": per_second})
    assert (200, per_second) == (status, shown["api_rate_limit"])


def ask(
    account: People,
    method: str = "GET",
    path: str = "/api/3/lists",
    *,
    key: str = "",
    body: Any = None,
) -> tuple[int, dict[str, str], Any]:
    """Ask the dialect; return status, the headers that tell of limits, and the body."""
    headers = {"api-token": key or account.tokens[Role.GLOBAL_ADMIN]}
    answer = app.handler(http_event(method, path, headers=headers, body=body), Context())
    told = {name.lower(): value for name, value in answer["headers"].items()}
    assert "application/json" == told["content-type"]
    limits = {name: value for name, value in told.items() if name in LIMITS}
    return answer["statusCode"], limits, json.loads(answer["body"])


def test_the_sixth_request_of_a_second_is_refused(account, clock):
    """Five a second, as the original has it: each answer tells what is left, the sixth is 429."""
    limit(account, 5)

    answers = [ask(account) for _ in range(6)]

    told = [
        (200, {"ratelimit-limit": "5", "ratelimit-remaining": str(left), "ratelimit-reset": "1"})
        for left in (4, 3, 2, 1, 0)
    ]
    assert told == [(status, limits) for status, limits, _ in answers[:5]]
    assert (
        429,
        {
            "ratelimit-limit": "5",
            "ratelimit-remaining": "0",
            "ratelimit-reset": "1",
            "retry-after": "1",
        },
        {"message": "Rate limit exceeded."},
    ) == answers[5]


def test_who_waits_as_told_is_answered_again(account, clock):
    """One place comes back in a fifth of a second, all of them in a whole one."""
    limit(account, 5)
    refused = [ask(account) for _ in range(6)][-1]
    clock.now_us += 200_000
    one_place = [ask(account)[0] for _ in range(2)]
    clock.now_us += int(refused[1]["retry-after"]) * SECOND_US

    assert [200, 429] == one_place
    assert [200] * 5 + [429] == [ask(account)[0] for _ in range(6)]


def test_what_is_refused_does_nothing(account, cloud, clock):
    """No contact is written by a request that is 429."""
    limit(account, 1)
    ask(account)
    before = cloud.items("CONTACTS")

    body = {"contact": {"email": "late@signalbox.example"}}
    status, _, _ = ask(account, "POST", "/api/3/contacts", body=body)

    assert (429, before) == (status, cloud.items("CONTACTS"))


def test_every_key_of_an_account_counts_and_no_other_account_does(account, clock):
    other = settle(OTHER)
    limit(account, 1)

    statuses = [ask(account, key=account.tokens[role])[0] for role in (Role.ADMIN, Role.VIEWER)]

    assert [200, 429] == statuses
    assert [(200, {})] * 3 == [ask(other)[:2] for _ in range(3)]


@pytest.mark.parametrize(
    ("method", "path", "role", "status"),
    [
        ("GET", "/api/3/contacts/100", Role.ADMIN, 404),
        ("GET", "/api/3/nothing", Role.ADMIN, 404),
        ("POST", "/api/3/contacts", Role.ADMIN, 422),
        ("POST", "/api/3/contacts", Role.VIEWER, 403),
        ("GET", "/api/3/lists", Role.EVENT, 403),
    ],
)
@pytest.mark.usefixtures("clock")
def test_refusals_count_and_tell_too(account, method, path, role, status):
    limit(account, 3)

    answered, limits, _ = ask(account, method, path, key=account.tokens[role])

    assert (status, "2") == (answered, limits["ratelimit-remaining"])


def test_who_shows_no_key_is_refused_as_ever_and_uses_up_nothing(account, clock):
    limit(account, 1)

    assert (403, {}) == ask(account, key="sb_100000001_" + "y" * 43)[:2]
    assert 200 == ask(account)[0]


def test_there_is_no_limit_unless_one_is_set(account, meter, cloud):
    """No header, nothing counted, and not one call more: a key's look-up brings the setting along."""
    access.forget()
    assert [(200, {})] * 30 == [ask(account)[:2] for _ in range(30)]

    assert {"BatchGetItem": 1, "Query": 30} == meter.calls
    assert [] == [item for item in cloud.items("TRACKING") if "rate-limit" in item["pk"]["S"]]


def test_a_limit_costs_a_write_a_request(account, meter, clock):
    limit(account, 1)
    ask(account)
    meter.reset()
    clock.now_us += SECOND_US

    assert 200 == ask(account)[0]
    assert {"UpdateItem": 1, "Query": 1} == meter.calls
    meter.reset()
    assert 429 == ask(account)[0]
    assert {"UpdateItem": 1} == meter.calls


@pytest.fixture(name="meter")
def _meter(account, monkeypatch) -> Meter:
    real = aws.call
    meter = Meter(lambda service, operation, request: real(service, operation, **request))
    monkeypatch.setattr(
        aws, "call", lambda service, operation, **request: meter(service, operation, request)
    )
    return meter


def test_a_limit_that_is_taken_away_is_gone(account, clock, monkeypatch):
    """At once for a new process, and after ten seconds for one that remembers it."""
    limit(account, 1)
    ask(account)
    limit(account, 0)
    remembered = ask(account)[0]
    moment = access.time.monotonic() + access.LIMIT_REMEMBERED_S
    monkeypatch.setattr(access.time, "monotonic", lambda: moment)

    assert (429, 10) == (remembered, access.LIMIT_REMEMBERED_S)
    assert [(200, {})] * 2 == [ask(account)[:2] for _ in range(2)]


@pytest.mark.parametrize("value", [-1, 501, 2.5, "many"])
def test_a_limit_that_cannot_be_is_refused(account, value):
    status, answer = account.call("PATCH", "/api/account", {"api_rate_limit": value})

    assert (422, "api_rate_limit") == (status, answer["errors"][0]["field"])


def test_a_request_that_cannot_be_counted_is_answered(account, clock, monkeypatch):
    """A fault of the counter refuses nobody; nothing is told of a limit that nobody knows."""
    limit(account, 1)
    ask(account)
    real = table.dynamodb

    def broken(operation: str, **request: Any) -> Any:
        if operation == "UpdateItem":
            raise AwsError("ThrottlingException", operation, 400, {})
        return real(operation, **request)

    monkeypatch.setattr(table, "dynamodb", broken)

    assert [(200, {})] * 2 == [ask(account)[:2] for _ in range(2)]


def test_a_key_that_cannot_be_looked_up_invites_another_try(account, monkeypatch):
    """One call is made in vain, not one for the limit and one for the route."""
    made = []

    def broken(operation: str, **_: Any) -> Any:
        made.append(operation)
        raise AwsError("InternalServerError", operation, 500, {})

    monkeypatch.setattr(table, "dynamodb", broken)

    message = {"message": "Signalbox cannot do this right now; try again."}
    assert (503, {}, message) == ask(account)
    assert ["BatchGetItem"] == made
