"""Many new contacts at once, in the contacts table, each with its tags and memberships.

Items   those of `contacts`, `contact_tags`, `memberships` and `tracking_permissions`, and their counts
Access  create a bundle: as many contacts as one transaction takes, all of them or none
A bundle holds contacts of one share alone, so that it changes each number once; bundles of
different shares have no item in common.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field

from signalbox.aws import AwsError
from signalbox.model.contact import Contact
from signalbox.model.contact_index import shard
from signalbox.model.membership import Membership
from signalbox.model.tag import ContactTag
from signalbox.model.tracking_permission import Consent
from signalbox.store import (
    contact_listing,
    contact_tags,
    contacts,
    counters,
    memberships,
    origin,
    table,
    tracking_permissions,
)
from signalbox.store.table import Item

MOST_WRITES = 100  # of a transaction
MOST_CHARACTERS = 1_000_000  # of which DynamoDB takes 4 MB


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A new contact, the tags on it, its memberships, and the log of what it permits.

    Nobody is told of one that is `quiet`.
    """

    contact: Contact
    tags: tuple[ContactTag, ...] = ()
    memberships: tuple[Membership, ...] = ()
    consents: tuple[Consent, ...] = ()
    quiet: bool = False

    def writes(self) -> list[Item]:
        """Return the writes of a transaction, that of the contact first, without the counts."""
        with origin.quietly() if self.quiet else nullcontext():
            return [
                *contacts.creating(self.contact),
                *map(contact_tags.putting, self.tags),
                *map(memberships.putting, self.memberships),
                *map(tracking_permissions.putting, self.consents),
            ]

    def counted(self) -> list[str]:
        """Return the names of the numbers that the contact counts in."""
        return [
            contact_listing.ALL,
            *map(contact_tags.counted, self.tags),
            *map(memberships.counted, self.memberships),
        ]


@dataclass(slots=True)
class Bundle:
    """Newcomers of one share, and what writes them; `firsts` are the places of their own writes."""

    newcomers: list[Newcomer] = field(default_factory=list)
    writes: list[Item] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    characters: int = 0

    def takes(self, newcomer: Newcomer, writes: list[Item]) -> bool:
        """Take a newcomer in, if there is room."""
        counted = newcomer.counted()
        characters = sum(len(write["Put"]["Item"].get("body", {"S": ""})["S"]) for write in writes)
        all_writes = len(self.writes) + len(writes) + len(self.counts.keys() | set(counted))
        if self.newcomers and (
            all_writes > MOST_WRITES or self.characters + characters > MOST_CHARACTERS
        ):
            return False
        self.firsts.append(len(self.writes))
        self.newcomers.append(newcomer)
        self.writes += writes
        self.counts.update(counted)
        self.characters += characters
        return True


def bundled(newcomers: Iterable[Newcomer]) -> Iterator[list[Bundle]]:
    """Yield bundles of the newcomers, those of one share together."""
    shares: dict[int, list[Bundle]] = {}
    for newcomer in newcomers:
        bundles = shares.setdefault(shard(newcomer.contact.contact_id), [Bundle()])
        writes = newcomer.writes()
        if not bundles[-1].takes(newcomer, writes):
            bundles.append(Bundle())
            bundles[-1].takes(newcomer, writes)
    yield from shares.values()


def create(bundle: Bundle) -> bool:
    """Write a bundle; False where nothing is written, as one of the contacts cannot be.

    Which one, and why, tells the attempt to create each by itself.

    Raises:
        AwsError: it may be written or not.
    """
    contact = bundle.newcomers[0].contact
    counting = [
        counters.changing(contact.account_id, what, contact.contact_id, by)
        for what, by in bundle.counts.items()
    ]
    try:
        table.transact([*bundle.writes, *counting])
    except table.CancelledError as error:
        return _is_ours(bundle, error)
    except AwsError as error:
        if error.code != "ValidationException":
            raise
        return False
    return True


def _is_ours(bundle: Bundle, error: table.CancelledError) -> bool:
    """Tell our own write, whose answer was lost, from contacts that cannot be."""
    reasons = [error.reasons[place] for place in bundle.firsts]
    return all(
        standing is not None and contacts.is_that(standing, newcomer.contact)
        for (_, standing), newcomer in zip(reasons, bundle.newcomers, strict=True)
    )
