"""A person's own page: what a link in a mail shows, what it changes, and what it never does."""

import re
from email import message_from_string
from urllib.parse import urlencode

import pytest

from functions.subscribe import pages
from functions.subscribe.preference_pages import masked
from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.contact_list import ContactList
from signalbox.model.tracking_permission import Permission, Purpose, Source, Voice
from signalbox.store import lists, memberships, tracking_permissions
from tests.outlines import Outline
from tests.people import ACCOUNT_ID
from tests.readers import ACTIVE, FORM, MULTIPART, NO, NOW, ONE_CLICK, UNSUBSCRIBED, YES


def test_the_page_shows_lists_and_permission(reader):
    """The lists that Ada is on are ticked, and nothing is chosen that she did not say."""
    page = Outline(reader.page())

    ticked = page.of("input", type="checkbox", name="list")
    assert ["77", "78"] == [one["value"] for one in ticked if "checked" in one]
    for name in ("opens", "clicks"):
        radios = page.of("input", type="radio", name=name)
        assert [("yes", False), ("no", False)] == [
            (one["value"], "checked" in one) for one in radios
        ]
    assert [{"method": "post"}] * 2 == page.of("form")


def test_the_page_shows_what_was_said(reader):
    voice = Voice(Source.API, "key", NOW)
    said = {Purpose.OPEN: YES, Purpose.CLICK: NO}
    tracking_permissions.change(ACCOUNT_ID, reader.contact_id, said, voice)
    page = Outline(reader.page())

    checked = {
        (one["name"], one["value"]) for one in page.of("input", type="radio") if "checked" in one
    }
    assert {("opens", "yes"), ("clicks", "no")} == checked


def test_the_page_names_nobody(reader):
    """Mails get forwarded: neither the address nor a name stands on the page."""
    page = reader.page()

    assert "a***@signalbox.example" in page
    assert "ada@" not in page.lower()
    assert not re.search(r"\bAda\b", page)
    assert reader.contact_id not in page


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("ada@example.com", "a***@example.com"),
        ("a@example.com", "***@example.com"),
        ("äöü@bücher.example", "ä***@bücher.example"),
        ('"a b"@example.com', '"***@example.com'),
        ("", "you"),
    ],
)
def test_an_address_is_masked(email, shown):
    assert shown == masked(email)


def test_names_of_lists_are_no_html(reader):
    assert "Offers &lt;b&gt;" in reader.page()


