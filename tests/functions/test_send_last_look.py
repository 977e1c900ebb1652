"""The last look: whatever changes before a mail goes out, nobody gets what they do not want."""

from dataclasses import replace
from functools import partial

import pytest

from signalbox import people
from signalbox.model.container import Container, ContainerKind
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.store import (
    contacts,
    container_memberships,
    containers,
    lists,
    memberships,
    suppressions,
    unsubscribes,
)
from tests import mailings as town
from tests.cloud import Cloud
from tests.mailings import ACCOUNT_ID, contact_id, email
from tests.sends import (
    GROUP,
    LIST,
    NOON_MS,
    OPT_OUTS,
    OTHER,
    At,
    everybody,
    one_mail,
    part_of,
    pause,
    skipped,
)


def unsubscribe(number: int) -> None:
    """Take a contact off the list."""
    memberships.unsubscribe(ACCOUNT_ID, contact_id(number), LIST, now_ms=NOON_MS)


def opt_out(number: int, list_id: str = OPT_OUTS) -> None:
    """Put a contact's address on an opt-out list."""
    listed = containers.fetch(ACCOUNT_ID, ContainerKind.EMAIL_OPT_OUT_LIST, list_id)
    container_memberships.add(
        listed, f"email:{email(number)}", contact_id=contact_id(number), now_ms=NOON_MS
    )


def erase(number: int) -> None:
    """Erase a contact."""
    assert people.erase(ACCOUNT_ID, contact_id(number))


def erase_and_return(number: int) -> None:
    """Let a contact opt out, be erased, and be added to the list again."""
    opt_out(number)
    erase(number)
    town.write_contacts(Cloud({"CONTACTS_TABLE": "ContactsTable"}), number + 1, list_ids=[LIST])


def bounce(number: int) -> None:
    """Suppress a contact's address."""
    bounced = Suppression(SuppressionReason.HARD_BOUNCE, NOON_MS)
    suppressions.suppress(ACCOUNT_ID, f"email:{email(number)}", bounced)


def complain(number: int) -> None:
    """Suppress a contact's address for a complaint."""
    complaint = Suppression(SuppressionReason.COMPLAINT, NOON_MS)
    suppressions.suppress(ACCOUNT_ID, f"email:{email(number)}", complaint)


def unsubscribe_from_all(number: int) -> None:
    """Let a person want no marketing mail at all any more."""
    unsubscribes.note(ACCOUNT_ID, f"email:{email(number)}", mailing_id="0", at_ms=NOON_MS)


def lose_address(number: int) -> None:
    """Take a contact's address away."""
    standing = contacts.fetch(ACCOUNT_ID, contact_id(number))
    contacts.save(replace(standing, email=""), since=standing)


CHANGES = {
    unsubscribe: "not_subscribed",
    opt_out: "opted_out",
    erase: "contact_gone",
    bounce: "hard_bounce",
    complain: "complaint",
    unsubscribe_from_all: "unsubscribed",
    lose_address: "no_email",
    pause: "",
}


