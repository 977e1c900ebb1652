"""Mailings over the native API: from a draft to its end, and what the schedule and the queue carry."""

import json
from datetime import UTC, datetime

import pytest

from signalbox import mailing_runs
from signalbox.aws import AwsError
from signalbox.model import sending
from signalbox.model.credential import Role
from signalbox.model.mailing import MailingState
from signalbox.model.message import Message, State
from signalbox.model.sending import Page, Start
from signalbox.queues import Queue
from signalbox.store import campaigns, mailings, messages
from tests.functions.test_campaigns import MAIL, TEXT, fault, made
from tests.people import ACCOUNT_ID, settle
from tests.phones import phones

HOUR_MS = 3_600_000


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


def done(account, path, verb, body=None):
    """Ask for something that succeeds; return the mailing."""
    status, shown = account.call("POST", f"{path}/{verb}", body)
    assert 200 == status, shown
    return shown


def refusal(account, path, verb):
    """Ask for something that is refused; return what is said."""
    status, answer = account.call("POST", f"{path}/{verb}")
    assert 409 == status, answer
    return answer["errors"][0]["message"]


def sends(cloud):
    """Return what is on the sends queue, and take it off."""
    return [sending.from_wire(body) for body in cloud.waiting("SENDS")]


def due_in(ms):
    """Return a time from now, and how the API shows it."""
    at_ms = mailing_time() + ms
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return at.isoformat(), at_ms


def mailing_time():
    """Return now."""
    return int(datetime.now(tz=UTC).timestamp()) * 1000


# Drafts


def test_a_mailing_begins_as_a_draft(account, campaign_id, cloud):
    limits = {"hard_bounce_percent": 1.5, "complaint_percent": 0.05, "after": 100}
    wanted = {"campaign_id": campaign_id, "track_dispatch": False, "limits": limits}

    status, shown = account.call("POST", "/api/mailings", wanted)

    assert (201, "draft", "email_campaign", 0, limits, "global_admin") == (
        status,
        shown["state"],
        shown["container"],
        shown["run"],
        shown["limits"],
        shown["author"],
    )
    assert f"News for …, {datetime.now(tz=UTC).date()}" == shown["name"]
    assert shown == account.call("GET", f"/api/mailings/{shown['mailing_id']}")[1]
    assert {"mailings": [shown], "next": ""} == account.call("GET", "/api/mailings")[1]
    for asked, found in ((campaign_id, [shown]), ("7", [])):
        _, page = account.call("GET", "/api/mailings", query=f"campaign_id={asked}")
        assert found == page["mailings"]
    assert [] == sends(cloud)
    assert (
        False is account.call("GET", f"/api/email-campaigns/{campaign_id}/content")[1]["protected"]
    )


def test_a_draft_is_deleted_and_what_ran_stays(account, drafted):
    draft, other = drafted(), drafted()
    done(account, other, "start")

    assert (204, None) == account.call("DELETE", draft)
    assert 404 == account.call("GET", draft)[0] == account.call("DELETE", draft)[0]
    assert 409 == account.call("DELETE", other)[0]


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("campaign_id", {"campaign_id": "x"}),
        ("at", {"at": "tomorrow"}),
        ("at", {"at": "2026-11-21T09:54:00"}),
        ("at", {"at": "2020-11-21T09:54:00Z"}),
        ("at", {"at": 99_999_999_999_999}),
        ("at", {"at": "9" * 400}),
        ("at", {"at": "9999-12-31T23:59:59-14:00"}),
        ("limits.hard_bounce_percent", {"limits": {"hard_bounce_percent": 101}}),
        ("limits.after", {"limits": {"after": 0}}),
        ("nonsense", {"nonsense": 1}),
    ],
)
def test_a_mailing_that_cannot_be_is_refused(account, campaign_id, field, facts):
    status, named = fault(
        account.call("POST", "/api/mailings", {"campaign_id": campaign_id} | facts)
    )

    assert (422, field) == (status, named.partition(".str")[0].partition(".int")[0])


def test_a_campaign_without_content_has_no_mailing(account):
    campaign_id = made(account)

    assert 404 == account.call("POST", "/api/mailings", {"campaign_id": campaign_id})[0]
    assert 404 == account.call("POST", "/api/mailings", {"campaign_id": "7"})[0]


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


# At a time


