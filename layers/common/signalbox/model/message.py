"""Messages: what went to one contact in one mailing, and every change that one can go through.

    (nothing) -> claimed -> sent | skipped | failed | uncertain

A worker claims a message before it sends, so that of several one does. SES knows no idempotency
token: a message whose worker died, or got no answer, is `uncertain`, nobody sends it again, and
SES's own event tells that it was `sent` after all. A message that failed is due again only in a
later run that says so. What comes back from the world (delivery, bounce, complaint, …) is marked
beside the state, each mark at the earliest time reported, so that the order of reports is nothing.

Each change is a pure function from the message that stands to the one that shall stand;
`store.messages` makes the same changes as conditional writes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

LEASE_MS: Final = 180_000
"""How long a claim holds: longer than a worker may run, so that one that ran out had a dead owner."""

LONGEST_REASON: Final = 300


class State(StrEnum):
    """Where a message stands; all but `claimed` are terminal."""

    CLAIMED = "claimed"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class SkipReason(StrEnum):
    """Why a message was not sent to a contact of the audience."""

    CONTACT_GONE = "contact_gone"
    NO_EMAIL = "no_email"
    NO_PHONE = "no_phone"
    EMAIL_NOT_ASCII = "email_not_ascii"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    OPTED_OUT = "opted_out"
    NOT_SUBSCRIBED = "not_subscribed"


INTERRUPTED: Final = "interrupted"
"""The reason of an uncertain message whose worker died at it."""

SETTLED: Final = "settled by an event"
"""The reason of a message that only an event of SES told to be sent."""


class Report(StrEnum):
    """What is said of a message: by SES, and `unsubscribe` by the person.

    All but `sent` and `other` leave a mark.
    """

    SENT = "sent"
    DELIVERY = "delivery"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    REJECT = "reject"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"


MARKS: Final = {
    Report.DELIVERY: "delivered_ms",
    Report.SOFT_BOUNCE: "soft_bounce_ms",
    Report.HARD_BOUNCE: "hard_bounce_ms",
    Report.COMPLAINT: "complaint_ms",
    Report.REJECT: "reject_ms",
    Report.UNSUBSCRIBE: "unsubscribe_ms",
}
"""The attribute that holds when a report was made."""

DETAILS: Final = {
    Report.SOFT_BOUNCE: "soft_bounce",
    Report.HARD_BOUNCE: "hard_bounce",
    Report.COMPLAINT: "complaint",
    Report.REJECT: "reject",
}
"""The attribute that holds a word about a report."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message; times are milliseconds, 0 for never.

    `reason` says why it was skipped or failed, or is uncertain. `owner` is the worker that holds or
    held the claim, `run` the run of the mailing in which it did. `mode` and `click_mode` say how
    opens and clicks of this message are tracked (off, anonymous, personal). `sent_ms` and `ses_id`
    are SES's acceptance. The times after it are the marks of reports, the texts words about them.
    """

    account_id: str
    mailing_id: str
    contact_id: str
    state: State
    owner: str
    run: int
    changed_ms: int
    reason: str = ""
    mode: str = ""
    click_mode: str = ""
    sent_ms: int = 0
    ses_id: str = ""
    delivered_ms: int = 0
    soft_bounce_ms: int = 0
    hard_bounce_ms: int = 0
    complaint_ms: int = 0
    reject_ms: int = 0
    unsubscribe_ms: int = 0
    soft_bounce: str = ""
    hard_bounce: str = ""
    complaint: str = ""
    reject: str = ""

    @property
    def is_terminal(self) -> bool:
        """Tell whether nobody is at it any more."""
        return self.state is not State.CLAIMED


class Verdict(StrEnum):
    """What a worker finds that wants to claim a message.

    `taken`: it is the worker's. `settled`: nothing is to be done. `busy`: another worker is at it.
    `interrupted`: another worker died at it, so nobody knows whether it was sent.
    """

    TAKEN = "taken"
    SETTLED = "settled"
    BUSY = "busy"
    INTERRUPTED = "interrupted"


def is_due(standing: Message | None, retry_run: int) -> bool:
    """Tell whether a message may be claimed: it never was, or it failed before the run of a retry."""
    if standing is None:
        return True
    return standing.state is State.FAILED and standing.run < retry_run


def verdict(standing: Message | None, wish: Message, *, retry_run: int) -> Verdict:
    """Say what comes of a wish to claim; `wish` is the claim, `retry_run` 0 where none was asked."""
    if standing is None or is_due(standing, retry_run):
        return Verdict.TAKEN
    if standing.state is not State.CLAIMED:
        return Verdict.SETTLED
    if standing.owner == wish.owner:
        return Verdict.TAKEN  # our own write, whose answer was lost
    if wish.changed_ms - standing.changed_ms <= LEASE_MS:
        return Verdict.BUSY
    return Verdict.INTERRUPTED


def claimed(standing: Message | None, wish: Message, *, retry_run: int) -> Message | None:
    """Return what stands after a wish to claim."""
    found = verdict(standing, wish, retry_run=retry_run)
    if standing is None or (found is Verdict.TAKEN and standing.owner != wish.owner):
        return marked_as(standing, wish)
    if found is Verdict.INTERRUPTED:
        return interrupted(standing, wish.changed_ms)
    return standing


def interrupted(standing: Message, now_ms: int) -> Message:
    """Note that the owner of a claim died."""
    return replace(standing, state=State.UNCERTAIN, reason=INTERRUPTED, changed_ms=now_ms)


def settled(standing: Message | None, outcome: Message) -> Message | None:
    """Write down what came of sending, by the worker that holds the claim; another changes nothing."""
    if standing is None or standing.state is not State.CLAIMED or standing.owner != outcome.owner:
        return standing
    return marked_as(standing, outcome)


def released(standing: Message | None, claim: Message, before: Message | None) -> Message | None:
    """Give a claim back of which nothing came: the message is again what it was `before`."""
    if standing is None or standing.state is not State.CLAIMED or standing.owner != claim.owner:
        return standing
    return marked_as(standing, before) if before else None


def reported(
    standing: Message | None, report: Report, at_ms: int, ses_id: str = "", detail: str = ""
) -> Message | None:
    """Take in what is said of a message; one that nobody sent stays unknown.

    Whatever SES says, it says of mail that it took; `sent` says exactly when.
    """
    if standing is None:
        return None
    seen = standing
    if is_news(standing, report, at_ms):
        seen = replace(
            standing,
            state=State.SENT,
            reason=SETTLED,
            sent_ms=at_ms,
            ses_id=ses_id,
            changed_ms=at_ms,
        )
    mark = MARKS.get(report)
    if mark is None:
        return seen
    marked_ms: int = getattr(seen, mark)
    if marked_ms and marked_ms <= at_ms:
        return seen
    marks: dict[str, Any] = {mark: at_ms}
    if report in DETAILS:
        marks[DETAILS[report]] = detail
    return replace(seen, **marks)


def is_news(standing: Message, report: Report, at_ms: int) -> bool:
    """Tell whether a report tells that a message was sent, or when, and nobody else did."""
    if report is Report.UNSUBSCRIBE:
        return False
    if standing.state in UNSETTLED:
        return True
    return report is Report.SENT and standing.reason == SETTLED and standing.sent_ms != at_ms


def marked_as(standing: Message | None, message: Message) -> Message:
    """Return a message with the marks of the one that stands."""
    if standing is None:
        return message
    kept = (*MARKS.values(), *DETAILS.values())
    return replace(message, **{name: getattr(standing, name) for name in kept})


UNSETTLED: Final = frozenset({State.CLAIMED, State.UNCERTAIN})
"""The states of messages of which SES's event tells more than we know."""
