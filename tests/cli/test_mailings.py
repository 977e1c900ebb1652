"""`signalbox mailings`."""

import pytest

from cli import paging
from cli.screen import moment
from signalbox.model.message import Message, Report, State
from signalbox.store import messages
from tests.campaigns import MAIL, due_in, made
from tests.people import ACCOUNT_ID

HOUR_MS = 3_600_000


@pytest.fixture(name="campaign")
def _campaign(account) -> str:
    """An e-mail campaign with content."""
    campaign_id = made(account, name="Summer")
    account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", MAIL | {"subject": "News"})
    return campaign_id


@pytest.fixture(name="mailing")
def _mailing(stand, campaign) -> str:
    """A draft."""
    return stand.read("mailings", "create", campaign)["mailing_id"]


def test_a_mailing_is_prepared(stand, campaign):
    (line,) = stand.lines("mailings", "create", campaign, "--untracked")
    at, at_ms = due_in(HOUR_MS)
    later = stand.read("mailings", "create", campaign, "--at", at)

    assert line.startswith("Mailing ")
    assert " is prepared: News, 20" in line
    assert (at_ms, True) == (later["at_ms"], later["track_dispatch"])
    assert "tracking   off" in stand.lines("mailings", "show", line.split()[1])


def test_mailings_are_listed_newest_first(stand, account, campaign, mailing, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 1)
    other = stand.read("mailings", "create", campaign)["mailing_id"]

    listed = stand.lines("mailings", "list")

    assert [[other, "draft"], [mailing, "draft"]] == [line.split()[:2] for line in listed[1:]]
    assert ["There are no mailings."] == stand.lines("mailings", "list", "--campaign", "7")
    (only,) = stand.read("mailings", "list", "--campaign", campaign, "--limit", "1")["mailings"]
    assert other == only["mailing_id"]


def test_one_is_shown(stand, campaign, mailing):
    stand.lines("mailings", "start", mailing)
    stand.lines("mailings", "pause", mailing, "--reason", "for lunch")

    lines = stand.lines("mailings", "show", mailing)

    assert [
        f"id         {mailing}",
        "state      paused",
        "           for lunch",
        f"campaign   email_campaign {campaign}",
        "version    1",
        "tracking   anonymous",
        "run        1",
        "pauses at  2 % hard bounces",
        "           0.08 % complaints, of 500 or more",
    ] == [lines[0], *lines[2:10]]


def test_a_mailing_is_led_through_its_states(stand, mailing):
    said = [
        stand.lines("mailings", verb, mailing)[0].rpartition("' is ")[2]
        for verb in ("start", "pause", "resume", "retry", "cancel")
    ]

    assert ["running.", "paused.", "running.", "running.", "cancelled."] == said


def test_a_mailing_waits_for_its_time(stand, mailing):
    at, at_ms = due_in(HOUR_MS)

    (said,) = stand.lines("mailings", "start", mailing, "--at", at)

    assert said.endswith(f" is scheduled and starts {moment(at_ms)}.")
    assert said.endswith(stand.lines("mailings", "start", mailing)[0][-30:])


def test_a_refusal_is_told(stand, mailing):
    result = stand.run("mailings", "resume", mailing)

    assert (1, True) == (
        result.exit_code,
        result.stderr.startswith("signalbox: the mailing is draft and cannot be resumed"),
    )


def test_messages_are_listed(stand, mailing):
    stand.lines("mailings", "start", mailing)
    for contact, state in (("1", State.SENT), ("2", State.SKIPPED)):
        facts = (ACCOUNT_ID, mailing, contact)
        messages.claim(Message(*facts, State.CLAIMED, "me", 1, 5), retry_run=0, expires=2**31)
        reason = "opted_out" if state is State.SKIPPED else ""
        messages.settle(Message(*facts, state, "me", 1, 5, reason=reason, ses_id="s", sent_ms=5))
    messages.report(ACCOUNT_ID, mailing, "1", Report.DELIVERY, 6)
    messages.report(ACCOUNT_ID, mailing, "1", Report.HARD_BOUNCE, 7)

    listed = stand.lines("mailings", "messages", mailing)
    skipped = stand.read("mailings", "messages", mailing, "--state", "skipped")["messages"]

    rows = sorted(line.split() for line in listed[1:])
    assert [["1", "sent"], ["2", "skipped"]] == [row[:2] for row in rows]
    assert ["delivered,", "hard", "bounce"] == rows[0][-3:]
    assert [("2", "opted_out")] == [(one["contact_id"], one["reason"]) for one in skipped]
    nothing = stand.lines("mailings", "messages", mailing, "--state", "failed")
    assert ["There are no such messages."] == nothing


def test_what_is_no_id_is_not_asked_for(stand):
    result = stand.run("mailings", "show", "../rules")

    assert (2, "signalbox: '../rules' is no id of a mailing.\n") == (
        result.exit_code,
        result.stderr,
    )
