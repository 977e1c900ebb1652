"""Emptying containers that were deleted, in the contacts table.

Access  remove the items that put contacts into a container, batch after batch, until told to stop
"""

import time
from itertools import islice

from signalbox.environment import environment
from signalbox.store import contact_listing, keys, table

REMOVED_AT_ONCE = 100
READ_AHEAD = 8000  # ids, in a few large pages rather than many small ones


def emptied(account_id: str, kind: str, container_id: str, *, until: float) -> bool:
    """Remove every member's `<kind>#<container>` item; tell whether all are removed.

    It stops at `until` (of `time.monotonic`); the next call goes on with what is left.
    """
    members = contact_listing.within(account_id, kind, container_id, expected=READ_AHEAD)
    sort_key = f"{kind}#{container_id}"
    while batch := list(islice(members, REMOVED_AT_ONCE)):
        if time.monotonic() >= until:
            return False
        places = [(keys.member(account_id, member), sort_key) for member in batch]
        table.delete_many(environment().contacts_table, places)
    return True
