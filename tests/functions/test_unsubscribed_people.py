"""Who wants no marketing mail at all gets none, whatever their address becomes."""

import json
from datetime import UTC, datetime
from functools import partial

import pytest
import time_machine

from functions.subscribe import preferences
from functions.subscribe.preference_form import Action, Wish
from signalbox import people
from signalbox.model.tracking_token import Token, TokenKind
from signalbox.store import contacts, erasure, suppressions, unsubscribes
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, Workers
from tests.people import MAIL
from tests.phones import phones

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
OLD, NEW = "eva@signalbox.example", "eva@new.example"
OLD_PHONE, NEW_PHONE = "+4930123456", "+4930654321"


@pytest.fixture(name="workers")
def _workers(account, cloud):
    erasure.forget_salts()
    with time_machine.travel(NOON, tick=True) as clock:
        yield Workers(cloud, clock)


@pytest.fixture(name="texts")
def _texts(scene, monkeypatch):
    with phones(monkeypatch) as kept:
        yield kept


@pytest.fixture(name="eva")
def _eva(workers):
    return people.add_contact(ACCOUNT_ID, email=OLD, phone=OLD_PHONE, external_id="e-1")


def say(contact, action):
    """Say on the contact's own page what it wants."""
    token = Token(TokenKind.PERSON, ACCOUNT_ID, "0", contact.contact_id)
    preferences.perform(token, Wish(action), NOON_MS)


def leave(contact):
    """Unsubscribe from everything."""
    say(contact, Action.EVERYTHING)


def by_api(account, contact, email):
    """Change the address over the API."""
    body = {"contact": {"email": email}}
    assert 200 == account.call("PUT", f"/api/3/contacts/{contact.contact_id}", body)[0]


def by_rule(_account, contact, email):
    """Change the address as an action of a rule does."""
    people.change_contact(ACCOUNT_ID, contact.contact_id, email=email)


def barred(*addresses):
    """Return which of the addresses get no marketing mail."""
    return unsubscribes.find_many(ACCOUNT_ID, addresses)


@pytest.mark.parametrize("change", [by_api, by_rule])
@pytest.mark.parametrize("action", [Action.EVERYTHING, Action.ONE_CLICK])
def test_a_new_address_gets_nothing_either(account, workers, eva, change, action):
    """Nor does the old one, whoever has it next; others go on getting mail."""
    say(eva, action)
    change(account, eva, NEW)
    next_owner = people.add_contact(ACCOUNT_ID, email=OLD)
    other = people.add_contact(ACCOUNT_ID, email="max@signalbox.example")
    town.campaign(work_list=[one.contact_id for one in (eva, next_owner, other)])
    town.started(NOON_MS)
    workers.drain()

    assert {"max@signalbox.example": 1} == town.recipients()
    left_out = {one.contact_id: one.reason for one in town.all_messages() if one.reason}
    assert dict.fromkeys((eva.contact_id, next_owner.contact_id), "unsubscribed") == left_out


def test_a_new_phone_gets_nothing_either(eva):
    """Nor a first one."""
    max_ = people.add_contact(ACCOUNT_ID, email="max@signalbox.example")
    for one in (eva, max_):
        leave(one)
    people.change_contact(ACCOUNT_ID, eva.contact_id, phone=NEW_PHONE)
    people.change_contact(ACCOUNT_ID, max_.contact_id, phone=OLD_PHONE)

    phones = {f"phone:{OLD_PHONE}", f"phone:{NEW_PHONE}"}
    assert phones == barred(*phones)


