"""Mailings in the tables."""

import json
from dataclasses import replace

import pytest

from signalbox.aws import AwsError
from signalbox.model import mailing as model
from signalbox.model.campaign import Campaign
from signalbox.model.container import ContainerKind
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.mailing import Limits, Mailing, MailingState, MoveRefusedError, Snapshot
from signalbox.store import campaigns, mailings, table
from tests.store.things import NOW, A, B

CONTENT = Campaign(A, "7", ContainerKind.EMAIL_CAMPAIGN, subject="News", text="Hello")
SNAPSHOT = Snapshot("News, 2026-11-21", 1, "anonymous", "41", ("31",))


@pytest.fixture(name="draft")
def _draft(cloud):
    """A draft of a campaign with content."""
    campaigns.save(CONTENT, since=CONTENT)
    return made()


def made(number=0, campaign_id="7", **changes):
    """Write a draft and return it."""
    facts = {"name": "News", "author": "Ada", "created_ms": NOW, "limits": Limits(1.5, 0.1, 9)}
    mailing_id = f"{NOW + number}000"
    kind = ContainerKind.EMAIL_CAMPAIGN
    mailing = Mailing(A, mailing_id, campaign_id, kind, **facts | changes)
    mailings.create(mailing)
    return mailing


def start(mailing, snapshot=SNAPSHOT):
    """Start it."""
    return mailings.change(A, mailing.mailing_id, lambda one: model.started(one, snapshot, NOW))


def active():
    """Return how many mailings keep the campaign in protected mode."""
    return campaigns.fetch(A, "7").active


def test_what_is_written_is_read(draft):
    running = start(draft)

    assert running == mailings.fetch(A, draft.mailing_id)
    assert (2, ("31",), Limits(1.5, 0.1, 9)) == (running.version, running.lists, running.limits)
    assert None is mailings.find(B, draft.mailing_id)


def test_workers_find_what_never_changes_in_the_body(cloud, draft):
    start(draft)

    (item,) = [one for one in cloud.items("RULES") if one["pk"]["S"] == f"A#{A}#mailings"]

    facts = {
        "campaign_id": "7",
        "mailer_id": "41",
        "container": "email_campaign",
        "mode": "anonymous",
    }
    assert draft.mailing_id == item["sk"]["S"]
    assert facts.items() <= json.loads(item["body"]["S"]).items()


@pytest.mark.usefixtures("cloud")
def test_a_campaign_without_content_has_no_mailing():
    with pytest.raises(NotFoundError):
        made()


def test_an_id_is_given_once(draft):
    mailings.create(draft)  # our own write, whose answer was lost
    with pytest.raises(ConflictError):
        made(name="Another")


def test_a_mailing_counts_while_it_is_active(draft):
    other = made(1)
    seen = [active()]
    start(draft)
    mailings.change(A, other.mailing_id, lambda one: model.scheduled(one, NOW + 9, "News"))
    seen.append(active())
    start(other)
    mailings.pause(A, other.mailing_id, "wait")
    seen.append(active())
    mailings.change(A, other.mailing_id, lambda one: model.cancelled(one, NOW))
    seen.append(active())
    mailings.finish(A, draft.mailing_id, 1, NOW)
    seen.append(active())
    mailings.change(A, draft.mailing_id, model.retried)
    seen.append(active())

    assert [0, 2, 2, 1, 0, 1] == seen


def test_who_goes_on_protects_the_campaign(draft):
    start(draft)
    mailings.pause(A, draft.mailing_id, "wait")
    campaigns.leave_protection(campaigns.fetch(A, "7"))

    mailings.change(A, draft.mailing_id, lambda one: model.resumed(one, SNAPSHOT, NOW))

    assert campaigns.fetch(A, "7").protected


def test_a_mailing_does_not_start_with_a_version_that_is_no_longer_the_newest(draft, monkeypatch):
    monkeypatch.setattr(mailings, "sleep", lambda _: None)
    campaigns.save(replace(CONTENT, subject="Two"), since=campaigns.fetch(A, "7"))

    with pytest.raises(mailings.MovedError):
        start(draft)
    assert (MailingState.DRAFT, 0) == (mailings.fetch(A, draft.mailing_id).state, active())
    assert 2 == start(draft, SNAPSHOT._replace(version=2)).campaign_version


