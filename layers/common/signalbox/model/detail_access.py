"""Who looked at the personal data behind an entry of the rule log, when, and why."""

from typing import NamedTuple

SHORTEST_REASON = 10
LONGEST_REASON = 500


class DetailAccess(NamedTuple):
    """One look: by a key (`role` and `key_name` as they were then), at one dispatch.

    It names the contact by its id alone, so it stays when the contact is erased.
    """

    account_id: str
    access_id: str
    at_ms: int
    dispatch_id: str
    contact_id: str
    key_id: str
    key_name: str
    role: str
    reason: str
