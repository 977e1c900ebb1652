"""The action `record_event`."""

from signalbox import rendering
from signalbox.model.account import Account
from signalbox.model.action import RecordEvent
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.rule import Rule
from signalbox.queues import EVENTS
from signalbox.rendering import Unsaid

from .result import Result, Settled


def record(
    action: RecordEvent, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Result:
    """Queue the event, unless what its tags stand for made it too large."""
    event = rendering.event_of(action, dispatch, rule, account, contact)
    if isinstance(event, Unsaid):
        return Settled(event.outcome, event.detail)
    EVENTS.put([event])
    return Settled(Outcome.DONE, event.event_id)
