"""Who is in a mailing's audience: a page of its lists, of its work list, or of all contacts."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from signalbox import conditions
from signalbox.model.campaign import Campaign
from signalbox.model.mailing import Mailing
from signalbox.model.membership import Membership, Subscription
from signalbox.model.sending import Page
from signalbox.store import campaigns, contact_listing, contacts, lists, memberships

AT_ONCE: Final = 500
"""Contacts that a page looks at."""

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
    """Return the next contacts of a work list, each where it stands first."""
    listed = list(dict.fromkeys(campaigns.work_list(campaign)))
    start = int(page.after or 0)
    end = start + AT_ONCE
    found = [one.contact_id for one in contacts.fetch_many(campaign.account_id, listed[start:end])]
    following = (page.list_index, str(end)) if end < len(listed) else None
    return Found(_let_through(campaign, found), "", following)


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
    """Return those of the contacts whom the audience's filter lets through."""
    pattern = campaign.audience.filter
    if not pattern:
        return list(contact_ids)
    found = contacts.fetch_many(campaign.account_id, contact_ids)
    return [one.contact_id for one in conditions.met_by(pattern, found)]
