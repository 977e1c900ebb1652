"""`signalbox campaigns`."""

import json

import pytest

from cli import paging
from tests.campaigns import MAIL, TEXT, made
from tests.phones import phones


@pytest.fixture(name="campaign")
def _campaign(account) -> str:
    """An e-mail campaign with content."""
    campaign_id = made(account, name="Summer")
    account.call("PUT", f"/api/email-campaigns/{campaign_id}/content", MAIL)
    return campaign_id


def read(account, campaign):
    """Return what the campaign says."""
    return account.call("GET", f"/api/email-campaigns/{campaign}/content")[1]


def test_campaigns_are_listed_over_all_pages(stand, account, campaign, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 1)
    other = made(account, name="Winter")
    by_text = made(account, "sms-campaigns", name="Texts")

    listed = stand.lines("campaigns", "list")

    assert [[campaign, "active", "0", "Summer"], [other, "active", "0", "Winter"]] == [
        line.split() for line in listed[1:]
    ]
    assert [by_text] == [
        one["container_id"] for one in stand.read("campaigns", "list", "--sms")["campaigns"]
    ]


def test_no_campaigns_say_so(stand):
    assert ["There are no campaigns."] == stand.lines("campaigns", "list")


def test_one_is_shown(stand, account, campaign):
    lists = [made(account, "lists")]
    wanted = MAIL | {"audience": {"lists": lists}, "text": "%FIRTSNAME%"}
    account.call("PUT", f"/api/email-campaigns/{campaign}/content", wanted)

    lines = stand.lines("campaigns", "show", campaign)

    assert [
        ["id", campaign],
        ["name", "Summer"],
        ["status", "active"],
        ["subject", "News for %FIRSTNAME%"],
        ["lists", lists[0]],
        ["tracking", "as the account's"],
        ["version", "2"],
    ] == [line.split(maxsplit=1) for line in lines[:7]]
    assert any("%FIRTSNAME% is no personalisation tag" in line for line in lines)
    shown = stand.read("campaigns", "show", campaign)
    assert ("Summer", 2) == (shown["campaign"]["name"], shown["content"]["version"])


@pytest.mark.parametrize(
    ("kind", "options"), [("email-campaigns", ()), ("sms-campaigns", ("--sms",))]
)
def test_one_is_made_changed_and_deleted(stand, account, kind, options):
    """What is not given stays."""
    mailer_id = account.call("POST", "/api/mailers", {"name": "Acme"})[1]["mailer_id"]
    given = ("--name", "Spring", "--notes", "first", "--mailer", mailer_id)
    (said,) = stand.lines("campaigns", "add", *given, *options)
    (made_one,) = account.call("GET", f"/api/{kind}")[1]["containers"]
    campaign_id = made_one["container_id"]

    changes = ("--name", "Summer", "--notes", "", "--status", "archived")
    changed = stand.lines("campaigns", "change", campaign_id, *changes, *options)
    (known,) = account.call("GET", f"/api/{kind}")[1]["containers"]
    deleted = stand.lines("campaigns", "delete", campaign_id, *options)

    assert (f"Made campaign {campaign_id}.", "Spring", "first", mailer_id) == (
        said,
        *(made_one[name] for name in ("name", "notes", "mailer_id")),
    )
    assert [f"Campaign {campaign_id} is changed."] == changed
    assert ("Summer", "", mailer_id, "archived") == tuple(
        known[name] for name in ("name", "notes", "mailer_id", "status")
    )
    assert [f"Campaign {campaign_id} is deleted."] == deleted
    assert [] == account.call("GET", f"/api/{kind}")[1]["containers"]


def test_programs_are_told_what_was_deleted(stand, campaign):
    assert {"deleted": campaign} == stand.read("campaigns", "delete", campaign)


def test_a_change_of_nothing_is_not_asked(stand):
    assert 2 == stand.run("campaigns", "change", "1").exit_code
    assert [] == stand.server.requests


