"""Idempotency keys, repeated redelivery in any order, and what changes while things are in flight."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from functions.dispatch import app as dispatch
from functions.ingest import app as ingest
from functions.track import app as track
from signalbox.model.credential import Role
from signalbox.model.dispatch import Dispatch, Outcome, SkipReason
from signalbox.model.event import Event
from signalbox.store import table
from tests.cloud import forget, http_event
from tests.faults.test_ingest_faults import KEY, batch, form
from tests.faults.world import State, World, event
from tests.people import ACCOUNT_ID

QUICK = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
LONG = settings(
    QUICK,
    max_examples=200,
    derandomize=False,
    print_blob=True,
    phases=[*QUICK.phases, Phase.shrink],
)
WEEK_S = 7 * 86_400

EVENTS = [
    event(1),
    event(2, who="nobody"),
    event(3, name="visit"),
    event(4, who="bob"),
    event(5, name="farewell"),
    event(6, name="visit", who="bob"),
]
LEAST, MOST = 1, 5


@st.composite
def deliveries(draw, messages: list[str]) -> list[list[str]]:
    """Draw batches that hold each message one to five times, in any order."""
    counts = [draw(st.integers(LEAST, MOST)) for _ in messages]
    repeated = [text for text, count in zip(messages, counts, strict=True) for _ in range(count)]
    shuffled = draw(st.permutations(repeated))
    batches: list[list[str]] = []
    while shuffled:
        size = draw(st.integers(1, 10))
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    return batches


def deliver(world: World, draw: st.DataObject) -> None:
    """Deliver the events and then the dispatches, each as often and in the order that is drawn."""
    for bodies in draw.draw(deliveries([one.to_wire() for one in EVENTS]), "events"):
        done = world.invoke("track", track.handler, bodies)
        assert len(bodies) == len(done)
        if draw.draw(st.booleans(), "a new process"):
            forget()
    queued = sorted(set(world.cloud.waiting("ACTIONS")))
    for bodies in draw.draw(deliveries(queued), "dispatches"):
        done = world.invoke("dispatch", dispatch.handler, bodies)
        assert len(bodies) == len(done)
    world.drain()


@pytest.fixture(scope="module", name="expected")
def _expected(world: World) -> State:
    """What is left when everything is delivered once, in order."""
    world.begin()
    world.send("EVENTS", *EVENTS)
    world.drain()
    return world.state()


def check_order(world: World, expected: State, draw: st.DataObject) -> None:
    """Deliver as drawn and compare with what everything once and in order leaves."""
    world.begin()
    deliver(world, draw)

    assert expected == world.state()


@QUICK
@given(draw=st.data())
def test_repeats_in_any_order_change_nothing(world, expected, draw):
    """Each message delivered 1 to 5 times, in any order, in batches of any size: the same state."""
    check_order(world, expected, draw)


@pytest.mark.soak
@LONG
@given(draw=st.data())
def test_repeats_in_any_order_change_nothing_in_the_long_run(world, expected, draw):
    """The same, many times more."""
    check_order(world, expected, draw)


CHANGES = {
    "edited": ("PUT", {"name": "edited once more"}, Outcome.DONE, ""),
    "other actions": (
        "PUT",
        {"actions": [{"kind": "send_email", "subject": "Other", "text": "Other"}]},
        Outcome.DONE,
        "",
    ),
    "disabled": ("PUT", {"status": "disabled"}, Outcome.SKIPPED, SkipReason.RULE_DISABLED),
    "deleted": ("DELETE", None, Outcome.SKIPPED, SkipReason.RULE_GONE),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_rule_that_changes_meanwhile_acts_as_its_version_says_or_is_skipped(world, change):
    """What is in flight when its rule is edited is performed as it was; else the log says why not."""
    method, changes, outcome, reason = CHANGES[change]
    world.begin()
    world.send("EVENTS", event(1))
    world.work("EVENTS")
    for rule in world.people.call("GET", "/api/rules")[1]["rules"]:
        names = ("name", "trigger", "trigger_settings", "actions", "status")
        wanted = {name: rule[name] for name in names} | changes if changes else None
        world.people.call(method, f"/api/rules/{rule['rule_id']}", wanted)
    world.drain()

    performed = world.state().dispatches.values()
    assert [outcome] * 2 == [one.outcome for one in performed]
    if reason:
        assert {reason} == {one.detail for one in performed}
        assert not world.state().mails
        assert not world.receiver.requests
    else:
        assert [("ada@signalbox.example", "Your file, Ada")] == [
            (to, subject) for to, subject, _ in world.state().mails
        ]
        assert 1 == len(world.receiver.bodies())


def test_a_contact_that_is_gone_in_between_is_a_logged_skip(world):
    """A dispatch whose contact is gone is skipped, and says so."""
    world.begin()
    world.send("EVENTS", event(1))
    world.work("EVENTS")
    contact = f"A#{ACCOUNT_ID}#contact#{world.ada.contact_id}"
    table.delete_many(world.cloud.variables["CONTACTS_TABLE"], [(contact, "contact")])
    world.drain()

    performed = world.state().dispatches.values()
    assert [("skipped", "contact_gone")] * 2 == [(one.outcome, one.detail) for one in performed]
    assert not world.state().mails


def accept(world: World, body: str, key: str = "once") -> int:
    """Send the form under a key and return the answer's status."""
    headers = {"idempotency-key": key}
    answer = ingest.handler(http_event("POST", "/event", headers=headers, body=body), None)
    assert (answer["statusCode"] == 200) == (json.loads(answer["body"])["success"] == 1)
    return int(answer["statusCode"])


