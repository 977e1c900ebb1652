"""`signalbox evaluation` and `signalbox rebuild`."""

import csv
from dataclasses import replace

import pytest

from cli import paging
from cli.screen import moment
from signalbox.model.mailing import MailingState
from signalbox.model.retention import DAY_MS
from signalbox.store import mailings, relay_days, table
from tests.campaigns import MAIL, made
from tests.mailed import AT_MS, TrackingStream, hit, hits, message, write
from tests.people import ACCOUNT_ID

LINKED = MAIL | {"html": '<a href="https://shop.example/a">Shop</a>'}


@pytest.fixture(name="stream")
def _stream(cloud, monkeypatch) -> TrackingStream:
    stream = TrackingStream(cloud)
    monkeypatch.setattr(table, "sleep", lambda _: stream.flow())
    return stream


@pytest.fixture(name="campaign_id")
def _campaign_id(account) -> str:
    campaign_id = made(account)
    assert 200 == account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", LINKED)[0]
    return campaign_id


@pytest.fixture(name="mailing_id")
def _mailing_id(account, cloud, stream, campaign_id) -> str:
    """A mailing to ten, one of whom, Ada, read and followed it."""
    _, drafted = account.call("POST", "/api/mailings", {"campaign_id": campaign_id})
    standing = mailings.fetch(ACCOUNT_ID, drafted["mailing_id"])
    facts = {"state": MailingState.FINISHED, "mode": "personal", "campaign_version": 1, "run": 1}
    started = replace(standing, started_ms=AT_MS, audience_size=10, name="News", **facts)
    mailings.save(started, since=standing)
    at = {"mailing_id": standing.mailing_id}
    ada = account.ada.contact_id
    skipped = [message(f"{n}", "skipped", reason="opted_out", **at) for n in (1, 2)]
    sent = [message(f"{n}", delivered_ms=AT_MS, **at) for n in (3, 4, 5, 6)]
    write(
        cloud,
        *skipped,
        *sent,
        message("7", hard_bounce_ms=AT_MS, **at),
        message(ada, delivered_ms=AT_MS, **at),
        hits("open", ada, human=[hit(1)], **at),
        hits("open", "3", machine=[hit(2)], **at),
        hits("click", ada, human=[hit(3, link=0)], **at),
    )
    stream.flow()
    return standing.mailing_id


def test_a_mailing_is_shown_as_a_funnel(stand, mailing_id):
    heading, *lines = stand.lines("evaluation", mailing_id)

    assert f"News: finished, started {moment(AT_MS)}, tracking personal" == heading
    assert [
        ["audience", "10", "█" * 30],
        ["suppressed", "2", "█" * 6, "opted_out", "2"],
        ["pending", "2", "█" * 6],
        ["sent", "6", "█" * 18],
        ["hard", "bounced", "1", "█" * 3],
        ["delivered", "5", "█" * 15, "83.3%", "of", "sent"],
        ["opened", "1", "█" * 3, *["20.0%", "of", "5", "tracked;", "1", "machines", "beside"]],
        ["clicked", "1", "█" * 3, *["20.0%", "of", "5", "tracked"]],
        ["unsubscribed", "0", *["0.0%", "of", "delivered"]],
        ["complained", "0", *["0.0%", "of", "delivered"]],
    ] == [line.split() for line in lines]


def test_programs_get_the_evaluation_as_the_api_tells_it(stand, account, mailing_id):
    _, told = account.call("GET", f"/api/mailings/{mailing_id}/evaluation")

    assert told == stand.read("evaluation", mailing_id)


def test_links_hours_and_people_are_shown_as_tables(stand, account, mailing_id):
    links = stand.lines("evaluation", mailing_id, "--links")
    hours = stand.lines("evaluation", mailing_id, "--hours")
    people = stand.lines("evaluation", mailing_id, "--people", "opened")
    machines = stand.lines("evaluation", mailing_id, "--people", "opened", "--seen", "machine")
    skipped = stand.lines("evaluation", mailing_id, "--people", "skipped")

    assert ["0", "1", "1", "0", "https://shop.example/a", "Shop"] == links[1].split()
    assert ["6", "1", "1", "1", "0"] == hours[1].split()[2:]
    assert [account.ada.contact_id, "ada@signalbox.example", "Ada"] == people[1].split()[:3]
    assert "3" == machines[1].split()[0]
    assert {"opted_out"} == {line.split()[-1] for line in skipped[1:]}
    nobody = stand.lines("evaluation", mailing_id, "--people", "complained")
    assert ["Nobody, or nobody of whom it may be known."] == nobody


