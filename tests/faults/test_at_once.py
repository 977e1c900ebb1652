"""Two who change the same person at once: at each call that one makes, the other comes between."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from signalbox.model.contact import Contact
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.people import add_contact, change_contact, erase, sync_contact
from signalbox.store import contact_tags, contacts, lists, memberships, tags
from tests.faults import stored, whole
from tests.faults.callers import ADA, EVE, Town
from tests.faults.world import NOON_MS, World, inhabited
from tests.people import ACCOUNT_ID

SOON = float("inf")
THREADS = 8


def create(_town: Town) -> None:
    """Create a contact of Eve's address."""
    add_contact(ACCOUNT_ID, email=EVE, first_name="Eve")


def sync(_town: Town) -> None:
    """Create the contact of Eve's address, or change it."""
    sync_contact(ACCOUNT_ID, email=EVE, last_name="Adams")


def sync_known(_town: Town) -> None:
    """Change the contact of Ada's address, or create one."""
    sync_contact(ACCOUNT_ID, email=ADA, last_name="King")


def rename(town: Town) -> None:
    """Give Ada the address that Eve would have."""
    change_contact(ACCOUNT_ID, town.ids["ada"], email=EVE)


def delete(town: Town) -> None:
    """Erase Ada."""
    erase(ACCOUNT_ID, town.ids["ada"])


def subscribe(town: Town) -> None:
    """Put Ada on a list that she is not on."""
    memberships.subscribe(ACCOUNT_ID, town.ids["ada"], town.ids["letters"], now_ms=NOON_MS)


def unsubscribe(town: Town) -> None:
    """Take Ada off a list that she is on."""
    memberships.unsubscribe(ACCOUNT_ID, town.ids["ada"], town.ids["news"], now_ms=NOON_MS)


def add_tag(town: Town) -> None:
    """Put a tag on Ada that may be new."""
    tag = tags.find_or_create(ACCOUNT_ID, "fresh")
    contact_tags.add(ACCOUNT_ID, town.ids["ada"], tag.tag_id, now_ms=NOON_MS)


def take_tag(town: Town) -> None:
    """Take a tag off Ada."""
    contact_tags.remove(contact_tags.fetch(ACCOUNT_ID, town.ids["ada_vip"]))


def delete_list(town: Town) -> None:
    """Delete a list that Ada is on."""
    lists.delete(ACCOUNT_ID, town.ids["news"], NOON_MS)
    memberships.sweep(ACCOUNT_ID, until=SOON)


Act = Callable[[Town], None]
ACTS: tuple[Act, ...] = (
    create,
    sync,
    sync_known,
    rename,
    delete,
    subscribe,
    unsubscribe,
    add_tag,
    take_tag,
    delete_list,
)
MAKING = (create, sync, rename)
PAIRS = [
    *((first, second) for first in MAKING for second in MAKING),
    *((first, delete) for first in ACTS if first not in (create, sync, delete_list)),
    *((delete, second) for second in (sync_known, subscribe, add_tag)),
    *((same, same) for same in (subscribe, add_tag, take_tag)),
]
REST = [(first, second) for first in ACTS for second in ACTS if (first, second) not in PAIRS]


def called(pair: tuple[Act, Act]) -> str:
    """Return what a pair is called."""
    return "-".join(act.__name__ for act in pair)


@pytest.fixture(scope="module", name="town")
def _town(_mocked_aws):
    with inhabited() as world:
        yield Town(world)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_whoever_comes_between_nothing_is_half_done(pair, town):
    """At each call of the first act the second is done in whole; both may be told to try again."""
    check_pair(town, *pair)


@pytest.mark.soak
@pytest.mark.parametrize("pair", REST, ids=called)
def test_whoever_comes_between_in_any_pair_nothing_is_half_done(pair, town):
    """The same for all other pairs."""
    check_pair(town, *pair)


def check_pair(town: Town, first: Act, second: Act) -> None:
    """Let the second act come between the calls of the first, at each in turn."""
    number = 0
    while interrupted(town, first, second, number):
        number += 1
        if delete in (first, second):
            attempt(delete, town)  # the caller of the one that was told to try again does
        check_stored(town, erased=delete in (first, second))

    assert number


def interrupted(town: Town, first: Act, second: Act, number: int) -> bool:
    """Do the first act and the second before its call of that number; tell whether there was one."""
    calls = town.world.calls
    town.world.begin()
    came = False

    def come(*_call: Any) -> None:
        nonlocal came
        if came or len(calls.calls) <= number:
            return
        came = True
        calls.function = ""
        attempt(second, town)
        calls.function = "people"

    calls.before, calls.function = come, "people"
    attempt(first, town)
    calls.function = ""
    return came


def attempt(act: Act, town: Town) -> None:
    """Act; others may have been faster, or what it is about may be gone."""
    try:
        act(town)
    except (ConflictError, NotFoundError):
        return


def check_stored(town: Town, *, erased: bool) -> None:
    """Assert that the tables agree with themselves, and that each address is one contact's."""
    found = stored.standing(town.world)
    emails = [one.email for one in whole.contacts_of(found)]

    whole.check(found)
    assert len(emails) == len(set(emails))
    if erased:
        noted = [item for item in found if not item["pk"].endswith("#erasures")]
        assert town.ids["ada"] not in json.dumps(noted)


def test_a_sync_creates_anew_whom_somebody_erases_meanwhile(town):
    """Whenever the erasure comes, the caller of the sync is not told that nobody is there."""
    synced: list[Contact] = []

    def sync_ada(_town: Town) -> None:
        synced.append(sync_contact(ACCOUNT_ID, email=ADA, last_name="King")[0])

    number = 0
    while interrupted(town, sync_ada, delete, number):
        number += 1

    assert number > 2
    assert ["King"] * (number + 1) == [one.last_name for one in synced]


def at_once(act: Callable[[int], Contact]) -> list[Contact | None]:
    """Let threads act at once; None for each that was told that others were faster."""
    ready = Barrier(THREADS)

    def work(number: int) -> Contact | None:
        ready.wait()
        try:
            return act(number)
        except contacts.AddressTakenError:
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


def check_one(world: World, email: str) -> None:
    """Assert that there is one contact of that address."""
    found = stored.standing(world)

    whole.check(found)
    assert 1 == [one.email for one in whole.contacts_of(found)].count(email)


def test_of_many_who_create_one_address_at_once_one_does(town):
    """The others are told that it is taken."""
    town.world.begin()
    answers = at_once(lambda number: add_contact(ACCOUNT_ID, email=EVE, first_name=f"{number}"))

    assert 1 == len([one for one in answers if one])
    check_one(town.world, EVE)


def test_of_many_who_sync_one_address_at_once_all_change_one_contact(town):
    """Nobody is turned away, and what each sent is in the contact."""
    town.world.begin()
    colour = town.ids["colour"]
    answers = at_once(
        lambda number: sync_contact(ACCOUNT_ID, email=EVE, fields={f"{colour}{number}": "x"})[0]
    )

    assert THREADS == len([one for one in answers if one])
    assert 1 == len({one.contact_id for one in answers if one})
    contact_id = contacts.id_at(ACCOUNT_ID, f"email:{EVE}")
    assert contact_id is not None
    assert THREADS == len(contacts.fetch(ACCOUNT_ID, contact_id).fields)
    check_one(town.world, EVE)
