"""A mailing that paused itself can be finished: its limits forgive, and can be changed."""

from dataclasses import replace

import pytest

from signalbox import mailing_runs
from signalbox.model.mailing import Limits, Returns
from signalbox.store import mailing_counts, mailings
from tests.campaigns import done, fault
from tests.feedbacks import about, forget, take
from tests.mailings import MAILING_ID
from tests.people import ACCOUNT_ID

NOW = 1_795_254_840_000


@pytest.fixture(name="counted")
def _counted(monkeypatch, fetched):
    """What the counters say; they are another function's."""
    numbers = {"delivered": 990, "hard_bounced": 25}
    monkeypatch.setattr(mailing_counts, "totals", lambda *_: numbers)
    return numbers


def state_after(kind, ada):
    """Take feedback in, as if some seconds had passed; return how the mailing stands."""
    forget()
    take(about(kind, ada))
    return mailings.fetch(ACCOUNT_ID, MAILING_ID).state


def resumed():
    """Resume the mailing."""
    return mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOW)


@pytest.fixture(name="paused")
def _paused(ada, counted):
    """A mailing that paused itself; the id of the contact whom it wrote to."""
    mailings.change(ACCOUNT_ID, MAILING_ID, lambda one: replace(one, campaign_version=1))
    assert "paused" == state_after("hard_bounce", ada)
    return ada


def test_once_resumed_it_goes_on_whatever_came_before(paused):
    """Good news pauses nothing, and neither does the first bad news after it."""
    assert Returns(1015, 25, 0) == resumed().forgiven

    assert "running" == state_after("delivery", paused)
    assert "running" == state_after("hard_bounce", paused)


def test_once_resumed_its_limits_are_those_of_what_comes_then(paused, counted):
    resumed()

    counted.update(delivered=990 + 489, hard_bounced=25 + 10)
    assert "running" == state_after("delivery", paused)  # 10 of 499
    counted.update(delivered=990 + 490)
    assert "paused" == state_after("hard_bounce", paused)
    assert (
        "10 hard bounces of 500 mails are 2 % or more, since it was resumed"
        == mailings.fetch(ACCOUNT_ID, MAILING_ID).pause_reason
    )
    assert Returns(1515, 35, 0) == resumed().forgiven
    assert "running" == state_after("complaint", paused)


def test_who_resumes_what_runs_forgives_nothing(ada, counted):
    assert Returns() == resumed().forgiven

    assert "paused" == state_after("hard_bounce", ada)


def test_limits_are_changed_one_by_one(account, drafted):
    mailing = drafted(limits={"hard_bounce_percent": 1, "complaint_percent": 0.1, "after": 50})
    for verb in ("start", "pause"):
        done(account, mailing, verb)

    status, shown = account.call("PATCH", mailing, {"limits": {"hard_bounce_percent": 5}})
    again = account.call("PATCH", mailing, {"limits": {"hard_bounce_percent": 5}})

    limits = {"hard_bounce_percent": 5, "complaint_percent": 0.1, "after": 50}
    assert (200, "paused", limits) == (status, shown["state"], shown["limits"])
    assert (200, shown) == again == account.call("GET", mailing)
    _, shown = account.call("PATCH", mailing, {"limits": {"after": 7}})
    assert limits | {"after": 7} == shown["limits"]


def test_limits_of_what_is_over_stay(account, drafted):
    mailing = drafted()
    done(account, mailing, "start")
    done(account, mailing, "cancel")

    status, answer = account.call("PATCH", mailing, {"limits": {"after": 7}})

    assert 409 == status
    assert "cannot be changed: make another mailing" in answer["errors"][0]["message"]
    assert Limits().after == account.call("GET", mailing)[1]["limits"]["after"]
    assert 404 == account.call("PATCH", "/api/mailings/1000000000000000", {"limits": {}})[0]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("limits.hard_bounce_percent", {"limits": {"hard_bounce_percent": 101}}),
        ("limits.complaint_percent", {"limits": {"complaint_percent": -1}}),
        ("limits.after", {"limits": {"after": 0}}),
        ("limits.other", {"limits": {"other": 1}}),
        ("limits", {}),
        ("name", {"limits": {}, "name": "x"}),
    ],
)
def test_what_is_no_limit_is_refused_with_its_field(field, body, account, drafted):
    assert (422, field) == fault(account.call("PATCH", drafted(), body))