def test_a_key_that_is_sent_twenty_times_at_once_is_one_event(world):
    """Twenty threads with one key and one body: all are accepted, one event is logged."""
    world.begin()
    body = form(world)
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: accept(world, body), range(20)))
    world.drain()

    assert [200] * 20 == statuses
    assert 1 == len(world.state().log)


def test_a_key_with_another_body_is_refused(world):
    """The second request under a key says 409, and is not queued."""
    world.begin()
    statuses = [accept(world, form(world)), accept(world, form(world, eventdata="/other"))]
    world.drain()

    assert [200, 409] == statuses
    assert 1 == len(world.state().log)


def test_a_batch_under_a_key_with_another_body_is_refused(world):
    """The native API says 409 as well."""
    world.begin()
    headers = KEY | {"api-token": world.people.tokens[Role.EVENT]}
    statuses = [
        ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)[
            "statusCode"
        ]
        for body in (batch(2)(world), batch(3)(world))
    ]

    assert [202, 409] == statuses


def test_a_key_is_free_after_a_week(world):
    """Within seven days it is the same event, after them a new one."""
    world.begin()
    statuses = [accept(world, form(world))]
    world.drain()
    world.clock.shift(WEEK_S - 60)
    statuses.append(accept(world, form(world)))
    world.drain()
    within = len(world.state().log)
    world.clock.shift(120)
    statuses.append(accept(world, form(world, eventdata="/other")))
    world.drain()

    assert [200] * 3 == statuses
    assert (1, 2) == (within, len(world.state().log))


def test_an_id_of_its_own_makes_an_event_the_same(world):
    """An event that comes again with its id and time is written over itself and fires once."""
    world.begin()
    same: list[Event] = [event(1), event(1, received_ms=event(2).received_ms)]
    for one in same:
        world.send("EVENTS", one)
        world.drain()

    assert 1 == len(world.state().log)
    assert {1} == set(world.state().mails.values())


def test_a_stale_try_does_not_undo_a_later_one(world):
    """A first try that comes late, after the second was done, changes nothing."""
    world.begin()
    world.send("EVENTS", event(1, name="farewell"))
    world.drain()
    before = world.state()
    (found,) = [item for item in world.cloud.items("TRACKING") if "dispatch#" in item["sk"]["S"]]
    world.send("ACTIONS", Dispatch.from_wire(found["body"]["S"]))
    world.drain()

    assert before == world.state()