def test_of_two_hands_one_is_told(draft):
    mailings.save(model.started(draft, SNAPSHOT, NOW), since=draft)

    with pytest.raises(mailings.MovedError):
        mailings.save(model.scheduled(draft, NOW + 9, "News"), since=draft)
    assert 1 == active()


def test_a_decision_is_asked_again_where_another_hand_was_faster(draft, monkeypatch):
    monkeypatch.setattr(mailings, "sleep", lambda _: None)
    start(draft)
    asked = []

    def decide(standing):
        if not asked:
            mailings.note_audience(A, draft.mailing_id, 5)
        asked.append(standing)
        return model.paused(standing, "wait")

    after = mailings.change(A, draft.mailing_id, decide)

    assert (2, 5, MailingState.PAUSED) == (len(asked), after.audience_size, after.state)


def test_a_change_whose_answer_was_lost_is_made_once(draft, monkeypatch):
    transact, lost = table.transact, []

    def losing(writes):
        transact(writes)
        if not lost:
            lost.append(1)
            transact(writes)  # as the client itself does

    monkeypatch.setattr(table, "transact", losing)
    after = start(draft)

    assert (2, 1) == (after.version, active())


def test_what_changes_nothing_is_not_written(draft, monkeypatch):
    running = start(draft)
    monkeypatch.setattr(table, "transact", None)

    assert running == start(draft)


def test_only_a_mailing_that_runs_is_paused_or_finished(draft):
    assert draft == mailings.pause(A, draft.mailing_id, "limit")
    assert draft == mailings.finish(A, draft.mailing_id, 0, NOW)
    running = start(draft)
    assert running == mailings.finish(A, draft.mailing_id, 2, NOW)

    assert "limit" == mailings.pause(A, draft.mailing_id, "limit").pause_reason
    assert "limit" == mailings.pause(A, draft.mailing_id, "again").pause_reason


def test_a_refusal_is_passed_on(draft):
    with pytest.raises(MoveRefusedError):
        mailings.change(A, draft.mailing_id, model.retried)
    with pytest.raises(NotFoundError):
        mailings.change(A, "1", model.retried)


def test_mailings_are_listed_newest_first(draft):
    campaigns.save(replace(CONTENT, campaign_id="8"), since=replace(CONTENT, campaign_id="8"))
    others = [made(1, "8"), made(2), made(3)]

    page, after = mailings.of_account(A, limit=3)
    rest, end = mailings.of_account(A, limit=3, after=after)

    assert ([*reversed(others)], [draft], "") == (page, rest, end)
    page, after = mailings.of_campaign(A, "7", limit=2)
    rest, end = mailings.of_campaign(A, "7", limit=2, after=after)
    assert ([others[2], others[1]], [draft], "") == (page, rest, end)
    assert [others[0]] == mailings.of_campaign(A, "8", limit=2)[0]


def test_the_active_mailings_of_a_campaign_are_found(draft, monkeypatch):
    other = made(1)
    start(draft)

    assert [draft.mailing_id] == [
        one.mailing_id for one in mailings.active_of(campaigns.fetch(A, "7"))
    ]
    start(other)
    assert 2 == len(mailings.active_of(campaigns.fetch(A, "7")))


def test_a_draft_is_deleted_and_a_mailing_that_started_meanwhile_is_not(draft):
    other = made(1)
    start(other)

    mailings.delete(draft)
    with pytest.raises(mailings.MovedError):
        mailings.delete(other)

    assert [other.mailing_id] == [one.mailing_id for one in mailings.of_account(A, limit=9)[0]]
    assert 1 == len(mailings.of_campaign(A, "7", limit=9)[0])


def test_a_failure_of_aws_is_passed_on(draft, monkeypatch):
    def broken(*_, **__):
        raise AwsError("InternalServerError", "x", 500, {})

    monkeypatch.setattr(table, "transact", broken)

    with pytest.raises(AwsError):
        start(draft)
