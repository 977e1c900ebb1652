"""Feedback about a mailing's message to Ada, handed to the function, and what came of it."""

from functions.feedback import app as feedback
from functions.feedback import facts, notifications, pausing
from signalbox.model.event import Event
from signalbox.model.message import Message, State
from signalbox.store import messages
from tests.cloud import sqs_event
from tests.mailings import MAILING_ID
from tests.people import ACCOUNT_ID
from tests.ses import notified

NOW = 1_795_254_840_000
ADDRESS = "email:ada@signalbox.example"


def forget():
    """Forget what a process would forget when it ends."""
    for module in (notifications, facts, pausing):
        module.forget()


def claim(contact_id, mailing_id=MAILING_ID):
    """Claim the message to a contact; return the claim."""
    wish = Message(ACCOUNT_ID, mailing_id, contact_id, State.CLAIMED, "me", 1, NOW, mode="personal")
    messages.claim(wish, retry_run=0, expires=NOW)
    return wish


def standing(contact_id):
    """Return the message to a contact; None where there is none."""
    return messages.states_of(ACCOUNT_ID, MAILING_ID, [contact_id]).get(contact_id)


def take(*bodies):
    """Let the function take bodies of messages in; return the numbers of those that failed."""
    answer = feedback.handler(sqs_event(list(bodies)), None)
    return [int(one["itemIdentifier"][1:]) for one in answer["batchItemFailures"]]


def about(kind, contact_id, **more):
    """Return a notification about the message of the mailing."""
    return notified(kind, contact_id=contact_id, mailing_id=MAILING_ID, **more)


def queued(cloud):
    """Return the events that were queued."""
    return [Event.from_wire(body) for body in cloud.waiting("EVENTS")]
