"""A person's own page: what a token of a mail opens, and what its owner may change.

Whoever has the mail has the token, so it shows no more than it must, and it never says who somebody
is. What is changed here the contact says itself: the source is `page`, the actor `contact`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from signalbox.environment import environment
from signalbox.model.contact import REACHED_BY, Contact, reached_by
from signalbox.model.contact_list import ContactList
from signalbox.model.errors import NotFoundError
from signalbox.model.membership import Membership, Subscription, unsubscribed
from signalbox.model.tracking_permission import Answer, Purpose, Source, Voice
from signalbox.model.tracking_token import (
    NO_MAILING,
    InvalidTokenError,
    KeyRing,
    Token,
    TokenKind,
    read,
)
from signalbox.store import (
    contacts,
    lists,
    mailings,
    memberships,
    messages,
    origin,
    tracking_permissions,
    unsubscribes,
)

from .preference_form import Action, Wish

ACTOR = "contact"
ALL_LEFT = "unsubscribed from everything"
DONE = {
    Action.ONE_CLICK: "",
    Action.SAVE: "Saved.",
    Action.EVERYTHING: "You are unsubscribed from everything.",
    Action.AGAIN: "You may get mail again.",
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person's page shows."""

    contact: Contact
    joined: list[ContactList]
    is_unsubscribed: bool


def opened(text: str) -> Token:
    """Return what the token of a page says; raise `InvalidTokenError` for none of ours."""
    return read(text, _ring(environment().token_keys), TokenKind.PERSON)


def standing(token: Token) -> Preferences:
    """Return what stands; raise `InvalidTokenError` where the contact is gone."""
    contact = contacts.find(token.account_id, token.contact_id)
    if contact is None:
        raise InvalidTokenError("the contact is gone")
    joined = [
        contact_list
        for one in memberships.of_contact(token.account_id, token.contact_id)
        if one.status is Subscription.ACTIVE
        and (contact_list := lists.find(token.account_id, one.list_id))
    ]
    reached = reached_by(contact)
    barred = unsubscribes.find_many(token.account_id, reached) if reached else set()
    return Preferences(contact, joined, bool(barred))


def perform(token: Token, wish: Wish, now_ms: int) -> str:
    """Do what somebody wants, at once, and return what to say; done again, it changes nothing more.

    A contact that is gone gets no mail, so nothing is left to do for it.
    """
    contact = contacts.find(token.account_id, token.contact_id)
    if contact is None:
        return DONE[wish.action]
    try:
        with origin.caused_by("public"):
            _perform(token, contact, wish, now_ms)
    except NotFoundError as error:
        if error.noun != "contact":  # it was erased just now
            raise
    return DONE[wish.action]


def _perform(token: Token, contact: Contact, wish: Wish, now_ms: int) -> None:
    match wish.action:
        case Action.AGAIN:
            _allow_mail(contact)
        case Action.EVERYTHING:
            _leave_everything(token, contact, now_ms)
        case Action.ONE_CLICK:
            _leave_mailing(token, contact, now_ms)
        case Action.SAVE:
            _save(token, wish, now_ms)


def _save(token: Token, wish: Wish, now_ms: int) -> None:
    if wish.left:
        _leave(token, wish.left, now_ms)
        _mark(token, now_ms)
    if wish.answers:
        _say(token, wish.answers, Voice(Source.PAGE, ACTOR, now_ms))


def _leave_mailing(token: Token, contact: Contact, now_ms: int) -> None:
    """Leave the lists that a mailing went to; everything where it went to none."""
    named = _lists_of(token)
    if not named:
        _leave_everything(token, contact, now_ms)
        return
    _leave(token, named, now_ms)
    _mark(token, now_ms)


def _lists_of(token: Token) -> tuple[str, ...]:
    """Return the lists of the mailing whose mail it was; none where it went to no list."""
    if token.mailing_id == NO_MAILING:
        return ()
    mailing = mailings.find(token.account_id, token.mailing_id)
    return mailing.lists if mailing else ()


def _leave_everything(token: Token, contact: Contact, now_ms: int) -> None:
    """Bar the contact and its addresses first: that is what keeps every mailing from being sent.

    An address that it gets once it is barred itself is barred with it.
    """
    barred = contacts.unsubscribe(token.account_id, token.contact_id, REACHED_BY)
    for address in dict.fromkeys((*reached_by(contact), *reached_by(barred))):
        unsubscribes.note(token.account_id, address, mailing_id=token.mailing_id, at_ms=now_ms)
    joined = memberships.of_contact(token.account_id, token.contact_id)
    _leave(token, (one.list_id for one in joined), now_ms)
    voice = Voice(Source.PAGE, ACTOR, now_ms, ALL_LEFT)
    _say(token, dict.fromkeys(Purpose, Answer.NO), voice)
    _mark(token, now_ms)


def _allow_mail(contact: Contact) -> None:
    allowed = contacts.resubscribe(contact.account_id, contact.contact_id, REACHED_BY)
    for address in reached_by(allowed):
        unsubscribes.lift(contact.account_id, address)


def _leave(token: Token, list_ids: Iterable[str], now_ms: int) -> None:
    """Take the contact off lists; it is noted on none that it never was on."""

    def leave(member: Membership) -> Membership:
        return unsubscribed(member, now_ms) if member.version else member

    for list_id in list_ids:
        try:
            memberships.change(token.account_id, token.contact_id, list_id, leave)
        except NotFoundError as error:
            if error.noun != "list":  # one that is deleted has nobody on it
                raise


def _say(token: Token, answers: Mapping[Purpose, Answer], voice: Voice) -> None:
    tracking_permissions.change(token.account_id, token.contact_id, answers, voice)


def _mark(token: Token, now_ms: int) -> None:
    """Let the message say that its reader unsubscribed by it, which its mailing's counters count."""
    if token.mailing_id != NO_MAILING:
        messages.mark_unsubscribed(token.account_id, token.mailing_id, token.contact_id, now_ms)


@cache
def _ring(text: str) -> KeyRing:
    return KeyRing.from_text(text)
