"""Contacts in campaigns and addresses on opt-out lists, and the numbers that go with them."""

import json
import time
from dataclasses import replace
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.model.container import Container, ContainerKind
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.people import add_contact, change_contact, erase
from signalbox.store import container_memberships as kept
from signalbox.store import containers, counters, origin, sweeping, table
from tests.people import ACCOUNT_ID
from tests.streams import Stream

KINDS = tuple(kind for kind in ContainerKind if kind is not ContainerKind.LIST)
EMAIL, PHONE = "email:ada@signalbox.example", "phone:+4930123456"


@pytest.fixture(name="ada")
def _ada(account):
    """A contact with both addresses, beside whom there is a container of each kind."""
    for number, kind in enumerate(KINDS, start=1):
        containers.create(Container(ACCOUNT_ID, kind, str(number), kind))
    return change_contact(ACCOUNT_ID, account.ada.contact_id, phone="+49 30 123456")


def of(kind):
    """Return the container of a kind."""
    return Container(ACCOUNT_ID, kind, str(KINDS.index(kind) + 1), kind)


def member_of(kind, contact):
    """Return by what a contact is in a container."""
    if not kind.is_opt_out_list:
        return contact.contact_id
    return EMAIL if kind.contact_kind == "email" else PHONE


def add(kind, contact, now_ms=5, **more):
    """Add a contact to the container of a kind."""
    member = member_of(kind, contact)
    return kept.add(of(kind), member, contact_id=contact.contact_id, now_ms=now_ms, **more)


def number(kind):
    """Return how many members are counted."""
    return containers.counts(ACCOUNT_ID, kind, [of(kind).container_id])[of(kind).container_id]


def on_record(cloud, kind):
    """Return the items of memberships in the container of a kind."""
    where = f"{kind}#{of(kind).container_id}"
    return [item for item in cloud.items("CONTACTS") if item["sk"]["S"] == where]


