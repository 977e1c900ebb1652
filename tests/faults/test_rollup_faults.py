"""Counting, and rebuilding what was counted, broken at every call."""

import contextlib
from copy import deepcopy

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from functions.rollup import app as rollup
from signalbox import counting
from signalbox.aws import AwsError
from signalbox.store import keys, mailing_counts, table
from signalbox.store.mailing_rebuild import Rebuilt
from tests.cloud import REGION, Cloud, client, empty_cloud, forget
from tests.faults import sites
from tests.faults.enumerator import Break, Death, Enumerator, Mode, enumerated
from tests.mailed import (
    ACCOUNT_ID,
    MAILING_ID,
    TrackingStream,
    hit,
    hits,
    message,
    partition,
    typed,
    write,
)

SCENARIOS = ("counted", "rebuilt")
SHARDS = sorted({keys.mailing_shard(who) for who in ("11", "12", "a", "nobody")})
CASES = [
    pytest.param(scenario, site, mode, id=f"{scenario}-{site}-{mode}")
    for scenario in SCENARIOS
    for site in sites.known().get(scenario, [])
    for mode in sites.telling_modes(site)
]


class Press:
    """A mailing of which the stream has not told yet, and whoever counts it."""

    def __init__(self, cloud: Cloud, calls: Enumerator) -> None:
        self.cloud, self.calls = cloud, calls
        for who in ("11", "12"):
            write(cloud, message(who, "claimed"), message(who))
        write(cloud, hits("open", "11", human=[hit()]), hits("click", "~a", machine=[hit(1)]))
        self.kept = deepcopy(self.table().items)
        self.stream = TrackingStream(cloud)

    def table(self):
        """Return moto's own table."""
        name = self.cloud.variables["TRACKING_TABLE"]
        return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[name]

    def run(self, scenario: str, fault: Break | None = None) -> dict[str, dict]:
        """Run a scenario as often as its caller would; return the counters."""
        self.table().items = deepcopy(self.kept)
        self.stream.read = 0
        if scenario == "rebuilt":
            self.calls.begin()
            self.tell()
            self.spoil()
        self.calls.begin(fault)
        if scenario == "rebuilt":
            self.until_done(self.rebuild)
        else:
            self.until_done(self.tell)
        return self.counters()

    def spoil(self) -> None:
        """Make a counter wrong, and another that is none."""
        for counter in ("count", "count#20200101"):
            place = (partition("11"), counter)
            item = (table.get("TrackingTable", place) or {"seq": ""}) | {"sent": 70}
            item |= {"pk": place[0], "sk": place[1]}
            client("dynamodb").put_item(TableName="TrackingTable", Item=typed(item))

    def tell(self) -> bool:
        """Let the function count what is new, and from where it failed again."""
        records = self.stream.records()
        while records:
            with contextlib.suppress(Death), self.acting("rollup"):
                answer = rollup.handler({"Records": records}, None)
                failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
                numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
                records = records[numbers.index(failed[0]) :] if failed else []
            forget()
        return True

    def rebuild(self) -> bool:
        """Ask for a rebuild; tell whether it is done."""
        with self.acting("admin"):
            done = counting.rebuild(ACCOUNT_ID, MAILING_ID, SHARDS)
        return set(done.values()) <= {Rebuilt.UNCHANGED, Rebuilt.CORRECTED}

    @contextlib.contextmanager
    def acting(self, function: str):
        """Note and break what is asked of AWS."""
        before, self.calls.function = self.calls.function, function
        try:
            yield
        finally:
            self.calls.function, self.calls.dead = before, False

    def until_done(self, step) -> None:
        """Repeat a step until it was done."""
        for _ in range(5):
            with contextlib.suppress(Death, AwsError):
                if step():
                    return
            forget()
        raise AssertionError("it was never done")

    def counters(self) -> dict[str, dict]:
        """Return the numbers of every counter that has any."""
        plain = [table.plain(item) for item in self.cloud.items("TRACKING")]
        found = {
            f"{item['pk']} {item['sk']}": mailing_counts.numbers_of(item)
            for item in plain
            if item["sk"].startswith(("count", "gone"))
        }
        return {key: numbers for key, numbers in found.items() if numbers}


@pytest.fixture(scope="module", name="press")
def _press(_mocked_aws):
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        empty_cloud(monkeypatch) as cloud,
        enumerated(monkeypatch) as calls,
    ):
        press = Press(cloud, calls)

        def wait(_seconds: float) -> None:
            with press.acting(""):  # the stream's own calls are another scenario's
                press.tell_undisturbed()

        press.tell_undisturbed = lambda: rollup.handler({"Records": press.stream.records()}, None)
        monkeypatch.setattr(table, "sleep", wait)
        yield press


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(press: Press):
    """What each scenario leaves behind, and its calls, when nothing goes wrong."""
    found = {}
    for scenario in SCENARIOS:
        counters = press.run(scenario)
        found[scenario] = counters, list(press.calls.calls)
    return found


def test_what_is_rebuilt_is_what_was_counted(undisturbed):
    """The two ways to the same numbers."""
    counted, rebuilt = (undisturbed[scenario][0] for scenario in SCENARIOS)

    assert counted == rebuilt
    assert 2 == sum(numbers.get("sent", 0) for numbers in counted.values())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_call_site_is_enumerated(scenario, undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    _, calls = undisturbed[scenario]

    sites.check(scenario, [call.site for call in calls])


@pytest.mark.parametrize(("scenario", "site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(scenario, site, mode: Mode, press, undisturbed):
    """At calls of that site: after the repeat the numbers are as if nothing had happened."""
    expected, calls = undisturbed[scenario]
    numbers = [number for number, call in enumerate(calls) if str(call.site) == site]

    assert numbers
    for number in {numbers[0], numbers[len(numbers) // 2], numbers[-1]}:
        assert expected == press.run(scenario, Break(number, mode, seed=number))


@pytest.mark.soak
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_fault_at_any_call_changes_nothing_in_the_end(scenario, mode, press, undisturbed):
    """The same at every call of a run."""
    expected, calls = undisturbed[scenario]
    for number, call in enumerate(calls):
        if mode in sites.modes(str(call.site)):
            assert expected == press.run(scenario, Break(number, mode, seed=number))
