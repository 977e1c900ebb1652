"""The queues between triggers and actions, each carrying one model in and out."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from signalbox.aws import sqs
from signalbox.awsjson import jitter
from signalbox.environment import Environment, environment
from signalbox.model.event import Event

if TYPE_CHECKING:
    from signalbox.model.dispatch import Dispatch
    from signalbox.model.sending import Sending

SENT_AT_ONCE = 10  # SendMessageBatch's limit of entries
BYTES_AT_ONCE = 1_048_576  # SendMessageBatch's limit of bytes in all
LONGEST_DELAY_S = 900  # SQS's limit of DelaySeconds
TRIES = 4  # of entries that SQS itself failed to take

sleep = time.sleep

Model = TypeVar("Model", Event, "Dispatch", "Sending")


class QueueRefusedError(Exception):
    """SQS took some of the messages only; `unsent` is how many it did not."""

    def __init__(self, unsent: int, code: str) -> None:
        super().__init__(f"SQS did not take {unsent} messages: {code}")
        self.unsent = unsent


class Queue(Generic[Model]):
    """One queue: where it is, and the model that it carries; `read` reads a message's body."""

    def __init__(self, url: Callable[[Environment], str], read: Callable[[str], Model]) -> None:
        self.url = url
        self.read: Callable[[str], Model] = read

    def put(self, models: Sequence[Model], *, delay_s: int = 0) -> None:
        """Send the models: one call for up to ten. Nobody sees them for `delay_s`, at most 900.

        Raises:
            QueueRefusedError: some were not taken, again and again; the others were.
            AwsError: the call itself failed.
        """
        url = self.url(environment())
        bodies = [model.to_wire() for model in models]
        later = {"DelaySeconds": delay_s} if delay_s else {}
        if len(bodies) == 1:
            sqs("SendMessage", QueueUrl=url, MessageBody=bodies[0], **later)
            return
        for batch in _batches(bodies):
            _send(url, batch, later)


def _dispatch_from(text: str) -> "Dispatch":
    from signalbox.model.dispatch import Dispatch  # noqa: PLC0415 ingest starts without it

    return Dispatch.from_wire(text)


def _sending_from(text: str) -> "Sending":
    from signalbox.model import sending  # noqa: PLC0415 ingest starts without it

    return sending.from_wire(text)


EVENTS: Queue[Event] = Queue(lambda env: env.events_queue_url, Event.from_wire)
ACTIONS: "Queue[Dispatch]" = Queue(lambda env: env.actions_queue_url, _dispatch_from)
SENDS: "Queue[Sending]" = Queue(lambda env: env.sends_queue_url, _sending_from)


class Redriven(NamedTuple):
    """How many letters went home, how many could not, and whether there may be more."""

    moved: int
    left: int
    more: bool


class DeadLetters:
    """What failed too often, and the way back.

    `send_home` is given the bodies of up to ten letters, and tells of each whether it went. At most
    `at_once` letters are sent home for one request.
    """

    def __init__(
        self,
        source: Callable[[Environment], str],
        send_home: Callable[[Sequence[str]], Sequence[bool]],
        *,
        at_once: int = 1000,
    ) -> None:
        self.source = source
        self.send_home = send_home
        self.at_once = at_once

    def waiting(self) -> int:
        """Return about how many messages there are."""
        answer = sqs(
            "GetQueueAttributes",
            QueueUrl=self.source(environment()),
            AttributeNames=["ApproximateNumberOfMessages"],
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def redrive(self, limit: int) -> Redriven:
        """Send up to `limit` letters home; those that cannot go stay, and show again after a while.

        Each is sent before it is deleted here, so one that is cut off in between is sent twice,
        which does no harm. AWS has StartMessageMoveTask for this; it moves a queue in whole and is
        not everywhere that the stack runs.
        """
        limit = min(limit, self.at_once)
        taken = moved = 0
        while taken < limit:
            letters = sqs(
                "ReceiveMessage",
                QueueUrl=self.source(environment()),
                MaxNumberOfMessages=min(SENT_AT_ONCE, limit - taken),
            ).get("Messages", [])
            if not letters:
                break
            went = self.send_home([letter["Body"] for letter in letters])
            gone = [letter for letter, has_gone in zip(letters, went, strict=True) if has_gone]
            self._delete(gone)
            taken, moved = taken + len(letters), moved + len(gone)
        return Redriven(moved, taken - moved, more=taken == limit)

    def _delete(self, letters: Sequence[dict[str, str]]) -> None:
        """Delete what went home; one that SQS keeps shows again and is sent again, harmlessly."""
        entries = [
            {"Id": str(number), "ReceiptHandle": letter["ReceiptHandle"]}
            for number, letter in enumerate(letters)
        ]
        if entries:
            sqs("DeleteMessageBatch", QueueUrl=self.source(environment()), Entries=entries)


def _to(queue: Callable[[Environment], str]) -> Callable[[Sequence[str]], Sequence[bool]]:
    """Return the way home of letters that are a queue's own messages."""

    def send_home(bodies: Sequence[str]) -> Sequence[bool]:
        _send(queue(environment()), bodies)
        return [True] * len(bodies)

    return send_home


DEAD_LETTERS = {
    "events": DeadLetters(
        lambda env: env.events_dead_letter_queue_url, _to(lambda env: env.events_queue_url)
    ),
    "actions": DeadLetters(
        lambda env: env.actions_dead_letter_queue_url, _to(lambda env: env.actions_queue_url)
    ),
    "sends": DeadLetters(
        lambda env: env.sends_dead_letter_queue_url, _to(lambda env: env.sends_queue_url)
    ),
    "feedback": DeadLetters(
        lambda env: env.feedback_dead_letter_queue_url, _to(lambda env: env.feedback_queue_url)
    ),
}


def _batches(bodies: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for body in bodies:
        full = not batches or len(batches[-1]) == SENT_AT_ONCE
        if full or size + len(body) > BYTES_AT_ONCE:
            batches.append([])
            size = 0
        batches[-1].append(body)
        size += len(body)
    return batches


def _send(url: str, bodies: Sequence[str], later: Mapping[str, int] = MappingProxyType({})) -> None:
    entries: list[dict[str, Any]] = [
        {"Id": str(number), "MessageBody": body, **later} for number, body in enumerate(bodies)
    ]
    for attempt in range(1, TRIES + 1):
        failed = sqs("SendMessageBatch", QueueUrl=url, Entries=entries).get("Failed", [])
        if not failed:
            return
        ids = {failure["Id"] for failure in failed}
        entries = [entry for entry in entries if entry["Id"] in ids]
        if attempt == TRIES or any(failure.get("SenderFault") for failure in failed):
            raise QueueRefusedError(len(failed), failed[0].get("Code", ""))
        sleep(jitter() * 0.05 * 2**attempt)
