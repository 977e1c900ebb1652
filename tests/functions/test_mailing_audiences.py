"""How many an audience has: also of a mailing that was cancelled, and those who are gone."""

from dataclasses import replace

import pytest

from signalbox import mailing_runs
from signalbox.people import erase
from signalbox.store import mailings
from tests import mailings as town
from tests.mailed import AT_MS, TrackingStream, message, write
from tests.mailings import ACCOUNT_ID, CAMPAIGN_ID, MAILING_ID, contact_id, email
from tests.sends import LIST, NOON_MS


@pytest.fixture(name="stream")
def _stream(cloud) -> TrackingStream:
    return TrackingStream(cloud)


@pytest.fixture(name="listing")
def _listing(workers, cloud, monkeypatch):
    """A mailing to 100 whose audience is listed as far as 30; nobody was written to."""
    monkeypatch.setattr("functions.send.audience.AT_ONCE", 10)
    town.write_contacts(cloud, 100, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    for _ in range(3):
        workers.take()
        pages = [one for one in workers.waiting if '"kind":"page"' in one[2]]
        workers.waiting = pages
        workers.step()


def evaluated(account, path=f"mailings/{MAILING_ID}"):
    """Return audience, sent, suppressed and pending."""
    found = account.call("GET", f"/api/{path}/evaluation")[1]["evaluation"]
    return tuple(found[name] for name in ("audience", "sent", "suppressed", "pending"))


@pytest.mark.usefixtures("listing")
def test_while_it_is_listed_an_audience_has_as_many_as_were(account):
    assert (30, 0, 0, 30) == evaluated(account)
    assert -1 == town.standing().audience_size


@pytest.mark.usefixtures("listing")
def test_one_that_is_cancelled_meanwhile_keeps_them(account):
    """They are pending for ever, and nobody says that all were written to."""
    mailing_runs.cancel(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    mailing_runs.cancel(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)

    assert 30 == town.standing().audience_size
    assert (30, 0, 0, 30) == evaluated(account)


@pytest.mark.usefixtures("listing")
def test_of_several_runs_the_one_counts_that_came_farthest(workers):
    mailing_runs.pause(ACCOUNT_ID, MAILING_ID, "for lunch")
    workers.drain()
    mailing_runs.resume(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)
    workers.take()
    workers.step()
    mailing_runs.cancel(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS)

    assert 30 == town.standing().audience_size


@pytest.mark.usefixtures("account")
def test_one_that_never_began_has_no_audience():
    town.campaign([LIST])
    town.draft()
    at_ms = NOON_MS + 3_600_000
    mailing_runs.schedule(ACCOUNT_ID, MAILING_ID, at_ms, now_ms=NOON_MS)

    assert -1 == mailing_runs.cancel(ACCOUNT_ID, MAILING_ID, now_ms=NOON_MS).audience_size


def test_the_pending_of_one_mailing_are_not_made_up_for_by_another(account, cloud, stream):
    """One was cancelled after 50 of its 100; of another, with 50 sent, nobody knows the audience."""
    town.campaign()
    for number, size in ((0, 100), (1, -1)):
        mailing_id = f"{int(MAILING_ID) + number}"
        mailings.create(
            replace(
                town.draft_of(state="cancelled", run=1, audience_size=size, started_ms=AT_MS),
                mailing_id=mailing_id,
            )
        )
        write(cloud, *(message(f"{one}", mailing_id=mailing_id) for one in range(50)))
    stream.flow()

    assert (150, 100, 0, 50) == evaluated(account, f"email-campaigns/{CAMPAIGN_ID}")


@pytest.mark.parametrize("audience", [{}, {"filter": {"first_name": [{"prefix": "C"}]}}])
def test_who_is_gone_from_a_work_list_counts_as_left_out(audience, account, workers, cloud, stream):
    """Erased before the mailing began, or never there: in the audience, with the reason."""
    town.write_contacts(cloud, 3)
    everyone = [contact_id(number) for number in (0, 1, 2, 7)]
    town.campaign(work_list=[*everyone, everyone[0]], audience=audience)
    erase(ACCOUNT_ID, contact_id(1))

    town.started(NOON_MS)
    workers.drain()
    stream.flow()

    assert {email(0): 1, email(2): 1} == town.recipients()
    assert (4, 2, 2, 0) == evaluated(account)
    skipped = [one.reason for one in town.all_messages() if one.state == "skipped"]
    assert ["contact_gone"] * 2 == skipped
