"""Memberships: contacts on lists, and every change that one can go through.

A change is a pure function from the membership that stands to the one that shall stand; where
nothing is to change it returns the same. A contact that is not on the list has a membership of
version 0.

What the public may do (`signed_up`, `confirmed`) never makes somebody active who opted out, or who
never confirmed, without the secret that only a mail to the address carried. What the account does
itself (`subscribed`) may.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

from signalbox.model.contact_index import PLACE_DIGITS, place

MAIL_INTERVAL_MS = 600_000  # between two confirmation mails to one address about one list
NONCE_DIGITS = 16


class Subscription(IntEnum):
    """Whether a contact gets what is sent to a list; the numbers are ActiveCampaign's."""

    UNCONFIRMED = 0
    ACTIVE = 1
    UNSUBSCRIBED = 2
    BOUNCED = 3


@dataclass(frozen=True, slots=True)
class Membership:
    """A contact's membership in a list.

    Times are milliseconds, 0 for never: `subscribed_ms` when the contact joined, `unsubscribed_ms`
    when it left. `source_id` is the caller's number for where the change came from. `nonce` is the
    secret part of the confirmation links that hold now, `mailed_ms` when the last went out.
    `mailer_id` is the mailer that brought the contact, or took it off; `contact_kind` says by which
    address it was added, `email` or `phone`. Both are empty where nobody said.
    """

    account_id: str
    contact_id: str
    list_id: str
    status: Subscription = Subscription.UNCONFIRMED
    subscribed_ms: int = 0
    unsubscribed_ms: int = 0
    source_id: str = "0"
    nonce: str = ""
    mailed_ms: int = 0
    mailer_id: str = ""
    contact_kind: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 0

    @property
    def membership_id(self) -> str:
        """Return its id: the contact's, then the list's in 16 digits."""
        return f"{self.contact_id}{place(self.list_id)}"


def parts_of(membership_id: str) -> tuple[str, str]:
    """Return the ids of the contact and the list that an id of a membership names.

    Both may be empty or nobody's: an id comes from outside.
    """
    return membership_id[:-PLACE_DIGITS], membership_id[-PLACE_DIGITS:].lstrip("0")


def subscribed(  # noqa: PLR0913 the parts of one wish
    standing: Membership,
    now_ms: int,
    *,
    source_id: str = "0",
    reactivate: bool = True,
    mailer_id: str = "",
    contact_kind: str = "",
) -> Membership:
    """Make the contact an active member.

    Without `reactivate`, as for an import, only who was never on the list becomes one: an opt-out,
    a bounce and a wait for confirmation go on.
    """
    if standing.version and (standing.status is Subscription.ACTIVE or not reactivate):
        return standing
    return replace(
        _touched(standing, now_ms),
        status=Subscription.ACTIVE,
        subscribed_ms=now_ms,
        unsubscribed_ms=0,
        source_id=source_id,
        mailer_id=mailer_id,
        contact_kind=contact_kind or standing.contact_kind,
    )


def unsubscribed(
    standing: Membership, now_ms: int, *, source_id: str = "0", mailer_id: str = ""
) -> Membership:
    """Take the contact off; whoever was not on the list is noted as not to be put there.

    Links to confirm that are on their way stop working.
    """
    if standing.status is Subscription.UNSUBSCRIBED:
        return replace(_touched(standing, now_ms), nonce="") if standing.nonce else standing
    return replace(
        _touched(standing, now_ms),
        status=Subscription.UNSUBSCRIBED,
        unsubscribed_ms=now_ms,
        source_id=source_id,
        mailer_id=mailer_id or standing.mailer_id,
        nonce="",
    )


def bounced(standing: Membership, now_ms: int) -> Membership:
    """Note that mail to the contact comes back for good; an opt-out goes on, nobody is added."""
    if not standing.version or standing.status >= Subscription.UNSUBSCRIBED:
        return standing
    return replace(
        _touched(standing, now_ms), status=Subscription.BOUNCED, unsubscribed_ms=now_ms, nonce=""
    )


def signed_up(
    standing: Membership, now_ms: int, *, nonce: str, double_opt_in: bool, opted_out: bool
) -> Membership:
    """Take in a public sign-up, which anybody can make for anybody's address.

    Who is active stays so. A stranger becomes active at once on a list without double opt-in,
    unless the address opted out of it before the contact was erased (`opted_out`). In every other
    case a confirmation is due, and the status stays as it is until then. A confirmation mail shall
    be sent exactly where `mailed_ms` changed.
    """
    if standing.version and standing.status is Subscription.ACTIVE:
        return standing
    if not (standing.version or double_opt_in or opted_out):
        return subscribed(standing, now_ms)
    if standing.version and now_ms - standing.mailed_ms < MAIL_INTERVAL_MS:
        return standing
    awaiting = replace(_touched(standing, now_ms), nonce=standing.nonce or nonce, mailed_ms=now_ms)
    if not standing.version and opted_out:
        return replace(awaiting, status=Subscription.UNSUBSCRIBED, unsubscribed_ms=now_ms)
    return awaiting


def confirmed(standing: Membership, now_ms: int, *, nonce: str) -> Membership | None:
    """Make the contact active who proved to read the address's mail; None for an old secret."""
    if not nonce or standing.nonce != nonce:
        return None
    return subscribed(standing, now_ms)


def _touched(standing: Membership, now_ms: int) -> Membership:
    return replace(standing, created_ms=standing.created_ms or now_ms, updated_ms=now_ms)
