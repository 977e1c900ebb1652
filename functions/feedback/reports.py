"""What follows from feedback: the message is marked, the address suppressed, an event made."""

from typing import Any, Final, NamedTuple

from signalbox import emf
from signalbox.model.address import contact_address
from signalbox.model.container import EMAIL
from signalbox.model.event import Event
from signalbox.model.feedback import NO_MAILING, Feedback, FeedbackKind
from signalbox.model.message import SETTLED, Message
from signalbox.model.message_event import sent_event
from signalbox.store import dispatches, mailings, messages, suppressions

from .facts import facts_of

SOURCE: Final = "messages"
INITIATED_FROM: Final = "system"
REJECTED: Final = frozenset({FeedbackKind.REJECT, FeedbackKind.RENDERING_FAILURE})
TAKEN: Final = frozenset({FeedbackKind.SENT, FeedbackKind.DELIVERY})  # SES has the mail
TOLD: Final = frozenset(
    {
        FeedbackKind.DELIVERY,
        FeedbackKind.DELIVERY_DELAY,
        FeedbackKind.SOFT_BOUNCE,
        FeedbackKind.HARD_BOUNCE,
        FeedbackKind.COMPLAINT,
    }
)


class Applied(NamedTuple):
    """What came of feedback.

    `is_known` is False where it is about a message that nobody sent, or that is forgotten.
    """

    event: Event | None
    is_known: bool
    is_rejected: bool
    suppressed: int


def apply(feedback: Feedback) -> Applied:
    """Take in one piece of feedback; doing so again changes nothing.

    Raises:
        AwsError: AWS failed; it may be taken in again.
    """
    standing = _marked(feedback)
    if feedback.dispatch_id and feedback.kind in TAKEN:
        dispatches.confirm(
            feedback.account_id, feedback.dispatch_id, feedback.ses_id, feedback.at_ms
        )
    is_known = standing is not None or _is_alone(feedback)
    if feedback.suppression:
        for address in feedback.addresses:
            suppressions.suppress(feedback.account_id, address, feedback.suppression)
    is_rejected = feedback.kind in REJECTED
    if is_rejected:
        emf.fault(
            "mail rejected by SES",
            account=feedback.account_id,
            mailing=feedback.mailing_id,
            contact=feedback.contact_id,
            reason=feedback.detail,
        )
    return Applied(
        event=_event(feedback, standing) if is_known else None,
        is_known=is_known,
        is_rejected=is_rejected,
        suppressed=len(feedback.addresses) if feedback.suppression else 0,
    )


def _is_alone(feedback: Feedback) -> bool:
    """Tell whether the feedback is about a mail that is no message of a mailing."""
    return feedback.mailing_id == NO_MAILING or not feedback.contact_id


def _marked(feedback: Feedback) -> Message | None:
    """Mark the message that the feedback is about, and return it; None where there is none."""
    if _is_alone(feedback):
        return None
    is_rejected = feedback.kind in REJECTED
    return messages.report(
        feedback.account_id,
        feedback.mailing_id,
        feedback.contact_id,
        FeedbackKind.REJECT if is_rejected else feedback.kind,
        feedback.at_ms,
        feedback.ses_id,
        feedback.detail,
    )


def _event(feedback: Feedback, standing: Message | None) -> Event | None:
    """Return the event that stands on the contact's record and wakes rules."""
    if feedback.kind is FeedbackKind.SENT:
        return _sent(standing)
    if feedback.kind not in TOLD or not feedback.contact_id:
        return None
    return Event(
        account_id=feedback.account_id,
        event_id=f"{feedback.kind}-{feedback.ses_id}-{feedback.feedback_id}",
        name=feedback.kind,
        at_ms=feedback.at_ms,
        received_ms=feedback.at_ms,
        address=contact_address(feedback.contact_id),
        properties=_properties(feedback),
        source=SOURCE,
        kind=feedback.kind,
    )


def _sent(standing: Message | None) -> Event | None:
    """Return what its worker would have told of a message of which nobody knew whether it went."""
    if standing is None or standing.reason != SETTLED:
        return None
    mailing = mailings.find(standing.account_id, standing.mailing_id)
    return sent_event(standing, mailing) if mailing and mailing.track_dispatch else None


def _properties(feedback: Feedback) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "contact_id": feedback.contact_id,
        "initiated_from": INITIATED_FROM,
        "contact_kind": EMAIL,
        **feedback.properties,
    }
    if len(feedback.addresses) == 1:  # the contact may have another by now
        properties["address"] = feedback.addresses[0].partition(":")[2]
    if feedback.mailing_id == NO_MAILING:
        return properties
    facts = facts_of(feedback.account_id, feedback.mailing_id)
    return {**properties, "mailing_id": feedback.mailing_id, **facts}
