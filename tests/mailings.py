"""A campaign with an audience, and workers that send its mailings, for tests.

Messages of the sends queue are taken as SQS may deliver them: what a worker does not finish shows up
again, what was queued for later comes due when the clock has moved there.
"""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message as Mime
from typing import Any

import time_machine
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from functions.send import app as send
from signalbox import mailing_runs
from signalbox.model.audience import Audience
from signalbox.model.campaign import Campaign
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.mailing import Mailing
from signalbox.model.membership import Membership, Subscription
from signalbox.model.message import Message
from signalbox.model.sending import Finish, from_wire
from signalbox.model.wire import packed
from signalbox.store import (
    campaigns,
    contact_listing,
    contacts,
    containers,
    keys,
    lists,
    mailings,
    memberships,
    messages,
    table,
)
from tests.cloud import REGION, Cloud, Context, sqs_event

ACCOUNT_ID = "100000001"
CAMPAIGN_ID = "900"
MAILING_ID = "1000000000000700"
FIRST = 10**12
LONG_AGO_MS = 1_700_000_000_000
VISIBILITY_S = 720
MOST_RECEIVES = 5
HTML = (
    '<html><body><p>Hello %FIRSTNAME%, <a href="https://shop.example/?a=1&amp;b=2">look</a></p>'
    "</body></html>"
)


class Patient(Context):
    """A run of the worker with its whole time left."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that the template gives it."""
        return 120_000


def contact_id(number: int) -> str:
    """Return the id of a contact of the audience."""
    return str(FIRST + number)


def email(number: int) -> str:
    """Return the address of a contact of the audience."""
    return f"c{number}@signalbox.example"


def write_contacts(cloud: Cloud, count: int, *, list_ids: Iterable[str] = ()) -> None:
    """Write contacts and their memberships, without what finds them by other ways."""
    table.put_many(
        cloud.variables["CONTACTS_TABLE"],
        (item for number in range(count) for item in _items(number, tuple(list_ids))),
    )


def subscribe(cloud: Cloud, number: int, list_id: str, **changes: Any) -> None:
    """Write that a contact is on a list."""
    table.put_many(cloud.variables["CONTACTS_TABLE"], [_membership(number, list_id, **changes)])


def campaign(list_ids: Iterable[str] = (), **changes: Any) -> Campaign:
    """Write a campaign, by e-mail unless `kind` says otherwise, with its lists, and return it."""
    kind = changes.pop("kind", ContainerKind.EMAIL_CAMPAIGN)
    containers.create(Container(ACCOUNT_ID, kind, CAMPAIGN_ID, "News"))
    for list_id in list_ids:
        lists.create(ContactList(ACCOUNT_ID, list_id, f"list {list_id}"))
    work_list = changes.pop("work_list", ())
    facts: dict[str, Any] = {
        "subject": "News for %FIRSTNAME%",
        "html": HTML,
        "audience": Audience(lists=tuple(list_ids), **changes.pop("audience", {})),
    }
    wanted = Campaign(ACCOUNT_ID, CAMPAIGN_ID, kind, **(facts | changes))
    nothing = Campaign(ACCOUNT_ID, CAMPAIGN_ID, kind)
    return campaigns.save(wanted, since=nothing, work_list=work_list)


def draft_of(**changes: Any) -> Mailing:
    """Return a mailing of the campaign that was not started yet."""
    facts: dict[str, Any] = {"name": "News", "author": "test", "created_ms": LONG_AGO_MS}
    kind = changes.pop("container", ContainerKind.EMAIL_CAMPAIGN)
    return Mailing(ACCOUNT_ID, MAILING_ID, CAMPAIGN_ID, kind, **(facts | changes))


def draft(**changes: Any) -> Mailing:
    """Write a mailing of the campaign that was not started yet, and return it."""
    made = draft_of(**changes)
    mailings.create(made)
    return made


def started(now_ms: int, **changes: Any) -> Mailing:
    """Write a mailing and start it."""
    draft(**changes)
    return mailing_runs.start(ACCOUNT_ID, MAILING_ID, now_ms=now_ms)


def standing() -> Mailing:
    """Return the mailing as it stands."""
    return mailings.fetch(ACCOUNT_ID, MAILING_ID)


