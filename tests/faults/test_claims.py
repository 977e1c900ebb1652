"""Claims: one worker performs a dispatch, and what a dead one left is taken over, or is uncertain."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from functions.dispatch import app as dispatch
from functions.dispatch import perform
from functions.dispatch.outcomes import LEASE_MS
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome
from signalbox.store import accounts, dispatches
from tests.cloud import client
from tests.faults.enumerator import Break, Mode
from tests.faults.world import NOON_MS, World, event, listed
from tests.people import ACCOUNT_ID

MAIL_RULE, HOOK_RULE = 0, 1


def due(world: World, rule_number: int, number: int = 1) -> Dispatch:
    """Return the dispatch of a rule for an event."""
    rule = world.people.call("GET", "/api/rules")[1]["rules"][rule_number]
    return Dispatch(world.ada.contact_id, rule["rule_id"], rule["version"], 0, event(number))


def claimed(one: Dispatch, kind: str, owner: str = "somebody") -> DispatchRecord:
    """Return the record of a worker that is at it since noon."""
    return DispatchRecord(
        dispatch=one,
        kind=kind,
        outcome=Outcome.CLAIMED,
        owner=owner,
        lease_ms=NOON_MS + LEASE_MS,
        changed_ms=NOON_MS,
    )


@pytest.mark.parametrize("rule_number", [MAIL_RULE, HOOK_RULE])
def test_of_workers_at_once_one_performs(world, rule_number):
    """Eight workers with the same dispatch: it is performed once, whoever is late finds it busy."""
    world.begin()
    one = due(world, rule_number)
    ready = threading.Barrier(8)

    def work(_number: int) -> str:
        ready.wait()
        try:
            record = perform.perform(one)
        except dispatches.BusyError:
            return "busy"
        return record.outcome if record else "settled before"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))

    performed = [one for one in answers if one not in {"busy", "settled before"}]
    assert 1 == len(performed)
    assert 1 == world.state().mails.total() + len(world.receiver.requests)


def test_a_busy_dispatch_goes_back_to_the_queue(world):
    """A record that another worker holds is reported as failed, and the queue brings it back."""
    world.begin()
    one = due(world, MAIL_RULE)
    dispatches.claim(claimed(one, "send_email"), now_ms=NOON_MS, repeatable=False)

    assert [] == world.invoke("dispatch", dispatch.handler, [one.to_wire()])
    assert not world.state().mails


def test_a_webhook_whose_worker_died_is_repeated_under_its_id(world):
    """When the lease has run out, the next worker calls again, with the same webhook-id."""
    world.begin()
    one = due(world, HOOK_RULE)
    world.calls.begin(Break(2, Mode.DIE_AFTER))  # the POST itself
    world.send("ACTIONS", one)
    world.drain()

    state = world.state()
    assert [Outcome.DONE] == [found.outcome for found in state.dispatches.values()]
    assert [one.dispatch_id] * 2 == [message_id for _, message_id, _ in world.receiver.requests]
    assert 1 == len(state.requests[one.dispatch_id])


def test_a_mail_whose_worker_died_is_uncertain(world):
    """When the lease has run out, nobody sends it again; it is listed, and says why."""
    world.begin()
    one = due(world, MAIL_RULE)
    dispatches.claim(claimed(one, "send_email"), now_ms=NOON_MS, repeatable=False)
    world.clock.shift(LEASE_MS / 1000 + 1)
    world.send("ACTIONS", one)
    world.drain()

    assert {one.dispatch_id: "uncertain"} == listed(world)
    assert not world.state().mails


@pytest.mark.parametrize("change", ["disabled", "deleted", "contact gone"])
def test_a_mail_whose_worker_died_is_uncertain_even_if_it_is_moot_by_now(world, change):
    """That its rule is off by now does not make a mail unsent: it is not called skipped."""
    world.begin()
    one = due(world, MAIL_RULE)
    dispatches.claim(claimed(one, "send_email"), now_ms=NOON_MS, repeatable=False)
    spoil(world, one, change)
    world.clock.shift(LEASE_MS / 1000 + 1)
    world.send("ACTIONS", one)
    world.drain()

    assert {one.dispatch_id: "uncertain"} == listed(world)


def spoil(world: World, one: Dispatch, change: str) -> None:
    """Take away what a dispatch needs."""
    path = f"/api/rules/{one.rule_id}"
    if change == "deleted":
        world.people.call("DELETE", path)
    elif change == "disabled":
        rule = world.people.call("GET", path)[1]
        names = ("name", "trigger", "trigger_settings", "actions")
        wanted = {name: rule[name] for name in names} | {"status": "disabled"}
        assert 200 == world.people.call("PUT", path, wanted)[0]
    else:
        (item,) = [
            item
            for item in world.cloud.items("CONTACTS")
            if item["pk"]["S"].endswith(f"#contact#{one.contact_id}")
            and item["sk"]["S"] == "contact"
        ]
        client("dynamodb").delete_item(
            TableName=world.cloud.variables["CONTACTS_TABLE"],
            Key={"pk": item["pk"], "sk": item["sk"]},
        )


def test_an_outcome_of_who_lost_the_claim_changes_nothing(world):
    """A worker that comes back from the dead does not write over who took over."""
    world.begin()
    one = due(world, HOOK_RULE)
    first, second = claimed(one, "webhook", "first"), claimed(one, "webhook", "second")
    assert dispatches.claim(first, now_ms=NOON_MS, repeatable=True)
    later = NOON_MS + LEASE_MS + 1
    assert dispatches.claim(replace(second, lease_ms=later), now_ms=later, repeatable=True)
    before = world.state()

    assert dispatches.settle(replace(first, outcome=Outcome.FAILED, detail="late")) is False
    assert dispatches.release(first, now_ms=later) is False
    assert before == world.state()


@pytest.mark.parametrize("mode", [Mode.LOST, Mode.SERVER_ERROR])
def test_an_uncertain_mail_that_is_retried_twice_is_sent_once(world, mode):
    """Whoever looked and asks for it again, twice, has it sent once."""
    world.begin()
    one = due(world, MAIL_RULE)
    world.calls.begin(Break(5, mode))  # SendEmail
    world.send("ACTIONS", one)
    world.drain()
    sent = world.state().mails.total()
    assert {one.dispatch_id: "uncertain"} == listed(world)

    statuses = [retry(world, one) for _ in range(2)]
    world.drain()

    assert [202, 202] == statuses
    assert {} == listed(world)
    assert sent + 1 == world.state().mails.total()
    assert 409 == retry(world, one)


def test_a_failed_webhook_that_is_retried_twice_is_called_once(world):
    """The same for one that failed: its account had no secret to sign with."""
    world.begin()
    one = due(world, HOOK_RULE)
    account = accounts.fetch(ACCOUNT_ID)
    without = accounts.save(account, replace(account, webhook_secrets=()))
    world.send("ACTIONS", one)
    world.drain()
    assert {one.dispatch_id: "failed"} == listed(world)
    accounts.save(without, replace(without, webhook_secrets=account.webhook_secrets))

    statuses = [retry(world, one) for _ in range(2)]
    world.drain()

    assert [202, 202] == statuses
    assert {} == listed(world)
    assert [one.dispatch_id] * 2 == [message_id for _, message_id, _ in world.receiver.requests]


def retry(world: World, one: Dispatch) -> int:
    """Ask for another try and return the answer's status."""
    status, answer = world.people.call("POST", f"/api/dispatches/{one.dispatch_id}/retry")
    assert answer, json.dumps(answer)
    return status
