"""Evaluations over the native API, and who may see whom."""

import csv
import io
from dataclasses import replace

import pytest

from signalbox.model.credential import Role
from signalbox.model.mailing import MailingState
from signalbox.store import mailing_people, mailings, table
from tests.campaigns import MAIL, made
from tests.mailed import AT_MS, HOUR, TrackingStream, hit, hits, message, remove, write
from tests.people import ACCOUNT_ID, settle

HOUR_MS = 3_600_000
LINKED = MAIL | {
    "html": '<a href="https://shop.example/a">A</a> <a href="https://b.example/">B</a>'
}


@pytest.fixture(name="stream")
def _stream(cloud) -> TrackingStream:
    return TrackingStream(cloud)


@pytest.fixture(name="campaign_id")
def _campaign_id(account) -> str:
    campaign_id = made(account)
    status, answer = account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", LINKED)
    assert 200 == status, answer
    return campaign_id


@pytest.fixture(name="run")
def _run(account, campaign_id):
    """Makes a mailing that has started, and returns its id."""

    def run(started_ms: int = AT_MS, audience_size: int = -1, **changes) -> str:
        wanted = {"campaign_id": changes.pop("campaign_id", campaign_id)}
        _, drafted = account.call("POST", "/api/mailings", wanted)
        standing = mailings.fetch(ACCOUNT_ID, drafted["mailing_id"])
        started = replace(
            standing,
            state=MailingState.FINISHED,
            campaign_version=1,
            run=1,
            started_ms=started_ms,
            audience_size=audience_size,
            **changes,
        )
        mailings.save(started, since=standing)
        return standing.mailing_id

    return run


def ask(account, path: str, query: str = "", **options):
    """Ask for something that is there."""
    status, answer = account.call("GET", f"/api/{path}", query=query, **options)
    assert 200 == status, answer
    return answer


def happen(cloud, stream, mailing_id: str, who: str) -> None:
    """Let a contact get a mailing, open and click it, and let somebody unknown open it, too."""
    at = {"mailing_id": mailing_id}
    write(
        cloud,
        message(who, delivered_ms=AT_MS, **at),
        message("8", "skipped", reason="opted_out", **at),
        hits("open", who, human=[hit(1), hit(2, hour=HOUR + 2)], **at),
        hits("open", "~ab", human=[hit(3)], **at),
        hits("click", who, human=[hit(4, link=1)], machine=[hit(5, link=7)], **at),
    )
    stream.flow()


def test_a_mailing_is_evaluated(account, cloud, stream, run, campaign_id):
    mailing_id = run(audience_size=5)
    happen(cloud, stream, mailing_id, account.ada.contact_id)

    answer = ask(account, f"mailings/{mailing_id}/evaluation", role=Role.VIEWER)

    assert (mailing_id, campaign_id, "finished", AT_MS) == (
        answer["mailing_id"],
        answer["campaign_id"],
        answer["state"],
        answer["started_ms"],
    )
    found = answer["evaluation"]
    assert (5, 1, {"opted_out": 1}, 1, 1, 3) == tuple(
        found[name]
        for name in ("audience", "suppressed", "suppressed_by", "sent", "delivered", "pending")
    )
    assert {
        "human": 1,
        "anonymous": 1,
        "machine": 0,
        "human_times": 2,
        "anonymous_times": 1,
        "machine_times": 0,
        "tracked": 2,
        "rate": 1.0,
    } == found["opened"]
    assert (1, 1) == (found["clicked"]["human"], found["clicked"]["machine_times"])


def test_links_are_told_with_where_they_lead(account, cloud, stream, run):
    """Those that nobody followed, and those that the content does not know, too."""
    mailing_id = run()
    happen(cloud, stream, mailing_id, account.ada.contact_id)

    links = ask(account, f"mailings/{mailing_id}/links")["links"]

    assert [
        (1, "https://b.example/", "B", 1, 0),
        (7, "", "", 0, 1),
        (0, "https://shop.example/a", "A", 0, 0),
    ] == [
        (one["number"], one["target"], one["label"], one["human"], one["machine"]) for one in links
    ]


