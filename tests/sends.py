"""What the tests of sending share: a noon, lists, one mail, and what came of a mailing."""

from datetime import UTC, datetime
from email.message import Message as Mime
from typing import Any

from signalbox import aws
from signalbox.model.event import Event
from signalbox.model.message import Message, State
from signalbox.model.sending import Deliver
from signalbox.store import contacts, mailings
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID, Workers, contact_id, email

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
LIST, OTHER = "5", "6"
OPT_OUTS, GROUP = "71", "72"


def everybody(count: int, *, without: tuple[int, ...] = ()) -> dict[str, int]:
    """Return that each contact of the audience got one mail."""
    return {email(number): 1 for number in range(count) if number not in without}


def skipped() -> dict[str, str]:
    """Return why contacts were skipped."""
    return {one.contact_id: one.reason for one in town.all_messages() if one.state is State.SKIPPED}


def one_mail(workers: Workers, **campaign) -> Mime:
    """Send a mailing to one contact and return the mail."""
    if contacts.find(ACCOUNT_ID, contact_id(0)) is None:
        town.write_contacts(workers.cloud, 1, list_ids=[LIST])
    town.campaign([LIST], **campaign)
    town.started(NOON_MS)
    workers.drain()
    (mail,) = town.mails(workers.cloud)
    return mail


def sent_events(cloud) -> list[Event]:
    """Return the events that were queued."""
    return [Event.from_wire(one) for one in cloud.waiting("EVENTS")]


def part_of(*numbers: int) -> Deliver:
    """Return a part of the first page with these contacts."""
    ids = tuple(contact_id(number) for number in numbers)
    return Deliver(ACCOUNT_ID, MAILING_ID, 1, 0, numbers[0], ids, LIST)


def pause(_number: int) -> None:
    """Pause the mailing."""
    mailings.pause(ACCOUNT_ID, MAILING_ID, "because")


class At:
    """Lets something happen right before a call to AWS, counted from 0."""

    def __init__(self, monkeypatch) -> None:
        self.real = aws.call
        self.number, self.at, self.happen = 0, -1, list
        self.calls: list[str] = []
        monkeypatch.setattr(aws, "call", self)

    def arm(self, at: int, happen) -> None:
        """Have it happen before call number `at`."""
        self.number, self.at, self.happen, self.calls = 0, at, happen, []

    def __call__(self, service, operation, **request):
        """Make the call."""
        number, self.number = self.number, self.number + 1
        if number == self.at:
            self.at = -1
            self.happen()
        self.calls.append(operation)
        return self.real(service, operation, **request)


def claim_of(number: int, **changes: Any) -> Message:
    """Return the claim of another worker."""
    facts = {"owner": "another", "run": 1, "changed_ms": NOON_MS} | changes
    return Message(ACCOUNT_ID, MAILING_ID, contact_id(number), State.CLAIMED, **facts)