def test_a_mailing_waits_for_its_time(account, cloud, drafted):
    at, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at)
    waits = done(account, mailing, "start")

    assert ("scheduled", at_ms, 0) == (waits["state"], waits["at_ms"], waits["run"])
    assert waits == done(account, mailing, "start")
    (schedule,) = cloud.schedules()
    start = Start(ACCOUNT_ID, waits["mailing_id"], at_ms)
    assert f"mailing-{ACCOUNT_ID}-{waits['mailing_id']}-{at_ms}" == schedule["Name"]
    assert (cloud.variables["SENDS_QUEUE_ARN"], start) == (
        schedule["Target"]["Arn"],
        sending.from_wire(schedule["Target"]["Input"]),
    )
    assert [] == sends(cloud)

    mailing_runs.start_due(start, now_ms=at_ms + 1)

    shown = account.call("GET", mailing)[1]
    assert ("running", 1, at_ms + 1) == (shown["state"], shown["run"], shown["started_ms"])
    assert [Page(ACCOUNT_ID, waits["mailing_id"], 1)] == sends(cloud)


def test_a_time_is_iso_8601_or_milliseconds(account, drafted):
    at, at_ms = due_in(HOUR_MS)

    for sent in (at, at_ms, str(at_ms)):
        shown = done(account, drafted(at=sent), "start")
        assert ("scheduled", at_ms) == (shown["state"], shown["at_ms"])
    for sent in ("", "now", due_in(-30_000)[1]):
        assert "running" == done(account, drafted(at=sent), "start")["state"]


def test_a_schedule_can_be_moved_or_passed_over(account, cloud, drafted):
    _, first = due_in(HOUR_MS)
    later = first + HOUR_MS
    mailing = drafted(at=first)
    done(account, mailing, "start")
    moved = done(account, mailing, "start", {"at": later})
    assert ("scheduled", later) == (moved["state"], moved["at_ms"])
    assert [f"-{later}"] == [one["Name"][-14:] for one in cloud.schedules()]

    running = done(account, mailing, "start", {"at": "now"})

    assert ("running", 1) == (running["state"], running["run"])
    assert [] == cloud.schedules()
    cloud.waiting("SENDS")
    for at_ms in (first, later):
        late = Start(ACCOUNT_ID, running["mailing_id"], at_ms)
        assert None is mailing_runs.start_due(late, now_ms=later)
    assert [] == sends(cloud)


def test_a_schedule_that_fires_twice_starts_once(account, cloud, drafted):
    """The second time, which may be the repeat of one that was cut off, queues the same pages."""
    _, at_ms = due_in(HOUR_MS)
    waits = done(account, drafted(at=at_ms), "start")
    start = Start(ACCOUNT_ID, waits["mailing_id"], at_ms)

    for late in (1, 2):
        mailing_runs.start_due(start, now_ms=at_ms + late)

    assert [1, 1] == [page.run for page in sends(cloud)]
    standing = mailings.fetch(ACCOUNT_ID, waits["mailing_id"])
    assert (1, at_ms + 1) == (standing.run, standing.started_ms)


@pytest.mark.parametrize("verb", ["cancel", "pause"])
def test_a_schedule_that_fires_after_a_change_of_mind_starts_nothing(account, cloud, drafted, verb):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    waits = done(account, mailing, "start")
    stopped = done(account, mailing, verb)

    start = Start(ACCOUNT_ID, waits["mailing_id"], at_ms)
    assert None is mailing_runs.start_due(start, now_ms=at_ms)

    assert stopped == account.call("GET", mailing)[1]
    assert [] == sends(cloud)


def test_a_mailing_that_is_paused_before_its_time_waits_for_it_again(account, cloud, drafted):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    done(account, mailing, "start")
    done(account, mailing, "pause")

    shown = done(account, mailing, "resume")

    assert ("scheduled", at_ms, "") == (shown["state"], shown["at_ms"], shown["pause_reason"])
    assert 1 == len(cloud.schedules())


def test_a_mailing_that_was_resumed_too_late_starts_at_once(account, cloud, drafted):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    shown = done(account, mailing, "start")
    done(account, mailing, "pause")

    late = mailing_runs.resume(ACCOUNT_ID, shown["mailing_id"], now_ms=at_ms + 1)

    assert (MailingState.RUNNING, 1, "anonymous") == (late.state, late.run, late.mode)
    assert 1 == len(sends(cloud))


