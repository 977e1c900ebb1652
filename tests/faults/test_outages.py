"""A service of AWS that is out for ten minutes: all drains by itself when it is back."""

import time

import pytest

from signalbox.aws import AwsError
from signalbox.model.dispatch import Outcome
from tests.faults.enumerator import Request
from tests.faults.scenarios import several
from tests.faults.test_worker_faults import compare
from tests.faults.world import State, World

OUT_S = 600
STATUS = {"dynamodb": 500, "sqs": 500, "scheduler": 500, "sesv2": 429}
CODE = {"sesv2": "TooManyRequestsException"}


def run(world: World, service: str, start: int) -> None:
    """Work with the service out from call number `start` on."""
    world.begin()
    until = 0.0

    def out(asked: str, _operation: str, _request: Request) -> None:
        nonlocal until
        if len(world.calls.calls) > start:
            until = until or time.time() + OUT_S
        if asked == service and time.time() < until:
            code = CODE.get(service, "ServiceUnavailable")
            raise AwsError(code, "out of order", STATUS[service], {})

    world.calls.before = out
    several(world)


@pytest.fixture(scope="module", name="expected")
def _expected(world: World) -> State:
    """What is left when nothing is out."""
    world.begin()
    several(world)
    return world.state()


@pytest.mark.parametrize("start", [0, 8, 16, 24])
@pytest.mark.parametrize("service", STATUS)
def test_an_outage_drains_by_itself(world, expected, service, start):
    """No message reaches the dead letters, and nothing is lost or done twice."""
    run(world, service, start)

    check(world, expected, service)


@pytest.mark.soak
@pytest.mark.parametrize("service", STATUS)
def test_an_outage_from_any_call_on_drains_by_itself(world, expected, service):
    """The same, beginning at each call of the run."""
    world.begin()
    several(world)
    for start in range(len(world.calls.calls)):
        run(world, service, start)
        check(world, expected, service)


def check(world: World, expected: State, service: str) -> None:
    """Compare; only DynamoDB's outage may leave the one mail uncertain whose outcome it missed."""
    unsure = len(world.state().only(Outcome.UNCERTAIN))

    assert unsure <= (1 if service == "dynamodb" else 0)
    compare(world, expected, uncertain=bool(unsure))


def test_mails_and_schedules_out_at_once_leave_no_mail_uncertain(world, expected):
    """SES defers and no schedule can be made: nothing was sent, and everybody knows."""
    world.begin()
    until = time.time() + OUT_S

    def out(service: str, _operation: str, _request: Request) -> None:
        if service in {"sesv2", "scheduler"} and time.time() < until:
            raise AwsError("TooManyRequestsException", "out of order", 429, {})

    world.calls.before = out
    several(world)

    compare(world, expected, uncertain=False)
