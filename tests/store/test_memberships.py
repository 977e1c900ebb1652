"""Memberships, and the numbers that go with them."""

import itertools
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.model import membership as model
from signalbox.model.contact_list import ContactList
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.membership import MAIL_INTERVAL_MS, Membership, Subscription
from signalbox.people import add_contact, erase
from signalbox.store import contact_listing, counters, lists, memberships, table
from tests.people import ACCOUNT_ID

LIST = "77"


@pytest.fixture(name="ada")
def _ada(account) -> str:
    """The id of a contact, beside whom there is a list."""
    lists.create(ContactList(ACCOUNT_ID, LIST, "News"))
    return account.ada.contact_id


def numbers() -> dict[Subscription, int]:
    """Return how many members of each status are counted."""
    found = {one: counters.total(ACCOUNT_ID, lists.counted(LIST, one)) for one in Subscription}
    return {status: number for status, number in found.items() if number}


def test_a_membership_comes_back_as_it_was_written(ada):
    written, is_new = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=5, source_id="3")

    expected = Membership(
        ACCOUNT_ID,
        ada,
        LIST,
        status=Subscription.ACTIVE,
        subscribed_ms=5,
        source_id="3",
        created_ms=5,
        updated_ms=5,
        version=1,
    )
    assert (expected, True) == (written, is_new)
    assert [expected] == memberships.of_contact(ACCOUNT_ID, ada)
    assert [expected] == memberships.of_list(ACCOUNT_ID, LIST, limit=10)
    assert {ada: expected} == memberships.on_list(ACCOUNT_ID, LIST, [ada, "1"])
    assert expected == memberships.fetch(ACCOUNT_ID, expected.membership_id)
    assert [ada] == list(contact_listing.within(ACCOUNT_ID, "list", LIST))


def test_what_changes_nothing_is_not_written(ada, cloud):
    memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=1)
    before = cloud.items("CONTACTS")

    _, is_new = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=2)

    assert (False, before) == (is_new, cloud.items("CONTACTS"))


def test_an_import_reactivates_nobody(ada):
    """Opt-outs, bounces and waits go on; a stranger joins."""
    wait = partial(model.signed_up, now_ms=1, nonce="ab", double_opt_in=True, opted_out=False)
    bounce = partial(model.bounced, now_ms=3)
    memberships.change(ACCOUNT_ID, ada, LIST, wait)
    for decide in (lambda standing: standing, bounce):
        standing = memberships.change(ACCOUNT_ID, ada, LIST, decide).after
        again, _ = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=4, reactivate=False)
        assert standing == again
    memberships.unsubscribe(ACCOUNT_ID, ada, LIST, now_ms=5)

    again, _ = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=6, reactivate=False)
    assert Subscription.UNSUBSCRIBED is again.status

    stranger = add_contact(ACCOUNT_ID, email="s@signalbox.example").contact_id
    joined, _ = memberships.subscribe(ACCOUNT_ID, stranger, LIST, now_ms=6, reactivate=False)
    assert Subscription.ACTIVE is joined.status


def test_nobody_and_nothing_have_no_membership(ada, cloud):
    before = cloud.items("CONTACTS")

    for contact_id, list_id in (("99", LIST), (ada, "99")):
        with pytest.raises(NotFoundError):
            memberships.subscribe(ACCOUNT_ID, contact_id, list_id, now_ms=1)
    with pytest.raises(NotFoundError):
        memberships.change(ACCOUNT_ID, "99", LIST, lambda standing: standing)

    assert before == cloud.items("CONTACTS")
    for membership_id in ("", "77", ada, ada + "77".rjust(16, "0"), "0" * 32):
        with pytest.raises(NotFoundError):
            memberships.fetch(ACCOUNT_ID, membership_id)


def test_a_change_that_somebody_else_overtakes_is_decided_again(ada, monkeypatch):
    """An opt-out that comes between is seen by the import, and stays."""
    original = table.transact
    overtaken = []

    def overtake(writes):
        if not overtaken:
            overtaken.append(True)
            memberships.unsubscribe(ACCOUNT_ID, ada, LIST, now_ms=1)
        original(writes)

    monkeypatch.setattr(table, "transact", overtake)

    after, _ = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=2, reactivate=False)

    assert Subscription.UNSUBSCRIBED is after.status
    assert {Subscription.UNSUBSCRIBED: 1} == numbers()


