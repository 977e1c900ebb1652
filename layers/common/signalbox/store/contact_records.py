"""Contacts with all that the contacts table keeps of them.

Access  everything of many contacts: their partitions, one question each, several at once
A contact's own item, memberships and tags stand together, so that one question reads them all; the
consent log, which grows, stands before them and is left out.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model.contact import Contact
from signalbox.model.membership import Membership
from signalbox.model.tag import ContactTag
from signalbox.store import contact_tags, contacts, keys, memberships, table

SIDE_BY_SIDE = 8
PAGE = 1_000  # items; more than any contact should have
RECORD = ("contact", "~")  # between these sort keys


class Record(NamedTuple):
    """A contact, its memberships in the order of the lists' ids, and its tags in that of theirs.

    Lists and tags that are deleted may still be among them.
    """

    contact: Contact
    memberships: list[Membership]
    tags: list[ContactTag]


def fetch_many(account_id: str, contact_ids: Iterable[str]) -> list[Record]:
    """Return the records of the contacts that exist of these, in the order asked for."""
    found = _threads().map(partial(_record, account_id), contact_ids)
    return [record for record in found if record]


def _record(account_id: str, contact_id: str) -> Record | None:
    items = table.query_all(
        environment().contacts_table,
        keys.contact(account_id, contact_id),
        between=RECORD,
        limit=PAGE,
        consistent=True,
    )
    by_sort = {item["sk"]: item for item in items}
    where = contacts.key(account_id, contact_id)[1]
    if where not in by_sort:
        return None
    joined = [one for sort, one in by_sort.items() if sort.startswith(memberships.PREFIX)]
    tagged = [one for sort, one in by_sort.items() if sort.startswith(contact_tags.PREFIX)]
    return Record(
        contacts.contact_from(by_sort[where], account_id),
        sorted(
            (memberships.membership_from(one, account_id) for one in joined),
            key=lambda one: int(one.list_id),
        ),
        sorted(
            (contact_tags.contact_tag_from(one, account_id) for one in tagged),
            key=lambda one: int(one.tag_id),
        ),
    )


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process; each keeps its connection from request to request."""
    return ThreadPoolExecutor(SIDE_BY_SIDE)
