"""What the tests of one function share where they are spread over several files."""

import pytest
import time_machine

from functions.feedback import notifications
from signalbox.model.mailing import MailingState
from signalbox.model.signature import public_key
from tests import feedbacks, mailings
from tests.campaigns import MAIL, made
from tests.functions.activecampaign_contacts import write_many
from tests.mailings import Workers
from tests.readers import Reader
from tests.scenes import Scene, furnish
from tests.sends import NOON
from tests.ses import certificate
from tests.sign_ups import Desk
from tests.trials import inhabited

# Sending


@pytest.fixture(name="clock")
def _clock():
    with time_machine.travel(NOON, tick=True) as clock:
        yield clock


@pytest.fixture(name="workers")
def _workers(clock, account, cloud, monkeypatch):
    """Workers whose parts are of four contacts, so that few contacts make several."""
    monkeypatch.setattr("signalbox.model.sending.MOST_CONTACTS", 4)
    return Workers(cloud, clock)


# Actions and rules


@pytest.fixture(name="scene")
def _scene(account, cloud):
    """Ada has a phone; there are a list, opt-out lists, campaigns, a tag and a field."""
    furnish(account)
    return Scene(account, cloud)


@pytest.fixture(name="world")
def _world(account, cloud, monkeypatch):
    """Ada has a phone and a company; there is one container of each kind, a tag and a field."""
    furnish(account, fields={"COMPANY": "Ada & Co"})
    with inhabited(account, cloud, monkeypatch) as world:
        yield world


# Campaigns and mailings


@pytest.fixture(name="place")
def _place(account):
    """The path of an e-mail campaign's content."""
    return f"/api/email-campaigns/{made(account)}"


@pytest.fixture(name="texts")
def _texts(account):
    """The path of an SMS campaign."""
    return f"/api/sms-campaigns/{made(account, 'sms-campaigns')}"


@pytest.fixture(name="campaign_id")
def _campaign_id(account):
    """An e-mail campaign with content."""
    campaign_id = made(account)
    account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", MAIL)
    return campaign_id


@pytest.fixture(name="drafted")
def _drafted(account, campaign_id):
    """Prepares a mailing and returns its path."""

    def drafted(**facts):
        status, shown = account.call("POST", "/api/mailings", {"campaign_id": campaign_id} | facts)
        assert 201 == status, shown
        return f"/api/mailings/{shown['mailing_id']}"

    return drafted


# Feedback


@pytest.fixture(name="fetched")
def _fetched(monkeypatch):
    """SNS's certificate is that of the tests; the list says what was fetched."""
    urls = []

    def fetch(url):
        urls.append(url)
        return public_key(certificate())

    monkeypatch.setattr(notifications, "_fetched", fetch)
    feedbacks.forget()
    yield urls
    feedbacks.forget()


@pytest.fixture(name="ada")
def _ada(account):
    """The id of a contact whom a mailing wrote to: its message is claimed, its mailing runs."""
    mailings.campaign()
    mailings.draft(state=MailingState.RUNNING, run=1, mailer_id="41", mode="personal")
    feedbacks.claim(account.ada.contact_id)
    return account.ada.contact_id


# Sign-ups and preferences


@pytest.fixture(name="desk")
def _desk(account, cloud):
    """A list with double opt-in."""
    return Desk(account, cloud)


@pytest.fixture(name="open_desk")
def _open_desk(account, cloud):
    """A list without double opt-in."""
    return Desk(account, cloud, double_opt_in=False)


@pytest.fixture(name="reader")
def _reader(account, cloud) -> Reader:
    return Reader(account, cloud)


# Contacts of the ActiveCampaign dialect


@pytest.fixture(name="many")
def _many(account):
    """Sixty contacts, ids by number; Ada, who comes with the account, is gone."""
    account.call("DELETE", f"/api/3/contacts/{account.ada.contact_id}")
    return write_many(account.account_id, 60)
