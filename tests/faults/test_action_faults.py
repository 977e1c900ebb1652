"""A rule that is checked first, waits, and acts in every way, broken at every call on its way."""

import json
from dataclasses import replace

import pytest

from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.dispatch import Outcome
from signalbox.model.field import Field
from signalbox.model.tag import Tag
from signalbox.store import contact_tags, containers, event_names, fields, lists, tags
from tests.faults import sites
from tests.faults.enumerator import Break, Call, Mode
from tests.faults.stored import masked
from tests.faults.world import State, World, event, inhabited
from tests.people import ACCOUNT_ID as A

SCENARIO = "acting"
OPT_OUTS, CAMPAIGN = ContainerKind.EMAIL_OPT_OUT_LIST, ContainerKind.EMAIL_CAMPAIGN
# The calls that every event sets off are broken in test_worker_faults, and here in the soak.
USUAL = set(sites.known().get("several", []))
CASES = [
    pytest.param(site, mode, id=f"{site}-{mode}")
    for site in sites.known().get(SCENARIO, [])
    if site not in USUAL
    for mode in sites.telling_modes(site)
]


class Acting:
    """A rule with conditions on the contact, a limit, and actions of which some wait."""

    def __init__(self, world: World) -> None:
        self.world = world
        event_names.register(A, "signup", 1)
        event_names.register(A, "welcomed", 1)
        lists.create(ContactList(A, "1", "News"))
        containers.create(Container(A, OPT_OUTS, "2", "Never"))
        containers.create(Container(A, CAMPAIGN, "4", "Summer"))
        tags.create(Tag(A, "8", "VIP"))
        tags.create(Tag(A, "7", "New"))
        contact_tags.add(A, world.ada.contact_id, "7", now_ms=1)
        fields.create(Field(A, "9", "Company", "COMPANY"))
        world.people.rule(
            {"kind": "add_tag", "tag_id": "8"},
            {"kind": "set_field", "field": "COMPANY", "value": "%EVENT: signup%"},
            {"kind": "add_to_list", "list_id": "1", "wait": {"seconds": 60}},
            {"kind": "add_to_campaign", "campaign_id": "4"},
            {"kind": "add_to_opt_out_list", "list_id": "2", "wait": {"seconds": 3600}},
            {"kind": "record_event", "name": "welcomed", "value": "%FIRSTNAME%"},
            {"kind": "ping_url", "method": "POST", "url": world.receiver.url("/ok")},
            event_name="signup",
            conditions={"contact": {"first_name": ["Ada"]}},
            once={"period_s": 86_400},
        )
        world.people.rule({"kind": "remove_tag", "tag_id": "7"}, event_name="welcomed")
        world.keep()

    def scenario(self, world: World) -> None:
        """One who is acted on, one who is not, and the first once more, too early for the limit."""
        world.send("EVENTS", event(1, name="signup"), event(2, name="signup", who="bob"))
        world.drain()
        world.send("EVENTS", event(3, name="signup"))
        world.drain()

    def left(self) -> State:
        """Return what stands now, without the times at which it was done."""
        state = self.world.state()
        return replace(
            state,
            setup=[masked(json.dumps(item), {}) for item in state.setup],
            other={key: masked(json.dumps(item), {}) for key, item in state.other.items()},
        )


@pytest.fixture(scope="module", name="acting")
def _acting(_mocked_aws):
    with inhabited() as world:
        yield Acting(world)


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(acting: Acting) -> tuple[State, list[Call]]:
    """What is left, and which calls are made, when nothing goes wrong."""
    acting.world.begin()
    acting.scenario(acting.world)
    return acting.left(), acting.world.calls.calls


def test_every_call_site_is_enumerated(undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    _, calls = undisturbed

    sites.check(SCENARIO, [call.site for call in calls])


def test_every_action_is_performed_once(undisturbed):
    """Three checks of which one fires, seven actions, and the one that they lead to."""
    state, _ = undisturbed

    done = [one.kind for one in state.dispatches.values() if one.outcome == Outcome.DONE]
    assert sorted(
        [
            *("check", "add_tag", "set_field", "add_to_list", "add_to_campaign"),
            *("add_to_opt_out_list", "record_event", "ping_url", "remove_tag"),
        ]
    ) == sorted(done)
    assert 2 == len(state.only(Outcome.SKIPPED))
    assert 1 == len(state.requests)


@pytest.mark.parametrize(("site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(site, mode, acting, undisturbed):
    """After redelivery everything is as if nothing had happened."""
    expected, calls = undisturbed
    first = {call.kind: number for number, call in reversed([*enumerate(calls)])}
    numbers = [number for kind, number in first.items() if kind[0] == site]

    assert numbers
    for number in numbers:
        break_one(acting, Break(number, mode, seed=number), expected)


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
def test_a_fault_at_any_call_changes_nothing_in_the_end(mode, acting, undisturbed):
    """The same at every call of the run, not only at the first of each kind."""
    expected, calls = undisturbed

    for number, call in enumerate(calls):
        if mode in sites.modes(str(call.site)):
            break_one(acting, Break(number, mode, seed=number), expected)


def break_one(acting: Acting, fault: Break, expected: State) -> None:
    """Run with the fault and compare what is left with what should be."""
    acting.world.begin(fault)
    acting.scenario(acting.world)

    assert expected == acting.left()
