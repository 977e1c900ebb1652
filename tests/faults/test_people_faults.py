"""The APIs of people, lists, tags, fields, webhooks and sign-ups, broken at every call they make."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from signalbox.aws import AwsError
from tests.faults import sites, stored, whole
from tests.faults.callers import EMAIL_WAIT_S, REQUESTS, Answer, Request, Town, in_part
from tests.faults.enumerator import Break, Call, Mode
from tests.faults.stored import Stored
from tests.faults.world import inhabited
from tests.streams import Stream

# Who asks is looked up in the same way by every request; it is broken in one of them.
SHARED = ("api_keys.py:find", "rate_limits.py:of_key")
CASES = [
    pytest.param(name, site, mode, id=f"{name}-{site}-{mode}")
    for name in REQUESTS
    for site in sites.known().get(name, [])
    if name == "contact-create" or not site.endswith(SHARED)
    for mode in sites.telling_modes(site)
]

TRANSACTING = [
    name
    for name in REQUESTS
    if any(":TransactWriteItems:" in site for site in sites.known().get(name, []))
]


def _in_conflict(_service: str, operation: str, request: Mapping[str, Any]) -> None:
    if operation == "TransactWriteItems":
        reasons = [{"Code": "TransactionConflict"} for _ in request["TransactItems"]]
        fields = {"CancellationReasons": reasons}
        raise AwsError("TransactionCanceledException", "conflict", 400, fields)


@pytest.fixture(scope="module", name="town")
def _town(_mocked_aws):
    with inhabited() as world:
        yield Town(world)


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(town: Town):
    """What each request leaves behind, and the calls that it makes, when nothing goes wrong."""
    found: dict[str, tuple[Stored, list[Call]]] = {}

    def of(name: str) -> tuple[Stored, list[Call]]:
        if name not in found:
            stream = begin(town)
            answer = town.ask(REQUESTS[name])
            calls = town.world.calls.calls
            check_done(answer, REQUESTS[name], repeated=False)
            found[name] = state(town, stream), calls
        return found[name]

    return of


def begin(town: Town, fault: Break | None = None) -> Stream:
    """Put everything back to the beginning; return the stream of what changes from here on."""
    town.world.begin(fault)
    return Stream(town.world.cloud)


def state(town: Town, stream: Stream) -> Stored:
    """Return what stands now, which agrees with itself."""
    whole.check(stored.standing(town.world))
    return stored.stored(town.world, stream, town.labels)


def check_done(answer: Answer | None, request: Request, *, repeated: bool) -> None:
    """Assert that a request was done, or that a repeat is told that it was done before."""
    assert answer is not None
    allowed = {200, 201} | (request.again if repeated else frozenset())
    assert answer["statusCode"] in allowed, answer["body"]


def check_failure(answer: Answer | None) -> None:
    """Assert that a failure tells the caller to come back, as the dialect has it."""
    if answer is None or in_part(answer):
        return
    assert 503 == answer["statusCode"]
    kind = (
        answer.get("headers", {}).get("Content-Type")
        or answer["multiValueHeaders"]["Content-Type"][0]
    )
    if "json" in kind:
        body = json.loads(answer["body"])
        assert body.get("message") or body.get("errors")


def check_state(town: Town, actual: Stored, expected: Stored, request: Request) -> None:
    """Assert that what stands is what one run leaves; a second thing may stand beside the first."""
    if request.twice:
        added = expected.items - town.beginning.items
        assert not expected.items - actual.items
        assert (actual.items - expected.items).total() <= added.total()
    else:
        assert expected.items == actual.items
    assert expected.numbers == actual.numbers
    assert expected.announced == actual.announced


@pytest.mark.parametrize("name", REQUESTS)
def test_every_call_site_is_enumerated(name, undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    _, calls = undisturbed(name)

    sites.check(name, [call.site for call in calls])


@pytest.mark.parametrize("name", REQUESTS)
def test_a_repeat_changes_nothing(name, town, undisturbed):
    """Whoever never heard the answer and asks again finds done what was asked, once."""
    expected, _ = undisturbed(name)
    request = REQUESTS[name]
    stream = begin(town)
    town.ask(request)

    check_done(town.ask(request), request, repeated=True)
    actual = state(town, stream)

    check_state(town, actual, expected, request)
    assert expected.mails == actual.mails


@pytest.mark.parametrize(("name", "site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(name, site, mode, town, undisturbed):
    """After the caller's repeat everything is as if nothing had happened."""
    _, calls = undisturbed(name)
    first = {call.kind: number for number, call in reversed([*enumerate(calls)])}
    numbers = [number for kind, number in first.items() if kind[0] == site]

    assert numbers
    for number in numbers:
        break_one(town, name, Break(number, mode, seed=number), undisturbed)


@pytest.mark.parametrize("name", TRANSACTING)
def test_conflicts_that_outlast_the_tries_are_answered_503(name, town, undisturbed):
    """Others at the same items all the while are no reason to refuse, or to crash."""
    expected, _ = undisturbed(name)
    request = REQUESTS[name]
    stream = begin(town)
    town.world.calls.before = _in_conflict
    failure = town.ask(request)
    town.world.calls.before = lambda *_call: None

    check_failure(failure)
    check_done(town.ask(request), request, repeated=True)
    check_state(town, state(town, stream), expected, request)


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_fault_at_any_call_changes_nothing_in_the_end(name, mode, town, undisturbed):
    """The same at every call of a request, not only at the first of each kind."""
    _, calls = undisturbed(name)

    for number, call in enumerate(calls):
        if mode in sites.modes(str(call.site)):
            break_one(town, name, Break(number, mode, seed=number), undisturbed)


def break_one(town: Town, name: str, fault: Break, undisturbed) -> None:
    """Make the request with the fault, and compare what is left with what should be."""
    expected, _ = undisturbed(name)
    request = REQUESTS[name]
    stream = begin(town, fault)
    *failures, answer = town.ask_until_answered(request)
    for failure in failures:
        check_failure(failure)
    check_done(answer, request, repeated=True)
    if len(town.world.cloud.mails()) < expected.mails.total():  # after ten minutes people try again
        town.world.clock.shift(EMAIL_WAIT_S)
        check_done(town.ask(request), request, repeated=True)
    actual = state(town, stream)

    check_state(town, actual, expected, request)
    assert expected.mails.keys() == actual.mails.keys()
    assert actual.mails.total() <= expected.mails.total() + 1
