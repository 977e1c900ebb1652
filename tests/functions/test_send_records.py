"""What is written down of a mail: an event for the contact's record, the same one however often."""

from dataclasses import replace

from signalbox.model.message import State
from signalbox.store import messages
from tests import mailings as town
from tests.mailings import MAILING_ID, contact_id
from tests.sends import LIST, NOON_MS, claim_of, one_mail, part_of, pause, sent_events


def test_the_contacts_record_tells_of_the_mail(workers, cloud):
    """The event's id and time are made of the message alone."""
    one_mail(workers)
    (event,) = sent_events(cloud)
    (message,) = town.all_messages()

    assert (f"sent-{MAILING_ID}-{contact_id(0)}", "sent", "sent") == (
        event.event_id,
        event.name,
        event.kind,
    )
    assert message.sent_ms == event.at_ms
    assert {
        "contact_id": contact_id(0),
        "initiated_from": "system",
        "container": "email_campaign",
        "list_id": town.CAMPAIGN_ID,
        "mailing_id": MAILING_ID,
        "contact_kind": "email",
    } == event.properties


def test_without_track_dispatch_no_record_tells_of_it(workers, cloud):
    town.write_contacts(cloud, 1, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS, track_dispatch=False)
    workers.drain()

    assert [] == sent_events(cloud)
    assert "off" == town.all_messages()[0].mode


def test_what_an_earlier_worker_sent_is_told_of_though_the_mailing_was_stopped(workers, cloud):
    """It died before it could say so; its message comes again, and sends nothing more."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    wish = claim_of(0)
    messages.claim(wish, retry_run=0, expires=1)
    messages.settle(replace(wish, state=State.SENT, sent_ms=NOON_MS))
    pause(0)
    workers.deliver(part_of(0, 1).to_wire())

    assert [f"sent-{MAILING_ID}-{contact_id(0)}"] == [one.event_id for one in sent_events(cloud)]
    assert {} == town.recipients()
