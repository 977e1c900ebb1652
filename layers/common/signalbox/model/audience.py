"""Audiences: whom a mailing goes to, and whom it leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST_CONTAINERS: Final = 50
"""Lists, and opt-out lists, that an audience may name."""

MOST_LISTED: Final = 100_000
"""Contacts on a work list."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a mailing goes to.

    Those who are active on one of `lists`, or the `work_size` contacts of a work list; without
    either, all contacts of the account. Of them those alone whom the `filter` lets through, a
    pattern (`model.pattern`) on the document that conditions of rules see of a contact; and nobody
    whose address is on one of `opt_out_lists`.

    A work list stands beside, for it may be long: `work_list` is the digest of its text.
    """

    lists: tuple[str, ...] = ()
    opt_out_lists: tuple[str, ...] = ()
    filter: Mapping[str, Any] = field(default_factory=dict)
    work_size: int = 0
    work_list: str = ""