LINKED_TEXT = "https://b.example/ https://x.example/%EMAIL% https://ö.example/"


def texted(account, run, **changes) -> str:
    """Let a mailing of texts with links start; return its id."""
    campaign_id = made(account, "sms-campaigns")
    account.call("PUT", f"/api/sms-campaigns/{campaign_id}/content", {"text": LINKED_TEXT})
    return run(campaign_id=campaign_id, **changes)


def test_links_of_texts_are_told_as_they_are_written(account, cloud, stream, run):
    targets = ("https://b.example/", "https://xn--nda.example/")
    mailing_id = texted(account, run, targets=targets)
    who = account.ada.contact_id
    write(cloud, hits("click", who, human=[hit(1, link=1)], mailing_id=mailing_id))
    stream.flow()

    links = ask(account, f"mailings/{mailing_id}/links")["links"]

    assert [
        (1, "https://xn--nda.example/", "https://ö.example/", 1),
        (0, "https://b.example/", "https://b.example/", 0),
    ] == [(one["number"], one["target"], one["label"], one["human"]) for one in links]


def test_texts_that_are_not_tracked_have_no_links_to_tell_of(account, run):
    mailing_id = texted(account, run)

    assert [] == ask(account, f"mailings/{mailing_id}/links")["links"]


def test_hours_are_told_from_the_start_on(account, cloud, stream, run):
    mailing_id = run()
    happen(cloud, stream, mailing_id, account.ada.contact_id)
    path = f"mailings/{mailing_id}/hours"

    hours = ask(account, path, f"since_ms={AT_MS}&until_ms={AT_MS + 3 * HOUR_MS}")["hours"]

    assert [(AT_MS, 1, 2), (AT_MS + 2 * HOUR_MS, 0, 1)] == [
        (one["at_ms"], one["sent"], one["opens_human"]) for one in hours
    ]
    later = ask(account, path, f"since_ms={AT_MS + HOUR_MS}&until_ms={AT_MS + HOUR_MS}")
    assert {"hours": []} == later
    assert hours[:1] == ask(account, path, f"since_ms={AT_MS + 1}&until_ms={AT_MS + 1}")["hours"]


@pytest.mark.parametrize("span", [f"since_ms={AT_MS}&until_ms=1", "since_ms=1&until_ms=2764800000"])
def test_hours_of_too_long_a_time_are_refused(account, run, span):
    for path in (f"mailings/{run()}/hours", "evaluation/hours"):
        assert 422 == account.call("GET", f"/api/{path}", query=span)[0]


def test_a_campaign_is_evaluated_over_all_its_mailings(account, cloud, stream, run, campaign_id):
    """A draft is none of them; who got two mailings counts twice."""
    for _ in range(2):
        happen(cloud, stream, run(audience_size=2), account.ada.contact_id)
    account.call("POST", "/api/mailings", {"campaign_id": campaign_id})

    answer = ask(account, f"email-campaigns/{campaign_id}/evaluation")
    hours = ask(account, f"email-campaigns/{campaign_id}/hours", f"until_ms={AT_MS}")["hours"]

    assert (2, 4, 2, 2) == (
        answer["mailings"],
        answer["evaluation"]["audience"],
        answer["evaluation"]["sent"],
        answer["evaluation"]["opened"]["human"],
    )
    assert [(AT_MS, 2, 4)] == [(one["at_ms"], one["sent"], one["opens_human"]) for one in hours]


def test_a_campaign_without_mailings_has_nothing_to_tell(account):
    _, campaign = account.call("POST", "/api/sms-campaigns", {"name": "Texts"})
    path = f"sms-campaigns/{campaign['container_id']}"

    assert 0 == ask(account, f"{path}/evaluation")["mailings"]
    assert {"hours": []} == ask(account, f"{path}/hours")
    assert 404 == account.call("GET", "/api/email-campaigns/7/evaluation")[0]


