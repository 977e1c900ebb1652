"""Very many contacts come on a list with an active rule, and workers die while they are at it."""

import gc
from collections import Counter
from random import Random

import pytest

from functions.changes import app as changes
from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox import aws
from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event
from signalbox.model.wire import packed
from signalbox.store import contact_listing, keys, table
from tests.cloud import Context, sqs_event

WORKERS = ((50, 400), pytest.param((2_000, 100_000), marks=pytest.mark.soak))
FIRST = 10**15
DEATHS = 0.03  # of the calls to AWS


class Dies:
    """Lets a worker die at some of its calls, before it or after it, while it is `armed`."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 no secret
        self.armed = False
        self.deaths = 0
        self.real = aws.call

    def __call__(self, service: str, operation: str, **request):
        """Make the call, unless the worker dies before it; perhaps it dies after it."""
        fate = self.chance.random() if self.armed else 1.0
        if fate < DEATHS / 2:
            self._die()
        answer = self.real(service, operation, **request)
        if fate < DEATHS:
            self._die()
        return answer

    def _die(self):
        self.deaths += 1
        raise SystemExit(self.deaths)


@pytest.fixture(name="dies")
def _dies(cloud, monkeypatch):
    dies = Dies(7)
    monkeypatch.setattr(aws, "call", dies)
    monkeypatch.setattr("functions.dispatch.outcomes.LEASE_MS", -1)  # a dead worker's runs out
    yield dies
    gc.collect()  # what asyncio says of workers that died belongs to this test


@pytest.mark.parametrize("size", WORKERS)
def test_every_contact_that_comes_on_a_list_is_acted_on_once(account, cloud, dies, size):
    """Nothing is lost and nothing is done twice, whichever worker dies at whichever call."""
    batch, count = size
    action = {"kind": "record_event", "name": "welcomed", "value": "%EMAIL%"}
    account.rule(action, trigger="contact_added", trigger_settings={})
    _write_contacts(account.account_id, count)
    dies.armed = True

    for start in range(0, count, batch):
        _until_it_succeeds(_announce, _records(account.account_id, start, batch))
        _until_it_succeeds(_track, cloud.waiting("EVENTS"))
        due = _each_once(cloud.waiting("ACTIONS"))
        assert min(batch, count - start) == len(due)
        for first in range(0, len(due), 10):
            _until_it_succeeds(_dispatch, due[first : first + 10])
        welcomes = [Event.from_wire(body) for body in cloud.waiting("EVENTS")]
        found = Counter(event.event_id for event in welcomes)
        assert len(due) == len(found)
        assert {event.address for event in welcomes} == {
            f"contact:{FIRST + number}" for number in range(start, min(start + batch, count))
        }

    settled = [item["outcome"]["S"] for item in cloud.items("TRACKING") if "outcome" in item]
    assert Counter({"done": count}) == Counter(settled)
    assert dies.deaths > count / 100


def _each_once(bodies: list[str]) -> list[str]:
    """Return each dispatch once, as its id tells it; more of one are repeats."""
    return list({Dispatch.from_wire(body).dispatch_id: body for body in bodies}.values())


def _until_it_succeeds(work, messages) -> None:
    """Deliver the messages until no worker dies and none of them fails."""
    for _ in range(200):
        try:
            messages = work(messages)
        except SystemExit:
            continue
        if not messages:
            return
    raise AssertionError("it never succeeded")


def _announce(records):
    return records if changes.handler({"Records": records}, None)["batchItemFailures"] else []


def _track(bodies):
    return _failed(bodies, track.handler(sqs_event(bodies), None))


def _dispatch(bodies):
    return _failed(bodies, dispatch.handler(sqs_event(bodies), Context()))


def _failed(bodies, answer):
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    return [body for number, body in enumerate(bodies) if f"m{number}" in failed]


def _write_contacts(account_id: str, count: int) -> None:
    """Write the records of contacts, without what finds them by other ways."""
    table.put_many(
        environment().contacts_table,
        (
            {
                "pk": keys.contact(account_id, str(FIRST + number)),
                "sk": "contact",
                "body": packed({"email": f"c{number}@signalbox.example"}),
                "version": 1,
                **contact_listing.membership(account_id, "contacts", "", str(FIRST + number)),
            }
            for number in range(count)
        ),
    )


def _records(account_id: str, start: int, batch: int) -> list[dict]:
    """Return what the stream tells of contacts that came on list 5."""
    return [
        {
            "eventID": f"event-{number}",
            "eventName": "INSERT",
            "dynamodb": {
                "ApproximateCreationDateTime": 1795254840.0 + number,
                "SequenceNumber": f"{number:021d}",
                "NewImage": {
                    "pk": {"S": keys.contact(account_id, str(FIRST + number))},
                    "sk": {"S": "list#5"},
                    "body": {"S": packed({"status": 1, "subscribed_ms": 1})},
                    "version": {"N": "1"},
                },
            },
        }
        for number in range(start, start + batch)
    ]