def test_who_is_overtaken_for_ever_is_told(ada, monkeypatch):
    original = table.transact
    acts = itertools.cycle([memberships.unsubscribe, memberships.subscribe])

    def overtake(writes):
        with monkeypatch.context() as patch:
            patch.setattr(table, "transact", original)
            next(acts)(ACCOUNT_ID, ada, LIST, now_ms=1)
        original(writes)

    monkeypatch.setattr(table, "transact", overtake)

    with pytest.raises(ConflictError):
        memberships.change(
            ACCOUNT_ID,
            ada,
            LIST,
            lambda standing: replace(standing, updated_ms=standing.version + 9),
        )


def test_a_lost_answer_counts_nobody_twice(ada, monkeypatch):
    original = table.dynamodb

    def repeated(operation, **request):
        if operation == "TransactWriteItems":
            original(operation, **request)
        return original(operation, **request)

    monkeypatch.setattr(table, "dynamodb", repeated)

    _, is_new = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=1)
    assert (True, {Subscription.ACTIVE: 1}) == (is_new, numbers())
    memberships.unsubscribe(ACCOUNT_ID, ada, LIST, now_ms=2)

    assert {Subscription.UNSUBSCRIBED: 1} == numbers()


def test_a_contact_that_is_erased_meanwhile_gets_no_membership(ada, cloud, monkeypatch):
    """The contact is looked at in the same transaction."""
    original = table.transact

    def overtake(writes):
        monkeypatch.setattr(table, "transact", original)
        erase(ACCOUNT_ID, ada)
        original(writes)

    monkeypatch.setattr(table, "transact", overtake)

    with pytest.raises(NotFoundError):
        memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=1)
    assert [] == [item for item in cloud.items("CONTACTS") if item["sk"]["S"] == f"list#{LIST}"]
    assert {} == numbers()


def test_removing_counts_out(ada):
    standing, _ = memberships.subscribe(ACCOUNT_ID, ada, LIST, now_ms=1)

    table.transact(memberships.removing(standing))

    assert ({}, []) == (numbers(), memberships.of_contact(ACCOUNT_ID, ada))
    assert {LIST: 0} == memberships.counts(ACCOUNT_ID, [LIST])


CHANGES = st.sampled_from(
    [
        partial(model.subscribed),
        partial(model.subscribed, reactivate=False),
        partial(model.unsubscribed),
        partial(model.bounced),
        partial(model.signed_up, nonce="ab", double_opt_in=True, opted_out=False),
        partial(model.signed_up, nonce="ab", double_opt_in=False, opted_out=False),
        partial(model.signed_up, nonce="ab", double_opt_in=False, opted_out=True),
    ]
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.integers(0, 2), CHANGES), max_size=10))
def test_the_numbers_are_those_of_the_members(ada, changes):
    """After any changes of three contacts, in whatever order."""
    people = [ada, *sorted({one for one in _people(2) if one != ada})[:2]]

    for at_ms, (number, decide) in enumerate(changes, start=1):
        now_ms = at_ms * MAIL_INTERVAL_MS
        memberships.change(ACCOUNT_ID, people[number], LIST, partial(decide, now_ms=now_ms))

    members = memberships.of_list(ACCOUNT_ID, LIST, limit=10)
    assert Counter(one.status for one in members) == numbers()
    assert {LIST: len(members)} == memberships.counts(ACCOUNT_ID, [LIST])


def _people(wanted: int) -> list[str]:
    """Return the ids of the account's contacts, at least one more than this."""
    standing = list(contact_listing.within(ACCOUNT_ID))
    for number in range(len(standing), wanted + 1):
        add_contact(ACCOUNT_ID, email=f"p{number}@signalbox.example")
    return list(contact_listing.within(ACCOUNT_ID))
