"""Mailings to addresses with letters beyond ASCII: to their owners, or to nobody."""

import pytest

from signalbox import mailing_runs
from signalbox.channels.mime import Mail, recipient_of
from signalbox.model.evaluation import evaluation
from signalbox.model.mailing import MailingState
from signalbox.model.mailing_count import TOTALS, added, counts_of
from signalbox.people import add_contact
from signalbox.store import suppressions
from tests import feedbacks
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID
from tests.sends import NOON_MS

OWNER, OTHER = "ada@xn--strae-oqa.de", "ada@strasse.de"
SPELLINGS = [OWNER, "ada@straße.de", "Ada@STRAßE.de"]


def counted():
    """Return the counts of the mailing's log."""
    names = ("state", "reason", "mode", "click_mode", "sent_ms")
    items = [
        {"sk": f"message#{one.contact_id}"} | {name: getattr(one, name) for name in names}
        for one in town.all_messages()
    ]
    return added(map(counts_of, items))[TOTALS]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_mail_goes_to_the_owner_of_the_domain(workers, spelling):
    contact = add_contact(ACCOUNT_ID, email=spelling)
    town.campaign(work_list=[contact.contact_id])
    town.started(NOON_MS)
    workers.drain()

    assert {OWNER: 1} == {who.lower(): number for who, number in town.recipients().items()}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.usefixtures("account", "fetched")
def test_a_bounce_suppresses_the_owner_alone(spelling):
    """SES tells the address that it was given; mails are then left out by it."""
    contact = add_contact(ACCOUNT_ID, email=spelling)
    town.campaign()
    town.draft(state=MailingState.RUNNING, run=1, mode="personal")
    feedbacks.claim(contact.contact_id)
    written_to = recipient_of(Mail("1", "news@example.com", contact.email, "News"))
    feedbacks.take(feedbacks.about("hard_bounce", contact.contact_id, email=written_to))

    addresses = [f"email:{OWNER}", f"email:{OTHER}"]
    assert {addresses[0]} == set(suppressions.find_many(ACCOUNT_ID, addresses))


def test_whom_ses_cannot_write_to_is_left_out_for_that_reason(workers, cloud):
    """Others get their mail, a retry tries nothing, and the evaluation adds up."""
    who = [add_contact(ACCOUNT_ID, email=one) for one in ("jürgen@example.com", OWNER)]
    town.campaign(work_list=[one.contact_id for one in who])
    town.started(NOON_MS)
    workers.drain()
    mailing_runs.retry(ACCOUNT_ID, MAILING_ID)
    workers.drain()

    reasons = {one.contact_id: one.reason for one in town.all_messages()}
    assert {who[0].contact_id: "email_not_ascii", who[1].contact_id: ""} == reasons
    assert {OWNER: 1} == town.recipients()
    found = evaluation(counted(), town.standing().audience_size)
    assert {"email_not_ascii": 1} == found.suppressed_by
    assert (2, 1, 1, 0, 0) == (
        found.audience,
        found.suppressed,
        found.sent,
        found.failed,
        found.pending,
    )
