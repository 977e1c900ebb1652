"""What was listed of a mailing's audience, and what is still to do of it, in the tracking table.

Item    pk A#<account>#sending#<mailing>   sk page#<6 digits of run>#<8 digits of page>
        following        the next page as it was queued; none after the last
        listed           how many contacts were listed in the run up to the end of the page
        expires          seconds, for TTL
Item    pk the same                        sk part#<6 digits of run>#<8 digits of page>#<4 digits>
        body             the part as it was queued: up to 25 contacts; deleted once all are done
        expires          seconds, for TTL
Access  note a page with its parts, once, in one transaction; the parts of a page, or of a run, that
        are open; close one; how many contacts were listed
A page that is listed again is not decided again, whoever came on a list meanwhile.
"""

from typing import Any

from signalbox.environment import environment
from signalbox.model import sending
from signalbox.model.retention import DAY_MS
from signalbox.model.sending import Deliver, Listing, Page
from signalbox.store import keys, table
from signalbox.store.table import Item

KEPT_MS = 90 * DAY_MS


def note(listing: Listing, now_ms: int) -> Listing:
    """Write down what a page listed; return that, or what is open of it where it was listed before."""
    page = listing.page
    expires = (now_ms + KEPT_MS) // 1000
    where = {"pk": _partition(page), "sk": _page_key(page)}
    head: Item = {**where, "listed": listing.listed, "expires": expires}
    if listing.following:
        head["following"] = listing.following.to_wire()
    tracking = environment().tracking_table
    writes = [table.putting(tracking, head, condition="attribute_not_exists(pk)")]
    writes += [table.putting(tracking, _part(one, expires)) for one in listing.parts]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        standing = error.reasons[0][1]
        if standing is None:
            raise
        return _noted(page, standing)
    return listing


def close(part: Deliver) -> None:
    """Note that all contacts of a part are done; repeated it changes nothing."""
    where = _partition(part), _part_key(part)
    table.delete_many(environment().tracking_table, [where])


def still_open(account_id: str, mailing_id: str, run: int) -> int:
    """Return how many parts of a run are open."""
    start = f"part#{run:06d}#"
    return table.count(
        environment().tracking_table,
        keys.sending(account_id, mailing_id),
        between=(start, start + "~"),
    )


def listed(account_id: str, mailing_id: str, runs: int) -> int:
    """Return how many contacts of an audience were listed: the most of any of the runs so far."""
    newest = [
        table.query(
            environment().tracking_table,
            keys.sending(account_id, mailing_id),
            prefix=f"page#{run:06d}#",
            limit=1,
            newest_first=True,
            consistent=True,
        ).items
        for run in range(1, runs + 1)
    ]
    return max((page["listed"] for pages in newest for page in pages), default=0)


def _noted(page: Page, standing: Item) -> Listing:
    """Return what is left to be done of a page that was listed before."""
    following: Any = sending.from_wire(standing["following"]) if "following" in standing else None
    found = table.query_all(
        environment().tracking_table,
        _partition(page),
        prefix=f"part#{page.run:06d}#{page.page:08d}#",
        consistent=True,
    )
    parts: list[Any] = [sending.from_wire(item["body"]) for item in found]
    return Listing(page, tuple(parts), following, standing["listed"])


def _part(part: Deliver, expires: int) -> Item:
    return {
        "pk": _partition(part),
        "sk": _part_key(part),
        "body": part.to_wire(),
        "expires": expires,
    }


def _partition(one: Page | Deliver) -> str:
    return keys.sending(one.account_id, one.mailing_id)


def _page_key(page: Page) -> str:
    return f"page#{page.run:06d}#{page.page:08d}"


def _part_key(part: Deliver) -> str:
    return f"part#{part.run:06d}#{part.page:08d}#{part.part:04d}"