def all_messages() -> list[Message]:
    """Return every message of the mailing."""
    found, place = messages.of_mailing(ACCOUNT_ID, MAILING_ID, limit=1000)
    while place is not None:
        more, place = messages.of_mailing(ACCOUNT_ID, MAILING_ID, limit=1000, place=place)
        found += more
    return found


def states() -> Counter[str]:
    """Return how many messages there are in each state."""
    return Counter(str(one.state) for one in all_messages())


def recipients() -> Counter[str]:
    """Return how many mails went to each address."""
    sent = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    return Counter(address for message in sent for address in set(message.destinations))


def mails(cloud: Cloud) -> list[Mime]:
    """Return the mails that went out."""
    return [message_from_string(raw) for raw in cloud.mails()]


@dataclass
class Workers:
    """The sends queue and who works at it; `deaths` are runs that never came back.

    `copies` says how often a message is delivered, `lateness_s` how late, each time anew.
    """

    cloud: Cloud
    clock: time_machine.Traveller | None
    waiting: list[tuple[float, int, str]] = field(default_factory=list)
    deaths: int = 0
    receives: Counter[str] = field(default_factory=Counter)
    copies: Callable[[], int] = lambda: 1
    lateness_s: Callable[[], float] = lambda: 0.0
    most_receives: int = MOST_RECEIVES
    _numbers: Any = field(default_factory=itertools.count)

    def take(self) -> None:
        """Take what was queued off the queue, and note when it is due."""
        for message in self.cloud.emptied("SENDS"):
            for _ in range(self.copies()):
                self.put(message.body, message.delayed_until / 1000 + self.lateness_s())

    def put(self, body: str, due_s: float) -> None:
        """Have a message delivered then."""
        heapq.heappush(self.waiting, (due_s, next(self._numbers), body))

    def drain(self, most: int = 2_000) -> None:
        """Work until nothing is queued."""
        for _ in range(most):
            self.take()
            if not self.waiting:
                return
            self.step()
        raise AssertionError("the queue never emptied")

    def drain_at_once(self, most: int = 200) -> None:
        """Work until nothing is queued, as if all that was queued for later were due now."""
        for _ in range(most):
            self.take()
            if not self.waiting:
                return
            assert self.deliver(heapq.heappop(self.waiting)[2])
        raise AssertionError("the queue never emptied")

    def until_finishing(self) -> None:
        """Work until only the question is left whether everybody is done."""
        while True:
            self.take()
            if all(isinstance(from_wire(body), Finish) for _, _, body in self.waiting):
                return
            self.step()

    def step(self) -> None:
        """Deliver the message that is due next; the clock moves there where it is not yet."""
        due_s, _, body = heapq.heappop(self.waiting)
        now_s = self.now_s()
        if due_s > now_s:
            self.clock.shift(due_s - now_s)
        if not self.deliver(body):
            self.receives[body] += 1
            assert self.receives[body] < self.most_receives, "it would be a dead letter"
            self.put(body, self.now_s() + VISIBILITY_S)

    def deliver(self, body: str) -> bool:
        """Hand a worker a message; tell whether it finished it."""
        try:
            answer = send.handler(sqs_event([body]), Patient())
        except BaseException as error:
            if not _is_death(error):
                raise
            self.deaths += 1
            return False
        return not answer["batchItemFailures"]

    def now_s(self) -> float:
        """Return the time."""
        return time.time()


def _is_death(error: BaseException) -> bool:
    return type(error).__name__ in {"Death", "SystemExit"}


def _items(number: int, list_ids: tuple[str, ...]) -> list[dict[str, Any]]:
    who = contact_id(number)
    written = {
        "pk": keys.contact(ACCOUNT_ID, who),
        "sk": "contact",
        "body": packed({"email": email(number), "first_name": f"C{number}"}),
        "version": 1,
        **contact_listing.membership(ACCOUNT_ID, contact_listing.ALL, "", who),
    }
    pk, sk = contacts.address_key(ACCOUNT_ID, f"email:{email(number)}")
    address = {"pk": pk, "sk": sk, "contact": who}
    return [written, address, *(_membership(number, list_id) for list_id in list_ids)]


def _membership(number: int, list_id: str, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": Subscription.ACTIVE,
        "subscribed_ms": LONG_AGO_MS,
        "version": 1,
    }
    wanted = Membership(ACCOUNT_ID, contact_id(number), list_id, **(facts | changes))
    return memberships._item(wanted)
