"""Mailings are started, paused, resumed, retried and cancelled once, and protect what they send."""

import pytest

from signalbox import mailing_runs
from signalbox.aws import AwsError
from signalbox.model.sending import Page
from signalbox.queues import Queue
from signalbox.store import campaigns, mailings
from tests.campaigns import MAIL, TEXT, done, made, refusal, sends
from tests.people import ACCOUNT_ID
from tests.phones import phones

# Running


def test_a_start_queues_the_audience_and_fixes_what_is_sent(account, campaign_id, cloud, drafted):
    lists = [made(account, "lists")]
    mailer = account.call("POST", "/api/mailers", {"name": "Acme"})[1]["mailer_id"]
    account.call("PATCH", f"/api/email-campaigns/{campaign_id}", {"mailer_id": mailer})
    path = f"/api/email-campaigns/{campaign_id}/content"
    account.call("PUT", path, MAIL | {"audience": {"lists": lists}, "tracking_mode": "personal"})
    mailing = drafted()

    shown = done(account, mailing, "start")

    assert ("running", 1, 2, "personal", mailer, lists) == (
        shown["state"],
        shown["run"],
        shown["campaign_version"],
        shown["mode"],
        shown["mailer_id"],
        shown["lists"],
    )
    assert shown["started_ms"]
    assert [Page(ACCOUNT_ID, shown["mailing_id"], 1)] == sends(cloud)
    status, answer = account.call("PUT", path, MAIL)
    assert (409, campaigns.PROTECTED) == (status, answer["errors"][0]["message"])


@pytest.mark.parametrize(("facts", "mode"), [({}, "anonymous"), ({"track_dispatch": False}, "off")])
def test_a_mailing_is_tracked_as_the_account_says_unless_it_is_not(account, drafted, facts, mode):
    assert mode == done(account, drafted(**facts), "start")["mode"]


def test_what_is_asked_twice_is_done_once(account, cloud, drafted):
    mailing = drafted()
    first = done(account, mailing, "start")
    assert first == done(account, mailing, "start")
    paused = done(account, mailing, "pause", {"reason": "for lunch"})
    assert paused == done(account, mailing, "pause", {"reason": "again"})
    resumed = done(account, mailing, "resume")
    assert resumed == done(account, mailing, "resume")
    cancelled = done(account, mailing, "cancel")
    assert cancelled == done(account, mailing, "cancel")

    assert ("for lunch", 2) == (paused["pause_reason"], resumed["run"])
    assert [1, 1, 2, 2] == [page.run for page in sends(cloud)]


def test_a_start_that_was_cut_off_goes_on(account, cloud, drafted, monkeypatch):
    """The state is written before the pages are queued: who asks again has them queued."""
    mailing = drafted()

    def broken(*_):
        raise AwsError("InternalError", "x", 500, {})

    with monkeypatch.context() as patch:
        patch.setattr(Queue, "put", broken)
        assert 503 == account.call("POST", f"{mailing}/start")[0]
    assert [] == sends(cloud)

    shown = done(account, mailing, "start")

    assert [1] == [page.run for page in sends(cloud)] == [shown["run"]]


def test_who_paused_it_is_told_where_no_reason_is_given(account, drafted):
    mailing = drafted()
    done(account, mailing, "start")

    assert "by global_admin" == done(account, mailing, "pause")["pause_reason"]


def test_a_finished_mailing_is_retried(account, cloud, drafted, campaign_id):
    mailing = drafted()
    started = done(account, mailing, "start")
    mailings.finish(ACCOUNT_ID, started["mailing_id"], 1, 5)
    content = f"/api/email-campaigns/{campaign_id}/content"
    assert 200 == account.call("PUT", content, MAIL | {"subject": "Later"})[0]
    cloud.waiting("SENDS")

    again = done(account, mailing, "retry")

    assert ("running", 2, 1, 0) == (
        again["state"],
        again["run"],
        again["campaign_version"],
        again["finished_ms"],
    )
    assert [Page(ACCOUNT_ID, started["mailing_id"], 2)] == sends(cloud)
    assert 2 == mailings.fetch(ACCOUNT_ID, started["mailing_id"]).retry_run


