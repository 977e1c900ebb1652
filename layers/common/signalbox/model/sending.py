"""What the sends queue carries: a mailing's start, its audience page by page, mails to contacts.

    Start -> Page -> Page -> …            the audience, a page after the other
             `-> Deliver, Deliver, …      up to 25 contacts each, the parts of a page
                                `-> Finish   after the last page: is everybody done?

Each names the mailing and its run. A run begins with every start, resumption and retry; a message of
another run than the mailing's is stale and does nothing, so that a mailing can be paused and resumed
by several hands, with any of these under way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, NamedTuple, Protocol

from signalbox.model.event import UnknownSchemaError
from signalbox.model.wire import packed, unpacked

SCHEMA_VERSION: Final = 1

MOST_CONTACTS: Final = 25
"""The contacts of one `Deliver`."""


@dataclass(frozen=True, slots=True)
class Start:
    """A mailing that was scheduled is due; `at_ms` tells a schedule from one that was moved since."""

    account_id: str
    mailing_id: str
    at_ms: int

    def to_wire(self) -> str:
        """Return the text that carries this on the queue."""
        return _to_wire("start", self)


@dataclass(frozen=True, slots=True)
class Page:
    """The next page of the audience, number `page` of the run.

    It goes on in list number `list_index` of the audience above contact `after`; in a work list
    `after` counts the contacts that were looked at. Where a complete mailing is retried `list_index`
    is the share of its messages. `listed` contacts were listed up to here.
    """

    account_id: str
    mailing_id: str
    run: int
    page: int = 0
    list_index: int = 0
    after: str = ""
    listed: int = 0

    def to_wire(self) -> str:
        """Return the text that carries this on the queue."""
        return _to_wire("page", self)


@dataclass(frozen=True, slots=True)
class Deliver:
    """Contacts whose messages are due: what is left of part number `part` of a page.

    `list_id` is the list that they were found on, empty for a work list and for all contacts.
    """

    account_id: str
    mailing_id: str
    run: int
    page: int
    part: int
    contact_ids: tuple[str, ...]
    list_id: str = ""

    def left_with(self, contact_ids: tuple[str, ...]) -> "Deliver":
        """Return what is left of it."""
        return replace(self, contact_ids=contact_ids)

    def to_wire(self) -> str:
        """Return the text that carries this on the queue."""
        return _to_wire("deliver", self)


@dataclass(frozen=True, slots=True)
class Finish:
    """Whether everybody is done, after all pages were listed; asked `asked` times in vain.

    `shard` and `counted` say how far the messages were counted, and how many they are up to there.
    """

    account_id: str
    mailing_id: str
    run: int
    asked: int = 0
    shard: int = 0
    counted: int = 0

    def to_wire(self) -> str:
        """Return the text that carries this on the queue."""
        return _to_wire("finish", self)


Sending = Start | Page | Deliver | Finish

_KINDS: Final[Mapping[str, type[Sending]]] = {
    "start": Start,
    "page": Page,
    "deliver": Deliver,
    "finish": Finish,
}


class Listing(NamedTuple):
    """What a page lists: its parts, and the page that follows, none after the last.

    `listed` is how many contacts were listed up to its end, those among them who are done.
    """

    page: Page
    parts: tuple[Deliver, ...]
    following: Page | None
    listed: int


def parts_of(page: Page, contact_ids: Sequence[str], list_id: str) -> tuple[Deliver, ...]:
    """Return the contacts of a page in parts."""
    return tuple(
        Deliver(
            page.account_id,
            page.mailing_id,
            page.run,
            page.page,
            number,
            tuple(contact_ids[start : start + MOST_CONTACTS]),
            list_id,
        )
        for number, start in enumerate(range(0, len(contact_ids), MOST_CONTACTS))
    )


class Running(Protocol):
    """What is asked of a mailing."""

    @property
    def account_id(self) -> str:
        """Return whose it is."""

    @property
    def mailing_id(self) -> str:
        """Return its id."""

    @property
    def run(self) -> int:
        """Return the number of its run."""


def first_pages(mailing: Running) -> list[Page]:
    """Return what is to be queued when a run of a mailing begins."""
    return [Page(mailing.account_id, mailing.mailing_id, mailing.run)]


def from_wire(text: str) -> Sending:
    """Read what `to_wire` wrote.

    Raises:
        UnknownSchemaError: a newer version wrote it.
        KeyError, TypeError, ValueError: it is no such message at all.
    """
    message: dict[str, Any] = unpacked(text)
    if message["v"] != SCHEMA_VERSION:
        raise UnknownSchemaError(f"sending message of schema {message['v']!r}")
    facts = dict(message["facts"])
    kind = _KINDS[message["kind"]]
    if kind is Deliver:
        facts["contact_ids"] = tuple(facts["contact_ids"])
    return kind(**facts)


def _to_wire(kind: str, model: Sending) -> str:
    return packed({"v": SCHEMA_VERSION, "kind": kind, "facts": asdict(model)})
