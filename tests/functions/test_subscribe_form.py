"""The public form: for everybody, whatever is sent to it; looking at it changes nothing."""

import base64
import email
import hashlib
import json
import re

import pytest

from functions.subscribe import app, pages
from signalbox.awsjson import AwsError
from signalbox.store import contacts
from tests.cloud import Context, http_event
from tests.outlines import Outline
from tests.sign_ups import FORM, UNCONFIRMED, Desk


def test_the_form_works_without_scripts_and_for_everybody(desk):
    """Each field has its label, the page its language and title, and nothing is loaded or run."""
    answer = desk.ask("GET")

    outline = Outline(answer["body"])
    assert 200 == answer["statusCode"]
    assert [{"lang": "en"}] == outline.of("html")
    assert "<title>Subscribe to News</title>" in answer["body"]
    assert [{"method": "post"}] == outline.of("form")
    fields = {field["id"]: field for field in outline.of("input")}
    assert fields.keys() == {label["for"] for label in outline.of("label")}
    assert "email" == fields["email"]["type"]
    assert {"required", "autocomplete"} <= fields["email"].keys()
    assert "-1" == fields["website"]["tabindex"]
    assert [] == [tag for tag, _ in outline.elements if tag in ("script", "img", "link", "iframe")]
    assert [] == [1 for _, attributes in outline.elements if "style" in attributes]
    assert "prefers-color-scheme: dark" in answer["body"]
    headers = answer["headers"]
    assert "text/html; charset=utf-8" == headers["Content-Type"]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "no-referrer" == headers["Referrer-Policy"]
    assert "set-cookie" not in {name.lower() for name in headers}
    assert not answer.get("cookies")


def test_looking_changes_nothing(desk):
    """GET and HEAD of every page, known or not, leave the tables as they are."""
    before = desk.tables()

    for path in (
        desk.path,
        "/subscribe/x",
        "/subscribe/confirm/x",
        "/subscribe/confirm/" + "A" * 66,
    ):
        for method in ("GET", "HEAD"):
            desk.ask(method, path)

    assert before == desk.tables()
    assert [] == desk.cloud.mails()


def test_a_program_that_fills_in_everything_gets_nowhere(desk):
    answer = desk.sign_up(website="http://spam.example")

    assert desk.sign_up("other@signalbox.example") == answer
    assert None is desk.membership()
    assert 1 == len(desk.links())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "eve",
        "eve@",
        "@signalbox.example",
        "e v@signalbox.example",
        "eve@signalbox.example\r\nBcc: x@y.example",
        "x" * 300 + "@a.example",
    ],
)
def test_what_is_no_address_is_said(desk, address):
    """The page says so beside the field, keeps what was written, and nothing is stored."""
    before = desk.tables()

    answer = desk.sign_up(address, first_name='"><script>alert(1)</script>')

    assert 422 == answer["statusCode"]
    outline = Outline(answer["body"])
    fields = {field["id"]: field for field in outline.of("input")}
    assert "fault" == fields["email"]["aria-describedby"]
    assert '"><script>alert(1)</script>' == fields["first_name"]["value"]
    assert [] == outline.of("script")
    assert (before, []) == (desk.tables(), desk.cloud.mails())


def test_a_body_that_cannot_be_read(desk):
    for body, kind in [
        ("{", "application/json"),
        ("[]", "application/json"),
        ("[" * 10_000, "application/json"),
        ('{"email": 7}', "application/json"),
        ('{"email": "\\ud800@signalbox.example"}', "application/json"),
        ("email=%ff", FORM),
        ("a=1&" * 100, FORM),
        ("email=" + "x" * 20_000, FORM),
        (None, FORM),
    ]:
        answer = desk.ask("POST", body=body, kind=kind)

        assert 422 == answer["statusCode"], body
    assert [] == desk.cloud.mails()


def test_a_form_arrives_as_api_gateway_sends_it(desk):
    """The gateway hands a form on in base64."""
    event = http_event("POST", desk.path, headers={"content-type": FORM})
    event |= {
        "body": base64.b64encode(b"email=eve%40signalbox.example&first_name=Gr%C3%A4fin").decode(),
        "isBase64Encoded": True,
    }

    assert 200 == app.handler(event, Context())["statusCode"]

    contact = contacts.fetch(desk.account_id, desk.membership().contact_id)
    assert "Gräfin" == contact.first_name


def test_json_is_answered_in_json(desk):
    def ask(body, path=""):
        answer = desk.ask("POST", path, body=body, kind="application/json; charset=utf-8")
        return answer["statusCode"], json.loads(answer["body"])

    status, answer = ask({"email": "eve@signalbox.example", "first_name": "Eve"})
    assert (200, {"message"}, UNCONFIRMED) == (status, set(answer), desk.status())
    status, answer = ask({"email": "eve"})
    assert (422, "email") == (status, answer["errors"][0]["field"])
    status, answer = ask({"email": "eve@signalbox.example"}, "/subscribe/100000001-5")
    assert (404, "there is no such list") == (status, answer["errors"][0]["message"])


@pytest.mark.parametrize(
    "name",
    [
        "100000001-5",
        "100000001",
        "999999999-77",
        "100000001-77x",
        "077",
        "%00",
        "é-1",
        "100000001-",
        "a/b",
    ],
)
def test_an_unknown_list_has_a_page(desk, name):
    for method in ("GET", "HEAD", "POST"):
        answer = desk.ask(method, f"/subscribe/{name}", body="email=eve%40signalbox.example")

        assert 404 == answer["statusCode"]
        assert "text/html; charset=utf-8" == answer["headers"]["Content-Type"]
        assert "Content-Security-Policy" in answer["headers"]
    assert None is desk.membership()


def test_a_list_for_phones_takes_no_addresses(account, cloud):
    desk = Desk(account, cloud, channel="sms")

    assert [404, 404] == [desk.ask("GET")["statusCode"], desk.sign_up()["statusCode"]]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x>',
        "x\r\nBcc: evil@signalbox.example",
        "a\u2028b",
        "ä 尺 🎉" * 60,
    ],
)
def test_a_hostile_name_of_a_list_stays_text(account, cloud, name):
    """On every page and in the mail, whose headers it cannot add to."""
    desk = Desk(account, cloud, name=name)
    shown = [desk.ask("GET"), desk.sign_up()]
    (link,) = desk.links()
    shown += [desk.ask("GET", link), desk.ask("POST", link)]

    for answer in shown:
        assert 200 == answer["statusCode"]
        outline = Outline(answer["body"])
        assert ([], []) == (outline.of("script"), outline.of("img"))
    message = email.message_from_string(desk.cloud.mails()[0])
    assert None is message["Bcc"]
    assert "<script" not in message.get_payload(1).get_payload(decode=True).decode()


def test_what_a_contact_is_called_is_not_for_strangers_to_say(desk):
    desk.sign_up("ada@signalbox.example", first_name="Mallory")

    assert "Ada" == contacts.fetch(desk.account_id, desk.account.ada.contact_id).first_name


def test_a_table_that_does_not_answer_is_said(desk, monkeypatch):
    def fail(operation, **request):
        raise AwsError("InternalServerError", "no", 500, {})

    monkeypatch.setattr(contacts.table, "dynamodb", fail)

    assert 503 == desk.sign_up()["statusCode"]
    assert 503 == desk.ask("GET")["statusCode"]


def test_the_style_is_the_one_that_the_policy_allows():
    allowed = re.search(r"sha256-([^']+)'", pages.HEADERS["Content-Security-Policy"])[1]
    page = pages.message_page("t", "m")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]

    assert allowed == base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
