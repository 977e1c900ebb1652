"""Leaving the protected mode while other hands start mailings: never open while one runs."""

import pytest

from signalbox import mailing_runs
from signalbox.store import campaigns, mailings
from tests.campaigns import MAIL, done
from tests.people import ACCOUNT_ID

NOW = 1_795_254_840_000


@pytest.fixture(name="meanwhile")
def _meanwhile(monkeypatch):
    """Does something after the mailings of a campaign were listed, each time that they are."""
    real = mailings.active_of
    acts = []

    def active_of(campaign):
        found = real(campaign)
        if acts:
            acts.pop(0)()
        return found

    monkeypatch.setattr(mailings, "active_of", active_of)
    return acts


def unprotected(account, campaign_id):
    """Leave the protected mode; return the status, and the mailings that were paused."""
    status, answer = account.call("POST", f"/api/email-campaigns/{campaign_id}/unprotect")
    return status, {f"/api/mailings/{one}" for one in answer.get("paused", ())}


def ask(verb, mailing):
    """Let another hand do something with a mailing."""
    mailing_id = mailing.rpartition("/")[2]
    if verb == "pause":
        mailing_runs.pause(ACCOUNT_ID, mailing_id, "another hand")
    else:
        getattr(mailing_runs, verb)(ACCOUNT_ID, mailing_id, now_ms=NOW)


def written(account, campaign_id):
    """Write another version; return the status."""
    path = f"/api/email-campaigns/{campaign_id}/content"
    return account.call("PUT", path, MAIL | {"subject": "other"})[0]


def state(account, mailing):
    """Return how a mailing stands."""
    return account.call("GET", mailing)[1]["state"]


def test_one_that_starts_meanwhile_is_paused_too(account, campaign_id, drafted, meanwhile):
    early, late = drafted(), drafted()
    done(account, early, "start")
    meanwhile.append(lambda: ask("start", late))

    assert (200, {early, late}) == unprotected(account, campaign_id)

    assert ["paused", "paused"] == [state(account, one) for one in (early, late)]
    assert 200 == written(account, campaign_id)


def test_one_that_is_resumed_meanwhile_is_paused_again(account, campaign_id, drafted, meanwhile):
    mailing = drafted()
    done(account, mailing, "start")
    done(account, mailing, "pause")
    meanwhile.append(lambda: ask("resume", mailing))

    assert (200, {mailing}) == unprotected(account, campaign_id)
    assert ("paused", 200) == (state(account, mailing), written(account, campaign_id))


def test_one_that_starts_afterwards_protects_the_campaign(account, campaign_id, drafted):
    mailing = drafted()

    assert (200, set()) == unprotected(account, campaign_id)
    done(account, mailing, "start")

    assert ("running", 409) == (state(account, mailing), written(account, campaign_id))


def test_where_others_start_all_the_while_nothing_is_opened(
    account, campaign_id, drafted, meanwhile
):
    """Whoever asked is made to look again."""
    mailing = drafted()
    done(account, mailing, "start")
    done(account, mailing, "pause")

    def hand():
        ask("pause", mailing)
        ask("resume", mailing)

    meanwhile += [hand] * mailing_runs.TRIES

    assert 409 == unprotected(account, campaign_id)[0]
    assert 409 == written(account, campaign_id)


def test_one_that_ends_meanwhile_is_in_nobodys_way(account, campaign_id, drafted, meanwhile):
    mailing = drafted()
    done(account, mailing, "start")
    meanwhile.append(lambda: ask("cancel", mailing))

    assert (200, set()) == unprotected(account, campaign_id)
    assert 0 == campaigns.fetch(ACCOUNT_ID, campaign_id).active
