"""A person's own page: what a link in a mail shows, what it changes, and what it never does."""

import base64
import json
import re
from dataclasses import replace
from email import message_from_string
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.subscribe import app, pages
from functions.subscribe.preference_pages import masked
from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.environment import environment
from signalbox.model.contact_list import ContactList
from signalbox.model.container import ContainerKind
from signalbox.model.mailing import Mailing, MailingState
from signalbox.model.membership import Subscription
from signalbox.model.message import Message, State, Verdict
from signalbox.model.tracking_permission import Answer, Permission, Purpose, Source, Voice
from signalbox.model.tracking_token import KeyRing, Token, TokenKind, signed
from signalbox.people import add_contact, erase
from signalbox.store import (
    contacts,
    lists,
    mailings,
    memberships,
    messages,
    table,
    tracking_permissions,
    unsubscribes,
)
from tests.cloud import TOKEN_KEYS, Context, http_event
from tests.people import ACCOUNT_ID
from tests.streams import Stream, announce

RING = KeyRing.from_text(TOKEN_KEYS)
FORM = "application/x-www-form-urlencoded"
ONE_CLICK = "List-Unsubscribe=One-Click"
MAILING_ID = "1795254840000123"
ADDRESS = "email:ada@signalbox.example"
ACTIVE, UNSUBSCRIBED = Subscription.ACTIVE, Subscription.UNSUBSCRIBED
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NOW = 1_795_254_840_000


