"""What SES refuses: for good, for now, or so that nobody knows whether the mail went."""

import time

import pytest

from signalbox import aws, mailing_runs
from signalbox.aws import AwsError
from signalbox.model.message import State
from signalbox.store import messages
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID, contact_id, email
from tests.sends import LIST, NOON_MS, everybody


def test_what_failed_is_tried_again_when_somebody_says_so(workers, cloud, monkeypatch):
    """Only that; what was sent stays sent, in the first run and in the retry."""
    town.write_contacts(cloud, 3, list_ids=[LIST])
    town.campaign([LIST])
    refused = AwsError("MessageRejected", f"no mail for {email(1)}", 400, {})
    refuse(monkeypatch, refused, only=email(1))
    town.started(NOON_MS)
    workers.drain()
    failed = {one.contact_id: one.reason for one in town.all_messages() if one.state == "failed"}
    mailing_runs.retry(ACCOUNT_ID, MAILING_ID)
    workers.drain()

    assert {contact_id(1): "MessageRejected: no mail for the address"} == failed
    assert everybody(3) == town.recipients()
    assert {"sent": 3} == town.states()


def refuse(monkeypatch, error: AwsError, *, only: str = "") -> None:
    """Let SES refuse the next mail, or the next to one address, and take all others."""
    real, left = aws.call, [error]

    def call(service, operation, **request):
        if operation == "SendEmail" and left:
            (address,) = request["Destination"]["ToAddresses"]
            if only in {"", address}:
                raise left.pop()
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)


RESTING = {
    5: AwsError("TooManyRequestsException", "Maximum sending rate exceeded.", 429, {}),
    900: AwsError("ThrottlingException", "Daily message quota exceeded.", 400, {}),
    300: AwsError("SendingPausedException", "Sending is paused.", 400, {}),
    301: AwsError("AccessDeniedException", "Not allowed.", 403, {}),
}


@pytest.mark.parametrize("delay_s", RESTING)
def test_what_ses_does_not_take_at_the_moment_is_sent_later(workers, cloud, monkeypatch, delay_s):
    """Nothing fails, and nothing stays claimed; the rest of the part waits with it."""
    town.write_contacts(cloud, 3, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    refuse(monkeypatch, RESTING[delay_s])
    workers.take()
    workers.step()
    workers.take()
    began_s = time.time()
    workers.step()
    workers.take()

    assert [] == town.all_messages()
    due = [at_s - began_s for at_s, _, one in workers.waiting if '"deliver"' in one]
    assert [True] == [delay_s - 2 <= wait_s <= delay_s + 2 for wait_s in due]
    workers.drain()
    assert everybody(3) == town.recipients()


@pytest.mark.parametrize("status", [0, 500])
def test_a_mail_that_may_have_gone_is_uncertain_and_settled_by_the_event(
    workers, cloud, monkeypatch, status
):
    """It is not sent again; it is listed, until SES says that it took it."""
    town.write_contacts(cloud, 2, list_ids=[LIST])
    town.campaign([LIST])
    refused = AwsError("ReadTimeoutError", f"no mail for {email(1)}", status, {})
    refuse(monkeypatch, refused, only=email(1))
    town.started(NOON_MS)
    workers.drain()
    uncertain, _ = messages.of_mailing(ACCOUNT_ID, MAILING_ID, state=State.UNCERTAIN, limit=10)

    assert [contact_id(1)] == [one.contact_id for one in uncertain]
    assert "finished" == town.standing().state
    assert everybody(1) == town.recipients()
    messages.report(ACCOUNT_ID, MAILING_ID, contact_id(1), "sent", NOON_MS + 5, "ses-1")
    assert {"sent": 2} == town.states()