def test_a_refusal_says_what_can_be_done(account, drafted):
    mailing = drafted()
    assert "the mailing is draft and cannot be paused: start it, or delete it" == refusal(
        account, mailing, "pause"
    )
    done(account, mailing, "start")
    done(account, mailing, "cancel")
    for verb, words in (("start", "be started"), ("resume", "be resumed"), ("retry", "be retried")):
        assert f"the mailing is cancelled and cannot {words}: make another mailing" == refusal(
            account, mailing, verb
        )


def test_a_mailing_that_could_send_nothing_does_not_start(account, drafted, campaign_id, cloud):
    mailing = drafted()
    campaign = f"/api/email-campaigns/{campaign_id}"
    account.call("PATCH", "/api/account", {"mail_from": ""})
    assert "neither the campaign nor the account (mail_from) has a sender" == refusal(
        account, mailing, "start"
    )
    account.call("PATCH", campaign, {"status": "archived"})
    assert "the campaign is archived" == refusal(account, mailing, "start")
    account.call("DELETE", campaign)
    assert "the campaign is gone" == refusal(account, mailing, "start")
    assert [] == sends(cloud)


def test_texts_need_a_number_to_send_from(account, monkeypatch):
    campaign_id = made(account, "sms-campaigns")
    account.call("PUT", f"/api/sms-campaigns/{campaign_id}/content", TEXT)
    _, shown = account.call("POST", "/api/mailings", {"campaign_id": campaign_id})
    mailing = f"/api/mailings/{shown['mailing_id']}"

    assert ("sms_campaign", "Hello …") == (
        shown["container"],
        shown["name"].rpartition(", ")[0],
    )
    assert "the stack has no number" in refusal(account, mailing, "start")
    with phones(monkeypatch):
        assert "running" == done(account, mailing, "start")["state"]


# Protected mode


def test_leaving_the_protected_mode_pauses_what_runs(account, drafted, campaign_id, cloud):
    running, paused = drafted(), drafted()
    for mailing in (running, paused):
        done(account, mailing, "start")
    done(account, paused, "pause", {"reason": "for lunch"})
    campaign = f"/api/email-campaigns/{campaign_id}"

    status, answer = account.call("POST", f"{campaign}/unprotect")

    running_id = running.rpartition("/")[2]
    assert (200, [running_id], False, 2) == (
        status,
        answer["paused"],
        answer["protected"],
        answer["active_mailings"],
    )
    shown = account.call("GET", running)[1]
    assert ("paused", mailing_runs.UNPROTECTED) == (shown["state"], shown["pause_reason"])
    _, written = account.call("PUT", f"{campaign}/content", MAIL | {"subject": "Later"})
    assert (2, False) == (written["version"], written["protected"])

    resumed = done(account, running, "resume")

    assert (1, 2) == (resumed["campaign_version"], resumed["run"])
    assert 409 == account.call("PUT", f"{campaign}/content", MAIL)[0]
    assert "for lunch" == account.call("GET", paused)[1]["pause_reason"]


def test_going_back_to_protected_mode_protects(account, drafted, campaign_id):
    done(account, drafted(), "start")
    campaign = f"/api/email-campaigns/{campaign_id}"
    account.call("POST", f"{campaign}/unprotect")

    _, answer = account.call("POST", f"{campaign}/protect")

    assert (True, []) == (answer["protected"], answer["paused"])
    assert 409 == account.call("PUT", f"{campaign}/content", MAIL)[0]


def test_a_campaign_without_content_has_no_protected_mode(account):
    for path, other in (("email-campaigns", "sms-campaigns"), ("sms-campaigns", "email-campaigns")):
        campaign_id = made(account, path)
        for verb in ("protect", "unprotect"):
            assert 404 == account.call("POST", f"/api/{path}/{campaign_id}/{verb}")[0]
            assert 404 == account.call("POST", f"/api/{other}/{campaign_id}/{verb}")[0]
