"""Poison: a record that no worker can read fails alone, and the others are done once."""

import json
from typing import Any

import pytest

from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox.model.dispatch import Dispatch
from signalbox.model.wire import packed
from tests.faults.world import World, event


def event_wire(**changes: Any) -> str:
    """Return an event's message with fields replaced, or left out where they are None."""
    message = json.loads(event(99).to_wire()) | changes
    return packed({name: value for name, value in message.items() if value is not None})


UNREADABLE = [
    "",
    "{",
    "null",
    "[]",
    "1",
    '"v"',
    "{}",
    "\x00",
    "[" * 100_000,
    packed({"v": 1}),
    event_wire(v=2),
    event_wire(v="1"),
    event_wire(account=None),
    event_wire(id=None),
    event_wire(at=None),
]
BAD_EVENTS = [
    *UNREADABLE,
    event_wire(address=None),
    event_wire(at="x"),
    event_wire(at=-1),
    event_wire(at=10**13),
    event_wire(received=10**20),
    event_wire().replace(f'"at":{event(99).at_ms}', '"at":1e999'),
    event_wire(id=7),
    event_wire(address=7),
    event_wire(address=["email:ada@signalbox.example"]),
    event_wire(account=7),
    event_wire(name={"a": 1}),
    event_wire(value=7),
    event_wire(properties="none"),
    event_wire(depth="deep"),
    event_wire(name="\ud800"),
    event_wire(address="email:\ud800@signalbox.example"),
]


def due(world: World, number: int = 99, **changes: Any) -> Dispatch:
    """Return the dispatch of the mail for an event of its own."""
    rules = world.people.call("GET", "/api/rules")[1]["rules"]
    fields = {"rule_version": rules[0]["version"], "action": 0} | changes
    return Dispatch(world.ada.contact_id, rules[0]["rule_id"], event=event(number), **fields)


def dispatch_wire(world: World, **changes: Any) -> str:
    """Return a dispatch's message with fields replaced, or left out where they are None."""
    message = json.loads(due(world).to_wire()) | changes
    return packed({name: value for name, value in message.items() if value is not None})


@pytest.mark.parametrize("bad", BAD_EVENTS, ids=lambda body: f"{body[:120]}")
def test_a_bad_event_fails_alone(world, bad):
    """Of ten events, the nine that can be read are logged and fire once; the bad one fails."""
    world.begin()
    place = BAD_EVENTS.index(bad) % 10
    bodies = [event(number).to_wire() for number in range(9)]
    bodies.insert(place, bad)

    done = world.invoke("track", track.handler, bodies)

    assert [number for number in range(10) if number != place] == done
    assert 9 == len(world.state().log)
    queued = [Dispatch.from_wire(body) for body in world.cloud.waiting("ACTIONS")]
    assert 9 * 2 == len({one.dispatch_id for one in queued}) == len(queued)


BAD_DISPATCHES: list[dict[str, Any]] = [
    {"v": 2},
    {"contact": None},
    {"rule": None},
    {"version": None},
    {"version": 99},
    {"action": None},
    {"action": 9},
    {"attempt": None},
    {"event": None},
    {"event": "{"},
    {"event": {}},
    {"event": event_wire(v=2)},
    {"event": event_wire(at="x")},
    {"action": "0"},
    {"version": "1"},
]


def check_dispatches(world: World, bad: str) -> None:
    """Assert that the bad one of three dispatches fails alone."""
    world.begin()
    bodies = [due(world, 1).to_wire(), bad, due(world, 2).to_wire()]

    done = world.invoke("dispatch", dispatch.handler, bodies)

    assert [0, 2] == done
    state = world.state()
    assert ["done", "done"] == [one.outcome for one in state.dispatches.values()]
    assert 2 == state.mails.total()


@pytest.mark.parametrize("bad", UNREADABLE, ids=lambda body: f"{body[:120]}")
def test_an_unreadable_dispatch_fails_alone(world, bad):
    """Of three dispatches, the two that can be read are performed once; the bad one fails."""
    check_dispatches(world, bad)


@pytest.mark.parametrize("changes", BAD_DISPATCHES, ids=str)
def test_a_bad_dispatch_fails_alone(world, changes):
    """The same for one that is nearly right."""
    check_dispatches(world, dispatch_wire(world, **changes))


def test_a_batch_of_nothing_but_poison_fails_whole(world):
    """An empty list of failures would mean that all went well."""
    world.begin()

    assert [] == world.invoke("track", track.handler, ["{"] * 3)
    assert [] == world.invoke("dispatch", dispatch.handler, ["{"] * 3)


def test_an_event_that_dynamodb_refuses_takes_no_other_down(world):
    """An item above 400 KB is refused with the whole batch; then each is written by itself."""
    world.begin()
    huge = event(5, value="x" * 410_000)
    bodies = [event(1).to_wire(), huge.to_wire(), event(2).to_wire()]

    done = world.invoke("track", track.handler, bodies)

    assert [0, 2] == done
    assert 2 == len(world.state().log)
