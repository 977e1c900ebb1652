"""Adding contacts to containers and deleting them, by whatever they are named."""

import threading

import pytest

from signalbox import containing, people
from signalbox.containing import Named, Outcome, Result, add_contact_to, delete_contact_from
from signalbox.model import membership as of_list
from signalbox.model.container import Container, ContainerKind, ContainerStatus
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.membership import Subscription
from signalbox.people import add_contact, contact_at, erase
from signalbox.store import (
    contact_listing,
    contacts,
    container_memberships,
    containers,
    lists,
    memberships,
    origin,
    table,
)
from tests.people import ACCOUNT_ID
from tests.streams import Stream

KINDS = tuple(ContainerKind)
GRACE = Named("email", "grace@signalbox.example")
PHONE = Named("phone", "+49 30 123456")


@pytest.fixture(name="ada")
def _ada(account):
    """A contact with an e-mail address alone, beside whom there is a container of each kind."""
    for kind in KINDS:
        containers.create(of(kind))
    return account.ada


@pytest.fixture(name="side_by_side")
def _side_by_side(monkeypatch):
    """Let calls of several threads come one after the other: moto has one thread in mind."""
    original, lock = table.dynamodb, threading.Lock()

    def locked(operation, **request):
        with lock:
            return original(operation, **request)

    monkeypatch.setattr(table, "dynamodb", locked)


def of(kind, **changes):
    """Return the container of a kind."""
    return Container(ACCOUNT_ID, kind, str(KINDS.index(kind) + 1), kind, **changes)


def stranger(kind):
    """Return the name of somebody we do not know, as fits the kind."""
    return PHONE if kind.contact_kind == "phone" else GRACE


def results(outcomes):
    """Return the results alone."""
    return [one.result for one in outcomes]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_is_made_a_contact_and_added_with_the_mailer(ada, kind):
    (outcome,) = containing.add(of(kind), [stranger(kind)], mailer_id="3")

    assert Result.ADDED is outcome.result
    found = containing.find(of(kind), stranger(kind))
    assert (outcome.contact_id, "3") == (found.contact_id, found.mailer_id)
    assert None is not contacts.find(ACCOUNT_ID, outcome.contact_id)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_done_is_not_done_again(ada, cloud, kind):
    """Nor what asks for nothing."""
    wanted = [stranger(kind)]
    containing.add(of(kind), wanted)
    before = cloud.items("CONTACTS")

    assert [Result.ALREADY_THERE] == results(containing.add(of(kind), wanted, mailer_id="4"))
    assert before == cloud.items("CONTACTS")
    assert [Result.DELETED] == results(containing.delete(of(kind), wanted))
    before = cloud.items("CONTACTS")
    assert [Result.NOT_THERE] == results(containing.delete(of(kind), wanted))
    assert before == cloud.items("CONTACTS")


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_made_to_be_deleted(ada, cloud, kind):
    before = cloud.items("CONTACTS")

    (outcome,) = containing.delete(of(kind), [stranger(kind)])

    expected = Result.NOT_THERE if kind.is_opt_out_list else Result.NOT_FOUND
    assert expected is outcome.result
    assert before == cloud.items("CONTACTS")


def test_each_of_a_batch_has_its_own_outcome_in_the_order_of_the_batch(ada):
    """Faults of one stop nobody else; the same contact by two names is added once."""
    named = [
        Named("email", "no address"),
        Named("email", "ADA@signalbox.example"),
        Named("phone", "030 123"),
        PHONE,
        Named("contact_id", "99"),
        Named("contact_id", ada.contact_id),
        PHONE,
    ]

    outcomes = containing.add(of(ContainerKind.LIST), named)

    assert [
        Result.INVALID,
        Result.ADDED,
        Result.INVALID,
        Result.ADDED,
        Result.NOT_FOUND,
        Result.ALREADY_THERE,
        Result.ADDED,
    ] == results(outcomes)
    assert outcomes[0].reason.startswith("email: is not valid")
    assert outcomes[2].reason.startswith("phone: ")
    assert outcomes[3] == outcomes[6]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (ContainerKind.SMS_CAMPAIGN, "phone: the contact has none"),
        (ContainerKind.PHONE_OPT_OUT_LIST, "phone: the contact has none"),
    ],
)
def test_a_contact_without_the_address_cannot_be_added(ada, kind, reason):
    by_id = Named("contact_id", ada.contact_id)

    assert [Outcome(Result.INVALID, reason=reason)] == containing.add(of(kind), [by_id])
    assert [Result.INVALID] == results(
        containing.add(of(kind), [Named("email", "ada@signalbox.example")])
    )
    with pytest.raises(InvalidError):
        add_contact_to(ACCOUNT_ID, kind, of(kind).container_id, ada)


