"""What events tell of a mailing, kept in memory, for it never changes once the mailing has started."""

from collections.abc import Mapping
from typing import Final

from signalbox.store import mailings

MOST_REMEMBERED: Final = 1_000

_facts: dict[tuple[str, str], Mapping[str, str]] = {}


def facts_of(account_id: str, mailing_id: str) -> Mapping[str, str]:
    """Return the kind of a mailing's campaign, its id and its mailer; nothing where it is gone."""
    known = _facts.get((account_id, mailing_id))
    if known is not None:
        return known
    found = mailings.find(account_id, mailing_id)
    if found is None:
        return {}
    facts = {"container": str(found.container), "list_id": found.campaign_id}
    if found.mailer_id:
        facts["mailer_id"] = found.mailer_id
    if len(_facts) >= MOST_REMEMBERED:
        _facts.clear()
    _facts[account_id, mailing_id] = facts
    return facts


def forget() -> None:
    """Empty the memory of this process."""
    _facts.clear()
