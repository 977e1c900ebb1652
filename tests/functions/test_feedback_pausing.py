"""A mailing of which too much comes back pauses itself, and is looked at once in a while."""

import pytest

from functions.feedback import pausing
from signalbox.awsjson import AwsError
from signalbox.model.mailing import Limits, MailingState
from signalbox.store import mailing_counts, mailings
from tests.feedbacks import about, claim, queued, take
from tests.mailings import MAILING_ID, campaign, draft
from tests.people import ACCOUNT_ID

pytestmark = pytest.mark.usefixtures("fetched")


@pytest.fixture(name="counted")
def _counted(monkeypatch):
    """What the counters say; they are another function's."""
    numbers = {}
    monkeypatch.setattr(mailing_counts, "totals", lambda *_: numbers)
    return numbers


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"delivered": 480, "hard_bounced": 19}, ""),  # not 500 yet
        ({"delivered": 490, "hard_bounced": 9, "soft_bounced": 1}, ""),
        ({"delivered": 490, "hard_bounced": 10}, "hard bounces"),
        ({"delivered": 2000, "complained": 1}, ""),
        ({"delivered": 2000, "complained": 2}, "complaints"),
    ],
)
def test_a_mailing_pauses_itself_where_too_much_comes_back(numbers, reason, ada, counted):
    """At 2 % hard bounces or 0.08 % complaints of what arrived or bounced, after 500."""
    counted.update(numbers)

    take(about("delivery", ada))

    mailing = mailings.fetch(ACCOUNT_ID, MAILING_ID)
    expected = MailingState.PAUSED if reason else MailingState.RUNNING
    assert mailing.state is expected
    assert reason in mailing.pause_reason


def test_the_limits_are_the_mailings_own(account, counted):
    """0 is none."""
    campaign()
    draft(
        state=MailingState.RUNNING, run=1, limits=Limits(hard_bounce_percent=0, complaint_percent=0)
    )
    claim(account.ada.contact_id)
    counted.update(delivered=500, hard_bounced=500, complained=500)

    take(about("delivery", account.ada.contact_id))

    assert mailings.fetch(ACCOUNT_ID, MAILING_ID).state is MailingState.RUNNING


def test_a_mailing_is_looked_at_once_in_a_while(ada, counted, monkeypatch):
    """Not with every batch; but again after some seconds, for the counters come later."""
    clock = [1000.0]
    monkeypatch.setattr(pausing.time, "monotonic", lambda: clock[0])
    take(about("delivery", ada))
    counted.update(delivered=500, hard_bounced=100)

    take(about("hard_bounce", ada))
    assert mailings.fetch(ACCOUNT_ID, MAILING_ID).state is MailingState.RUNNING
    clock[0] += pausing.EVERY_S
    take(about("hard_bounce", ada))
    assert mailings.fetch(ACCOUNT_ID, MAILING_ID).state is MailingState.PAUSED


def test_a_mailing_that_cannot_be_looked_at_holds_nothing_up(ada, cloud, monkeypatch, capsys):
    """The feedback is taken in; the next looks again."""

    def fail(*_):
        raise AwsError("InternalServerError", "no", 500, {})

    monkeypatch.setattr(mailing_counts, "totals", fail)

    assert take(about("delivery", ada)) == []
    assert "mailing not looked at" in capsys.readouterr().out
    assert [event.kind for event in queued(cloud)] == ["delivery"]