def test_it_holds_through_every_change_until_the_person_allows_mail_again(eva):
    leave(eva)
    for email in (NEW, OLD, NEW):
        people.change_contact(ACCOUNT_ID, eva.contact_id, email=email, last_name=email[:8])
    say(eva, Action.AGAIN)
    people.change_contact(ACCOUNT_ID, eva.contact_id, email="eva@third.example", phone=NEW_PHONE)

    third = {"email:eva@third.example", f"email:{NEW}", f"phone:{NEW_PHONE}"}
    assert set() == barred(*third)
    assert {f"email:{OLD}"} == barred(f"email:{OLD}")
    assert frozenset() == contacts.fetch(ACCOUNT_ID, eva.contact_id).unsubscribed


def test_an_address_that_is_barred_does_not_bar_who_gets_it_later(eva):
    """Not beyond that address: its next owner said nothing."""
    leave(eva)
    people.change_contact(ACCOUNT_ID, eva.contact_id, email=NEW)
    max_ = people.add_contact(ACCOUNT_ID, email=OLD)
    people.change_contact(ACCOUNT_ID, max_.contact_id, email="max@signalbox.example")

    assert set() == barred("email:max@signalbox.example")


def test_who_is_erased_leaves_the_hash_of_the_address_that_they_had_last(eva, cloud):
    leave(eva)
    people.change_contact(ACCOUNT_ID, eva.contact_id, email=NEW)

    assert people.erase(ACCOUNT_ID, eva.contact_id)
    assert NEW not in json.dumps(cloud.items("CONTACTS"))
    assert {f"email:{NEW}"} == barred(f"email:{NEW}")


def test_an_address_that_changes_at_the_same_time_is_barred(eva, monkeypatch):
    """It comes after the contact was read, and between its mark and the bars of its addresses."""
    change = partial(people.change_contact, ACCOUNT_ID, eva.contact_id)
    for name, which in (("unsubscribe", contacts), ("note", unsubscribes)):
        emails = [f"{name}-{number}@new.example" for number in range(2)]
        original = getattr(which, name)

        def and_then(*args, email=emails[0], original=original, which=which, name=name, **named):
            monkeypatch.setattr(which, name, original)
            change(email=email)
            return original(*args, **named)

        monkeypatch.setattr(which, name, and_then)
        leave(eva)
        change(email=emails[1])
        assert {f"email:{one}" for one in emails} == barred(*(f"email:{one}" for one in emails))
        say(eva, Action.AGAIN)


@pytest.mark.parametrize("moved", [False, True], ids=["same address", "new address"])
def test_a_rule_writes_only_what_is_needed(scene, texts, moved):
    """Neither mail nor text, whatever the addresses become; a receipt goes out."""
    leave(scene.ada)
    if moved:
        people.change_contact(ACCOUNT_ID, scene.ada.contact_id, email=NEW, phone=NEW_PHONE)
    mail, text = MAIL, {"kind": "send_sms", "text": "Hi"}
    needed = {"respect_opt_outs": False}

    results = scene.fire(mail, text, mail | {"subject": "Your receipt"} | needed, text | needed)

    assert [("skipped", "unsubscribed")] * 2 == [one[1:] for one in results[:2]]
    assert ["done", "done"] == [outcome for _, outcome, _ in results[2:]]
    (sent,) = scene.cloud.mails()
    assert "Subject: Your receipt" in sent
    assert 1 == len(texts.sent)


def test_after_an_erasure_a_rule_knows_it_by_the_hash(scene):
    ada = scene.ada
    leave(ada)
    assert people.erase(ACCOUNT_ID, ada.contact_id)
    people.add_contact(ACCOUNT_ID, email=ada.email)

    assert suppressions.bars(ACCOUNT_ID, f"email:{ada.email}").unsubscribed
    assert not suppressions.bars(ACCOUNT_ID, f"email:{NEW}").unsubscribed


def test_transactional_mailings_go_to_the_new_address(workers, eva):
    leave(eva)
    people.change_contact(ACCOUNT_ID, eva.contact_id, email=NEW)
    town.campaign(work_list=[eva.contact_id], marketing=False)
    town.started(NOON_MS)
    workers.drain()

    assert {NEW: 1} == town.recipients()
