"""A campaign of which something is being sent is neither deleted nor archived."""

from dataclasses import replace

import pytest

from signalbox import mailing_runs
from signalbox.model.campaign import Campaign
from signalbox.model.container import Container, ContainerKind, ContainerStatus
from signalbox.model.errors import ConflictError
from signalbox.store import campaigns, containers, mailings, table
from tests.campaigns import HOUR_MS, MAIL, done, due_in, refusal, sends
from tests.people import ACCOUNT_ID

NOW_MS = 1_795_000_000_000
ENDS = ["archive", "delete"]


def end(account, campaign_id, how):
    """Ask for a campaign to be archived or deleted."""
    path = f"/api/email-campaigns/{campaign_id}"
    if how == "delete":
        return account.call("DELETE", path)
    return account.call("PATCH", path, {"status": "archived"})


def leave(account, campaign_id):
    """Leave the protected mode."""
    assert 200 == account.call("POST", f"/api/email-campaigns/{campaign_id}/unprotect")[0]


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("state", ["scheduled", "running", "paused"])
def test_a_protected_campaign_stays(account, drafted, campaign_id, how, state):
    """The answer says what to do; what the campaign is called may change."""
    mailing = drafted(**({"at": due_in(HOUR_MS)[1]} if state == "scheduled" else {}))
    done(account, mailing, "start")
    if state == "paused":
        done(account, mailing, "pause")

    status, answer = end(account, campaign_id, how)

    assert 409 == status
    assert "POST …/unprotect" in answer["errors"][0]["message"]
    assert state == account.call("GET", mailing)[1]["state"]
    path = f"/api/email-campaigns/{campaign_id}"
    assert "active" == account.call("GET", path)[1]["status"]
    assert 200 == account.call("PATCH", path, {"name": "another"})[0]


@pytest.mark.parametrize("how", ENDS)
def test_once_its_mailings_are_over_it_goes(account, drafted, campaign_id, how):
    mailing = drafted()
    done(account, mailing, "start")
    done(account, mailing, "cancel")

    assert end(account, campaign_id, how)[0] in {200, 204}


@pytest.mark.parametrize("how", ENDS)
def test_what_was_paused_for_it_does_not_go_on(account, drafted, campaign_id, how, cloud):
    """Who leaves the protected mode may end the campaign, and then cancel the mailing."""
    mailing, over = drafted(), drafted()
    for one in (mailing, over):
        done(account, one, "start")
    mailings.finish(ACCOUNT_ID, over.rpartition("/")[2], 1, NOW_MS)
    leave(account, campaign_id)
    sends(cloud)

    assert end(account, campaign_id, how)[0] in {200, 204}

    for one, verb in ((mailing, "resume"), (over, "retry")):
        assert campaigns.CLOSED == refusal(account, one, verb)
    assert [] == sends(cloud)
    assert "cancelled" == done(account, mailing, "cancel")["state"]


def test_a_campaign_that_comes_back_goes_on(account, drafted, campaign_id):
    mailing = drafted()
    done(account, mailing, "start")
    leave(account, campaign_id)
    end(account, campaign_id, "archive")
    account.call("PATCH", f"/api/email-campaigns/{campaign_id}", {"status": "active"})

    assert "running" == done(account, mailing, "resume")["state"]


def test_a_campaign_without_content_is_archived_and_brought_back(account):
    _, shown = account.call("POST", "/api/email-campaigns", {"name": "one"})
    path = f"/api/email-campaigns/{shown['container_id']}"

    for status in ("archived", "active"):
        assert status == account.call("PATCH", path, {"status": status})[1]["status"]
    assert 200 == account.call("PUT", f"{path}/content", MAIL)[0]
    assert 204 == account.call("DELETE", path)[0]


@pytest.mark.parametrize("how", ENDS)
def test_of_a_start_and_an_end_at_once_one_is_refused(
    account, drafted, campaign_id, how, monkeypatch
):
    """The start comes between the look at the campaign and its end, and the other way round."""
    mailing_id = drafted().rpartition("/")[2]
    transact = table.transact

    def and_then(writes):
        monkeypatch.setattr(table, "transact", transact)
        mailing_runs.start(ACCOUNT_ID, mailing_id, now_ms=NOW_MS)
        transact(writes)

    monkeypatch.setattr(table, "transact", and_then)
    assert 409 == end(account, campaign_id, how)[0]
    assert "running" == mailings.fetch(ACCOUNT_ID, mailing_id).state

    mailing_runs.cancel(ACCOUNT_ID, mailing_id, now_ms=NOW_MS)
    other = drafted()

    def before(writes):
        monkeypatch.setattr(table, "transact", transact)
        standing = containers.fetch(ACCOUNT_ID, ContainerKind.EMAIL_CAMPAIGN, campaign_id)
        if how == "delete":
            containers.delete(standing, NOW_MS)
        else:
            archived = replace(standing, status=ContainerStatus.ARCHIVED)
            containers.save(archived, since=standing)
        transact(writes)

    monkeypatch.setattr(table, "transact", before)
    assert campaigns.CLOSED == refusal(account, other, "start")


def test_content_that_comes_while_a_campaign_is_archived_is_seen(cloud, monkeypatch):
    """Then who archives it looks again."""
    kind = ContainerKind.EMAIL_CAMPAIGN
    made = Container("1", kind, "7", "News")
    containers.create(made)
    transact = table.transact

    def and_then(writes):
        monkeypatch.setattr(table, "transact", transact)
        campaigns.save(Campaign("1", "7", kind, "News"), since=Campaign("1", "7", kind))
        transact(writes)

    monkeypatch.setattr(table, "transact", and_then)
    archived = Container("1", kind, "7", "News", status=ContainerStatus.ARCHIVED)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        containers.save(archived, since=made)
    assert 2 == containers.save(archived, since=made).version


def test_a_deletion_whose_answer_was_lost_is_none_twice(cloud):
    kind = ContainerKind.EMAIL_CAMPAIGN
    made = Container("1", kind, "7", "News")
    containers.create(made)
    campaigns.save(Campaign("1", "7", kind, "News"), since=Campaign("1", "7", kind))

    for _ in range(2):
        containers.delete(made, NOW_MS)
    assert None is containers.find("1", kind, "7")
