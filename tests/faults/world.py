"""A small world to break: an account with rules, queues that deliver at least once, and a clock.

A run puts messages on the queues and lets the workers empty them, as often as it takes: what a
worker does not finish shows up again after its visibility timeout, what is scheduled comes due.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_string, policy
from typing import Any

import pytest
import time_machine
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.ses.models import ses_backends
from moto.sqs.models import Queue, sqs_backends

from functions.changes import app as changes
from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox import queues
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.event import Event
from signalbox.people import add_contact
from signalbox.store import event_names, table
from tests.cloud import REGION, Cloud, Context, client, empty_cloud, forget, sqs_event
from tests.faults.enumerator import Break, Death, Enumerator, enumerated
from tests.faults.receiver import Receiver, receiving
from tests.people import ACCOUNT_ID, MAIL, People, settle

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
TABLES = ("CONTACTS", "RULES", "TRACKING")
WORKERS = {"EVENTS": ("track", track.handler, 180), "ACTIONS": ("dispatch", dispatch.handler, 360)}
MOST_RECEIVES = 5  # then the queue moves a message to its dead letters
PERSONAL_MAIL = MAIL | {"text": "Here: %EVENT: download% after %EVENT: visit%"}


@dataclass(frozen=True)
class Performed:
    """A dispatch as it ended."""

    kind: str
    outcome: str
    detail: str
    status: int


@dataclass
class State:
    """What a run left behind, less what may differ: owners, times of processing, attempts."""

    log: dict[str, dict]
    dropped: dict[str, dict]
    dispatches: dict[str, Performed]
    other: dict[str, dict]
    setup: list[dict]
    mails: Counter[tuple[str, str, str]]
    requests: dict[str, set[bytes]]

    def only(self, outcome: Outcome) -> list[str]:
        """Return the ids of the dispatches with that outcome."""
        return [key for key, one in self.dispatches.items() if one.outcome == outcome]


class World:
    """The account, its rules, and the workers."""

    def __init__(
        self,
        cloud: Cloud,
        calls: Enumerator,
        receiver: Receiver,
        clock: time_machine.Traveller,
    ) -> None:
        self.cloud = cloud
        self.calls = calls
        self.receiver = receiver
        self.clock = clock
        self.people: People = settle()
        self.ada = self.people.ada
        self.bob: Contact = add_contact(ACCOUNT_ID, email="bob@signalbox.example", first_name="Bob")
        self._at_first: dict[str, Table] = {}

    def keep(self) -> None:
        """Make what stands now the beginning of every run."""
        self._at_first = {name: deepcopy(_table(self.cloud, name)) for name in TABLES}

    def begin(self, fault: Break | None = None) -> None:
        """Put everything back to the beginning."""
        self.clock.move_to(NOON, tick=True)
        for name, kept in self._at_first.items():
            _table(self.cloud, name).items = deepcopy(kept).items
        for queue in WORKERS:
            _queue(self.cloud, queue)._messages.clear()
            _queue(self.cloud, queue)._pending_messages.clear()
        scheduler = client("scheduler")
        for one in self.cloud.schedules():
            scheduler.delete_schedule(Name=one["Name"], GroupName=one["GroupName"])
        ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages.clear()
        self.receiver.forget()
        forget()
        self.calls.begin(fault)

    def send(self, queue: str, *models: Event | Dispatch) -> None:
        """Put messages on a queue."""
        self.send_texts(queue, [model.to_wire() for model in models])

    def send_texts(self, queue: str, bodies: list[str]) -> None:
        """Put messages on a queue, ten at the most."""
        url = self.cloud.variables[f"{queue}_QUEUE_URL"]
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        client("sqs").send_message_batch(QueueUrl=url, Entries=entries)

    def drain(self) -> None:
        """Let the workers work until nothing is queued, in flight or scheduled."""
        for _ in range(60):
            worked = [self.work(queue) for queue in WORKERS]
            if any(worked):
                continue
            if any(_queue(self.cloud, queue)._messages for queue in WORKERS):  # in flight
                self.clock.shift(400)
                continue
            if not self._fire_next():
                return
        raise AssertionError("the queues never emptied")

    def work(self, queue: str) -> bool:
        """Let a worker take a batch; tell whether there was one."""
        if not _queue(self.cloud, queue)._messages:
            return False
        function, handler, visibility_s = WORKERS[queue]
        url = self.cloud.variables[f"{queue}_QUEUE_URL"]
        messages = client("sqs").receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=visibility_s,
            AttributeNames=["ApproximateReceiveCount"],
        )
        batch = messages.get("Messages", [])
        if not batch:
            return False
        for message in batch:
            assert int(message["Attributes"]["ApproximateReceiveCount"]) <= MOST_RECEIVES
        done = self.invoke(function, handler, [message["Body"] for message in batch])
        if done:
            entries = [
                {"Id": str(number), "ReceiptHandle": batch[number]["ReceiptHandle"]}
                for number in done
            ]
            client("sqs").delete_message_batch(QueueUrl=url, Entries=entries)
        return True

    def invoke(self, function: str, handler: Callable, bodies: list[str]) -> list[int]:
        """Hand a worker a batch; return the numbers of the records that it finished."""
        self.calls.function = function
        try:
            answer = handler(sqs_event(bodies), Context())
        except Death:
            forget()  # what a process knew, dies with it
            return []
        finally:
            self.calls.function, self.calls.dead = "", False
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        assert failed <= {f"m{number}" for number in range(len(bodies))}
        return [number for number in range(len(bodies)) if f"m{number}" not in failed]

    def tell(self, records: Sequence[dict[str, Any]]) -> None:
        """Let `changes` work through records of the stream, again from where it failed."""
        left = list(records)
        for _ in range(MOST_RECEIVES):
            self.calls.function = "changes"
            try:
                answer = changes.handler({"Records": left}, None)
            except Death:
                forget()
                continue
            finally:
                self.calls.function, self.calls.dead = "", False
            failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
            if not failed:
                return
            numbers = [record["dynamodb"]["SequenceNumber"] for record in left]
            left = left[numbers.index(failed[0]) :]
        raise AssertionError("the stream was never worked through")

    def state(self) -> State:
        """Return what stands now."""
        tracking = {
            f"{key['pk']}|{key['sk']}": key for key in map(plain, items(self.cloud, "TRACKING"))
        }
        return State(
            log={key: item for key, item in tracking.items() if "|event#" in key},
            dropped={key: item for key, item in tracking.items() if "#dropped#" in key},
            dispatches={
                _dispatch_id(item): _performed(item)
                for key, item in tracking.items()
                if "|dispatch#" in key
            },
            other={
                key: item
                for key, item in tracking.items()
                if "|event#" not in key
                and "|dispatch#" not in key
                and "#dropped#" not in key
                and "#feed|" not in key
            },
            setup=[
                {name: value for name, value in item.items() if name != "stamp"}  # is random
                for table in ("CONTACTS", "RULES")
                for item in items(self.cloud, table)
            ],
            mails=Counter(map(mail_of, self.cloud.mails())),
            requests=self.receiver.bodies(),
        )

    def _fire_next(self) -> bool:
        """Deliver what is scheduled next, twice, for Scheduler promises once at least."""
        waiting = sorted(self.cloud.schedules(), key=lambda one: one["ScheduleExpression"])
        if not waiting:
            return False
        one = waiting[0]
        due = datetime.fromisoformat(one["ScheduleExpression"][3:-1]).replace(tzinfo=UTC)
        if due > datetime.now(UTC):
            self.clock.move_to(due, tick=True)
        client("scheduler").delete_schedule(Name=one["Name"], GroupName=one["GroupName"])
        self.send_texts("ACTIONS", [one["Target"]["Input"]] * 2)
        return True


@contextlib.contextmanager
def inhabited() -> Iterator[World]:
    """Make a world with two contacts and the rules that the runs of this folder share."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        receiving() as receiver,
        time_machine.travel(NOON, tick=True) as clock,
        empty_cloud(monkeypatch) as cloud,
        enumerated(monkeypatch) as calls,
    ):
        monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", receiver.host)
        monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")  # Powertools else ignores our threads
        monkeypatch.setattr(table, "sleep", lambda _seconds: None)
        monkeypatch.setattr(queues, "sleep", lambda _seconds: None)
        forget()
        yield World(cloud, calls, receiver, clock)
        forget()