def test_an_account_is_evaluated_over_what_started_in_a_time(account, cloud, stream, run):
    for started_ms in (AT_MS, AT_MS + HOUR_MS, AT_MS - 40 * 86_400_000):
        happen(cloud, stream, run(started_ms), account.ada.contact_id)
    until = AT_MS + HOUR_MS

    month = ask(account, "evaluation", f"until_ms={until}")
    hour = ask(account, "evaluation", f"since_ms={until}&until_ms={until}")
    hours = ask(account, "evaluation/hours", f"until_ms={until}")["hours"]

    assert (2, 2) == (month["mailings"], month["evaluation"]["sent"])
    assert (1, 1) == (hour["mailings"], hour["evaluation"]["sent"])
    assert [2] == [one["sent"] for one in hours]


# People


@pytest.fixture(name="read_by")
def _read_by(account, cloud, run):
    """A mailing that Ada read, two machines looked at, and somebody unknown opened."""
    mailing_id = run()
    at = {"mailing_id": mailing_id}
    ada = account.ada.contact_id
    write(
        cloud,
        message(ada, delivered_ms=AT_MS, complaint_ms=AT_MS + 5, **at),
        message("21", "skipped", reason="opted_out", **at),
        message("22", "failed", reason="MessageRejected", **at),
        message("23", hard_bounce_ms=AT_MS + 1, **at),
        hits("open", ada, human=[hit(1), hit(2, hour=HOUR + 3)], machine=[hit(3, hour=1)], **at),
        hits("open", "23", machine=[hit(4)], **at),
        hits("open", "~ab", human=[hit(5)], **at),
        hits("click", ada, human=[hit(6, link=0), hit(7, link=2)], **at),
        hits("click", "23", machine=[hit(8, link=65_535)], **at),
    )
    return f"mailings/{mailing_id}/people"


def test_who_opened_and_clicked_is_told_with_names(account, read_by):
    opened, clicked = (ask(account, read_by, f"what={what}") for what in ("opened", "clicked"))

    (ada,) = opened["people"]
    assert {
        "contact_id": account.ada.contact_id,
        "email": "ada@signalbox.example",
        "first_name": "Ada",
        "last_name": "",
        "first_ms": AT_MS,
        "last_ms": AT_MS + 3 * HOUR_MS,
        "times": 2,
        "machine_times": 1,
        "links": [],
        "reason": "",
    } == ada
    assert [[0, 2]] == [one["links"] for one in clicked["people"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("what=opened&seen=machine", ["23"]),
        ("what=opened&seen=all", ["23", "ada"]),
        ("what=clicked&seen=machine", ["23"]),
        ("what=sent", ["23", "ada"]),
        ("what=delivered", ["ada"]),
        ("what=skipped", ["21"]),
        ("what=failed", ["22"]),
        ("what=uncertain", []),
        ("what=hard_bounced", ["23"]),
        ("what=soft_bounced", []),
        ("what=complained", ["ada"]),
        ("what=unsubscribed", []),
    ],
)
def test_people_are_told_by_what_they_did(account, read_by, query, expected):
    """Of whom only machines were seen, no person is made; of who is unknown, nothing."""
    people = ask(account, read_by, query)["people"]

    names = {account.ada.contact_id: "ada"}
    assert expected == sorted(names.get(one["contact_id"], one["contact_id"]) for one in people)


def test_a_list_goes_on_where_a_page_ended(account, cloud, run, monkeypatch):
    """Over all shards, though no page may look at more than a few entries."""
    mailing_id = run()
    everybody = [str(number) for number in range(60)]
    for who in everybody:
        write(
            cloud, hits("open", who, human=[hit()] if int(who) % 2 else [], mailing_id=mailing_id)
        )
    monkeypatch.setattr(mailing_people, "MOST_READ", 7)
    found, after, pages = [], "", 0
    while pages == 0 or after:
        page = ask(account, f"mailings/{mailing_id}/people", f"limit=5&after={after}")
        found += [one["contact_id"] for one in page["people"]]
        after, pages = page["next"], pages + 1

    assert sorted(everybody[1::2]) == sorted(found)
    assert pages >= 60 / 7


@pytest.mark.parametrize("after", ["16-1", "1-x", "1-", "x"])
def test_a_place_that_is_none_is_refused(account, read_by, after):
    assert 422 == account.call("GET", f"/api/{read_by}", query=f"after={after}")[0]


