"""Signing up for a list, and confirming it."""

import secrets
from dataclasses import dataclass
from functools import partial

from signalbox.model.account import Account
from signalbox.model.address import email_address
from signalbox.model.confirmation import Confirmation, claimed_account, token, verified
from signalbox.model.contact_list import EMAIL_CHANNEL, ContactList, from_public_id
from signalbox.model.container import EMAIL
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.membership import NONCE_DIGITS, Membership, confirmed, signed_up
from signalbox.people import add_contact
from signalbox.store import (
    accounts,
    contacts,
    erasure,
    lists,
    memberships,
    origin,
    signups,
    unsubscribes,
)

from . import mails
from .form import Form

OF_MAIL = frozenset({EMAIL})
TRIES = 5  # where the contact comes or goes at the same time


@dataclass(frozen=True, slots=True)
class Opening:
    """A list that the public may sign up for."""

    account: Account
    contact_list: ContactList

    @property
    def is_ready(self) -> bool:
        """Tell whether sign-ups can be taken: double opt-in needs a sender for its mails."""
        return bool(self.account.mail_from) or not self.contact_list.double_opt_in


def opening(public_id: str) -> Opening:
    """Return the list of this public id; raise `NotFoundError` where none takes sign-ups."""
    account_id, list_id = from_public_id(public_id)
    account = accounts.find(account_id)
    contact_list = lists.find(account_id, list_id) if account else None
    if account is None or contact_list is None or contact_list.channel != EMAIL_CHANNEL:
        raise NotFoundError("list", public_id)
    return Opening(account, contact_list)


def sign_up(offer: Opening, email: str, form: Form, *, base_url: str, now_ms: int) -> bool | None:
    """Take a sign-up in; return None where no mail was due, else whether it was sent for certain.

    The membership is written first, with the time of the mail, so that of many sign-ups at once one
    sends it. A fault in between costs one mail, which the next sign-up after ten minutes makes up;
    so what signs the mail's link is there before.
    What a contact that we know is called stays: the form may have been filled in by anybody.
    """
    contact_list = offer.contact_list
    secret = signups.secret(offer.account.account_id)
    before, after = _join(offer, email, form, now_ms)
    if after.mailed_ms == before.mailed_ms:
        return None
    confirmation = Confirmation(
        account_id=after.account_id,
        list_id=after.list_id,
        contact_id=after.contact_id,
        nonce=after.nonce,
        issued_ms=now_ms,
    )
    link = f"{base_url}/subscribe/confirm/{token(confirmation, secret)}"
    return mails.ask(offer.account, contact_list, after, email, link)


def awaited(shown: str, now_ms: int) -> tuple[Confirmation, ContactList]:
    """Return what a confirmation link stands for; nothing changes by looking.

    Raises:
        InvalidError: the link is not one of ours, is too old, or a later opt-out has ended it.
        NotFoundError: the list is gone.
    """
    account_id = claimed_account(shown)
    secret = signups.find_secret(account_id)
    if secret is None:
        raise InvalidError("token", "is not one of ours")
    awaiting = verified(shown, secret, now_ms)
    contact_list = lists.fetch(account_id, awaiting.list_id)
    standing = memberships.find(account_id, awaiting.contact_id, awaiting.list_id)
    if standing is None or confirmed(standing, now_ms, nonce=awaiting.nonce) is None:
        raise InvalidError("token", "does not hold any more")
    return awaiting, contact_list


def confirm(shown: str, now_ms: int) -> ContactList:
    """Make the contact an active member; repeating it changes nothing.

    Raises:
        InvalidError, NotFoundError: as for `awaited`.
    """
    awaiting, contact_list = awaited(shown, now_ms)

    def decide(standing: Membership) -> Membership:
        after = confirmed(standing, now_ms, nonce=awaiting.nonce)
        if after is None:
            raise InvalidError("token", "does not hold any more")
        return after

    with origin.caused_by("public"):
        memberships.change(awaiting.account_id, awaiting.contact_id, awaiting.list_id, decide)
    contact = contacts.find(awaiting.account_id, awaiting.contact_id)
    if contact and contact.email:
        if contact.unsubscribed:
            contacts.resubscribe(awaiting.account_id, awaiting.contact_id, OF_MAIL)
        address = email_address(contact.email)
        erasure.lift_opt_out(awaiting.account_id, address, awaiting.list_id)
        unsubscribes.lift(awaiting.account_id, address)
    return contact_list


def _join(offer: Opening, email: str, form: Form, now_ms: int) -> memberships.Change:
    """Write the contact, where we do not know it, and its membership."""
    account_id, list_id = offer.account.account_id, offer.contact_list.list_id
    address = email_address(email)
    opted_out = list_id in erasure.opted_out(account_id, address)
    barred = bool(unsubscribes.find_many(account_id, [address]))
    decide = partial(
        signed_up,
        now_ms=now_ms,
        nonce=secrets.token_hex(NONCE_DIGITS // 2),
        double_opt_in=offer.contact_list.double_opt_in,
        opted_out=opted_out or barred,
    )
    for _ in range(TRIES):
        contact_id = contacts.id_at(account_id, address)
        try:
            if contact_id is None:
                names = {"first_name": form.first_name, "last_name": form.last_name}
                contact_id = add_contact(account_id, email=email, **names).contact_id
            with origin.caused_by("public"):
                return memberships.change(account_id, contact_id, list_id, decide)
        except contacts.AddressTakenError:
            continue
        except NotFoundError as error:
            if error.noun != "contact":
                raise
    raise ConflictError("the contact comes and goes; try again")