def with_rules(world: World) -> World:
    """Write the rules: `download` mails and calls, `farewell` calls somebody who is gone.

    Each stands in its second version.
    """
    event_names.register(ACCOUNT_ID, "farewell", 1)
    hook = {"kind": "webhook", "url": world.receiver.url("/busy")}
    world.people.rule(PERSONAL_MAIL)
    world.people.rule(hook)
    gone = {"kind": "webhook", "url": world.receiver.url("/gone")}
    world.people.rule(gone, event_name="farewell")
    for rule in world.people.call("GET", "/api/rules")[1]["rules"]:
        wanted = {key: rule[key] for key in ("trigger", "trigger_settings", "actions")}
        world.people.call("PUT", f"/api/rules/{rule['rule_id']}", wanted | {"name": "edited"})
    world.keep()
    return world


def event(number: int, name: str = "download", who: str = "ada", **changes: Any) -> Event:
    """Return an event with an id and a time of its own."""
    made = Event(
        account_id=ACCOUNT_ID,
        event_id=f"event-{number}",
        name=name,
        at_ms=NOON_MS + number,
        received_ms=NOON_MS + number,
        address=f"email:{who}@signalbox.example",
        value=f"https://files.example/{number}.pdf",
    )
    return made._replace(**changes)


def _queue(cloud: Cloud, name: str) -> Queue:
    """Return moto's own queue: asking it for what is in flight is quicker than asking SQS."""
    queue_name = cloud.variables[f"{name}_QUEUE_URL"].rpartition("/")[2]
    return sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[queue_name]


def items(cloud: Cloud, name: str) -> list[dict]:
    """Return the items of a table in key order, from moto itself, which is quicker than a scan."""
    found = [item.to_json()["Attributes"] for item in _table(cloud, name).all_items()]
    return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def _table(cloud: Cloud, name: str) -> Table:
    table_name = cloud.variables[f"{name}_TABLE"]
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[table_name]


def plain(item: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: next(iter(typed.values())) for name, typed in item.items()}


def _dispatch_id(item: dict[str, str]) -> str:
    _, at, key_hash = item["sk"].split("#")
    return f"{item['pk'].rpartition('#')[2]}-{at}-{key_hash}"


def _performed(item: dict[str, str]) -> Performed:
    """Read a dispatch; a mail's detail is an id that SES draws."""
    detail = item["detail"].partition(":")[0]
    if item["kind"] == "send_email" and item["outcome"] == Outcome.DONE:
        detail = "a message id"
    return Performed(item["kind"], item["outcome"], detail, int(item["status"]))


def mail_of(raw: str) -> tuple[str, str, str]:
    mail = message_from_string(raw, policy=policy.default)
    text = mail.get_body(["plain"])
    return mail["To"], mail["Subject"], text.get_content() if text else ""


def listed(world: World) -> dict[str, str]:
    """Return the dispatches that the API lists for attention, with their outcomes."""
    status, answer = world.people.call("GET", "/api/dispatches")
    assert status == 200, json.dumps(answer)
    return {one["dispatch_id"]: one["outcome"] for one in answer["dispatches"]}
