"""Addresses that want no marketing mail at all."""

import json

import pytest

from signalbox.people import add_contact, erase
from signalbox.store import erasure, unsubscribes
from tests.store.things import NOW, A, B

ADA, BOB = "email:ada@signalbox.example", "email:bob@signalbox.example"


@pytest.fixture(autouse=True)
def _empty(cloud):
    erasure.forget_salts()


def test_an_address_is_barred_until_it_asks_for_mail_again():
    unsubscribes.note(A, ADA, mailing_id="7", at_ms=NOW)

    assert {ADA} == unsubscribes.find_many(A, [ADA, BOB])
    unsubscribes.lift(A, ADA)
    assert set() == unsubscribes.find_many(A, [ADA, BOB])


def test_who_unsubscribes_again_unsubscribed_the_first_time(cloud):
    for at_ms in (NOW, NOW + 1):
        unsubscribes.note(A, ADA, mailing_id="7", at_ms=at_ms)

    (item,) = [one for one in cloud.items("CONTACTS") if one["sk"]["S"] == "unsubscribed"]
    assert str(NOW) == item["at_ms"]["N"]


def test_nothing_to_lift_is_no_fault():
    unsubscribes.lift(A, ADA)

    assert set() == unsubscribes.find_many(A, [ADA])


def test_each_account_has_its_own():
    unsubscribes.note(A, ADA, mailing_id="0", at_ms=NOW)
    unsubscribes.lift(B, ADA)

    assert set() == unsubscribes.find_many(B, [ADA])
    assert {ADA} == unsubscribes.find_many(A, [ADA])


def test_it_goes_on_holding_after_an_erasure_without_the_address(cloud):
    """Whoever adds the address again runs into the hash of it; the owner may lift it, too."""
    ada = add_contact(A, email="ada@signalbox.example")
    unsubscribes.note(A, ADA, mailing_id="7", at_ms=NOW)

    assert erase(A, ada.contact_id)
    assert "ada@signalbox" not in json.dumps(cloud.items("CONTACTS"))
    assert {ADA} == unsubscribes.find_many(A, [ADA, BOB])
    unsubscribes.lift(A, ADA)
    assert set() == unsubscribes.find_many(A, [ADA])
