"""The actions that change the contact: its lists, campaigns, opt-outs, tags and fields."""

import time

from signalbox import containing, people, rendering
from signalbox.model.account import Account
from signalbox.model.action import AddTag, ContactChange, Membership, RemoveTag, SetField
from signalbox.model.contact import Contact
from signalbox.model.container import ContainerKind
from signalbox.model.dispatch import Dispatch, Outcome, SkipReason
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.tag import ContactTag
from signalbox.store import contact_tags, mailers, origin
from signalbox.store.contacts import AddressTakenError

from .deferring import deferred
from .result import Result, Settled

GONE = {"contact": SkipReason.CONTACT_GONE, "tag": SkipReason.TAG_GONE}


class _MootError(Exception):
    """Nobody can be moved: the contact has no such address, or the mailer is disabled."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason)
        self.reason = reason


def change(action: ContactChange, dispatch: Dispatch, account: Account, contact: Contact) -> Result:
    """Change the contact; a change that is made already is made.

    What follows from it is an event that is one deeper in the chain of rules than the cause.
    """
    try:
        with origin.by_rule(dispatch.rule_id, dispatch.event.depth + 1):
            _change(action, dispatch, account, contact)
    except NotFoundError as error:
        return Settled(Outcome.SKIPPED, GONE.get(error.noun, SkipReason.CONTAINER_GONE))
    except _MootError as error:
        return Settled(Outcome.SKIPPED, error.reason)
    except (InvalidError, AddressTakenError) as error:
        return Settled(Outcome.FAILED, str(error))
    except ConflictError as error:
        return deferred(dispatch, str(error))
    return Settled(Outcome.DONE)


def _change(action: ContactChange, dispatch: Dispatch, account: Account, contact: Contact) -> None:
    match action:
        case SetField():
            facts = rendering.facts_of(action, dispatch, account, contact)
            people.change_contact(contact.account_id, contact.contact_id, **facts)
        case AddTag():
            now_ms = time.time_ns() // 1_000_000
            contact_tags.add(contact.account_id, contact.contact_id, action.tag_id, now_ms=now_ms)
        case RemoveTag():
            _take_off(contact, action.tag_id)
        case _:
            _move(action, dispatch, contact)


def _move(action: Membership, dispatch: Dispatch, contact: Contact) -> None:
    """Add the contact to a container or delete it from one, as brought by the event's mailer.

    On an opt-out list it is the event's address, where that has one of the list's kind: the contact
    may have a new one by now, which neither bounced nor opted out.
    """
    kind, container_id = rendering.container_of(action)
    address = _event_address(kind, dispatch)
    reason = None if address else rendering.missing_address(kind, contact)
    if reason:
        raise _MootError(reason)
    adding = rendering.is_adding(action)
    move = containing.add_contact_to if adding else containing.delete_contact_from
    mailer_id = rendering.mailer_of(action, dispatch)
    asked = adding and not kind.is_opt_out_list  # whoever brings an opt-out, it holds
    if asked and mailers.is_disabled(contact.account_id, mailer_id):
        raise _MootError(SkipReason.MAILER_DISABLED)
    move(contact.account_id, kind, container_id, contact, mailer_id=mailer_id, address=address)


def _event_address(kind: ContainerKind, dispatch: Dispatch) -> str:
    """Return the event's address, `kind:value`, for an opt-out list of its kind; empty for all else.

    What somebody tries out is about the contact as it is.

    Raises:
        InvalidError: the address can be nobody's.
    """
    said = dispatch.event.properties
    if dispatch.test or not (dispatch.event.kind and kind.is_opt_out_list and said.get("address")):
        return ""
    if said.get("contact_kind") != kind.contact_kind:
        return ""
    return people.address_of(kind.contact_kind, said["address"])


def _take_off(contact: Contact, tag_id: str) -> None:
    standing = ContactTag(contact.account_id, contact.contact_id, tag_id)
    try:
        contact_tags.remove(standing)
    except NotFoundError:
        return  # it is off already
