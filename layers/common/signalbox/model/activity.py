"""Activities: what stands on a contact's record, in the words of who looks at it.

An activity has a type (what it went over), an action (what happened) and the feature that caused it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from signalbox.model.trigger import Trigger

SERIAL_MAIL: Final = "Serial Mail & Tracking"
TRACKING: Final = "Tracking"
FEEDBACK: Final = "Feedback"
PHONE: Final = "phone"


class Activity(NamedTuple):
    """How an entry of the log is shown; all are empty for what has no words of its own."""

    type: str = ""
    action_type: str = ""
    feature: str = ""


_OF_MAIL: Final[Mapping[str, Activity]] = {
    Trigger.SENT: Activity("Email", "Output Action", SERIAL_MAIL),
    Trigger.OPEN: Activity("System", "Email Open", TRACKING),
    Trigger.CLICK: Activity("System", "Email Click", TRACKING),
    Trigger.DELIVERY: Activity("System", "Email Delivery", FEEDBACK),
    Trigger.DELIVERY_DELAY: Activity("System", "Email Delivery Delay", FEEDBACK),
    Trigger.SOFT_BOUNCE: Activity("System", "Email Soft Bounce", FEEDBACK),
    Trigger.HARD_BOUNCE: Activity("System", "Email Hard Bounce", FEEDBACK),
    Trigger.COMPLAINT: Activity("System", "Email Complaint", FEEDBACK),
}


def activity_of(kind: str, contact_kind: str = "") -> Activity:
    """Return how an event of a kind is shown; `contact_kind` is `phone` where it went over texts."""
    found = _OF_MAIL.get(kind, Activity())
    if contact_kind != PHONE:
        return found
    return found._replace(
        type=found.type.replace("Email", "SMS"),
        action_type=found.action_type.replace("Email", "SMS"),
    )
