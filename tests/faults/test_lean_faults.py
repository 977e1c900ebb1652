"""Ingest and track once more over the lean client, as they run in AWS."""

from functools import cache

import pytest
from moto.server import ThreadedMotoServer

from signalbox import aws, awsjson
from signalbox.awsjson import Credentials
from tests.cloud import REGION
from tests.faults import sites
from tests.faults.enumerator import Break, Call
from tests.faults.scenarios import SCENARIOS
from tests.faults.test_ingest_faults import REQUESTS, check_failure, send, send_until_answered
from tests.faults.test_worker_faults import compare
from tests.faults.world import State, World

LEAN = {"ingest", "track"}
SCENARIO = "several"
TRACK = [
    pytest.param(site, mode, id=f"{site}-{mode}")
    for site in sites.known().get(SCENARIO, [])
    if site.startswith("track:")
    for mode in sites.modes(site)
]
INGEST = [
    pytest.param(name, site, mode, id=f"{name}-{site}-{mode}")
    for name in ("form-with-key", "batch-with-key")
    for site in sites.known().get(name, [])
    for mode in sites.modes(site)
]


@pytest.fixture(scope="module", name="expected")
def _expected(world: World) -> State:
    """What the scenario leaves when boto3 makes the calls and nothing goes wrong."""
    world.begin()
    SCENARIOS[SCENARIO](world)
    return world.state()


@pytest.fixture(scope="module", name="lean")
def _lean(world: World, expected: State):
    """The world whose ingest and track speak to moto's server, which has the same tables."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()

    @cache
    def client(service: str) -> awsjson.Client:
        return awsjson.Client(
            service,
            region=REGION,
            credentials=Credentials("test", "test"),
            endpoint=f"http://{host}:{port}",
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(awsjson, "client", client)
        patch.setattr(aws, "_lean", lambda: world.calls.function in LEAN)
        yield world
    server.stop()


@pytest.fixture(scope="module", name="calls")
def _calls(lean: World, expected: State) -> list[Call]:
    """The calls of the undisturbed run over the lean client."""
    lean.begin()
    SCENARIOS[SCENARIO](lean)

    assert expected == lean.state()
    return lean.calls.calls


def test_the_lean_client_makes_the_same_calls(calls):
    """Which client answers changes nothing in what is asked."""
    hot = {call.client for call in calls if call.site.function in LEAN}

    assert {"lean"} == hot
    sites.check(SCENARIO, [call.site for call in calls])


@pytest.mark.parametrize(("site", "mode"), TRACK)
def test_a_fault_of_track_changes_nothing_in_the_end(site, mode, lean, calls, expected):
    """After redelivery everything is as if nothing had happened."""
    number = [str(call.site) for call in calls].index(site)
    lean.begin(Break(number, mode, seed=number))
    SCENARIOS[SCENARIO](lean)

    compare(lean, expected, uncertain=False)


@pytest.mark.parametrize(("name", "site", "mode"), INGEST)
def test_what_is_accepted_is_logged_once(name, site, mode, lean):
    """No answer that says accepted lies, and repeating the request is safe."""
    lean.begin()
    send(lean, REQUESTS[name])
    number = [str(call.site) for call in lean.calls.calls].index(site)

    lean.begin(Break(number, mode, seed=number))
    *failures, answer = send_until_answered(lean, REQUESTS[name])
    lean.drain()

    for failure in failures:
        check_failure(failure)
    assert answer is not None
    assert answer["statusCode"] in {200, 202}
    assert REQUESTS[name].logged == len(lean.state().log)
