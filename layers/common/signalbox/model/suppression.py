"""Suppressions: addresses that nothing is sent to, whoever has them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class SuppressionReason(StrEnum):
    """Why nothing is sent to an address, the weakest first."""

    MANUAL = "manual"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"

    @property
    def weight(self) -> int:
        """Return how much it counts: where there are several reasons, the weightiest is kept."""
        return _ORDER.index(self) + 1


_ORDER: Final = tuple(SuppressionReason)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Nothing is sent to an address.

    `at_ms` is when it began, `detail` more about the reason: words of SES or of who suppressed it,
    never a person's.
    """

    reason: SuppressionReason
    at_ms: int
    detail: str = ""

    def outweighs(self, other: "Suppression") -> bool:
        """Tell whether this is the one to keep: the weightier, of like ones the earlier."""
        return (self.reason.weight, -self.at_ms) > (other.reason.weight, -other.at_ms)
