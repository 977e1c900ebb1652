"""What came of performing an action."""

from dataclasses import dataclass

from signalbox.model.dispatch import Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """It is over; `detail` says how: a message id, a reason, an error."""

    outcome: Outcome
    detail: str = ""
    response_status: int = 0


@dataclass(frozen=True, slots=True)
class Later:
    """It did not work, and is tried again at `at_ms`."""

    at_ms: int
    detail: str
    response_status: int = 0


Result = Settled | Later