class Reader:
    """Ada, on the lists News and Offers, and what she does with the link in a mail to News."""

    def __init__(self, account, cloud) -> None:
        self.account, self.cloud = account, cloud
        self.contact_id = account.ada.contact_id
        for list_id, name in (("77", "News"), ("78", "Offers <b>")):
            lists.create(ContactList(ACCOUNT_ID, list_id, name))
            memberships.subscribe(ACCOUNT_ID, self.contact_id, list_id, now_ms=NOW)
        self.mailed("77")

    def mailed(self, *list_ids: str) -> None:
        """Write a mailing to lists, and its message to Ada."""
        mailing = Mailing(
            account_id=ACCOUNT_ID,
            mailing_id=MAILING_ID,
            campaign_id="9",
            container=ContainerKind.EMAIL_CAMPAIGN,
            name="News, 2026-11-21",
            author="test",
            created_ms=NOW,
            state=MailingState.RUNNING,
            mode="personal",
            lists=list_ids,
            run=1,
        )
        table.put(environment().rules_table, mailings._item(mailing))
        wish = Message(ACCOUNT_ID, MAILING_ID, self.contact_id, State.CLAIMED, "me", 1, NOW)
        verdict, _ = messages.claim(wish, retry_run=0, expires=NOW // 1000 + 86_400)
        if verdict is Verdict.TAKEN:
            messages.settle(replace(wish, state=State.SENT, sent_ms=NOW, changed_ms=NOW))

    def path(self, **changes) -> str:
        """Return the path of Ada's page, as the mail has it."""
        token = Token(TokenKind.PERSON, ACCOUNT_ID, MAILING_ID, self.contact_id)
        return f"/u/{signed(token._replace(**changes), RING)}"

    def ask(self, method="GET", body=None, *, path="", kind=FORM, binary=False) -> dict:
        """Make a request without a key or a cookie."""
        event = http_event(method, path or self.path(), headers={"content-type": kind}, body=body)
        if binary:
            encoded = base64.b64encode(body.encode()).decode()
            event |= {"body": encoded, "isBase64Encoded": True}
        return app.handler(event, Context())

    def page(self, **options) -> str:
        """Return Ada's page; fail unless it is shown."""
        answer = self.ask(**options)
        assert 200 == answer["statusCode"], answer
        return answer["body"]

    def save(self, *kept: str, shown=("77", "78"), **answers: str) -> str:
        """Send the form with ticks at some lists; return the page that answers it."""
        fields = [("action", "save"), *(("shown", one) for one in shown)]
        fields += [*(("list", one) for one in kept), *answers.items()]
        return self.page(method="POST", body=urlencode(fields))

    def press(self, action: str) -> str:
        """Press one of the other buttons."""
        return self.page(method="POST", body=urlencode({"action": action}))

    def status(self, list_id: str) -> Subscription | None:
        """Return Ada's status on a list."""
        found = memberships.find(ACCOUNT_ID, self.contact_id, list_id)
        return found.status if found else None

    @property
    def permission(self) -> Permission:
        """Return what Ada says to being tracked."""
        return contacts.fetch(ACCOUNT_ID, self.contact_id).permission

    @property
    def is_barred(self) -> bool:
        """Tell whether Ada's address gets no marketing mail at all."""
        return bool(unsubscribes.find_many(ACCOUNT_ID, [ADDRESS]))

    def unsubscribed_ms(self) -> int:
        """Return when the message says that its reader unsubscribed by it."""
        return messages.states_of(ACCOUNT_ID, MAILING_ID, [self.contact_id])[
            self.contact_id
        ].unsubscribe_ms

    def tables(self) -> list:
        """Return everything that is stored."""
        return [self.cloud.items(name) for name in ("CONTACTS", "RULES", "TRACKING")]


@pytest.fixture(name="reader")
def _reader(account, cloud) -> Reader:
    return Reader(account, cloud)


class Outline(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Collect an element; the parser calls it."""
        self.elements.append((tag, dict(attrs)))

    def of(self, tag: str, **wanted: str) -> list[dict]:
        """Return the attributes of the elements of a kind that have these."""
        return [
            found
            for name, found in self.elements
            if name == tag and wanted.items() <= found.items()
        ]


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


MULTIPART = (
    '--b0und\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    "--b0und--\r\n"
)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("kind", "body"),
    [(FORM, ONE_CLICK), ("", ONE_CLICK), ("multipart/form-data; boundary=b0und", MULTIPART)],
    ids=["form", "no type", "multipart"],
)
def test_one_click_unsubscribes_at_once(reader, kind, body, binary):
    """RFC 8058: no cookie, no login, no redirect; done before it is answered.

    Ada leaves the list that the mailing went to, and stays on the other.
    """
    answer = reader.ask("POST", body, kind=kind, binary=binary)

    assert 200 == answer["statusCode"]
    assert not {"set-cookie", "location"} & {name.lower() for name in answer["headers"]}
    assert (UNSUBSCRIBED, ACTIVE) == (reader.status("77"), reader.status("78"))
    assert not reader.is_barred
    assert reader.unsubscribed_ms() > NOW


def test_one_click_twice_is_one_unsubscription(reader):
    reader.ask("POST", ONE_CLICK)
    before = reader.tables()
    answer = reader.ask("POST", ONE_CLICK)

    assert 200 == answer["statusCode"]
    assert before == reader.tables()


def test_one_click_leaves_every_list_of_the_mailing(reader):
    """And notes Ada on none that she never was on."""
    lists.create(ContactList(ACCOUNT_ID, "79", "Never"))
    reader.mailed("77", "78", "79")
    reader.ask("POST", ONE_CLICK)

    assert [UNSUBSCRIBED, UNSUBSCRIBED, None] == [reader.status(one) for one in ("77", "78", "79")]


@pytest.mark.parametrize(
    "mailing_id", ["0", "1795254840000999", MAILING_ID], ids=["none", "unknown", "to no list"]
)
def test_one_click_without_lists_ends_everything(reader, mailing_id):
    """Nobody can tell which list it was, so no marketing mail is left."""
    reader.mailed()
    path = reader.path(mailing_id=mailing_id)

    assert 200 == reader.ask("POST", ONE_CLICK, path=path)["statusCode"]
    assert (UNSUBSCRIBED, UNSUBSCRIBED) == (reader.status("77"), reader.status("78"))
    assert reader.is_barred


def test_an_unsubscription_is_an_event_of_the_public(reader, cloud):
    """Webhooks and rules are told of it as of any other."""
    stream = Stream(cloud)
    reader.ask("POST", ONE_CLICK)
    assert [] == announce(stream.records())
    (told,) = map(json.loads, cloud.waiting("EVENTS"))

    assert ("unsubscribe", "77") == (told["kind"], told["properties"]["list_id"])
    assert "public" == told["properties"]["initiated_from"]


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
        ("multipart/form-data", MULTIPART),
        ("multipart/form-data; boundary=other", MULTIPART),
        ("application/json", '{"List-Unsubscribe":"One-Click"}'),
    ],
)
def test_what_cannot_be_read_changes_nothing(reader, kind, body):
    before = reader.tables()

    assert 422 == reader.ask("POST", body, kind=kind)["statusCode"]
    assert before == reader.tables()


def test_lists_of_others_cannot_be_left(reader):
    """The ids in a form are anybody's; they mean the lists of the token's own contact."""
    bob = add_contact(ACCOUNT_ID, email="bob@signalbox.example")
    memberships.subscribe(ACCOUNT_ID, bob.contact_id, "77", now_ms=NOW)
    reader.save("78", shown=("77", "78", "9999", "../x", "", "-1"))

    assert ACTIVE is memberships.find(ACCOUNT_ID, bob.contact_id, "77").status
    assert UNSUBSCRIBED is reader.status("77")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": TokenKind.OPEN},
        {"kind": TokenKind.CLICK},
        {"account_id": "200000002"},
        {"contact_id": "1234"},
    ],
    ids=str,
)
def test_a_token_opens_its_own_page_only(reader, changes, method):
    """One for another purpose is none; another account or contact that is not there has no page."""
    before = reader.tables()
    body = "action=everything" if method == "POST" else None
    answer = reader.ask(method, body, path=reader.path(**changes))

    assert 404 == answer["statusCode"]
    assert before == reader.tables()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(alphabet="abcdefgXYZ0123456789-_", min_size=1, max_size=80))
def test_guessed_tokens_open_nothing(reader, text):
    assert 404 == reader.ask(path=f"/u/{text}")["statusCode"]
    assert 404 == reader.ask("POST", ONE_CLICK, path=f"/u/{text}")["statusCode"]


def test_a_changed_token_opens_nothing(reader):
    """Not one character of it can be another."""
    head, token = reader.path()[:3], reader.path()[3:]

    for place, mark in enumerate(token):
        other = "A" if mark != "A" else "B"
        path = f"{head}{token[:place]}{other}{token[place + 1 :]}"
        assert 404 == reader.ask(path=path)["statusCode"], place


def test_who_was_erased_has_no_page_and_no_mail(reader):
    """The mail program that unsubscribes them is told that it is done."""
    path = reader.path()
    erase(ACCOUNT_ID, reader.contact_id)
    before = reader.tables()

    assert 404 == reader.ask(path=path)["statusCode"]
    assert 200 == reader.ask("POST", ONE_CLICK, path=path)["statusCode"]
    assert before == reader.tables()


def test_the_page_of_the_same_contact_elsewhere_is_another(reader):
    """A token of another account reads nothing of this one, even where the contact's id is the same."""
    contacts.create(replace(reader.account.ada, account_id="200000002"))
    page = reader.page(path=reader.path(account_id="200000002"))
    reader.ask("POST", "action=everything", path=reader.path(account_id="200000002"))

    assert "News" not in page
    assert ACTIVE is reader.status("77")
    assert not reader.is_barred


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
