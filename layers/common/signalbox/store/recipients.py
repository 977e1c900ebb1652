"""Who may be written to in a mailing at this moment, in one consistent read of several items.

Access  the mailing, a contact, its membership in the list that it was found on, its address's
        suppression, opt-outs and unsubscribing from everything, also those that go on holding after an
        erasure: the last look before a message goes out
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model.address import email_address, is_mailable
from signalbox.model.contact import Contact
from signalbox.model.container import PHONE, ContainerKind
from signalbox.model.errors import NotFoundError
from signalbox.model.mailing import Mailing
from signalbox.model.membership import Subscription
from signalbox.model.message import SkipReason
from signalbox.model.suppression import SuppressionReason
from signalbox.store import (
    contacts,
    container_memberships,
    containers,
    erasure,
    keys,
    lists,
    mailings,
    memberships,
    suppressions,
    table,
    unsubscribes,
)
from signalbox.store.table import Item, Key

_SUPPRESSED = {
    SuppressionReason.HARD_BOUNCE: SkipReason.HARD_BOUNCE,
    SuppressionReason.COMPLAINT: SkipReason.COMPLAINT,
    SuppressionReason.MANUAL: SkipReason.SUPPRESSED,
}


class Question(NamedTuple):
    """What is asked of each contact of a mailing; `kind` is that of its campaign.

    `list_id` is the list that they were found on, empty for none, and `list_stands` whether it is
    still there; `lists` are all of the audience.
    `opt_out_lists` are single lists. `keeps_erased` says whether the account erased anybody yet, of
    whose address something may go on holding.
    """

    account_id: str
    mailing_id: str
    kind: ContainerKind
    list_id: str
    list_stands: bool
    lists: tuple[str, ...]
    opt_out_lists: tuple[str, ...]
    keeps_erased: bool
    marketing: bool


class Look(NamedTuple):
    """What was seen: mailing and contact, None where they are gone, and what bars the contact."""

    mailing: Mailing | None
    contact: Contact | None
    bar: SkipReason | None


def opt_out_kind(campaign: ContainerKind) -> ContainerKind:
    """Return the kind of the opt-out lists that bar from campaigns of a kind."""
    return container_memberships.OPT_OUT_LISTS[campaign.contact_kind]


def opt_out_lists_of(
    account_id: str, campaign: ContainerKind, list_ids: Iterable[str]
) -> tuple[str, ...]:
    """Return the single opt-out lists for a kind of campaign among these, those of groups included.

    Raises:
        NotFoundError: one of them is gone, so that nobody knows whom it kept out.
    """
    wanted = [(opt_out_kind(campaign), one) for one in list_ids]
    found = containers.find_many(account_id, wanted)
    single: list[str] = []
    for kind, list_id in wanted:
        container = found.get((kind, list_id))
        if container is None:
            raise NotFoundError(containers.noun(kind), list_id)
        single += container.members if container.grouped else [list_id]
    return tuple(dict.fromkeys(single))


def address_of(kind: ContainerKind, contact: Contact) -> str:
    """Return the address that a campaign of this kind writes to; empty where the contact has none."""
    if kind.contact_kind == PHONE:
        return f"phone:{contact.phone_number}" if contact.phone_number else ""
    return email_address(contact.email) if contact.email else ""


def look(question: Question, contact: Contact) -> Look:
    """Look at a contact once more, who was read a moment ago: `contact` says which address it had.

    A contact whose version is another by now may have another address: it is to be read anew.
    """
    address = address_of(question.kind, contact)
    places = _Places(question, contact.contact_id, address, kept=question.keeps_erased)
    found = _read(places)
    if not places.kept and places.salt in found:  # the account's first erasure was just now
        places = _Places(question, contact.contact_id, address, kept=True)
        found = _read(places)
    mailing, seen = found.get(places.mailing), found.get(places.contact)
    account_id = question.account_id
    now = contacts.contact_from(seen, account_id) if seen else None
    return Look(
        mailing=mailings.mailing_from(mailing, account_id) if mailing else None,
        contact=now,
        bar=_bar(question, now, places, found),
    )


class _Places:
    """Where all stands that says whether a contact may be written to."""

    def __init__(self, question: Question, contact_id: str, address: str, *, kept: bool) -> None:
        account_id = question.account_id
        self.kept = kept
        self.mailing = mailings.key(account_id, question.mailing_id)
        self.salt = erasure.salt_key(account_id)
        self.contact = contacts.key(account_id, contact_id)
        self.member = memberships.key(account_id, contact_id, question.list_id)
        self.opt_outs: list[Key] = []
        self.unsubscribed: list[Key] = []
        self.suppressions: list[Key] = []
        if address:
            self._bar(question, address)
        barring = (*self.opt_outs, *self.unsubscribed, *self.suppressions)
        self.of_contacts = [self.contact, *barring]
        if question.list_id:
            self.of_contacts.append(self.member)

    def _bar(self, question: Question, address: str) -> None:
        account_id, kind = question.account_id, opt_out_kind(question.kind)
        listed = question.opt_out_lists
        self.opt_outs += [
            container_memberships.key(account_id, kind, one, address) for one in listed
        ]
        self.suppressions.append((keys.address(account_id, address), suppressions.SORT))
        if question.marketing:
            self.unsubscribed.append(unsubscribes.key(account_id, address))
        if self.kept:
            kept = [
                erasure.find_kept_key(account_id, address, erasure.LIST + one) for one in listed
            ]
            self.opt_outs += [one for one in kept if one]
            of_all = erasure.find_kept_key(account_id, address, erasure.LIST + unsubscribes.ALL)
            self.unsubscribed += [of_all] if of_all and question.marketing else []
            suppressed = erasure.find_kept_key(account_id, address, suppressions.SORT)
            self.suppressions += [suppressed] if suppressed else []


def _read(places: _Places) -> dict[Key, Item]:
    env = environment()
    of_rules = [places.mailing] if places.kept else [places.mailing, places.salt]
    return table.get_many({env.rules_table: of_rules, env.contacts_table: places.of_contacts})


def _bar(
    question: Question, contact: Contact | None, places: _Places, found: Mapping[Key, Item]
) -> SkipReason | None:
    """Say what speaks against writing to a contact; None where nothing does."""
    if contact is None:
        return SkipReason.CONTACT_GONE
    bar = unreachable(question.kind, contact) or _bar_of_address(places, found)
    if bar is None and question.list_id:
        member = found.get(places.member)
        return None if _is_subscribed(question, contact, member) else SkipReason.NOT_SUBSCRIBED
    return bar


def unreachable(kind: ContainerKind, contact: Contact) -> SkipReason | None:
    """Say why a campaign of this kind cannot reach a contact; None where it can."""
    if not address_of(kind, contact):
        return SkipReason.NO_PHONE if kind.contact_kind == PHONE else SkipReason.NO_EMAIL
    if kind.contact_kind != PHONE and not is_mailable(contact.email):
        return SkipReason.EMAIL_NOT_ASCII
    return None


def _bar_of_address(places: _Places, found: Mapping[Key, Item]) -> SkipReason | None:
    """Say what speaks against writing to an address, whoever has it."""
    for item in (found[one] for one in places.suppressions if one in found):
        if item["weight"]:  # none where it was lifted
            return _SUPPRESSED[SuppressionReason(item["reason"])]
    if any(one in found for one in places.unsubscribed):
        return SkipReason.UNSUBSCRIBED
    if any(_stands(found[one]) for one in places.opt_outs if one in found):
        return SkipReason.OPTED_OUT
    return None


def _stands(opt_out: Item) -> bool:
    """Tell whether an address is on a list: one that was taken off keeps an item of no container."""
    return "container" in opt_out or opt_out["sk"].startswith(erasure.LIST)


def _is_subscribed(question: Question, contact: Contact, member: Item | None) -> bool:
    """Tell whether a contact is active on the list that it was found on, or on another of them."""
    account_id = question.account_id
    if member and question.list_stands:
        found = memberships.membership_from(member, account_id)
        if found.status is Subscription.ACTIVE:
            return True
    others = [one for one in question.lists if one != question.list_id]
    if not others:
        return False
    standing = lists.existing(account_id, others)
    held = memberships.held(account_id, [(contact.contact_id, one) for one in standing])
    return any(one.status is Subscription.ACTIVE for one in held.values())
