"""Who is in a mailing's audience: a page of its lists, of its work list, or of all contacts.

In a retry of a mailing that is complete it is those whose messages failed, whoever came since.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from signalbox import conditions
from signalbox.model.campaign import Campaign
from signalbox.model.mailing import Mailing
from signalbox.model.membership import Membership, Subscription
from signalbox.model.message import is_due
from signalbox.model.sending import Page
from signalbox.store import (
    campaigns,
    contact_listing,
    contacts,
    lists,
    memberships,
    messages,
)

AT_ONCE: Final = 500
"""Contacts, or messages, that a page looks at."""

SURE_MS: Final = 60_000
"""Who was on a list for so long when the run began is found on it, whatever an index is late by."""


class Found(NamedTuple):
    """The contacts of a page, and where the next begins: the list's number and whom it is above."""

    contact_ids: list[str]
    list_id: str
    following: tuple[int, str] | None


def of_page(mailing: Mailing, page: Page) -> Found:
    """Return who is on a page. Each contact is found once, on the first of the lists that has it."""
    campaign = campaigns.fetch_version(
        mailing.account_id, mailing.campaign_id, mailing.campaign_version
    )
    if mailing.is_complete:
        return _of_messages(mailing, campaign, page)
    if campaign.audience.work_size:
        return _of_work_list(campaign, page)
    listed = mailing.lists[page.list_index] if mailing.lists else ""
    seen = list(islice(_members(page, listed), AT_ONCE + 1))
    looked_at = seen[:AT_ONCE]
    following: tuple[int, str] | None = None
    if len(seen) > AT_ONCE:
        following = page.list_index, looked_at[-1]
    elif page.list_index + 1 < len(mailing.lists):
        following = page.list_index + 1, ""
    if listed:
        looked_at = _new_members(mailing, page, looked_at)
    return Found(_let_through(campaign, looked_at), listed, following)


def _of_work_list(campaign: Campaign, page: Page) -> Found:
    """Return the next contacts of a work list, each where it stands first, those gone among them."""
    listed = list(dict.fromkeys(campaigns.work_list(campaign)))
    start = int(page.after or 0)
    end = start + AT_ONCE
    following = (page.list_index, str(end)) if end < len(listed) else None
    return Found(_let_through(campaign, listed[start:end]), "", following)


def _of_messages(mailing: Mailing, campaign: Campaign, page: Page) -> Found:
    """Return whose messages are to be tried again, or were being tried when a worker died.

    On which list each was found is not kept; `store.recipients` looks at all of them.
    """
    where = messages.Place(page.list_index)
    if page.after:
        pk, sk = messages.key(mailing.account_id, mailing.mailing_id, page.after)
        where = messages.Place(page.list_index, {"pk": pk, "sk": sk})
    found, place = messages.of_mailing(
        mailing.account_id, mailing.mailing_id, limit=AT_ONCE, place=where
    )
    again = [
        one.contact_id for one in found if not one.is_terminal or is_due(one, mailing.retry_run)
    ]
    following: tuple[int, str] | None = None
    if place is not None:
        last = place.after["sk"].removeprefix(messages.PREFIX) if place.after else ""
        following = place.shard, last
    return Found(again, _any_list(mailing, campaign), following)


def _any_list(mailing: Mailing, campaign: Campaign) -> str:
    by_lists = mailing.lists and not campaign.audience.work_size
    return mailing.lists[0] if by_lists else ""


def _members(page: Page, list_id: str) -> Iterator[str]:
    kind = memberships.KIND if list_id else contact_listing.ALL
    return contact_listing.within(
        page.account_id, kind, list_id, above=page.after, expected=AT_ONCE + 1
    )


def _new_members(mailing: Mailing, page: Page, contact_ids: Sequence[str]) -> list[str]:
    """Return who is active on the page's list, without those whom an earlier list has."""
    account_id = mailing.account_id
    listed = mailing.lists[page.list_index]
    standing = lists.existing(account_id, mailing.lists[: page.list_index + 1])
    if listed not in standing:
        return []
    on_list = memberships.on_list(account_id, listed, contact_ids)
    active = [one for one in contact_ids if one in on_list and _is_active(on_list[one])]
    earlier = [(one, other) for one in active for other in standing - {listed}]
    held = memberships.held(account_id, earlier) if earlier else {}
    passed = {contact_id for (contact_id, _), one in held.items() if _was_found(one, mailing)}
    return [one for one in active if one not in passed]


def _is_active(one: Membership) -> bool:
    return one.status is Subscription.ACTIVE


def _was_found(one: Membership, mailing: Mailing) -> bool:
    """Tell whether a member of an earlier list was found there for certain, in every run."""
    return _is_active(one) and one.subscribed_ms < mailing.started_ms - SURE_MS


def _let_through(campaign: Campaign, contact_ids: Sequence[str]) -> list[str]:
    """Return those of the contacts whom the audience's filter lets through, and who are gone.

    These are left out later, with that reason, so that nobody is in no number.
    """
    pattern = campaign.audience.filter
    if not pattern:
        return list(contact_ids)
    found = contacts.fetch_many(campaign.account_id, contact_ids)
    out = {one.contact_id for one in found}
    out -= {one.contact_id for one in conditions.met_by(pattern, found)}
    return [one for one in contact_ids if one not in out]
