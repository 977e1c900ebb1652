"""Mailings over the native API: drafts, their messages, and who may do what."""

import json
from datetime import UTC, datetime

import pytest

from signalbox.model.credential import Role
from signalbox.model.message import Message, State
from signalbox.store import messages
from tests.campaigns import done, fault, made, sends
from tests.people import ACCOUNT_ID, settle

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
