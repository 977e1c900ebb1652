"""The event that tells on a contact's record that a message was sent."""

from signalbox.model.event import Event
from signalbox.model.mailing import Mailing
from signalbox.model.message import Message
from signalbox.model.trigger import Trigger

SOURCE = "messages"


def sent_event(message: Message, mailing: Mailing) -> Event:
    """Return the event; made of the message alone, so that telling it again is telling the same."""
    properties = {
        "contact_id": message.contact_id,
        "initiated_from": "system",
        "container": str(mailing.container),
        "list_id": mailing.campaign_id,
        "mailing_id": mailing.mailing_id,
        "mailer_id": mailing.mailer_id,
        "contact_kind": mailing.container.contact_kind,
    }
    return Event(
        account_id=message.account_id,
        event_id=f"sent-{message.mailing_id}-{message.contact_id}",
        name=Trigger.SENT,
        at_ms=message.sent_ms,
        received_ms=message.sent_ms,
        address=f"contact:{message.contact_id}",
        properties={name: value for name, value in properties.items() if value},
        source=SOURCE,
        kind=Trigger.SENT,
    )