def test_a_mailing_that_is_due_while_its_campaign_is_open_pauses(account, drafted, campaign_id):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    shown = done(account, mailing, "start")
    campaign = f"/api/email-campaigns/{campaign_id}"
    _, answer = account.call("POST", f"{campaign}/unprotect")
    assert ([], False, 1) == (answer["paused"], answer["protected"], answer["active_mailings"])

    start = Start(ACCOUNT_ID, shown["mailing_id"], at_ms)
    mailing_runs.start_due(start, now_ms=at_ms)

    paused = account.call("GET", mailing)[1]
    assert ("paused", mailing_runs.LEFT_OPEN) == (paused["state"], paused["pause_reason"])


def test_a_mailing_that_cannot_start_when_it_is_due_says_why(account, drafted, campaign_id):
    _, at_ms = due_in(HOUR_MS)
    mailing = drafted(at=at_ms)
    shown = done(account, mailing, "start")
    account.call("PATCH", f"/api/email-campaigns/{campaign_id}", {"status": "archived"})

    start = Start(ACCOUNT_ID, shown["mailing_id"], at_ms)
    mailing_runs.start_due(start, now_ms=at_ms)

    paused = account.call("GET", mailing)[1]
    assert ("paused", "the campaign is archived") == (paused["state"], paused["pause_reason"])


def test_a_schedule_of_a_mailing_that_is_gone_does_nothing(cloud):
    assert None is mailing_runs.start_due(Start("1", "2", 3), now_ms=4)


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


# Messages


def test_messages_are_listed_page_by_page(account, drafted):
    mailing = drafted()
    mailing_id = done(account, mailing, "start")["mailing_id"]
    states = [State.SENT, State.FAILED, State.UNCERTAIN]
    for number in range(1, 31):
        state = states[number % 3]
        message = Message(ACCOUNT_ID, mailing_id, f"{number}", State.CLAIMED, "me", 1, number)
        messages.claim(message, retry_run=0, expires=2_000_000_000)
        messages.settle(
            Message(ACCOUNT_ID, mailing_id, f"{number}", state, "me", 1, number, reason="r")
        )

    for state in ("", *states):
        wanted = {n for n in range(1, 31) if not state or states[n % 3] == state}
        assert wanted == {int(one["contact_id"]) for one in listed(account, mailing, state)}
    (first, *_) = listed(account, mailing, "failed")
    assert ("failed", "r", 1, 0) == (
        first["state"],
        first["reason"],
        first["run"],
        first["delivered_ms"],
    )


def listed(account, mailing, state):
    """Return all messages of a mailing, in small pages."""
    found, after = [], ""
    while True:
        query = f"limit=3&state={state}&after={after}" if state else f"limit=3&after={after}"
        status, page = account.call("GET", f"{mailing}/messages", query=query)
        assert 200 == status, page
        found += page["messages"]
        after = page["next"]
        if not after:
            return found


@pytest.mark.parametrize("query", ["after=16", "after=x", "after=1-2-3", "state=failed&after=1-2"])
def test_a_page_that_cannot_be_is_refused(account, drafted, query):
    answer = account.call("GET", f"{drafted()}/messages", query=query)

    assert (422, "after") == (answer[0], fault(answer)[1].rpartition(".")[2])


# Who may


def test_another_account_has_no_such_mailing(account, drafted):
    mailing = drafted()
    other = settle("200000002")

    assert 404 == other.call("GET", mailing)[0]
    for verb in ("start", "pause", "resume", "cancel", "retry"):
        assert 404 == other.call("POST", f"{mailing}/{verb}")[0]
    assert "draft" == account.call("GET", mailing)[1]["state"]


def test_marketers_send_and_analysts_look(account, drafted):
    mailing = drafted()

    assert 403 == account.call("POST", f"{mailing}/start", role=Role.ANALYST)[0]
    assert 200 == account.call("POST", f"{mailing}/start", role=Role.MARKETER)[0]
    assert 200 == account.call("GET", f"{mailing}/messages", role=Role.ANALYST)[0]
    assert 403 == account.call("GET", f"{mailing}/messages", role=Role.VIEWER)[0]
    assert json.dumps(account.call("GET", mailing, role=Role.VIEWER)[1])
