"""A page of a mailing's audience: who is on it, decided once, and what is queued for them.

Once a mailing is complete a page has those whose messages failed, and nobody else.
"""

import time
from typing import Final

from signalbox import emf
from signalbox.model.sending import Finish, Listing, Page, parts_of
from signalbox.queues import SENDS
from signalbox.store import mailing_pages, mailings

from . import audience

FIRST_LOOK_S: Final = 5
"""After the last page, until it is asked for the first time whether everybody is done."""


def list_page(page: Page) -> None:
    """List a page, queue its parts, and what follows it.

    Cut off anywhere and repeated it lists the same contacts, for they are written down before any of
    them is queued.
    """
    mailing = mailings.find(page.account_id, page.mailing_id)
    if mailing is None or not mailing.sends_in(page.run):
        return
    found = audience.of_page(mailing, page)
    listing = mailing_pages.note(_listing(page, found), time.time_ns() // 1_000_000)
    if listing.parts:
        SENDS.put(listing.parts)
    if listing.following is not None:
        SENDS.put([listing.following])
    else:
        if not mailing.is_complete:
            mailings.note_audience(page.account_id, page.mailing_id, listing.listed)
        SENDS.put([Finish(page.account_id, page.mailing_id, page.run)], delay_s=FIRST_LOOK_S)
    emf.count({"ContactsListed": len(found.contact_ids)}, Function="send")


def _listing(page: Page, found: audience.Found) -> Listing:
    parts = parts_of(page, found.contact_ids, found.list_id)
    listing = Listing(page, parts, None, page.listed + len(found.contact_ids))
    if found.following is None:
        return listing
    list_index, after = found.following
    following = Page(
        page.account_id,
        page.mailing_id,
        page.run,
        page.page + 1,
        list_index,
        after,
        listing.listed,
    )
    return listing._replace(following=following)
