"""What came before an event where several happened in one instant."""

import pytest

from signalbox.model.log import entry_of
from signalbox.store import tracking
from tests.store.things import NOW, account, event

SECOND = NOW // 1000 * 1000


def logged(*events):
    """Put events on the record of contact 7 and return them."""
    tracking.write(tracking.item(entry_of(one, "7"), account()) for one in events)
    return events


def ids_before(one, name, **how):
    """Return the ids of what came before an event within a minute."""
    return {entry.event_id for entry in tracking.before(one, "7", name, 60, **how)}


@pytest.mark.parametrize(
    "about",
    [
        {"at_ms": NOW},
        {"at_ms": SECOND, "name": "subscribe", "kind": "subscribe", "source": "changes"},
    ],
)
def test_of_one_instant_exactly_one_is_the_first_and_one_the_last(cloud, about):
    """However many there are, each has its own place."""
    events = logged(*(event(n, **about) for n in range(7)))

    counts = [len(ids_before(one, one.name, kind=bool(one.kind))) for one in events]

    assert list(range(7)) == sorted(counts)


@pytest.mark.parametrize(
    ("about", "effect"),
    [
        ({"at_ms": NOW}, {"source": "rule"}),
        (
            {"at_ms": SECOND, "name": "subscribe", "kind": "subscribe", "source": "changes"},
            {"properties": {"rule": "1"}},
        ),
    ],
)
def test_what_a_rule_did_comes_after_its_cause(cloud, about, effect):
    """Whatever their hashes are."""
    for n in range(0, 12, 2):
        about = about | {"at_ms": about["at_ms"] + 1000}
        cause, done = logged(event(n, **about), event(n + 1, **about | effect))

        assert cause.event_id in ids_before(done, done.name, kind=bool(done.kind))
        assert done.event_id not in ids_before(cause, cause.name, kind=bool(cause.kind))


def test_of_another_name_all_of_the_instant_counts(cloud):
    """What a rule recorded finds the event that made it do so."""
    for n in range(0, 12, 2):
        cause, done = logged(
            event(n, at_ms=NOW + n), event(n + 1, at_ms=NOW + n, name="followed", source="rule")
        )

        assert cause.event_id in ids_before(done, "download")


@pytest.mark.parametrize(("late_ms", "counts"), [(0, True), (999, True), (1000, False)])
def test_a_change_has_what_applications_reported_in_its_second_before_it(cloud, late_ms, counts):
    """Its clock is too coarse to tell."""
    change = event(1, at_ms=SECOND, name="subscribe", kind="subscribe", source="changes")
    (reported,) = logged(event(2, at_ms=SECOND + late_ms))

    found = ids_before(change, "download", clock_ms=1000)

    assert ({reported.event_id} if counts else set()) == found
