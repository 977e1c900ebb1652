"""Relay, broken at every call that it makes: whatever a caller repeats, nobody gets a mail twice."""

import base64
import json
from collections import Counter
from dataclasses import replace
from email import message_from_string
from typing import Any

import pytest

from functions.relay import app as relay
from signalbox.model.credential import Role
from signalbox.model.tracking_permission import Mode as Tracking
from signalbox.store import accounts
from tests.cloud import Context, forget, http_event
from tests.faults import sites
from tests.faults.enumerator import Break, Death, Mode, Site
from tests.faults.world import World, inhabited
from tests.people import ACCOUNT_ID

ADA, BOB = "ada@signalbox.example", "bob@signalbox.example"
RAW = (
    f"From: box@signalbox.example\r\nTo: {ADA}, {BOB}\r\nMessage-ID: <1@shop.example>\r\n"
    'Content-Type: text/html\r\n\r\n<a href="https://example.com/a">x</a>\r\n'
)
TRIES = 5
LEASE_S = 70
SCENARIOS = {
    "relay-tracked": (Tracking.PERSONAL, {}),
    "relay-untracked": (Tracking.OFF, {"x-signalbox-respect-opt-outs": "true"}),
}
CASES = [
    pytest.param(name, site, mode, id=f"{name}-{site}-{mode}")
    for name in SCENARIOS
    for site in sites.known().get(name, [])
    for mode in sites.telling_modes(site)
]


@pytest.fixture(scope="module", name="world")
def _world(_mocked_aws):
    with inhabited() as world:
        world.keep()
        yield world


def send(world: World, name: str) -> dict[str, Any] | None:
    """Hand in the mail once; None where the process dies and nothing is answered."""
    headers = {"api-token": world.people.tokens[Role.ADMIN], **SCENARIOS[name][1]}
    event = http_event("POST", "/relay", headers=headers)
    event |= {"body": base64.b64encode(RAW.encode()).decode(), "isBase64Encoded": True}
    world.calls.function = "relay"
    try:
        answer: dict[str, Any] = relay.handler(event, Context())
    except Death:
        forget()
        return None
    else:
        return answer
    finally:
        world.calls.function, world.calls.dead = "", False


def begin(world: World, name: str, fault: Break | None = None) -> None:
    """Put the account in the scenario's mode."""
    world.begin()
    account = accounts.fetch(ACCOUNT_ID)
    accounts.save(account, replace(account, relay_tracking_mode=SCENARIOS[name][0]))
    world.calls.begin(fault)


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(world: World) -> dict[str, tuple[int, list[Site]]]:
    """Of each scenario how many mails go out when nothing breaks, and the calls."""
    found: dict[str, tuple[int, list[Site]]] = {}
    for name in SCENARIOS:
        begin(world, name)
        send(world, name)
        found[name] = len(world.cloud.mails()), [call.site for call in world.calls.calls]
    return found


def send_until_answered(world: World, name: str) -> dict[str, Any]:
    """Hand in the mail as a good caller does, again after a failure; return the last answer."""
    for _ in range(TRIES):
        answer = send(world, name)
        if answer is not None and answer["statusCode"] != 503:
            return json.loads(answer["body"])
        world.clock.shift(LEASE_S)
    raise AssertionError("the request was never answered")


def received(world: World, name: str) -> Counter[str]:
    """Return how many mails each was sent."""
    mails = [message_from_string(raw) for raw in world.cloud.mails()]
    tracked = SCENARIOS[name][0] is not Tracking.OFF
    return Counter(
        one.get_payload().partition("/o/")[2][:60] if tracked else one["To"] for one in mails
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_call_site_is_enumerated(name, undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    sites.check(name, undisturbed[name][1])


@pytest.mark.parametrize(("name", "site", "mode"), CASES)
def test_a_repeat_doubles_nothing_and_loses_nothing(name, site, mode, world, undisturbed):
    """Each recipient got one mail, or is told to be uncertain: then it may have got it or not."""
    posts, calls = undisturbed[name]

    for number in [index for index, one in enumerate(calls) if str(one) == site]:
        begin(world, name, Break(number, mode, seed=number))
        answer = send_until_answered(world, name)
        states = Counter(one["state"] for one in answer["recipients"])
        unsure = min(states["uncertain"], posts)
        world.clock.shift(LEASE_S)
        repeat = send(world, name)

        assert 2 == states["sent"] + states["uncertain"]
        assert not unsure or may_be_uncertain(site, mode)
        assert posts - unsure <= len(world.cloud.mails()) <= posts
        assert {1} >= set(received(world, name).values())
        assert repeat is not None
        assert 200 == repeat["statusCode"]


def may_be_uncertain(site: str, mode: Mode) -> bool:
    """Tell whether nobody can know afterwards if a mail went out: after the claim, until it is noted."""
    dying = mode in (Mode.DIE_BEFORE, Mode.DIE_AFTER)
    if "SendEmail" in site:
        return dying or mode in (Mode.LOST, Mode.SERVER_ERROR)
    if "relays.py:take" in site:
        return dying
    return "relays.py:settle" in site and mode in (
        Mode.DIE_BEFORE,
        Mode.DIE_AFTER,
        Mode.THROTTLE,
        Mode.SERVER_ERROR,
    )
