"""Track and dispatch, broken at every call that they make."""

import pytest

from signalbox.model.dispatch import Outcome
from tests.faults import sites
from tests.faults.enumerator import Break, Call, Mode
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.world import Performed, State, World, listed

ANSWERLESS = {Mode.DIE_BEFORE, Mode.DIE_AFTER, Mode.LOST, Mode.SERVER_ERROR}
UNWRITTEN = {Mode.DIE_BEFORE, Mode.THROTTLE, Mode.SERVER_ERROR}

# The small scenarios add a site or two; the rest of their calls are broken in the soak.
USUAL = set(sites.known().get("several", []))
CASES = [
    pytest.param(scenario, site, mode, id=f"{scenario}-{site}-{mode}")
    for scenario in SCENARIOS
    for site in sites.known().get(scenario, [])
    if scenario in {"several", "deferred"} or site not in USUAL
    for mode in sites.modes(site)
]


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(world: World):
    """What each scenario leaves behind, and the calls that it makes, when nothing goes wrong."""
    found: dict[str, tuple[State, list[Call]]] = {}

    def of(scenario: str) -> tuple[State, list[Call]]:
        if scenario not in found:
            world.begin()
            SCENARIOS[scenario](world)
            found[scenario] = world.state(), world.calls.calls
        return found[scenario]

    return of


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_call_site_is_enumerated(scenario, undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    _, calls = undisturbed(scenario)

    sites.check(scenario, [call.site for call in calls])


@pytest.mark.parametrize(("scenario", "site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(scenario, site, mode, world, undisturbed):
    """After redelivery everything is as if nothing had happened, or a mail is listed as uncertain."""
    expected, calls = undisturbed(scenario)
    first = {call.kind: number for number, call in reversed([*enumerate(calls)])}
    numbers = [number for kind, number in first.items() if kind[0] == site]

    assert numbers
    for number in numbers:
        fault = Break(number, mode, seed=number)
        break_one(world, SCENARIOS[scenario], fault, expected, calls)


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_fault_at_any_call_changes_nothing_in_the_end(scenario, mode, world, undisturbed):
    """The same at every call of a run, not only at the first of each kind."""
    expected, calls = undisturbed(scenario)

    for number, call in enumerate(calls):
        if mode in sites.modes(str(call.site)):
            fault = Break(number, mode, seed=number)
            break_one(world, SCENARIOS[scenario], fault, expected, calls)


def break_one(
    world: World, scenario: Scenario, fault: Break, expected: State, calls: list[Call]
) -> None:
    """Run the scenario with the fault and compare what is left with what should be."""
    world.begin(fault)
    scenario(world)
    uncertain = _is_uncertain(calls[fault.number], fault.mode, expected)
    compare(world, expected, uncertain=uncertain)


def compare(world: World, expected: State, *, uncertain: bool) -> None:
    """Assert that the world is as expected, but for one mail that is uncertain."""
    actual = world.state()

    unsure = actual.only(Outcome.UNCERTAIN)
    assert (1 if uncertain else 0) == len(unsure)
    for key in unsure:
        assert Outcome.UNCERTAIN == listed(world)[key]
        assert "send_email" == actual.dispatches[key].kind
        expected = _with_uncertain(expected, actual, key)
    assert expected.log == actual.log
    assert expected.dropped == actual.dropped
    assert expected.dispatches == actual.dispatches
    assert expected.other == actual.other
    assert expected.setup == actual.setup
    assert expected.mails == actual.mails
    assert expected.requests == actual.requests


def _is_uncertain(call: Call, mode: Mode, expected: State) -> bool:
    """Tell whether nobody can know afterwards if the mail went out."""
    if call.site.operation == "SendEmail":
        return mode in ANSWERLESS
    if call.site.operation == "CreateSchedule" and mode is Mode.DIE_BEFORE:
        dispatch_id = call.request["Name"].rpartition("-")[0]
        return expected.dispatches[dispatch_id].kind == "send_email"
    if call.site.operation != "PutItem" or call.attribute("kind") != "send_email":
        return False
    match call.attribute("outcome"):
        case Outcome.CLAIMED:
            return mode is Mode.DIE_AFTER and not call.refused
        case Outcome.DONE:
            return mode in UNWRITTEN
    return False  # it waits: its next try is scheduled


def _with_uncertain(expected: State, actual: State, key: str) -> State:
    """Return the expectation with this dispatch uncertain: its mail may be missing, never double."""
    assert "done" == expected.dispatches[key].outcome
    missing = expected.mails - actual.mails
    assert missing.total() <= 1
    kept: dict[str, Performed] = expected.dispatches | {key: actual.dispatches[key]}
    return State(
        log=expected.log,
        dropped=expected.dropped,
        dispatches=kept,
        other=expected.other,
        setup=expected.setup,
        mails=expected.mails - missing,
        requests=expected.requests,
    )