@pytest.mark.parametrize("kind", KINDS)
def test_a_membership_comes_back_as_it_was_written(ada, kind):
    written, was_outside = add(kind, ada, mailer_id="3")

    assert was_outside
    assert (ada.contact_id, "3", 5, 0) == (
        written.contact_id,
        written.mailer_id,
        written.added_ms,
        written.deleted_ms,
    )
    assert written == kept.find(of(kind), member_of(kind, ada))
    assert ([written], "") == kept.of_container(of(kind), limit=10)
    assert 1 == number(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_what_changes_nothing_is_not_written(ada, cloud, kind):
    kept.delete(of(kind), member_of(kind, ada), now_ms=1)
    add(kind, ada)
    before = cloud.items("CONTACTS")

    assert not add(kind, ada, now_ms=6, mailer_id="4")[1]

    assert before == cloud.items("CONTACTS")


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_deleted_stands_on_record_alone(ada, cloud, kind):
    """The item tells the stream who did it; nobody who lists or asks sees it."""
    add(kind, ada, mailer_id="3")
    stream = Stream(cloud)
    with origin.by_rule("5", 2):
        after, was_inside = kept.delete(of(kind), member_of(kind, ada), now_ms=9)

    assert was_inside
    assert (9, "3") == (after.deleted_ms, after.mailer_id)
    assert None is kept.find(of(kind), member_of(kind, ada))
    assert ([], "") == kept.of_container(of(kind), limit=10)
    assert 0 == number(kind)
    (told,) = [
        one["dynamodb"]["NewImage"]
        for one in stream.records()
        if one["dynamodb"]["Keys"]["sk"]["S"].startswith(kind)
    ]
    assert ({"S": "5"}, {"N": "2"}) == (told["rule"], told["depth"])
    assert "container" not in told
    assert add(kind, ada, now_ms=10)[1]
    assert 1 == number(kind)


def test_memberships_are_found_by_contact_and_by_address(ada):
    """One question each, whatever the container; those of containers that are gone do not count."""
    for kind in KINDS:
        add(kind, ada)

    campaigns = kept.of_contact(ACCOUNT_ID, ada.contact_id)
    assert ["email_campaign", "sms_campaign"] == [one.kind for one in campaigns]
    assert ["email_opt_out_list"] == [one.kind for one in kept.of_address(ACCOUNT_ID, EMAIL)]
    assert [of(ContainerKind.PHONE_OPT_OUT_LIST).container_id] == kept.opt_outs(ACCOUNT_ID, PHONE)
    assert [] == kept.of_address(ACCOUNT_ID, f"contact:{ada.contact_id}")
    for kind in KINDS:
        containers.delete(of(kind), 7)
    assert [] == kept.of_contact(ACCOUNT_ID, ada.contact_id)
    assert [] == kept.opt_outs(ACCOUNT_ID, EMAIL) + kept.opt_outs(ACCOUNT_ID, PHONE)


def test_an_opt_out_stays_with_its_address(ada):
    """Whoever has the address now, or nobody: it is not written to."""
    add(ContainerKind.EMAIL_OPT_OUT_LIST, ada)
    change_contact(ACCOUNT_ID, ada.contact_id, email="new@signalbox.example")

    listed = of(ContainerKind.EMAIL_OPT_OUT_LIST)
    assert [listed.container_id] == kept.opt_outs(ACCOUNT_ID, EMAIL)
    assert [] == kept.opt_outs(ACCOUNT_ID, "email:new@signalbox.example")
    assert kept.delete(listed, EMAIL, now_ms=9)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_no_member(ada, cloud, kind):
    before = cloud.items("CONTACTS")
    member = "email:nobody@signalbox.example" if kind.is_opt_out_list else "99"

    with pytest.raises(NotFoundError):
        kept.add(of(kind), member, contact_id="99", now_ms=1)

    assert before == cloud.items("CONTACTS")


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_counts_nobody_twice(ada, monkeypatch, kind):
    original = table.dynamodb

    def repeated(operation, **request):
        if operation == "TransactWriteItems":
            original(operation, **request)
        return original(operation, **request)

    monkeypatch.setattr(table, "dynamodb", repeated)

    assert (True, 1) == (add(kind, ada)[1], number(kind))
    assert kept.delete(of(kind), member_of(kind, ada), now_ms=9)[1]
    assert 0 == number(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_contact_that_is_erased_meanwhile_gets_no_membership(ada, cloud, monkeypatch, kind):
    original = table.transact

    def overtake(writes):
        monkeypatch.setattr(table, "transact", original)
        erase(ACCOUNT_ID, ada.contact_id)
        original(writes)

    monkeypatch.setattr(table, "transact", overtake)

    with pytest.raises(NotFoundError):
        add(kind, ada)
    assert ([], 0) == (on_record(cloud, kind), number(kind))


def test_who_is_overtaken_for_ever_is_told(ada, monkeypatch):
    kind = ContainerKind.EMAIL_CAMPAIGN
    original = table.transact
    acts = cycle(
        [
            lambda: add(kind, ada),
            lambda: kept.delete(of(kind), ada.contact_id, now_ms=1),
        ]
    )

    def overtake(writes):
        with monkeypatch.context() as patch:
            patch.setattr(table, "transact", original)
            next(acts)()
            next(acts)()
        original(writes)

    monkeypatch.setattr(table, "transact", overtake)

    with pytest.raises(ConflictError):
        add(kind, ada, now_ms=77)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_costs_the_same_out_of_few_and_of_many(ada, monkeypatch, kind):
    """Listing goes by keys: calls and items that are read are those of the page."""
    asked = []
    original = table.dynamodb

    def metered(operation, **request):
        answer = original(operation, **request)
        asked.append((operation, len(answer.get("Items", []))))
        return answer

    def cost():
        asked.clear()
        with monkeypatch.context() as patch:
            patch.setattr(table, "dynamodb", metered)
            kept.of_container(of(kind), limit=5)
        return sorted(operation for operation, _ in asked), max(n for _, n in asked)

    costs = []
    for many in (12, 60):
        for one in range(many):
            member = f"{kind.contact_kind}:{one}{many}" if kind.is_opt_out_list else f"{one}{many}"
            membership = kept._read(of(kind), member)
            table.put_many(
                "ContactsTable", [kept._item(replace(membership, version=1, added_ms=1))]
            )
        costs.append(cost())

    assert costs[0][0] == costs[1][0] == ["BatchGetItem"] + ["Query"] * 8
    assert max(most for _, most in costs) <= 6


@pytest.mark.parametrize("kind", KINDS)
def test_pages_name_everybody_once(ada, kind):
    """In a fixed order, however addresses are spelled."""
    members = ["a@b.example", "!x@b.example", "~z@signalbox.example", "ö@signalbox.example"]
    members += [f"p{one}@signalbox.example" for one in range(20)]
    if kind.contact_kind == "phone":
        members = [f"+4930{one}" for one in range(100, 124)]
    if kind.is_opt_out_list:
        members = [f"{kind.contact_kind}:{one}" for one in members]
    else:
        members = [str(1000 + one) for one in range(24)]
    for member in members:
        membership = kept._read(of(kind), member)
        table.put_many("ContactsTable", [kept._item(replace(membership, version=1))])

    found, above = [], ""
    while True:
        page, above = kept.of_container(of(kind), limit=5, above=above)
        found += [one.member for one in page]
        if not above:
            break

    assert sorted(members) == sorted(found)
    assert len(members) == len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_container_is_swept_and_its_contacts_stay(ada, cloud, kind):
    add(kind, ada)
    containers.delete(of(kind), 7)

    assert not kept.sweep(ACCOUNT_ID, until=time.monotonic() - 1)
    assert kept.sweep(ACCOUNT_ID, until=time.monotonic() + 60)

    assert [] == on_record(cloud, kind)
    assert [] == containers.gone(ACCOUNT_ID)
    assert 0 == counters.total(ACCOUNT_ID, containers.counted(kind, of(kind).container_id))
    assert ada == change_contact(ACCOUNT_ID, ada.contact_id)
    assert sweeping.emptied(ACCOUNT_ID, kind, of(kind).container_id, until=time.monotonic() + 9)


def test_erasing_keeps_opt_outs_as_hashes_alone(ada, cloud):
    """Campaigns are left, opt-outs hold for who comes with the address later."""
    for kind in KINDS:
        add(kind, ada)
    left, _ = add(ContainerKind.EMAIL_CAMPAIGN, ada)
    kept.delete(of(left.kind), left.member, now_ms=9)

    assert erase(ACCOUNT_ID, ada.contact_id)

    text = json.dumps(cloud.items("CONTACTS"))
    assert "ada@" not in text
    assert "30123456" not in text
    assert [0, 0, 0, 0] == [number(kind) for kind in KINDS]
    for kind in KINDS[2:]:
        address = member_of(kind, ada)
        assert [of(kind).container_id] == kept.opt_outs(ACCOUNT_ID, address)
    add_contact(ACCOUNT_ID, email="ada@signalbox.example")
    listed = of(ContainerKind.EMAIL_OPT_OUT_LIST)
    assert [listed.container_id] == kept.opt_outs(ACCOUNT_ID, EMAIL)


def test_erasing_leaves_what_somebody_wrote_meanwhile(ada):
    """The address may have another contact by then."""
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    standing, _ = add(kind, ada)
    kept.delete(of(kind), EMAIL, now_ms=8)
    add(kind, ada, now_ms=9)

    kept.remove(standing)

    assert None is not kept.find(of(kind), EMAIL)
    assert 1 == number(kind)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wishes=st.lists(
        st.tuples(st.sampled_from(KINDS), st.booleans(), st.integers(1, 3)), max_size=10
    )
)
def test_any_order_of_additions_and_deletions_ends_as_the_last_of_each(ada, wishes):
    """However often each is repeated; the numbers are those of who is inside."""
    for kind in KINDS:
        kept.delete(of(kind), member_of(kind, ada), now_ms=1)
    inside = dict.fromkeys(KINDS, False)

    for now_ms, (kind, adds, times) in enumerate(wishes, start=2):
        for _ in range(times):
            if adds:
                add(kind, ada, now_ms=now_ms)
            else:
                kept.delete(of(kind), member_of(kind, ada), now_ms=now_ms)
        inside[kind] = adds

    assert inside == {kind: kept.find(of(kind), member_of(kind, ada)) is not None for kind in KINDS}
    assert {kind: int(there) for kind, there in inside.items()} == {
        kind: number(kind) for kind in KINDS
    }
