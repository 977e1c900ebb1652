"""Other hands, other workers: pauses, second starts and dead workers' claims send nothing twice."""

import time

from signalbox import mailing_runs
from signalbox.aws import AwsError
from signalbox.model.message import LEASE_MS, State
from signalbox.store import messages
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID, contact_id
from tests.sends import LIST, NOON_MS, At, claim_of, everybody, part_of, pause, sent_events


def test_a_mailing_that_was_paused_goes_on_where_it_was(workers, cloud):
    """What is under way of the old run does nothing; the new run writes to who is left."""
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.take()
    workers.step()  # the page
    workers.take()
    workers.step()  # one part
    pause(0)
    mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert ("finished", 2, 10) == (
        town.standing().state,
        town.standing().run,
        town.standing().audience_size,
    )
    assert 10 == len({one.event_id for one in sent_events(cloud)})


def test_a_cancelled_mailing_sends_nothing_more(workers, cloud):
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    mailing_runs.cancel(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert {} == town.recipients()
    assert [] == town.all_messages()


def test_two_starts_at_once_send_once(workers, cloud):
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    mailing_runs.start(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert 10 == town.standing().audience_size


def test_what_a_dead_worker_left_is_uncertain_after_its_lease(workers, cloud):
    """Before that it is the other's; the part is not closed meanwhile."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.take()
    workers.step()
    messages.claim(claim_of(0, changed_ms=int(time.time() * 1000)), retry_run=0, expires=1)
    workers.until_finishing()

    (uncertain,) = [one for one in town.all_messages() if one.state is State.UNCERTAIN]
    assert (contact_id(0), "interrupted") == (uncertain.contact_id, uncertain.reason)
    assert NOON_MS + LEASE_MS < uncertain.changed_ms
    workers.drain()
    assert "finished" == town.standing().state


def test_a_claim_of_which_nothing_came_is_given_back(workers, cloud, monkeypatch):
    """Where the last look fails nothing was sent, so nothing is uncertain later."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    at = At(monkeypatch)

    def fail() -> None:
        raise AwsError("InternalServerError", "no", 500, {})

    workers.take()
    at.arm(3, fail)

    assert not workers.deliver(part_of(0).to_wire())
    assert [] == town.all_messages()
    workers.drain()
    assert everybody(1) == town.recipients()