def test_the_page_needs_no_script_and_loads_nothing(reader):
    """Every field has a label or a legend; nothing comes from elsewhere, and nothing leads there."""
    answer = reader.ask()
    page = Outline(answer["body"])

    assert {"script", "img", "link", "iframe", "a"}.isdisjoint(tag for tag, _ in page.elements)
    assert 3 == len(page.of("fieldset")) == len(page.of("legend"))
    assert len(page.of("label")) == len(page.of("input", type="radio")) + len(
        page.of("input", type="checkbox")
    )
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert {name.lower(): value for name, value in pages.HEADERS.items()}.items() <= headers.items()
    assert not {"set-cookie", "location"} & set(headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(reader, method):
    """Mail scanners follow every link, as often as they like."""
    before = reader.tables()
    answers = [reader.ask(method) for _ in range(2)]

    assert [200, 200] == [one["statusCode"] for one in answers]
    assert before == reader.tables()
    assert (method == "HEAD") is (answers[0]["body"] == "")


def test_the_form_changes_lists_and_permission(reader):
    page = reader.save("78", opens="no", clicks="yes")

    assert 'role="status"' in page
    assert (UNSUBSCRIBED, ACTIVE) == (reader.status("77"), reader.status("78"))
    assert Permission(NO, YES) == reader.permission
    entries, _ = tracking_permissions.of_contact(ACCOUNT_ID, reader.contact_id, limit=10)
    assert {("page", "contact")} == {(one.source, one.actor) for one in entries}
    assert reader.unsubscribed_ms() > NOW


def test_the_form_leaves_alone_what_it_did_not_show(reader):
    """Whoever was put on a list since the page was loaded stays there."""
    lists.create(ContactList(ACCOUNT_ID, "79", "Since"))
    memberships.subscribe(ACCOUNT_ID, reader.contact_id, "79", now_ms=NOW)
    reader.save("77")

    assert [ACTIVE, UNSUBSCRIBED, ACTIVE] == [reader.status(one) for one in ("77", "78", "79")]


def test_the_form_saved_as_it_came_changes_nothing(reader):
    before = reader.tables()
    reader.save("77", "78")

    assert before == reader.tables()


def test_everything_ends_lists_mail_and_tracking(reader):
    page = reader.press("everything")

    assert (UNSUBSCRIBED, UNSUBSCRIBED) == (reader.status("77"), reader.status("78"))
    assert reader.is_barred
    assert Permission(NO, NO) == reader.permission
    assert "Allow mail again" in page
    assert reader.unsubscribed_ms() > NOW
    entries, _ = tracking_permissions.of_contact(ACCOUNT_ID, reader.contact_id, limit=10)
    assert {("no", "unsubscribed from everything")} == {(one.answer, one.note) for one in entries}


def test_mail_is_allowed_again_without_putting_anybody_on_a_list(reader):
    """Nor does it say yes to tracking."""
    reader.press("everything")
    reader.press("again")

    assert not reader.is_barred
    assert UNSUBSCRIBED is reader.status("77")
    assert Permission(NO, NO) == reader.permission


def test_a_form_for_a_list_that_was_deleted_meanwhile_is_done(reader):
    lists.delete(ACCOUNT_ID, "77", NOW)
    reader.save("78")

    assert ACTIVE is reader.status("78")


def test_who_is_on_no_list_has_a_page(reader):
    reader.save()

    assert "You are on none of our lists." in reader.page()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, ""),
        (FORM, "list=77"),
        (FORM, "action=delete"),
        (FORM, "action=one-click"),
        (FORM, "action=save&action=everything"),
        (FORM, "action=save&opens=maybe"),
        (FORM, "List-Unsubscribe=Two-Click"),
        (FORM, "x=%ff"),
        (FORM, "action=save&" + "shown=1&" * 3000),
        (FORM, "x" * 70_000),
        ("multipart/form-data", MULTIPART.replace("One", "Two")),
        ("multipart/form-data; boundary=other", MULTIPART.replace("One", "Two")),
        ("application/json", '{"List-Unsubscribe":"One-Click"}'),
    ],
)
def test_what_cannot_be_read_changes_nothing(reader, kind, body):
    before = reader.tables()

    assert 422 == reader.ask("POST", body, kind=kind)["statusCode"]
    assert before == reader.tables()


def test_aws_that_fails_is_told_and_may_be_asked_again(reader, monkeypatch):
    through = aws.dynamodb

    def failing(operation, **request):
        if operation == "TransactWriteItems":
            raise AwsError("InternalServerError", "", 500, {})
        return through(operation, **request)

    monkeypatch.setattr("signalbox.store.table.dynamodb", failing)
    assert 503 == reader.ask("POST", ONE_CLICK)["statusCode"]
    assert ACTIVE is reader.status("77")
    monkeypatch.setattr("signalbox.store.table.dynamodb", through)
    assert 200 == reader.ask("POST", ONE_CLICK)["statusCode"]
    assert UNSUBSCRIBED is reader.status("77")


def test_who_unsubscribed_from_everything_signs_up_by_mail_only(reader):
    """Anybody can fill in the form: only the link in a mail ends the unsubscription."""
    reader.press("everything")
    lists.create(ContactList(ACCOUNT_ID, "80", "Open"))
    sign_up = urlencode({"email": "ada@signalbox.example"})
    assert 200 == reader.ask("POST", sign_up, path=f"/subscribe/{ACCOUNT_ID}-80")["statusCode"]

    assert reader.is_barred
    assert ACTIVE is not reader.status("80")
    (mail,) = reader.cloud.mails()
    text = message_from_string(mail).get_payload(0).get_payload(decode=True).decode()
    link = re.search(r"/subscribe/confirm/\S+", text)[0]
    assert 200 == reader.ask("POST", path=link)["statusCode"]
    assert ACTIVE is reader.status("80")
    assert not reader.is_barred
