"""A mailing to very many, while its workers die at random, messages come often and in any order."""

from datetime import UTC, datetime
from random import Random

import pytest
import time_machine

from signalbox import aws, mailing_runs
from signalbox.model.event import Event
from signalbox.model.message import SETTLED, State
from signalbox.store import mailings, messages
from tests import mailings as town
from tests.cloud import forget
from tests.mailings import ACCOUNT_ID, MAILING_ID, Workers, contact_id, email

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
LIST = "5"
DEATHS = 0.01  # of the calls to AWS

SIZES = (100, pytest.param(10_000, marks=pytest.mark.soak))


class Dies:
    """Lets a worker die at some of its calls, before or after; notes what SES took."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 no secret
        self.armed = False
        self.events_at_once = 0.0
        self.accepted: dict[str, int] = {}
        self.real = aws.call

    def __call__(self, service: str, operation: str, **request):
        """Make the call, unless the worker dies before it; perhaps it dies after it."""
        fate = self.chance.random() if self.armed else 1.0
        if fate < DEATHS / 2:
            raise SystemExit
        answer = self.real(service, operation, **request)
        if operation == "SendEmail":
            self._note(request)
        if fate < DEATHS:
            raise SystemExit
        return answer

    def _note(self, request) -> None:
        """Note that SES took a mail; perhaps its event is faster than the worker."""
        tags = {one["Name"]: one["Value"] for one in request["EmailTags"]}
        who = tags["contact"]
        self.accepted[who] = self.accepted.get(who, 0) + 1
        if self.chance.random() < self.events_at_once:
            armed, self.armed = self.armed, False
            messages.report(ACCOUNT_ID, MAILING_ID, who, "sent", NOON_MS + 1, f"ses-{who}")
            self.armed = armed

    def tell_all(self) -> None:
        """Let SES tell of every mail that it took, once more and last."""
        self.armed = False
        for who in self.accepted:
            messages.report(ACCOUNT_ID, MAILING_ID, who, "sent", NOON_MS + 1, f"ses-{who}")


@pytest.fixture(name="dies")
def _dies(cloud, monkeypatch):
    dies = Dies(7)
    monkeypatch.setattr(aws, "call", dies)
    return dies


@pytest.fixture(name="workers")
def _workers(cloud, account, dies):
    with time_machine.travel(NOON, tick=True) as clock:
        yield Workers(cloud, clock, most_receives=1000)


def begin(cloud, count: int) -> None:
    """Write the audience and start the mailing."""
    town.write_contacts(cloud, count, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)


@pytest.mark.parametrize("count", SIZES)
def test_whichever_worker_dies_nobody_is_missed_and_nobody_gets_two(workers, cloud, dies, count):
    """Who may have got a mail or not is listed as uncertain, until SES's events tell of all it took."""
    begin(cloud, count)
    dies.armed = True
    workers.drain(200 * count)
    dies.armed = False
    listed = uncertain()
    before = town.states()
    dies.tell_all()

    assert workers.deaths > count / 40
    assert {1} == set(town.recipients().values())
    assert {"sent", "uncertain"} == set(before)
    assert count == before.total()
    assert {one for one in listed if one not in dies.accepted} == uncertain()
    assert {contact_id(number) for number in range(count)} == dies.accepted.keys() | uncertain()
    assert ("finished", count) == (town.standing().state, town.standing().audience_size)
    told = {Event.from_wire(one.body).properties["contact_id"] for one in cloud.emptied("EVENTS")}
    assert told == {one.contact_id for one in sent() if one.reason != SETTLED}


def uncertain() -> set[str]:
    """Return the contacts whose messages are listed as uncertain."""
    found, place = messages.of_mailing(ACCOUNT_ID, MAILING_ID, state=State.UNCERTAIN, limit=1000)
    assert place is None
    return {one.contact_id for one in found}


def sent() -> list:
    """Return the messages that were sent."""
    return [one for one in town.all_messages() if one.state is State.SENT]


@pytest.mark.parametrize("seed", range(2))
def test_each_message_one_to_five_times_in_any_order_sends_once(workers, cloud, dies, seed):
    """Workers know nothing of each other, and SES's events come before their answers at times."""
    chance = Random(seed)  # noqa: S311 no secret
    workers.copies = lambda: chance.randint(1, 5)
    workers.lateness_s = lambda: chance.random() * 20
    dies.events_at_once = 0.3
    begin(cloud, 30)
    for _ in range(3000):
        workers.take()
        if not workers.waiting:
            break
        if town.standing().state == "finished":
            workers.copies = lambda: 1
        workers.step()
        if chance.random() < 0.2:
            forget()

    assert {email(number): 1 for number in range(30)} == town.recipients()
    assert {"sent": 30} == town.states()
    assert ("finished", 30) == (town.standing().state, town.standing().audience_size)


@pytest.mark.parametrize("seed", range(2))
def test_several_hands_on_a_mailing_that_loses_workers(workers, cloud, dies, seed):
    """Paused, resumed, started again and retried at any time: nobody is missed, nobody gets two."""
    chance = Random(seed)  # noqa: S311 no secret
    begin(cloud, 40)
    dies.armed = True
    for _ in range(60):
        workers.take()
        if workers.waiting:
            workers.step()
        dies.armed = False
        act(chance)
        dies.armed = True
    dies.armed = False
    if town.standing().state == "paused":
        mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()
    dies.tell_all()

    assert {1} == set(town.recipients().values())
    assert 40 == town.states().total()
    assert {contact_id(number) for number in range(40)} == dies.accepted.keys() | uncertain()
    assert ("finished", 40) == (town.standing().state, town.standing().audience_size)


def act(chance: Random) -> None:
    """Let somebody do something with the mailing, or nothing."""
    state = town.standing().state
    match chance.randrange(6):
        case 0 if state == "running":
            mailings.pause(ACCOUNT_ID, MAILING_ID, "because")
        case 1 | 2 if state == "paused":
            mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
        case 3 if state == "running":
            mailing_runs.start(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
        case 4 if state in {"running", "finished"}:
            mailing_runs.retry(ACCOUNT_ID, MAILING_ID)
