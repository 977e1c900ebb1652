"""Rules that wake each other: every chain ends, visibly, and repeats and orders change nothing."""

from contextlib import contextmanager
from copy import deepcopy
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox.model.event import DEEPEST_CHAIN, Event
from signalbox.store import dispatches, tracking
from tests.cloud import Context, client, sqs_event
from tests.streams import Stream, announce, flow

TAGS = ("a", "b", "c")
ADD = [{"kind": "add_tag", "tag": tag} for tag in TAGS]
REMOVE = [{"kind": "remove_tag", "tag": tag} for tag in TAGS]


def events(account) -> list[str]:
    """Return the names on Ada's record, of events and of changes."""
    found = client("dynamodb").query(
        TableName="TrackingTable",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={
            ":pk": {"S": f"A#{account.account_id}#contact#{account.ada.contact_id}"}
        },
    )["Items"]
    entries = [
        tracking.entry_from({"pk": item["pk"]["S"], "sk": item["sk"]["S"], "body": body["S"]}, "1")
        for item in found
        if (body := item.get("body")) and item["sk"]["S"].startswith(("event#", "change#"))
    ]
    return sorted(entry.name for entry in entries)


def too_deep(account) -> int:
    """Return how many events were dropped for the depth of their chain."""
    status, answer = account.call("GET", "/api/dropped-events")
    assert 200 == status
    return sum(one["reason"] == "too_deep" for one in answer["dropped_events"])


def tag_ids(account) -> dict[str, str]:
    """Create the tags and return their ids."""
    made = {}
    for tag in TAGS:
        _, answer = account.call("POST", "/api/3/tags", {"tag": {"tag": tag, "tagType": "contact"}})
        made[tag] = answer["tag"]["id"]
    return made


def test_two_rules_that_undo_each_other_stop_at_the_fifth_and_say_so(account, cloud):
    """A tag that comes takes itself off, and one that goes puts itself on again."""
    stream = Stream(cloud)
    tag_ids(account)
    account.rule(REMOVE[0], trigger="contact_tag_added", trigger_settings={})
    account.rule(ADD[0], trigger="contact_tag_removed", trigger_settings={})
    account.rule(ADD[0])

    account.report()
    flow(cloud, stream)

    changes = [name for name in events(account) if name.startswith("contact_tag")]
    assert DEEPEST_CHAIN == len(changes)
    assert 1 == too_deep(account)


def test_a_rule_that_records_its_own_event_stops_too(account, cloud):
    account.rule({"kind": "record_event", "name": "download", "value": "again"})

    account.report()
    flow(cloud, Stream(cloud))

    assert 1 + DEEPEST_CHAIN == events(account).count("download")
    assert 1 == too_deep(account)


def test_what_a_rule_changes_wakes_rules_on_the_change(account, cloud):
    """Each step knows how deep it is, also where an item is deleted for good."""
    stream = Stream(cloud)
    ids = tag_ids(account)
    account.rule(*ADD[:2])
    account.rule(REMOVE[0], trigger="contact_tag_added", trigger_settings={"tags": [ids["b"]]})
    account.rule(
        {"kind": "set_field", "field": "first_name", "value": "Bea"},
        trigger="contact_tag_removed",
        trigger_settings={"tags": [ids["a"]]},
    )
    seen = []
    account.report()
    for _ in range(6):
        assert announce(stream.records()) == []
        bodies = cloud.waiting("EVENTS")
        seen += [(event.name, event.depth) for event in map(Event.from_wire, bodies)]
        track.handler(sqs_event(bodies), None) if bodies else None
        actions = cloud.waiting("ACTIONS")
        dispatch.handler(sqs_event(actions), Context()) if actions else None

    assert [
        ("download", 0),
        ("contact_tag_added", 1),
        ("contact_tag_added", 1),
        ("contact_tag_removed", 2),
        ("update", 3),
    ] == seen


RULES = st.lists(
    st.tuples(
        st.sampled_from(["contact_tag_added", "contact_tag_removed", "download", "other"]),
        st.sampled_from([None, *TAGS]),
        st.lists(
            st.sampled_from([*ADD, *REMOVE])
            | st.builds(
                lambda name: {"kind": "record_event", "name": name},
                st.sampled_from(["download", "other"]),
            ),
            min_size=1,
            max_size=2,
        ),
    ),
    min_size=1,
    max_size=4,
)


def write(account, wanted) -> None:
    """Write the rules of a graph."""
    ids = tag_ids(account)
    account.call("POST", "/api/event-names", {"name": "other"})
    for trigger, tag, actions in wanted:
        if trigger in ("download", "other"):
            account.rule(*actions, event_name=trigger)
        else:
            settings = {"tags": [ids[tag]]} if tag else {}
            account.rule(*actions, trigger=trigger, trigger_settings=settings)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RULES)
def test_every_graph_of_rules_comes_to_rest(fresh, graph):
    """Whatever wakes what."""
    with fresh() as (account, cloud):
        stream = Stream(cloud)
        write(account, graph)

        account.report()
        flow(cloud, stream)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_order_and_repetition_of_messages_gives_the_same(fresh, chance, times):
    """Checks and changes included: tags, the log and the outcomes are the same."""
    global _undisturbed  # noqa: PLW0603 it is the same for every example
    _undisturbed = _undisturbed or _final(fresh, Random(0), 1)  # noqa: S311 no secret

    assert _undisturbed == _final(fresh, chance, times)


_undisturbed = ()


def _final(fresh, chance, times):
    """Let a small account of rules work, each message up to so many times, and return its state."""
    with fresh() as (account, cloud):
        stream = Stream(cloud)
        tag_ids(account)
        named = {"contact": {"first_name": ["Ada"]}}
        account.rule(ADD[0], ADD[1], conditions=named, once={})
        account.rule(REMOVE[1], trigger="contact_tag_added", trigger_settings={}, once={})
        account.rule(
            {"kind": "record_event", "name": "gone"},
            trigger="contact_tag_removed",
            trigger_settings={},
        )
        account.report()
        for _ in range(12):
            records = stream.records()
            assert announce(records + deepcopy(records)) == []
            for queue, handler in (("EVENTS", track.handler), ("ACTIONS", dispatch.handler)):
                bodies = cloud.waiting(queue)
                told = [body for body in bodies for _ in range(chance.randint(1, times))]
                chance.shuffle(told)
                for body in told:
                    handler(sqs_event([body]), Context())
        found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
        settled = sorted(
            (one.dispatch.event.name, one.dispatch.action, str(one.outcome), one.detail)
            for one in found
            if not one.detail.startswith("rule-")
        )
        tags = [
            item["sk"]["S"][:4] for item in cloud.items("CONTACTS") if "tag#" in item["sk"]["S"]
        ]
        return events(account), settled, tags


@pytest.fixture(name="fresh")
def _fresh(monkeypatch):
    """Return what makes another empty cloud with its account, as often as asked."""
    from tests.cloud import empty_cloud, forget, mock  # noqa: PLC0415
    from tests.people import settle  # noqa: PLC0415

    @contextmanager
    def fresh():
        with mock(), empty_cloud(monkeypatch) as cloud:
            forget()
            yield settle(), cloud

    return fresh
