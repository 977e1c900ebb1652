"""Writing the contacts of an import, with as few calls as it takes.

    look all of them up at once -> new contacts in bundles -> each that is left by itself

Who is new is written with tags, lists and permission, a handful of people in one transaction. Whoever changes
is written alone, and so is whoever cannot be written in a bundle: the attempt tells what is wrong.
Rows that name an address of an earlier row come last, in their order.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TypeVar

from signalbox.aws import AwsError
from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.tracking_permission import Voice
from signalbox.people import with_facts
from signalbox.store import newcomers, origin
from signalbox.store.newcomers import Bundle

from .import_lookup import Lookup, look_up
from .import_rows import SOURCE, Outcome, Row, not_written, write

SIDE_BY_SIDE = 8
FEW = 10  # rows that are written one after the other

Work = TypeVar("Work")
Outcomes = dict[int, Outcome]  # by the numbers of rows


@origin.caused_by(SOURCE)
def perform(account_id: str, rows: Sequence[Row], voice: Voice) -> list[Outcome]:
    """Write rows and return what became of each; of two about one address the later counts.

    `voice` is that of `voice_of`: the key that imports, and when the import began.
    """
    first, later = _parted(rows)
    try:
        found = look_up(account_id, [rows[number] for number in first], voice)
    except AwsError as error:
        return [not_written(error)] * len(rows)
    few = len(rows) <= FEW
    outcomes = _created(
        found, {one: rows[one] for one in first if found.is_new(rows[one])}, few=few
    )

    def settle(numbers: Sequence[int]) -> Outcomes:
        return {number: _settled(found, rows[number]) for number in numbers}

    def write_again(numbers: Sequence[int]) -> Outcomes:
        return {number: write(account_id, voice, rows[number]) for number in numbers}

    outcomes |= _each(settle, [[one] for one in first if one not in outcomes], few=few)
    outcomes |= _each(write_again, _by_address(rows, later), few=few)
    return [outcomes[number] for number in range(len(rows))]


def _parted(rows: Sequence[Row]) -> tuple[list[int], list[int]]:
    """Return the numbers of the rows that are the first about their addresses, and the others."""
    seen: set[str] = set()
    first: list[int] = []
    later: list[int] = []
    for number, row in enumerate(rows):
        named = row.addresses
        (first if seen.isdisjoint(named) else later).append(number)
        seen.update(named)
    return first, later


def _by_address(rows: Sequence[Row], numbers: Iterable[int]) -> list[list[int]]:
    """Return numbers of rows in their order, those of one contact together."""
    grouped: dict[str, list[int]] = {}
    for number in numbers:
        grouped.setdefault(rows[number].address, []).append(number)
    return list(grouped.values())


def _created(found: Lookup, new: dict[int, Row], *, few: bool) -> Outcomes:
    """Create the contacts of rows; rows without an outcome cannot be created like that."""
    entropies = sorted(random.sample(range(1 << ENTROPY_BITS), len(new)))
    ids = [new_contact_id(found.now_ms, entropy) for entropy in entropies]
    numbers = dict(zip(ids, new, strict=True))
    shares = newcomers.bundled(
        found.newcomer(row, contact_id) for contact_id, row in zip(ids, new.values(), strict=True)
    )
    return _each(partial(_bundles_created, numbers), shares, few=few)


def _bundles_created(numbers: dict[str, int], bundles: Sequence[Bundle]) -> Outcomes:
    outcomes: Outcomes = {}
    for bundle in bundles:
        ids = [one.contact.contact_id for one in bundle.newcomers]
        try:
            if newcomers.create(bundle):
                outcomes |= {numbers[one]: Outcome(one) for one in ids}
        except AwsError as error:
            outcomes |= {numbers[one]: not_written(error) for one in ids}
    return outcomes


def _settled(found: Lookup, row: Row) -> Outcome:
    """Write what a row changes; of a contact that has everything already, nothing."""
    contact = found.contact_of(row)
    if contact is None:
        return write(found.account_id, found.voice, row)
    left = found.remaining(row, contact.contact_id)
    if with_facts(contact, row.facts) != contact:
        return write(found.account_id, found.voice, left)
    if left.tags or left.joined or left.left or left.answers:
        return write(found.account_id, found.voice, left, contact.contact_id)
    return Outcome(contact.contact_id)


def _each(work: Callable[[Work], Outcomes], things: Iterable[Work], *, few: bool) -> Outcomes:
    """Do the work with each thing, several side by side unless there are few; return what came."""
    done = map(work, things) if few else _threads().map(work, things)
    return {number: outcome for some in done for number, outcome in some.items()}


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process; each keeps its connection from import to import."""
    return ThreadPoolExecutor(SIDE_BY_SIDE)
