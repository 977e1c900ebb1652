"""Lists and opt-out lists that audiences name stay, and nothing is sent without them."""

from typing import NamedTuple

import pytest

from signalbox import mailing_runs
from signalbox.model.container import ContainerKind
from signalbox.store import containers, lists, mailings
from tests.campaigns import HOUR_MS, MAIL, TEXT, done, due_in, made, refusal, sends
from tests.people import ACCOUNT_ID

GONE_MS = 1_795_000_000_000


class Naming(NamedTuple):
    """A field of an audience: where its containers are, and of whose audience it is."""

    path: str
    content: dict[str, str]
    plural: str
    field: str
    kind: ContainerKind

    def write(self, account, campaign, *named):
        """Write what a campaign says, and what its audience names."""
        write(account, campaign, self.content, **{self.field: [*named]})


NAMINGS = [
    Naming("email-campaigns", MAIL, "lists", "lists", ContainerKind.LIST),
    Naming("sms-campaigns", TEXT, "lists", "lists", ContainerKind.LIST),
    Naming(
        "email-campaigns",
        MAIL,
        "email-opt-out-lists",
        "opt_out_lists",
        ContainerKind.EMAIL_OPT_OUT_LIST,
    ),
    Naming(
        "sms-campaigns",
        TEXT,
        "phone-opt-out-lists",
        "opt_out_lists",
        ContainerKind.PHONE_OPT_OUT_LIST,
    ),
]
each_naming = pytest.mark.parametrize(
    "naming", NAMINGS, ids=lambda naming: f"{naming.path}-{naming.field}"
)
EMAILS = "email-opt-out-lists"


def write(account, campaign, content, **audience):
    """Write what a campaign says, and to whom."""
    status, shown = account.call(
        "PUT", f"/api/{campaign}/content", content | {"audience": audience}
    )
    assert 200 == status, shown


def campaign_naming(account, list_id):
    """Make a campaign that leaves out who is on an opt-out list; return its path."""
    campaign = f"email-campaigns/{made(account)}"
    write(account, campaign, MAIL, opt_out_lists=[list_id])
    return campaign


def draft_of(account, campaign, **facts):
    """Prepare a mailing of a campaign and return its path."""
    wanted = {"campaign_id": campaign.partition("/")[2]} | facts
    return f"/api/mailings/{account.call('POST', '/api/mailings', wanted)[1]['mailing_id']}"


def lose(kind, list_id):
    """Delete a list although it is named, as who does it while the audience is written."""
    containers.delete(containers.fetch(ACCOUNT_ID, kind, list_id), GONE_MS)


@each_naming
def test_what_an_audience_names_is_not_deleted(account, naming):
    """The answer names the campaigns; once none names it, it can go."""
    list_id = made(account, naming.plural)
    campaigns = [f"{naming.path}/{made(account, naming.path)}" for _ in range(2)]
    for one in campaigns:
        naming.write(account, one, list_id)

    status, answer = account.call("DELETE", f"/api/{naming.plural}/{list_id}")

    said = answer["errors"][0]["message"]
    assert 409 == status
    assert all(one.partition("/")[2] in said for one in campaigns)
    assert 200 == account.call("GET", f"/api/{naming.plural}/{list_id}")[0]
    for one in campaigns:
        naming.write(account, one)
    assert (204, None) == account.call("DELETE", f"/api/{naming.plural}/{list_id}")


def test_a_group_that_an_audience_names_is_not_deleted(account):
    single = made(account, EMAILS)
    group = made(account, EMAILS, grouped=True, members=[single])
    campaign_naming(account, group)

    assert 409 == account.call("DELETE", f"/api/{EMAILS}/{group}")[0]


@pytest.mark.parametrize("end", ["archive", "delete"])
def test_campaigns_that_send_nothing_any_more_keep_no_list(account, end):
    """A campaign that comes back from the archive is not sent without its list."""
    list_id = made(account, EMAILS)
    campaign = campaign_naming(account, list_id)
    draft = draft_of(account, campaign)
    if end == "delete":
        assert 204 == account.call("DELETE", f"/api/{campaign}")[0]
    else:
        account.call("PATCH", f"/api/{campaign}", {"status": "archived"})

    assert (204, None) == account.call("DELETE", f"/api/{EMAILS}/{list_id}")
    if end == "archive":
        account.call("PATCH", f"/api/{campaign}", {"status": "active"})
        assert f"audience.opt_out_lists.0: there is no email opt-out list {list_id}" in refusal(
            account, draft, "start"
        )


def test_many_campaigns_are_counted(account):
    list_id = made(account, EMAILS)
    for _ in range(12):
        campaign_naming(account, list_id)

    _, answer = account.call("DELETE", f"/api/{EMAILS}/{list_id}")

    assert "and 2 more: take it out" in answer["errors"][0]["message"]


def test_what_a_mailing_under_way_was_started_with_counts_too(account):
    """Its campaign may say something else by now."""
    kept, other = made(account, EMAILS), made(account, EMAILS)
    campaign = campaign_naming(account, kept)
    draft = draft_of(account, campaign)
    done(account, draft, "start")
    account.call("POST", f"/api/{campaign}/unprotect")
    write(account, campaign, MAIL, opt_out_lists=[other])
    done(account, draft, "resume")

    assert 409 == account.call("DELETE", f"/api/{EMAILS}/{kept}")[0]
    done(account, draft, "cancel")
    assert 204 == account.call("DELETE", f"/api/{EMAILS}/{kept}")[0]


def test_a_list_is_not_deleted_over_the_other_api_either(account):
    list_id = made(account, "lists")
    campaign = f"email-campaigns/{made(account)}"
    write(account, campaign, MAIL, lists=[list_id])

    assert 422 == account.call("DELETE", f"/api/3/lists/{list_id}")[0]
    write(account, campaign, MAIL)
    assert 200 == account.call("DELETE", f"/api/3/lists/{list_id}")[0]
    assert None is lists.find(ACCOUNT_ID, list_id)


@each_naming
@pytest.mark.parametrize("at_ms", [0, due_in(HOUR_MS)[1]], ids=["now", "later"])
def test_a_mailing_whose_list_is_gone_does_not_start(account, cloud, naming, at_ms):
    """It says which field names it; nothing is queued, and nobody is written to."""
    list_id = made(account, naming.plural)
    campaign = f"{naming.path}/{made(account, naming.path)}"
    naming.write(account, campaign, list_id)
    draft = draft_of(account, campaign, **({"at": at_ms} if at_ms else {}))
    lose(naming.kind, list_id)

    said = refusal(account, draft, "start")

    noun = containers.noun(naming.kind)
    assert said.startswith(f"audience.{naming.field}.0: there is no {noun} {list_id} any more")
    assert "draft" == account.call("GET", draft)[1]["state"]
    assert [] == sends(cloud) == cloud.schedules()


def test_a_mailing_whose_list_is_gone_is_not_resumed(account, cloud):
    list_id = made(account, EMAILS)
    draft = draft_of(account, campaign_naming(account, list_id))
    done(account, draft, "start")
    done(account, draft, "pause")
    lose(ContainerKind.EMAIL_OPT_OUT_LIST, list_id)
    sends(cloud)

    assert f"there is no email opt-out list {list_id} any more" in refusal(account, draft, "resume")
    assert [] == sends(cloud)
    mailing_runs.cancel(ACCOUNT_ID, draft.rpartition("/")[2], now_ms=GONE_MS)
    assert "cancelled" == mailings.fetch(ACCOUNT_ID, draft.rpartition("/")[2]).state
