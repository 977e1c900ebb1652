"""What a page of contacts costs: the same, whatever the number of contacts."""

import pytest

from bench import listing, population, world
from bench.metering import Meter
from bench.shelves import Shelves
from signalbox import aws
from signalbox.model.contact_list import ContactList
from signalbox.people import add_contact
from signalbox.store import contact_tags, lists, memberships, tags
from tests.people import ACCOUNT_ID

SIZES = (1_000, 4_000)
# Calls and read units of a page of 100: 8 shares, the contacts, the caller's account, a number kept.
BOUNDS = {
    "of all": (11, 106),
    "by address": (11, 106),
    "of a list": (11, 137),
    "with a tag": (11, 106),
    "by beginning of address": (10, 105),
    "for an export": (111, 107),
}


@pytest.fixture(name="costs", scope="module")
def _costs() -> dict[int, dict[str, tuple[int, float]]]:
    """Return what each question costs, by the number of contacts."""
    found = {}
    for size in SIZES:
        shelves = Shelves()
        meter = Meter(shelves)
        with world.answering(meter):
            population.settle(shelves, size)
            found[size] = {
                name: listing.cost(meter, asked) for name, asked in listing.QUESTIONS.items()
            }
    return found


@pytest.mark.parametrize("name", listing.QUESTIONS)
def test_a_page_costs_the_same_out_of_any_number_of_contacts(costs, name):
    few, many = (costs[size][name] for size in SIZES)

    assert few == many


@pytest.mark.parametrize("name", listing.QUESTIONS)
def test_a_page_costs_no_more_than_this(costs, name):
    calls, units = costs[SIZES[0]][name]
    most_calls, most_units = BOUNDS[name]

    assert calls <= most_calls
    assert units <= most_units


@pytest.fixture(name="meter")
def _meter(account, monkeypatch):
    """A meter at the one door to AWS."""
    real = aws.call
    meter = Meter(lambda service, operation, request: real(service, operation, **request))
    monkeypatch.setattr(
        aws, "call", lambda service, operation, **request: meter(service, operation, request)
    )
    return meter


def test_an_exported_contact_costs_one_question_whatever_is_known_of_it(account, meter):
    people = [add_contact(ACCOUNT_ID, email=f"p{number}@a.example") for number in range(12)]
    account.call("GET", "/api/contacts")
    meter.reset()
    account.call("GET", "/api/contacts")
    bare = meter.total
    for list_id in ("81", "82", "83"):
        lists.create(ContactList(ACCOUNT_ID, list_id, f"List {list_id}"))
    for name in ("a", "b", "c"):
        tag = tags.find_or_create(ACCOUNT_ID, name)
        for one in people:
            contact_tags.add(ACCOUNT_ID, one.contact_id, tag.tag_id, now_ms=1)
    for one in people:
        for list_id in ("81", "82", "83"):
            memberships.subscribe(ACCOUNT_ID, one.contact_id, list_id, now_ms=1)
    meter.reset()
    _, page = account.call("GET", "/api/contacts")

    assert {3} == {len(one["tags"]) for one in page["contacts"][1:]}
    assert {3} == {len(one["lists"]) for one in page["contacts"][1:]}
    assert bare + 1 == meter.total  # the names of the tags, all at once
    assert len(people) + 1 <= meter.calls["Query"] <= len(people) + 1 + 11