def make_opt_out_lists() -> None:
    """Make an opt-out list, and a group that holds it."""
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    containers.create(Container(ACCOUNT_ID, kind, OPT_OUTS, "No"))
    containers.create(Container(ACCOUNT_ID, kind, GROUP, "All", grouped=True, members=(OPT_OUTS,)))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_nothing_goes_out_after_a_change_wherever_it_comes_in_between(
    change, workers, cloud, monkeypatch
):
    """Before each call of the sender but that to SES, and before it began; the reason is noted."""
    make_opt_out_lists()
    town.write_contacts(cloud, 8, list_ids=[LIST])
    town.campaign([LIST], audience={"opt_out_lists": (GROUP,)})
    town.started(NOON_MS)
    workers.take()
    at = At(monkeypatch)
    workers.deliver(part_of(7).to_wire())  # what is remembered is remembered from here on
    at.arm(-1, list)
    workers.deliver(part_of(6).to_wire())
    sending = at.calls.index("SendEmail")
    assert ["BatchGetItem", "BatchGetItem", "UpdateItem", "UpdateItem", "BatchGetItem"] == (
        at.calls[:sending]
    )

    for number in range(sending + 1):
        if change is pause and standing_state() == "paused":
            break
        at.arm(number, partial(change, number))
        assert workers.deliver(part_of(number).to_wire())
        workers.take()
        again = [body for *_, body in workers.waiting if f'"{contact_id(number)}"' in body]
        for waiting in again:
            assert workers.deliver(waiting)

    reached = [number for number in (sending, 6, 7) if number > 5 or change is not pause]
    assert {email(number): 1 for number in reached} == town.recipients()
    if CHANGES[change]:
        swept = {sending - 1} if change is erase else set()  # claimed when all of it was erased
        left_out = {*range(sending)} - swept
        assert {contact_id(number): CHANGES[change] for number in left_out} == skipped()


def standing_state() -> str:
    """Return the state of the mailing."""
    return str(town.standing().state)


def test_what_an_erased_contact_opted_out_of_holds_for_who_has_the_address_later(workers, cloud):
    """The address's opt-out is kept as a hash; the first erasure may come in between."""
    make_opt_out_lists()
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST], audience={"opt_out_lists": (OPT_OUTS,)})
    erase_and_return(0)
    town.started(NOON_MS)
    workers.drain()

    assert {} == town.recipients()
    assert {contact_id(0): "opted_out"} == skipped()


def test_transactional_mail_goes_to_who_wants_no_marketing(workers, cloud):
    town.write_contacts(cloud, 1, list_ids=[LIST])
    unsubscribe_from_all(0)
    one_mail(workers, marketing=False)

    assert everybody(1) == town.recipients()


def test_who_wanted_no_marketing_and_was_erased_still_gets_none(workers, cloud):
    """It goes on holding for the address, whoever comes with it."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    unsubscribe_from_all(0)
    erase(0)
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert {contact_id(0): "unsubscribed"} == skipped()


def test_who_left_the_list_but_is_on_another_of_the_audience_gets_the_mail(workers, cloud):
    town.write_contacts(cloud, 1, list_ids=[LIST, OTHER])
    town.campaign([LIST, OTHER])
    town.started(NOON_MS)
    unsubscribe(0)
    workers.deliver(part_of(0).to_wire())

    assert everybody(1) == town.recipients()


@pytest.mark.parametrize("when", ["before the page", "before the part"])
def test_nobody_is_on_a_list_that_was_deleted(workers, cloud, when):
    """What its members hold of it is swept later; who is on another of the lists gets the mail."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.subscribe(cloud, 1, OTHER)
    town.campaign([LIST, OTHER])
    town.started(NOON_MS)
    if when == "before the part":
        workers.take()
        workers.step()
    lists.delete(ACCOUNT_ID, LIST, NOON_MS)
    workers.drain()

    assert {email(1): 1} == town.recipients()


def test_an_opt_out_of_a_list_that_the_audience_does_not_name_bars_nobody(workers, cloud):
    make_opt_out_lists()
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    opt_out(0)
    town.started(NOON_MS)
    workers.drain()

    assert everybody(1) == town.recipients()


def test_a_contact_that_changes_is_read_anew(workers, cloud, monkeypatch):
    """The mail goes to the address, and says the name, that the contact has when it is sent."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    at = At(monkeypatch)

    def rename() -> None:
        people.change_contact(
            ACCOUNT_ID, contact_id(0), email="new@signalbox.example", first_name="Neo"
        )

    at.arm(-1, list)
    workers.take()
    at.arm(3, rename)
    workers.deliver(part_of(0).to_wire())
    assert ([], 0) == (town.all_messages(), len(cloud.mails()))
    workers.drain()

    assert {"new@signalbox.example": 1} == town.recipients()
    assert "News for Neo" == town.mails(cloud)[0]["Subject"]
