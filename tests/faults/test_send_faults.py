"""The sending worker, broken at every call that it makes."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from signalbox.model.event import Event
from signalbox.model.message import State
from signalbox.model.sending import first_pages
from signalbox.store import messages
from tests import mailings as town
from tests.cloud import forget
from tests.faults import sites
from tests.faults.enumerator import Break, Call, Mode
from tests.faults.world import NOON_MS, World, inhabited, items
from tests.mailings import ACCOUNT_ID, MAILING_ID, Workers, contact_id

SCENARIO = "mailing"
LIST = "5"
COUNT = 2
DYING = {Mode.DIE_BEFORE, Mode.DIE_AFTER}
UNANSWERED = {Mode.LOST, Mode.SERVER_ERROR}

CLAIM, LOOK, SETTLE = "messages.py:claim", "recipients.py:_read", "messages.py:_set"


class Left(NamedTuple):
    """What a run left behind."""

    mails: Counter[str]
    states: Counter[str]
    uncertain: list[str]
    told: set[str]
    mailing: tuple[str, int]
    open_parts: list[str]


class Sender(Workers):
    """Workers whose calls are counted, and break as they are told."""

    world: World

    def deliver(self, body: str) -> bool:
        """Hand a worker a message; what a process knew dies with it."""
        calls = self.world.calls
        calls.function = "send"
        deaths = self.deaths
        try:
            return super().deliver(body)
        finally:
            calls.function, calls.dead = "", False
            if self.deaths > deaths:
                forget()


@pytest.fixture(scope="module", name="world")
def _world(_mocked_aws) -> Iterator[World]:
    with inhabited() as world:
        town.write_contacts(world.cloud, COUNT, list_ids=[LIST])
        town.campaign([LIST])
        town.started(NOON_MS)
        world.cloud.waiting("SENDS")
        world.keep()
        yield world


def run(world: World, fault: Break | None = None) -> tuple[Left, list[Call]]:
    """Send the mailing with a fault; return what is left, and the calls."""
    world.begin(fault)
    workers = Sender(world.cloud, world.clock)
    workers.world = world
    workers.take()
    workers.waiting.clear()  # what the last run left
    (page,) = first_pages(town.standing())
    workers.put(page.to_wire(), time.time())
    workers.drain()
    ids = [contact_id(number) for number in range(COUNT)]
    found = messages.states_of(ACCOUNT_ID, MAILING_ID, ids).values()
    told = [Event.from_wire(one) for one in world.cloud.waiting("EVENTS")]
    left = Left(
        mails=town.recipients(),
        states=Counter(str(one.state) for one in found),
        uncertain=[one.contact_id for one in found if one.state is State.UNCERTAIN],
        told={one.event_id for one in told},
        mailing=(str(town.standing().state), town.standing().audience_size),
        open_parts=[
            one["sk"]["S"] for one in items(world.cloud, "TRACKING") if "part#" in one["sk"]["S"]
        ],
    )
    return left, world.calls.calls


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(world: World) -> tuple[Left, list[Call]]:
    return run(world)


def test_every_call_site_of_a_mailing_is_enumerated(undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    expected, calls = undisturbed

    assert {"sent": COUNT} == expected.states
    assert ("finished", COUNT) == expected.mailing
    sites.check(SCENARIO, [call.site for call in calls])


def check(world: World, expected: Left, calls: list[Call], number: int, mode: Mode) -> None:
    """Break a call; assert that nobody is missed, nobody gets two, and who is unsure is listed."""
    left, _ = run(world, Break(number, mode, seed=number))
    unsure = may_be_uncertain(calls[number], mode)
    sent = {f"sent-{MAILING_ID}-{contact_id(n)}" for n in range(COUNT)}
    unsaid = {f"sent-{MAILING_ID}-{one}" for one in left.uncertain}

    assert expected.mailing == left.mailing
    assert [] == left.open_parts
    assert COUNT == left.states["sent"] + left.states["uncertain"]
    assert left.states["uncertain"] == len(left.uncertain) == (1 if unsure else 0)
    assert {1} == set(left.mails.values())
    assert COUNT - left.states["uncertain"] <= left.mails.total() <= COUNT
    assert sent - unsaid == left.told


def may_be_uncertain(call: Call, mode: Mode) -> bool:
    """Tell whether nobody can know afterwards if a mail went out: after the claim, until the outcome."""
    site = str(call.site)
    if call.site.operation == "SendEmail":
        return mode in DYING | UNANSWERED
    if CLAIM in site:
        return mode is Mode.DIE_AFTER
    if LOOK in site:
        return mode in DYING
    return SETTLE in site and mode in {Mode.DIE_BEFORE, Mode.THROTTLE, Mode.SERVER_ERROR}


@pytest.mark.parametrize("site", sites.known().get(SCENARIO, []))
def test_a_fault_loses_nobody_and_doubles_nothing(site, world, undisturbed):
    """At the first call of each kind; after a failure or a death the queue brings the message back."""
    expected, calls = undisturbed
    number = next(at for at, call in enumerate(calls) if str(call.site) == site)

    for mode in sites.telling_modes(site):
        check(world, expected, calls, number, mode)


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
def test_a_fault_at_any_call_loses_nobody_and_doubles_nothing(mode, world, undisturbed):
    """The same at every call of a run, reads and all."""
    expected, calls = undisturbed

    for number, call in enumerate(calls):
        if mode in sites.modes(str(call.site)):
            check(world, expected, calls, number, mode)