def test_many_at_once_are_all_there_and_counted(ada, side_by_side):
    """They are written side by side, with the marks of who writes them."""
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    named = [Named("email", f"p{number}@signalbox.example") for number in range(40)]

    with origin.caused_by("admin"):
        outcomes = containing.add(of(kind), named)

    assert {Result.ADDED} == set(results(outcomes))
    assert 40 == containers.counts(ACCOUNT_ID, kind, [of(kind).container_id])["4"]
    inside, _ = container_memberships.of_container(of(kind), limit=100)
    assert 40 == len(inside)


def test_who_writes_many_is_told_of_each(ada, cloud, side_by_side):
    stream = Stream(cloud)
    named = [Named("email", f"p{number}@signalbox.example") for number in range(20)]

    with origin.by_rule("5", 2):
        containing.add(of(ContainerKind.EMAIL_CAMPAIGN), named)

    written = [record["dynamodb"]["NewImage"] for record in stream.records()]
    marked = [item for item in written if item["sk"]["S"].startswith("email_campaign#")]
    assert 20 == len(marked)
    assert {"2"} == {item["depth"]["N"] for item in marked}


def test_a_list_takes_back_who_left_it_only_where_that_is_asked_for(ada):
    kind, by_id = ContainerKind.LIST, [Named("contact_id", ada.contact_id)]
    containing.add(of(kind), by_id)
    containing.delete(of(kind), by_id)

    assert [Result.OPTED_OUT] == results(containing.add(of(kind), by_id))
    assert [Result.ADDED] == results(containing.add(of(kind), by_id, resubscribe=True))
    containing.delete(of(kind), by_id)
    assert add_contact_to(ACCOUNT_ID, kind, "1", ada)


def test_a_list_says_by_which_address_somebody_was_added(ada):
    containing.add(of(ContainerKind.LIST), [PHONE, GRACE])

    kinds = [containing.find(of(ContainerKind.LIST), one).contact_kind for one in (PHONE, GRACE)]
    assert ["phone", "email"] == kinds


