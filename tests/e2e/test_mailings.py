"""A mailing on the deployed stack: content in the bucket, pages on the queue, mails in the mailbox."""

import base64

import pytest

from tests.e2e.conftest import Stack, eventually
from tests.e2e.test_actions import client

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]
SENDER = "news@mailings.example"
READER = "reader@mailings.example"
LONG = "<p>" + "x" * 250_000 + "</p>"  # more than an item of a table takes


def done(stack: Stack, method: str, path: str, body: object = None) -> dict:
    """Ask for something that succeeds; return what is answered."""
    status, answer = stack.call(method, path, body)
    assert 200 <= status < 300, answer
    return answer


def test_a_mailing_reaches_its_audience_once(stack):
    """Long HTML and an attachment come out of the bucket; the mailing is finished when all are sent."""
    client(stack, "sesv2").create_email_identity(EmailIdentity="mailings.example")
    reader = done(stack, "POST", "/api/contacts", {"email": READER, "first_name": "Rea"})
    campaign = done(stack, "POST", "/api/email-campaigns", {"name": "Spring"})["container_id"]
    prices = base64.b64encode(b"%PDF-").decode()
    content = {
        "subject": "News for %FIRSTNAME%",
        "sender": SENDER,
        "html": LONG,
        "attachments": [{"name": "prices.pdf", "media_type": "application/pdf", "content": prices}],
        "audience": {"contact_ids": [reader["contact_id"]]},
    }
    written = done(stack, "PUT", f"/api/email-campaigns/{campaign}/content", content)
    assert (1, LONG) == (written["version"], written["html"])
    mailing = done(stack, "POST", "/api/mailings", {"campaign_id": campaign})["mailing_id"]

    done(stack, "POST", f"/api/mailings/{mailing}/start")

    def finished() -> dict | None:
        shown = done(stack, "GET", f"/api/mailings/{mailing}")
        return shown if shown["state"] == "finished" else None

    ended = eventually(finished, what="end of the mailing")
    assert (1, 1) == (ended["run"], ended["audience_size"])
    (message,) = done(stack, "GET", f"/api/mailings/{mailing}/messages?state=sent")["messages"]
    assert reader["contact_id"] == message["contact_id"]
    sent = [one for one in stack.mails() if "News for Rea" in str(one)]
    assert 1 == len(sent)


def test_a_mailing_at_a_time_is_scheduled(stack):
    campaign = done(stack, "POST", "/api/email-campaigns", {"name": "Later"})["container_id"]
    path = f"/api/email-campaigns/{campaign}"
    done(stack, "PUT", f"{path}/content", {"subject": "Later", "text": "Hello", "sender": SENDER})
    mailing = done(stack, "POST", "/api/mailings", {"campaign_id": campaign})["mailing_id"]

    scheduled = done(
        stack, "POST", f"/api/mailings/{mailing}/start", {"at": "2027-01-31T09:00:00+01:00"}
    )

    assert "scheduled" == scheduled["state"]
    assert 409 == stack.call("PUT", f"{path}/content", {"subject": "x", "text": "y"})[0]
    assert "cancelled" == done(stack, "POST", f"/api/mailings/{mailing}/cancel")["state"]
