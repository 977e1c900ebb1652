"""Lists of contacts, read by keys alone."""

from itertools import islice

import pytest

from signalbox.model.contact import Contact
from signalbox.model.contact_index import Order, entries
from signalbox.store import contact_listing, contacts, table
from tests.store.things import A, B

NAMES = ["", "Ann", "ann b", "Zoë", "Ödön", "Жанна", "~tilde", "尺寸", "zz", "\x01"]


@pytest.fixture(name="people")
def _people(cloud):
    """Thirty people, a few for each name."""
    made = [
        Contact(
            A,
            str(1000 + number * 3),
            f"p{number}@signalbox.example",
            NAMES[number % len(NAMES)],
            f"L{number}",
            updated_ms=10_000 + number * 7 % 30,
        )
        for number in range(30)
    ]
    places = [
        contact_listing.entry_key(A, one.contact_id, entry)
        for one in made
        for entry in entries(one)
    ]
    listed = [{"pk": pk, "sk": sk} for pk, sk in places]
    table.put_many("ContactsTable", [*map(contacts._item, made), *listed])
    contacts.create(Contact(B, "7", "other@signalbox.example"))
    return made


def ids(people):
    """Return the ids of contacts."""
    return [one.contact_id for one in people]


@pytest.mark.parametrize("expected", [1, 8, 100])
def test_the_list_of_ids_is_whole_both_ways(people, expected):
    """Whatever the pages of its shares hold."""
    assert ids(people) == list(contact_listing.within(A, expected=expected))
    backwards = contact_listing.within(A, newest_first=True, expected=expected)
    assert ids(people)[::-1] == list(backwards)
    assert ["7"] == list(contact_listing.within(B))


@pytest.mark.parametrize("newest_first", [False, True])
def test_bounds_leave_out_what_they_name(people, newest_first):
    """Whether anybody has the id or nobody."""
    known = ids(people)[::-1] if newest_first else ids(people)
    for above, below in ((1003, 1030), (1004, 1031), (999, 5000), (1086, 1087)):
        wanted = [one for one in known if above < int(one) < below]
        found = contact_listing.within(
            A, above=str(above), below=str(below), newest_first=newest_first, expected=1
        )
        assert wanted == list(found)


@pytest.mark.parametrize("expected", [1, 100])
@pytest.mark.parametrize("order", [Order.EMAIL, Order.FIRST_NAME, Order.LAST_NAME, Order.UPDATED])
def test_every_order_has_everybody_once(people, order, expected):
    """Names in any script, with control characters, or none."""
    forwards = list(contact_listing.ordered(A, order, expected=expected))
    backwards = list(contact_listing.ordered(A, order, newest_first=True, expected=expected))

    assert sorted(ids(people)) == sorted(forwards)
    assert forwards == backwards[::-1]


def test_a_change_moves_its_entries(people):
    first, second = people[:2]
    contacts.save(
        Contact(A, first.contact_id, "aa@signalbox.example", "Anton", updated_ms=99_999),
        since=first,
    )
    contacts.remove(second)

    assert first.contact_id == next(contact_listing.ordered(A, Order.EMAIL))
    latest = contact_listing.ordered(A, Order.UPDATED, newest_first=True)
    assert first.contact_id == next(latest)
    assert [first.contact_id] == list(contact_listing.beginning(A, Order.WORD, "anto"))
    assert [] == list(contact_listing.beginning(A, Order.WORD, "p0"))
    for order in Order:
        assert second.contact_id not in list(contact_listing.ordered(A, order))
    assert 29 == len(list(contact_listing.within(A)))


def test_beginnings_are_found_once(people):
    """Also of somebody who is listed under several words that begin so."""
    found = list(contact_listing.beginning(A, Order.WORD, "ÖDÖ"))
    everybody = list(contact_listing.beginning(A, Order.WORD, "signalbox", expected=1))

    assert [one.contact_id for one in people if one.first_name == "Ödön"] == found
    assert sorted(ids(people)) == sorted(everybody)


def test_changes_are_found_by_their_time(people):
    found = list(
        contact_listing.since(A, Order.UPDATED, f"{10_005:013d}", f"{10_010:013d}", expected=9)
    )

    wanted = sorted(
        (one for one in people if 10_005 <= one.updated_ms < 10_010), key=lambda one: one.updated_ms
    )
    assert ids(wanted) == found


def test_only_what_is_taken_is_read(people, monkeypatch):
    """A page of two reads a few entries of each share, not the list."""
    read = []
    query = table.query

    def counting(*question, **parts):
        page = query(*question, **parts)
        read.append(len(page.items))
        return page

    monkeypatch.setattr(table, "query", counting)
    monkeypatch.setattr(contact_listing, "READ_AHEAD", 1)

    assert ids(people)[:2] == list(islice(contact_listing.within(A, expected=2), 2))
    assert 8 <= len(read) <= 10
    assert sum(read) <= 10
