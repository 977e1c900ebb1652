"""Webhooks, from the queue to the receiver and back: each answer has its consequence."""

from datetime import UTC, datetime

import pytest

from signalbox import environment
from signalbox.channels import outbound
from signalbox.model.retries import ATTEMPTS
from signalbox.store import dispatches
from tests.faults.world import NOON, Performed, World, event, listed
from tests.people import ACCOUNT_ID


@pytest.fixture(name="hooked")
def _hooked(world: World):
    """Return what makes a rule with one webhook on `download`, in place of the others."""
    world.begin()
    for rule in world.people.call("GET", "/api/rules")[1]["rules"]:
        world.people.call("DELETE", f"/api/rules/{rule['rule_id']}")

    def rule(path: str) -> dict:
        return world.people.rule({"kind": "webhook", "url": world.receiver.url(path)})

    return rule


def report(world: World, number: int) -> None:
    """Let Ada download something, and the workers do one round."""
    world.send("EVENTS", event(number))
    world.work("EVENTS")
    world.work("ACTIONS")


def performed(world: World) -> list[Performed]:
    """Return the dispatches in the order of their events."""
    state = world.state()
    return [state.dispatches[key] for key in sorted(state.dispatches)]


def due_at(world: World) -> datetime:
    """Return when the one schedule comes due."""
    (schedule,) = world.cloud.schedules()
    return datetime.fromisoformat(schedule["ScheduleExpression"][3:-1]).replace(tzinfo=UTC)


def test_a_receiver_that_is_gone_lets_the_action_rest_until_the_rule_is_written(world, hooked):
    """410: the dispatch failed, the rule says why it rests, later ones are skipped; PUT wakes it."""
    rule = hooked("/gone")
    path = f"/api/rules/{rule['rule_id']}"
    report(world, 1)
    report(world, 2)

    assert [("failed", "gone", 410), ("skipped", "endpoint_gone", 0)] == [
        (one.outcome, one.detail, one.status) for one in performed(world)
    ]
    assert ["action 0: the webhook's receiver answered 410 Gone"] == world.people.call("GET", path)[
        1
    ]["resting_because"]
    assert 1 == len(world.receiver.requests)

    names = ("name", "trigger", "trigger_settings")
    hook = {"kind": "webhook", "url": world.receiver.url("/ok")}
    wanted = {name: rule[name] for name in names} | {"actions": [hook]}
    status, changed = world.people.call("PUT", path, wanted)
    assert (200, []) == (status, changed["resting_because"])
    report(world, 3)
    assert "done" == performed(world)[2].outcome


def test_a_receiver_that_wants_to_be_left_alone_is(world, hooked):
    """429 with Retry-After: the next try is scheduled no sooner than the receiver asks."""
    hooked("/later")
    report(world, 1)

    assert ["waiting"] == [one.outcome for one in performed(world)]
    assert 7200 <= (due_at(world) - NOON).total_seconds() <= 7200 * 1.2 + 60


def test_a_redirect_is_not_followed_and_tried_again(world, hooked):
    """302 is a failure like another: its target is never asked."""
    hooked("/moved")
    report(world, 1)

    assert [("waiting", 302)] == [(one.outcome, one.status) for one in performed(world)]
    assert ["/moved"] == [path for path, _, _ in world.receiver.requests]
    assert due_at(world) > NOON


def test_a_receiver_that_never_answers_is_tried_again(world, hooked, monkeypatch):
    """After its time a try is given up and the next one scheduled."""
    request = outbound.request

    def hasty(*args, **kwargs):
        return request(*args, **kwargs | {"seconds": 0.2})

    monkeypatch.setattr(outbound, "request", hasty)
    hooked("/silent")
    report(world, 1)

    assert [("waiting", "timeout")] == [(one.outcome, one.detail) for one in performed(world)]
    assert due_at(world) > NOON


@pytest.mark.parametrize("host", ["127.0.0.1:1", "169.254.169.254", "10.0.0.1", "[::1]"])
def test_a_private_address_is_refused_at_once(world, hooked, monkeypatch, host):
    """Where the operator's list of hosts lacks it by now, the dispatch fails without a try."""
    monkeypatch.setenv(
        "WEBHOOK_ALLOWED_HOSTS", "127.0.0.1:1,169.254.169.254:80,10.0.0.1:80,[::1]:80"
    )
    environment.environment.cache_clear()
    status, rule = world.people.call(
        "POST",
        "/api/rules",
        {
            "name": "inside",
            "trigger": "event_recorded",
            "trigger_settings": {"event_name": "download"},
            "actions": [{"kind": "webhook", "url": f"http://{host}/latest/meta-data"}],
        },
    )
    if status == 422:
        assert "actions.0.url" == rule["errors"][0]["field"]
        return
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "")
    environment.environment.cache_clear()
    report(world, 1)

    assert [("failed", "refused", 0)] == [
        (one.outcome, one.detail, one.status) for one in performed(world)
    ]
    assert [] == world.cloud.schedules()
    assert ["failed"] == list(listed(world).values())


def test_the_last_try_that_fails_is_listed(world, hooked):
    """Twelve tries, over four days at least, all under one id; then it failed and is listed."""
    hooked("/down")
    world.send("EVENTS", event(1))
    world.drain()

    ids = {message_id for _, message_id, _ in world.receiver.requests}
    assert ATTEMPTS == len(world.receiver.requests)
    assert 1 == len(ids)
    assert 96 * 3600 <= (datetime.now(UTC) - NOON).total_seconds()
    assert dict.fromkeys(ids, "failed") == listed(world)
    record = dispatches.fetch(ACCOUNT_ID, *ids)
    assert (ATTEMPTS, 503) == (record.dispatch.attempt, record.response_status)


def test_a_dead_receiver_holds_up_nobody(world, hooked):
    """In one batch with a receiver that is down, the others are done at the first try."""
    hooked("/down")
    for _ in range(3):
        hooked("/ok")
    report(world, 1)

    outcomes = sorted(one.outcome for one in performed(world))
    assert ["done"] * 3 + ["waiting"] == outcomes


def test_a_rule_that_was_written_again_is_not_put_to_rest_by_an_old_version(world, hooked):
    """A 410 to a dispatch of an older version does not stop the URL that took its place."""
    rule = hooked("/gone")
    world.send("EVENTS", event(1))
    world.work("EVENTS")
    hook = {"kind": "webhook", "url": world.receiver.url("/ok")}
    names = ("name", "trigger", "trigger_settings")
    path = f"/api/rules/{rule['rule_id']}"
    wanted = {name: rule[name] for name in names} | {"actions": [hook]}
    world.people.call("PUT", path, wanted)
    world.work("ACTIONS")

    assert [("failed", 410)] == [(one.outcome, one.status) for one in performed(world)]
    assert [] == world.people.call("GET", path)[1]["resting_because"]
