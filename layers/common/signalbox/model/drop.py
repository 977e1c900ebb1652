"""Dropped events: accepted, but not written on anybody's record, and why."""

from dataclasses import dataclass
from enum import StrEnum

from signalbox.model.event import Event


class DropReason(StrEnum):
    """Why an event was not written; the closed set."""

    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_CONTACT = "unknown_contact"
    TRACKING_OFF = "tracking_off"
    TOO_DEEP = "too_deep"

    @property
    def explanation(self) -> str:
        """Return what happened and what mends it, for people."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    DropReason.UNKNOWN_ACCOUNT: "The account was removed after the event was accepted.",
    DropReason.UNKNOWN_CONTACT: (
        "No contact has this address. Create the contact, then replay the event."
    ),
    DropReason.TRACKING_OFF: (
        "Event tracking was off. Turn it on (PUT /api/3/eventTracking), then replay the event."
    ),
    DropReason.TOO_DEEP: (
        "Rules woke each other five times in a row. Break the circle, then replay the event."
    ),
}


@dataclass(frozen=True, slots=True)
class DroppedEvent:
    """An event that was not written.

    `replayed_ms` is when somebody last sent it back, 0 for never since it was last dropped.
    """

    event: Event
    reason: DropReason
    replayed_ms: int = 0

    @property
    def dropped_id(self) -> str:
        """Return the id that the API shows: when it was received and its hash, which are its key."""
        return f"{self.event.received_ms:013d}-{self.event.key_hash()}"
