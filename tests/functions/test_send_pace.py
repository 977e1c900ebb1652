"""How fast mailings go out: within the rate of all workers together, and the time of a run."""

import time

from functions.send import deliveries, pacing
from signalbox import aws
from signalbox.model.container import ContainerKind
from signalbox.model.sending import from_wire
from signalbox.store import pace
from tests import mailings as town
from tests.cloud import forget
from tests.sends import LIST, NOON_MS, everybody, part_of


def test_mails_keep_to_the_rate_of_all_workers_together(workers, cloud, monkeypatch):
    """With two a second, no second has more than two, whoever sends them."""
    monkeypatch.setenv("MAIL_RATE", "2")
    forget()
    monkeypatch.setattr(pacing, "sleep", workers.clock.shift)
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.until_finishing()
    sent = sorted(one.sent_ms for one in town.all_messages())

    assert everybody(10) == town.recipients()
    assert [] == [at for at, ms in enumerate(sent) if ms < sent[0] + 500 * at - 400]


def test_who_finds_the_next_minute_taken_comes_again(workers, cloud, monkeypatch):
    """No worker sleeps for longer; what is left is queued until there is a slot."""
    monkeypatch.setenv("MAIL_RATE", "0.1")
    forget()
    pace.take(7, 0.1, time.time_ns() // 1000, owner="somebody")
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.take()
    workers.step()
    workers.take()
    workers.step()
    workers.take()

    assert {} == town.recipients()
    waits = [at_s - workers.now_s() for at_s, _, one in workers.waiting if '"deliver"' in one]
    assert [True] == [8 < wait_s <= 11 for wait_s in waits]


def test_the_rate_is_what_ses_allows_unless_the_stack_says_otherwise(workers, monkeypatch):
    """It is asked for once in a while."""
    monkeypatch.setenv("MAIL_RATE", "0")
    forget()
    pacing.forget()
    asked = []

    def call(_service, operation, **_request):
        asked.append(operation)
        return {"SendQuota": {"MaxSendRate": 14.0}}

    monkeypatch.setattr(aws, "call", call)

    assert [14.0, 14.0] == [pacing.rate(ContainerKind.EMAIL_CAMPAIGN) for _ in range(2)]
    assert ["GetAccount"] == asked
    workers.clock.shift(1)
    pacing.forget()


def test_a_run_that_has_no_time_left_queues_the_rest(workers, cloud):
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    deliveries.deliver(part_of(0, 1), time.monotonic() - 1)
    workers.take()

    assert {} == town.recipients()
    left = [from_wire(one) for *_, one in workers.waiting]
    assert part_of(0, 1) in left