def test_an_old_membership_without_mailer_reads_fine(ada):
    """And takes one when it is next changed."""
    lists_ = memberships.change(
        ACCOUNT_ID,
        ada.contact_id,
        "1",
        lambda standing: of_list.unsubscribed(of_list.subscribed(standing, 1), 1),
    ).after
    assert ("", "") == (lists_.mailer_id, lists_.contact_kind)

    add_contact_to(ACCOUNT_ID, ContainerKind.LIST, "1", ada, mailer_id="3")
    after = memberships.find(ACCOUNT_ID, ada.contact_id, "1")
    assert ("3", "email", Subscription.ACTIVE) == (
        after.mailer_id,
        after.contact_kind,
        after.status,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_one_contact_is_added_and_deleted_by_itself(account, kind):
    containers.create(of(kind))
    both = add_contact(ACCOUNT_ID, email="b@signalbox.example", phone="+4930999999")
    where = (ACCOUNT_ID, kind, of(kind).container_id)

    did = [
        add_contact_to(*where, both, mailer_id="3"),
        add_contact_to(*where, both, mailer_id="3"),
        delete_contact_from(*where, both, mailer_id="3"),
        delete_contact_from(*where, both, mailer_id="3"),
    ]

    assert [True, False, True, False] == did
    containers.delete(of(kind), 5)
    for change in (add_contact_to, delete_contact_from):
        with pytest.raises(NotFoundError):
            change(*where, both, mailer_id="3")


def test_what_takes_nobody_in_says_so_and_keeps_who_is_there(ada):
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    containing.add(of(kind), [GRACE])
    archived = containers.save(of(kind, status=ContainerStatus.ARCHIVED), since=of(kind))

    with pytest.raises(InvalidError, match="archived"):
        containing.add(archived, [GRACE])
    assert ["4"] == container_memberships.opt_outs(ACCOUNT_ID, "email:grace@signalbox.example")


def test_a_group_is_filled_by_its_lists(ada):
    """An address is on it while it is on one of them."""
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    second = Container(ACCOUNT_ID, kind, "21", "second")
    containers.create(second)
    group = Container(ACCOUNT_ID, kind, "20", "group", grouped=True, members=("4", "21"))
    containers.create(group)

    for perform in (containing.add, containing.delete):
        with pytest.raises(InvalidError, match="4, 21"):
            perform(group, [GRACE])
    assert None is containing.find(group, GRACE)
    containing.add(second, [GRACE])
    assert "21" == containing.find(group, GRACE).container_id


def test_an_erased_address_is_on_its_opt_out_list_without_being_a_contact_again(ada, cloud):
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    containing.add(of(kind), [GRACE])
    erase(ACCOUNT_ID, contact_at(ACCOUNT_ID, *GRACE).contact_id)
    before = cloud.items("CONTACTS")

    assert [Result.ALREADY_THERE] == results(containing.add(of(kind), [GRACE]))
    assert before == cloud.items("CONTACTS")
    assert "" == containing.find(of(kind), GRACE).contact_id
    assert [Result.DELETED] == results(containing.delete(of(kind), [GRACE]))
    assert [] == container_memberships.opt_outs(ACCOUNT_ID, "email:grace@signalbox.example")


def test_an_erased_address_that_left_a_list_is_not_put_on_it_again(ada, cloud):
    containing.add(of(ContainerKind.LIST), [GRACE])
    containing.delete(of(ContainerKind.LIST), [GRACE])
    erase(ACCOUNT_ID, contact_at(ACCOUNT_ID, *GRACE).contact_id)
    before = cloud.items("CONTACTS")

    assert [Result.OPTED_OUT] == results(containing.add(of(ContainerKind.LIST), [GRACE]))
    assert before == cloud.items("CONTACTS")


@pytest.mark.parametrize("name", [GRACE, PHONE])
def test_who_adds_the_same_stranger_at_once_gets_one_contact(ada, side_by_side, name):
    found = []
    ready = threading.Barrier(4)

    def find():
        ready.wait()
        found.append(contact_at(ACCOUNT_ID, *name).contact_id)

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (4, 1) == (len(found), len(set(found)))
    assert 2 == len([*contact_listing.within(ACCOUNT_ID)])


def test_a_stranger_that_somebody_makes_meanwhile_is_found(ada, monkeypatch):
    real = people.add_contact

    def overtaken(account_id, **facts):
        monkeypatch.setattr(people, "add_contact", real)
        real(account_id, **facts)
        return real(account_id, **facts)

    monkeypatch.setattr(people, "add_contact", overtaken)

    found = contact_at(ACCOUNT_ID, *GRACE)
    assert found == contacts.fetch(ACCOUNT_ID, found.contact_id)


def test_a_list_that_went_meanwhile_is_told(ada):
    lists.delete(ACCOUNT_ID, "1", 5)

    with pytest.raises(NotFoundError):
        containing.add(of(ContainerKind.LIST), [GRACE])


def test_who_is_overtaken_for_ever_is_told_alone(ada, monkeypatch):
    """Others of the batch are added all the same."""
    real = container_memberships.add

    def refuse(container, member, **more):
        if member == ada.contact_id:
            raise ConflictError("changed meanwhile")
        return real(container, member, **more)

    monkeypatch.setattr(container_memberships, "add", refuse)
    named = [Named("contact_id", ada.contact_id), GRACE]

    outcomes = containing.add(of(ContainerKind.EMAIL_CAMPAIGN), named)

    assert Outcome(Result.CONFLICT, reason="changed meanwhile") == outcomes[0]
    assert Result.ADDED is outcomes[1].result