def test_files_are_written_without_formulas(stand, account, mailing_id, tmp_path):
    named = {"contact": {"firstName": "=1+1"}}
    assert 200 == account.call("PUT", f"/api/3/contacts/{account.ada.contact_id}", named)[0]

    for option in (["--people", "opened"], ["--links"], ["--hours"]):
        answer = stand.read("evaluation", mailing_id, *option, "--csv", "out.csv")
        assert {"file": "out.csv", "rows": 1} == answer
        with (tmp_path / "out.csv").open(newline="") as file:
            names, row = csv.reader(file)
        assert len(names) == len(row)
        if "first_name" in names:
            assert "'=1+1" == row[names.index("first_name")]


def test_a_campaign_and_an_account_are_shown(stand, mailing_id, campaign_id):
    for options in (["--campaign", campaign_id], []):
        heading, audience, *_ = stand.lines("evaluation", *options)
        assert ("1 mailings", "10") == (heading, audience.split()[1])
    hours = stand.lines("evaluation", "--campaign", campaign_id, "--hours")
    assert ["6", "1", "1", "1", "0"] == hours[1].split()[2:]
    assert stand.lines("evaluation", "--days", "2", "--hours")


@pytest.mark.parametrize(
    "options",
    [
        ["1", "--campaign", "2"],
        ["1", "--links", "--hours"],
        ["--links"],
        ["--people", "opened"],
        ["1", "--csv", "x"],
        ["x"],
        ["--campaign", "x"],
        ["--campaign", "7"],
    ],
)
def test_what_makes_no_sense_is_not_asked(stand, options):
    assert 2 == stand.run("evaluation", *options).exit_code


def test_a_file_that_cannot_be_written_is_said_to(stand, mailing_id):
    result = stand.run("evaluation", mailing_id, "--links", "--csv", "no/such/folder.csv")

    assert (1, True) == (result.exit_code, "cannot be written" in result.stderr)


def test_a_rebuild_says_what_came_of_it(stand, mailing_id):
    expected = {
        "rebuilt": [
            {"mailing_id": mailing_id, "unchanged": 16, "corrected": 0, "moving": 0, "untold": 0}
        ]
    }
    assert [f"{mailing_id}  16 unchanged of 16 shards"] == stand.lines("rebuild", mailing_id)
    assert expected == stand.read("rebuild", "--all")


def test_a_rebuild_of_all_counts_relayed_mail_again_too(  # noqa: PLR0913, PLR0917 what is there
    stand, account, cloud, stream, mailing_id, campaign_id, monkeypatch
):
    """Over all pages, of mailings and of days; a draft has nothing to count."""
    monkeypatch.setattr(paging, "PAGE", 1)
    account.call("POST", "/api/mailings", {"campaign_id": campaign_id})
    days = ["20261119", "20261120", "20261121"]
    for day in days:
        relay_days.note(ACCOUNT_ID, day)
        write(cloud, hits("open", "7", human=[hit()], mailing_id=day))
    stream.records()  # are lost

    lines = stand.lines("rebuild", "--all")

    corrected = "15 unchanged, 1 corrected of 16 shards"
    assert [
        f"{mailing_id}  16 unchanged of 16 shards",
        *(f"{day}  {corrected}" for day in reversed(days)),
    ] == lines
    span = f"since_ms={AT_MS - 2 * DAY_MS}&until_ms={AT_MS}"
    assert 3 == account.call("GET", "/api/relay/evaluation", query=span)[1]["opened"]["human"]


def test_a_day_is_rebuilt_alone(stand, mailing_id):
    expected = {"day": "20261121", "unchanged": 16, "corrected": 0, "moving": 0, "untold": 0}

    assert {"rebuilt": [expected]} == stand.read("rebuild", "20261121")
    assert ["20261121  16 unchanged of 16 shards"] == stand.lines("rebuild", "20261121")


def test_a_rebuild_that_the_stream_is_behind_of_fails_and_says_so(stand, mailing_id, monkeypatch):
    monkeypatch.setattr(table, "sleep", lambda _: None)

    result = stand.run("rebuild", mailing_id)

    assert (1, True) == (result.exit_code, "untold" in result.stdout)
    assert "when it is quieter" in result.stderr


@pytest.mark.parametrize("options", [[], ["1", "--all"], ["x"]])
def test_a_rebuild_of_nothing_in_particular_is_not_asked(stand, options):
    assert 2 == stand.run("rebuild", *options).exit_code
