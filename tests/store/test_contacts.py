"""Contacts and their addresses: one person, one address."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from signalbox.model.address import email_address
from signalbox.model.contact import Contact
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.people import add_contact
from signalbox.store import contacts, table
from tests.model.test_address import EMAILS
from tests.store.things import A, B

ADA = Contact(
    A, "7", "Ada@Signalbox.example", "Ada", "L", "+49", fields={"SIZE": "9"}, created_ms=1
)


def test_a_contact_comes_out_as_it_went_in(cloud):
    contacts.create(ADA)

    assert ADA == contacts.fetch(A, "7")
    assert None is contacts.find(B, "7")
    with pytest.raises(NotFoundError, match="there is no contact 8"):
        contacts.fetch(A, "8")


def test_a_contact_is_found_by_its_addresses(cloud):
    """By e-mail in any spelling, and by its own id; in its own account only."""
    contacts.create(ADA)
    email = email_address("ada@SIGNALBOX.example")
    pairs = {(A, email), (A, "contact:7"), (B, email), (A, "contact:8"), (B, "contact:7")}

    assert "7" == contacts.id_at(A, email)
    assert None is contacts.id_at(B, email)
    assert {(A, email): "7", (A, "contact:7"): "7"} == contacts.ids_at(pairs)


def test_an_address_belongs_to_one_contact(cloud):
    """A second contact of the address is refused whole; a repeat of our own write is not."""
    contacts.create(ADA)
    contacts.create(ADA)

    with pytest.raises(ConflictError):
        contacts.create(replace(ADA, contact_id="8", email="ADA@signalbox.example"))
    assert None is contacts.find(A, "8")
    contacts.create(replace(ADA, account_id=B))
    assert "7" == contacts.id_at(B, "email:ada@signalbox.example")


def test_an_id_belongs_to_one_contact(cloud):
    contacts.create(ADA)

    with pytest.raises(contacts.IdTakenError):
        contacts.create(replace(ADA, email="ben@signalbox.example"))
    assert ADA == contacts.fetch(A, "7")
    assert None is contacts.id_at(A, "email:ben@signalbox.example")


def test_a_taken_id_is_made_anew(cloud, monkeypatch):
    """Two contacts of one millisecond that drew the same number get different ids."""
    numbers = iter([5, 5, 5, 6])
    monkeypatch.setattr("signalbox.people.random.getrandbits", lambda _: next(numbers))
    monkeypatch.setattr("signalbox.people.time.time_ns", lambda: 1_795_254_840_000_000_000)

    first = add_contact(A, email="ada@signalbox.example")
    second = add_contact(A, email="ben@signalbox.example")

    assert 1 == int(second.contact_id) - int(first.contact_id)
    assert "ada@signalbox.example" == contacts.fetch(A, first.contact_id).email


def test_many_who_create_the_same_contact_create_one(cloud, monkeypatch):
    """Twelve requests at once for one address: one contact, eleven refusals."""
    monkeypatch.setattr(table, "dynamodb", one_at_a_time(table.dynamodb))
    spellings = ["ada@signalbox.example", "ADA@Signalbox.Example"] * 6

    def create(email: str) -> str:
        try:
            return add_contact(A, email=email).contact_id
        except ConflictError:
            return ""

    with ThreadPoolExecutor(6) as threads:
        made = [contact_id for contact_id in threads.map(create, spellings) if contact_id]

    assert [contacts.id_at(A, "email:ada@signalbox.example")] == made
    records = [item for item in cloud.items("CONTACTS") if item["sk"]["S"] == "contact"]
    assert 1 == len(records)


def one_at_a_time(dynamodb):
    """Return the call for threads: moto answers one call at a time; their order is free."""
    lock = threading.Lock()

    def call(operation: str, **request):
        with lock:
            return dynamodb(operation, **request)

    return call


@given(EMAILS)
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_contact_is_found_by_every_spelling_that_created_it(cloud, email):
    """What was accepted for a contact, and what is reported for it, meet."""
    try:
        contact = add_contact(A, email=email)
    except (InvalidError, ConflictError):
        return

    assert contact.contact_id == contacts.id_at(A, email_address(email))
    assert contact.contact_id == contacts.id_at(A, email_address(contact.email))
