"""What a worker keeps of mailings: the few facts that never change once one has started.

They are read off the mailings' items (see `store.mailings`), with whatever else a batch asks for,
and remembered for as long as the process lives.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signalbox.model.relay_day import is_relay_day
from signalbox.model.tracking_token import NO_MAILING
from signalbox.model.wire import unpacked
from signalbox.store import keys
from signalbox.store.table import Item, Key

REMEMBERED: Final = 10_000


class MailingFacts(NamedTuple):
    """A mailing that has started.

    `container` is the kind of its campaign, `mode` how it is tracked (`tracking_permission.Mode`).
    """

    campaign_id: str
    container: str
    mailer_id: str
    mode: str


OF_NO_MAILING: Final = MailingFacts("", "", "", "personal")
"""Of mail that belongs to none: a rule's, or what other programs handed in."""

_remembered: dict[Key, MailingFacts] = {}


def unknown(account_id: str, mailing_id: str) -> list[Key]:
    """Return where to read what is not remembered of a mailing: one key, or none."""
    key = _key(account_id, mailing_id)
    return [] if _is_none(mailing_id) or key in _remembered else [key]


def known(account_id: str, mailing_id: str, found: Mapping[Key, Item]) -> MailingFacts | None:
    """Return the facts, from memory or from what was found just now.

    None for a mailing that is none, or that never started.
    """
    if _is_none(mailing_id):
        return OF_NO_MAILING
    key = _key(account_id, mailing_id)
    if key not in _remembered and key in found:
        _learn(key, unpacked(found[key]["body"]))
    return _remembered.get(key)


def forget() -> None:
    """Empty the memory of this process."""
    _remembered.clear()


def _is_none(mailing_id: str) -> bool:
    """Tell whether no mailing is meant: a rule's mail, or a day's mail of other programs."""
    return mailing_id == NO_MAILING or is_relay_day(mailing_id)


def _learn(key: Key, body: Mapping[str, Any]) -> None:
    if not body.get("mode"):
        return  # it has not started, so nothing about it is settled
    if len(_remembered) >= REMEMBERED:
        del _remembered[next(iter(_remembered))]
    _remembered[key] = MailingFacts(
        campaign_id=body["campaign_id"],
        container=body["container"],
        mailer_id=body.get("mailer_id", ""),
        mode=body["mode"],
    )


def _key(account_id: str, mailing_id: str) -> Key:
    return keys.collection(account_id, "mailings"), mailing_id
