"""New contacts in bundles: each with its tags and lists, a handful in one transaction."""

import json
from dataclasses import replace

import pytest

from signalbox import aws
from signalbox.aws import AwsError
from signalbox.model.contact import Contact
from signalbox.model.contact_list import ContactList
from signalbox.model.membership import Membership, Subscription
from signalbox.model.tag import ContactTag, Tag
from signalbox.store import contact_tags, contacts, lists, memberships, newcomers, tags
from signalbox.store.newcomers import Newcomer, bundled
from tests.store.things import A, B

LIST_ID, OTHER_ID, TAG_ID = "71", "72", "81"
SHARE = 8  # ids so far apart are of one share


@pytest.fixture(autouse=True)
def _containers(cloud):
    """Give two accounts the same two lists and the same tag."""
    for account_id in (A, B):
        for list_id in (LIST_ID, OTHER_ID):
            lists.create(ContactList(account_id, list_id, f"List {list_id}"))
        tags.create(Tag(account_id, TAG_ID, "vip"))


def newcomer(number: int, account_id: str = A, **facts) -> Newcomer:
    """Return one with a tag, a member of one list, opted out of another."""
    contact_id = str(SHARE * (number + 1))
    known = {"email": f"p{number}@a.example", "first_name": "Pat", "phone_number": ""} | facts
    contact = Contact(account_id, contact_id, created_ms=5, updated_ms=5, **known)
    joined = Membership(
        account_id,
        contact_id,
        LIST_ID,
        status=Subscription.ACTIVE,
        subscribed_ms=5,
        created_ms=5,
        updated_ms=5,
        version=1,
    )
    left = replace(
        joined,
        list_id=OTHER_ID,
        status=Subscription.UNSUBSCRIBED,
        subscribed_ms=0,
        unsubscribed_ms=5,
    )
    return Newcomer(contact, (ContactTag(account_id, contact_id, TAG_ID, 5),), (joined, left))


def create(*wanted: Newcomer) -> list[bool]:
    """Write newcomers, and tell of each bundle whether it was written."""
    return [newcomers.create(bundle) for share in bundled(wanted) for bundle in share]


def ids(account_id: str = A) -> list[str]:
    """Return the ids of the contacts that there are."""
    asked = [str(SHARE * number) for number in range(1, 60)]
    return [one.contact_id for one in contacts.fetch_many(account_id, asked)]


def items(cloud, account_id: str) -> list[str]:
    """Return the contacts table's items of an account, its id left out."""
    own = [one for one in cloud.items("CONTACTS") if f"#{account_id}#" in f"{one['pk']['S']}#"]
    return [json.dumps(one, sort_keys=True).replace(account_id, "") for one in own]


def test_a_bundle_leaves_what_writing_one_after_the_other_leaves(cloud):
    wanted = [newcomer(number) for number in range(3)]
    for one in (newcomer(number, B) for number in range(3)):
        contacts.create(one.contact)
        contact_tags.add(B, one.contact.contact_id, TAG_ID, now_ms=5)
        memberships.subscribe(B, one.contact.contact_id, LIST_ID, now_ms=5)
        memberships.unsubscribe(B, one.contact.contact_id, OTHER_ID, now_ms=5)

    assert [True] == create(*wanted)
    assert items(cloud, B) == items(cloud, A)
    assert 3 == len(ids())


@pytest.mark.parametrize("count", [1, 7, 40])
def test_no_transaction_is_larger_than_dynamodb_takes(count, monkeypatch):
    """And each changes no item twice: that is refused, for all of it."""
    sizes = []
    through = aws.call

    def call(service, operation, **request):
        if operation == "TransactWriteItems":
            sizes.append(len(request["TransactItems"]))
        return through(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)

    assert {True} == set(create(*map(newcomer, range(count))))
    assert count == len(ids())
    assert max(sizes) <= 100
    assert len(sizes) <= count / 4 + 1


def test_large_contacts_share_no_transaction():
    large = {"fields": {"NOTE": "x" * 300_000}}
    bundles = [one for share in bundled([newcomer(0, **large)] * 8) for one in share]

    assert [3, 3, 2] == [len(one.newcomers) for one in bundles]


@pytest.mark.parametrize("fact", [{"email": "taken@a.example"}, {"phone_number": "+4930123456"}])
def test_a_bundle_with_somebody_who_cannot_be_writes_nobody(cloud, fact):
    contacts.create(
        Contact(A, "7", email="taken@a.example", phone="+4930123456", phone_number="+4930123456")
    )
    before = items(cloud, A)

    assert [False] == create(newcomer(0), newcomer(1, **fact))
    assert before == items(cloud, A)


def test_contacts_of_different_shares_share_no_bundle():
    """So no two bundles of different shares change one number."""
    moved = [
        replace(newcomer(0), contact=replace(newcomer(0).contact, contact_id=str(number)))
        for number in range(16)
    ]
    shares = list(bundled(moved))

    assert 8 == len(shares)
    for (bundle,) in shares:
        assert 1 == len({int(one.contact.contact_id) % 8 for one in bundle.newcomers})


def test_a_bundle_whose_answer_was_lost_is_known_as_our_own(cloud, monkeypatch):
    assert [True] == create(newcomer(0), newcomer(1))
    written = items(cloud, A)

    assert [True] == create(newcomer(0), newcomer(1))
    assert written == items(cloud, A)
    assert [False] == create(newcomer(0), newcomer(1, first_name="Eve"))
    assert written == items(cloud, A)


@pytest.mark.parametrize("code", ["ValidationException", "ThrottlingException"])
def test_what_dynamodb_refuses_to_read_is_tried_singly_and_an_outage_is_told(monkeypatch, code):
    def call(service, operation, **request):
        raise AwsError(code, "no", 400, {})

    bundles = [one for share in bundled([newcomer(0)]) for one in share]
    monkeypatch.setattr(aws, "call", call)
    if code == "ValidationException":
        assert not newcomers.create(bundles[0])
    else:
        with pytest.raises(AwsError):
            newcomers.create(bundles[0])
