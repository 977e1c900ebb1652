"""From a rule's mail that bounces to the next one, which is not sent."""

from dataclasses import replace

import pytest

from functions.feedback import app as feedback
from functions.feedback import notifications
from signalbox.model.signature import public_key
from signalbox.people import erase
from tests.cloud import sqs_event
from tests.people import MAIL, work
from tests.ses import certificate, notified


@pytest.fixture(name="bounce", autouse=True)
def _bounce(account, monkeypatch):
    """Return what lets SES say something of a rule's mail to Ada."""
    monkeypatch.setattr(notifications, "_fetched", lambda _url: public_key(certificate()))
    notifications.forget()

    def say(kind="hard_bounce", **more):
        body = notified(kind, contact_id=account.ada.contact_id, mailing_id="", **more)
        assert feedback.handler(sqs_event([body]), None) == {"batchItemFailures": []}

    yield say
    notifications.forget()


def outcomes(account):
    """Return what came of the mails to Ada, latest first."""
    path = f"/api/contacts/{account.ada.contact_id}/activities"
    found = account.call("GET", path)[1]["dispatches"]
    return [(one["outcome"], one["detail"]) for one in found if one["outcome"] != "done"]


def test_who_bounced_is_written_to_no_more_until_somebody_lifts_it(account, cloud, bounce):
    """Not even what the contact needs whatever it opted out of."""
    account.rule(MAIL | {"respect_opt_outs": False})
    account.report()
    work(cloud)
    assert len(cloud.mails()) == 1

    bounce()
    account.report(eventdata="again")
    work(cloud)
    assert outcomes(account) == [("skipped", "suppressed")]
    assert len(cloud.mails()) == 1

    account.call("DELETE", "/api/suppressions/ada@signalbox.example")
    bounce()  # the queue brings the old one again
    account.report(eventdata="once more")
    work(cloud)
    assert len(cloud.mails()) == 2


def test_a_bounce_wakes_a_rule(account, cloud, bounce):
    """It stands on the record as what happened to the contact."""
    tag = {"kind": "add_tag", "tag": "bounced"}
    account.rule(tag, trigger="hard_bounce", trigger_settings={})

    bounce()
    work(cloud)

    shown = account.call("GET", f"/api/contacts/{account.ada.contact_id}/activities")[1]
    assert [one["kind"] for one in shown["events"]] == ["hard_bounce"]
    people = account.call("GET", "/api/contacts")[1]["contacts"]
    assert [one["tags"] for one in people] == [["bounced"]]


def test_who_comes_again_after_erasure_is_still_suppressed(account, cloud, bounce):
    """The address is known by its hash alone, which is enough not to write to it."""
    account.rule(MAIL)
    bounce()
    assert erase(account.account_id, account.ada.contact_id)
    created = account.call("POST", "/api/contacts", {"email": "ada@signalbox.example"})[1]
    account.ada = replace(account.ada, contact_id=created["contact_id"])

    account.report()
    work(cloud)

    assert outcomes(account) == [("skipped", "suppressed")]
    assert cloud.mails() == []