def test_one_that_is_protected_says_so(stand, account, campaign):
    _, draft = account.call("POST", "/api/mailings", {"campaign_id": campaign})
    account.call("POST", f"/api/mailings/{draft['mailing_id']}/start")

    assert "protected  yes, 1 mailings" in stand.lines("campaigns", "show", campaign)
    assert [f"Paused mailing {draft['mailing_id']}.", "The content can be changed."] == stand.lines(
        "campaigns", "unprotect", campaign
    )
    assert ["The content is protected."] == stand.lines("campaigns", "protect", campaign)


def test_going_back_where_nothing_is_under_way_says_so(stand, campaign):
    assert ["The content has no mailing under way, and can be changed."] == stand.lines(
        "campaigns", "protect", campaign
    )


def test_content_comes_from_files(stand, account, campaign, tmp_path):
    (tmp_path / "mail.html").write_text("<p>Grüße</p>")
    (tmp_path / "mail.txt").write_text("Hi")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (tmp_path / "b.unknown-type").write_bytes(b"b")
    files = ("--html", "mail.html", "--text", "mail.txt", "--attach", "a.pdf")

    said = stand.lines("campaigns", "content", campaign, "--subject", "New", *files)
    stand.lines("campaigns", "content", campaign, "--attach", "b.unknown-type", "--attach", "a.pdf")

    assert "This is version 2." == said[0]
    assert said[1].startswith("Look at: ")
    content = read(account, campaign)
    assert ("New", "<p>Grüße</p>", "Hi", 3) == (
        content["subject"],
        content["html"],
        content["text"],
        content["version"],
    )
    assert [("b.unknown-type", "application/octet-stream"), ("a.pdf", "application/pdf")] == [
        (one["name"], one["media_type"]) for one in content["attachments"]
    ]


def test_what_is_printed_can_be_written(stand, account, campaign, tmp_path):
    printed = "\n".join(stand.lines("campaigns", "content", campaign))
    (tmp_path / "content.json").write_text(json.dumps(json.loads(printed) | {"text": "Bye"}))

    said = stand.lines("campaigns", "content", campaign, "--file", "content.json")

    assert "This is version 2." == said[0]
    assert "Bye" == read(account, campaign)["text"]
    (tmp_path / "shown.json").write_text(json.dumps(stand.read("campaigns", "content", campaign)))
    again = stand.lines("campaigns", "content", campaign, "--file", "shown.json")
    assert "This is version 2." == again[0]


@pytest.mark.parametrize(
    ("name", "content", "option", "said"),
    [
        ("a.json", b"{", "--file", "a.json is no JSON"),
        ("a.json", b"[]", "--file", "a.json holds no JSON object"),
        ("a.txt", b"\xff", "--text", "a.txt is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_no_content(  # noqa: PLR0913, PLR0917 what is tried
    stand, campaign, tmp_path, name, content, option, said
):
    (tmp_path / name).write_bytes(content)

    result = stand.run("campaigns", "content", campaign, option, name)

    assert 2 == result.exit_code
    assert said in result.stderr


def test_a_test_is_sent(stand, account, campaign, cloud):
    lines = stand.lines("campaigns", "test", campaign, "--to", "eve@signalbox.example")

    assert ["eve@signalbox.example", "sent"] == lines[1].split()
    assert 1 == len(cloud.mails())
    result = stand.run("campaigns", "test", campaign)
    assert (2, "signalbox: Say to whom: --to an address, or --contact.\n") == (
        result.exit_code,
        result.stderr,
    )


def test_texts_are_tested_and_shown_too(stand, account, monkeypatch):
    campaign = made(account, "sms-campaigns")
    account.call("PUT", f"/api/sms-campaigns/{campaign}/content", TEXT)

    assert "segments  1" in stand.lines("campaigns", "show", campaign, "--sms")
    with phones(monkeypatch) as kept:
        stand.lines("campaigns", "test", campaign, "--sms", "--to", "+4930123456")
    assert 1 == len(kept.sent)


def test_what_is_no_id_is_not_asked_for(stand):
    result = stand.run("campaigns", "show", "../rules")

    assert (2, "signalbox: '../rules' is no id of a campaign.\n") == (
        result.exit_code,
        result.stderr,
    )
