"""Changes of people on their way to webhooks, broken at every call from the stream on."""

from collections import Counter
from urllib.parse import parse_qs

import pytest

from tests.faults import sites
from tests.faults.callers import HOOK, REQUESTS, Town
from tests.faults.enumerator import Break, Call, Mode
from tests.faults.test_worker_faults import break_one
from tests.faults.world import State, World, inhabited
from tests.streams import Stream

SCENARIO = "told"
MADE = ("subscribe-new", "contact-change", "tag-add", "tag-remove", "unsubscribe", "import")
# The calls that every event sets off are broken in test_worker_faults, and here in the soak.
USUAL = set(sites.known().get("several", []))
CASES = [
    pytest.param(site, mode, id=f"{site}-{mode}")
    for site in sites.known().get(SCENARIO, [])
    if site not in USUAL
    for mode in sites.telling_modes(site)
]


class Told:
    """A town whose webhooks are to be told of changes that were made, and nothing went yet."""

    def __init__(self, world: World) -> None:
        self.world = world
        town = Town(world)
        assert town.ask(REQUESTS["webhook-delete"])["statusCode"] == 200
        told_of = ["subscribe", "unsubscribe", "contact_tag_added"]
        usual = {"name": "Usual", "url": world.receiver.url("/ok"), "events": told_of}
        gone = {"url": world.receiver.url("/gone"), "events": ["contact_tag_removed"]}
        members = {"events": ["update"], "listid": town.ids["letters"]}
        for more in (usual, gone, usual | members):
            status, answer = world.people.call("POST", "/api/3/webhooks", {"webhook": HOOK | more})
            assert status == 201, answer
        stream = Stream(world.cloud)
        for name in MADE:
            answer = town.ask(REQUESTS[name])
            assert answer["statusCode"] in {200, 201}, answer
        self.records = stream.records()
        world.keep()

    def scenario(self, world: World) -> None:
        """Tell of everything that was made."""
        world.tell(self.records)
        world.drain()


@pytest.fixture(scope="module", name="told")
def _told(_mocked_aws):
    with inhabited() as world:
        yield Told(world)


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(told: Told) -> tuple[State, list[Call]]:
    """What is left, and which calls are made, when nothing goes wrong."""
    told.world.begin()
    told.scenario(told.world)
    return told.world.state(), told.world.calls.calls


def test_every_call_site_is_enumerated(undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    _, calls = undisturbed

    sites.check(SCENARIO, [call.site for call in calls])


def test_every_kind_of_change_is_told(undisturbed):
    """The receiver got each kind once; no webhook is told of an import."""
    state, _ = undisturbed

    bodies = [parse_qs(body.decode()) for (body,) in state.requests.values()]
    kinds = Counter(body["type"][0] for body in bodies)
    assert {
        "subscribe": 1,
        "unsubscribe": 1,
        "update": 1,
        "contact_tag_added": 1,
        "contact_tag_removed": 1,
    } == kinds


@pytest.mark.parametrize(("site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(site, mode, told, undisturbed):
    """After redelivery everything is as if nothing had happened."""
    expected, calls = undisturbed
    first = {call.kind: number for number, call in reversed([*enumerate(calls)])}
    numbers = [number for kind, number in first.items() if kind[0] == site]

    assert numbers
    for number in numbers:
        fault = Break(number, mode, seed=number)
        break_one(told.world, told.scenario, fault, expected, calls)


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
def test_a_fault_at_any_call_changes_nothing_in_the_end(mode, told, undisturbed):
    """The same at every call of the run, not only at the first of each kind."""
    expected, calls = undisturbed

    for number, call in enumerate(calls):
        if mode in sites.modes(str(call.site)):
            fault = Break(number, mode, seed=number)
            break_one(told.world, told.scenario, fault, expected, calls)