def test_only_who_may_see_people_is_told_of_them(account, read_by):
    assert 403 == account.call("GET", f"/api/{read_by}", role=Role.VIEWER)[0]
    assert 403 == account.call("GET", f"/api/{read_by}.csv", role=Role.VIEWER)[0]


def test_another_account_is_told_of_nothing(account, read_by):
    other = settle("200000002")
    path = read_by.rpartition("/")[0]

    for what in ("evaluation", "links", "hours", "people", "people.csv", "links.csv"):
        assert 404 == other.call("GET", f"/api/{path}/{what}")[0]
    assert 404 == other.call("POST", f"/api/{path}/rebuild")[0]


def file(account, path: str, query: str = "") -> list[list[str]]:
    """Return the cells of a CSV file."""
    from functions.admin import app as admin  # noqa: PLC0415 the answer itself
    from tests.cloud import Context, http_event  # noqa: PLC0415

    headers = {"api-token": account.tokens[Role.ANALYST]}
    event = http_event("GET", f"/api/{path}", headers=headers, query=query)
    answer = admin.handler(event, Context())
    assert (200, "text/csv") == (answer["statusCode"], answer["headers"]["Content-Type"])
    return list(csv.reader(io.StringIO(answer["body"], newline="")))


def test_files_hold_no_formulas(account, cloud, run):
    """Whoever calls himself a formula."""
    status, _ = account.call(
        "PUT",
        f"/api/3/contacts/{account.ada.contact_id}",
        {"contact": {"firstName": '=HYPERLINK("x")'}},
    )
    assert 200 == status
    mailing_id = run()
    write(cloud, hits("open", account.ada.contact_id, human=[hit()], mailing_id=mailing_id))

    names, ada = file(account, f"mailings/{mailing_id}/people.csv", "what=opened")

    assert '\'=HYPERLINK("x")' == ada[names.index("first_name")]
    assert "2026-11-21T10:00:00+00:00" == ada[names.index("first_ms")]


def test_files_hold_what_the_lists_tell(account, cloud, stream, run):
    mailing_id = run()
    happen(cloud, stream, mailing_id, account.ada.contact_id)
    names, first, *_ = file(account, f"mailings/{mailing_id}/links.csv")
    hour_names, hour = file(account, f"mailings/{mailing_id}/hours.csv", f"until_ms={AT_MS}")

    assert ("1", "https://b.example/") == (first[0], first[names.index("target")])
    assert ("2026-11-21T10:00:00+00:00", "1") == (hour[0], hour[hour_names.index("sent")])


# Rebuilding


def test_a_rebuild_tells_what_came_of_each_shard(account, cloud, stream, run, monkeypatch):
    mailing_id = run()
    happen(cloud, stream, mailing_id, account.ada.contact_id)
    monkeypatch.setattr(table, "sleep", lambda _: stream.flow())

    path = f"/api/mailings/{mailing_id}/rebuild"
    status, answer = account.call("POST", path, role=Role.ADMIN)

    assert (200, "", list(range(16))) == (
        status,
        answer["next"],
        [one["shard"] for one in answer["shards"]],
    )
    assert {"unchanged"} == {one["outcome"] for one in answer["shards"]}
    assert 403 == account.call("POST", path, role=Role.MARKETER)[0]


def test_a_rebuild_goes_on_where_the_time_ran_out(account, run, monkeypatch):
    monkeypatch.setattr("functions.admin.rebuilds.WHILE_S", -1)
    path = f"/api/mailings/{run()}/rebuild"
    found, after = [], ""
    while not found or after:
        status, answer = account.call("POST", path, query=f"after={after}")
        assert (200, 4) == (status, len(answer["shards"]))
        found += [one["shard"] for one in answer["shards"]]
        after = answer["next"]

    assert list(range(16)) == found


def test_who_is_gone_stays_in_the_numbers(account, cloud, stream, run):
    mailing_id = run()
    happen(cloud, stream, mailing_id, account.ada.contact_id)
    before = ask(account, f"mailings/{mailing_id}/evaluation")
    remove(cloud, message(account.ada.contact_id, mailing_id=mailing_id))
    stream.flow()

    assert before == ask(account, f"mailings/{mailing_id}/evaluation")
