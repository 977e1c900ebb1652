"""A retry tries what failed, and no others: who joined later is not written to."""

import pytest

from signalbox import aws, mailing_runs
from signalbox.aws import AwsError
from signalbox.model.membership import Subscription
from signalbox.model.message import Message, State
from signalbox.people import erase
from signalbox.store import messages
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID, contact_id, email
from tests.sends import LIST, NOON_MS, everybody

MONTH_S = 30 * 86_400


@pytest.fixture(name="refused")
def _refused(monkeypatch):
    """The addresses whose mails SES refuses."""
    refused: set[str] = set()
    real = aws.call

    def call(service, operation, **request):
        if operation == "SendEmail" and refused & {*request["Destination"]["ToAddresses"]}:
            raise AwsError("MessageRejected", "no", 400, {})
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    return refused


def retry():
    """Ask for a retry; return the mailing."""
    return mailing_runs.retry(ACCOUNT_ID, MAILING_ID)


def finished(workers, cloud, refused, count, **audience):
    """Let a mailing finish of which the mails to some were refused; then they would be taken."""
    town.write_contacts(cloud, count, list_ids=[LIST])
    town.campaign([LIST], **audience)
    town.started(NOON_MS)
    workers.drain()
    assert "finished" == town.standing().state
    refused.clear()
    workers.clock.shift(MONTH_S)


@pytest.mark.parametrize(
    "audience", [{}, {"audience": {"filter": {"first_name": [{"prefix": "C"}]}}}]
)
def test_who_joined_later_is_not_written_to(audience, workers, cloud, refused):
    refused.add(email(1))
    finished(workers, cloud, refused, 3, **audience)
    town.write_contacts(cloud, 6, list_ids=[LIST])

    retry()
    workers.drain()

    assert everybody(3) == town.recipients()
    assert ("finished", 3, 2) == (
        town.standing().state,
        town.standing().audience_size,
        town.standing().run,
    )


def test_a_retry_that_is_paused_and_resumed_is_still_one(workers, cloud, refused):
    refused |= {email(number) for number in range(0, 9, 2)}
    finished(workers, cloud, refused, 9)
    town.write_contacts(cloud, 12, list_ids=[LIST])

    retry()
    workers.take()
    workers.step()
    mailing_runs.pause(ACCOUNT_ID, MAILING_ID, "for lunch")
    workers.drain()
    assert {"sent": 4, "failed": 5} == town.states()
    mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert everybody(9) == town.recipients()
    assert ("finished", 9) == (town.standing().state, town.standing().audience_size)


def test_what_fails_again_can_be_tried_again(workers, cloud, refused):
    refused.add(email(2))
    finished(workers, cloud, refused, 4)

    refused.add(email(2))
    retry()
    workers.drain()
    assert {"sent": 3, "failed": 1} == town.states()
    refused.clear()
    retry()
    workers.drain()

    assert everybody(4) == town.recipients()


@pytest.mark.parametrize("at_once", [1, 3])
def test_many_messages_are_looked_at_page_by_page(at_once, workers, cloud, refused, monkeypatch):
    """In all shares of the mailing, whatever each holds."""
    monkeypatch.setattr("functions.send.audience.AT_ONCE", at_once)
    refused |= {email(number) for number in range(0, 40, 3)}
    finished(workers, cloud, refused, 40)

    retry()
    workers.drain()

    assert everybody(40) == town.recipients()


def test_who_failed_and_left_since_is_left_out_with_the_reason(workers, cloud, refused):
    refused |= {email(0), email(1)}
    finished(workers, cloud, refused, 3)
    town.subscribe(cloud, 0, LIST, status=Subscription.UNSUBSCRIBED, version=2)
    erase(ACCOUNT_ID, contact_id(1))

    retry()
    workers.drain()

    assert {email(2): 1} == town.recipients()
    assert "not_subscribed" in {one.reason for one in town.all_messages()}
    assert "finished" == town.standing().state


def test_of_a_mailing_that_still_runs_nobody_is_missed(workers, cloud, refused):
    """Its audience was listed, and some had their turn: a retry goes on with the others, too."""
    refused.add(email(0))
    town.write_contacts(cloud, 12, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    for _ in range(2):
        workers.take()
        workers.step()
    assert "running" == town.standing().state
    refused.clear()

    retry()
    workers.drain()

    assert everybody(12) == town.recipients()
    assert ("finished", 12) == (town.standing().state, town.standing().audience_size)


def test_a_work_list_is_retried_like_any_other(workers, cloud, refused):
    town.write_contacts(cloud, 5)
    refused.add(email(3))
    town.campaign(work_list=[contact_id(number) for number in range(5)])
    town.started(NOON_MS)
    workers.drain()
    refused.clear()

    retry()
    workers.drain()

    assert everybody(5) == town.recipients()


def test_whose_worker_dies_in_a_retry_is_uncertain(workers, cloud, refused):
    """Also where the mailing is paused over it: the next run finds what was left."""
    refused.add(email(1))
    finished(workers, cloud, refused, 3)
    again = retry()
    wish = Message(ACCOUNT_ID, MAILING_ID, contact_id(1), State.CLAIMED, "dead", again.run, NOON_MS)
    messages.claim(wish, retry_run=again.retry_run, expires=2**31)
    mailing_runs.pause(ACCOUNT_ID, MAILING_ID, "for lunch")
    workers.drain()

    mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.drain()

    assert {"sent": 2, "uncertain": 1} == town.states()
    assert "finished" == town.standing().state
