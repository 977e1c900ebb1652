"""What a mail of a mailing holds: pixel, tracked links, headers to leave by, tags for feedback."""

import re
from email.message import Message as Mime

import pytest

from signalbox import aws
from signalbox.model.tracking_permission import Answer, Purpose, Source, Voice
from signalbox.model.tracking_token import KeyRing, TokenKind, read
from signalbox.store import tracking_permissions
from tests import mailings as town
from tests.cloud import TOKEN_KEYS, client, forget
from tests.mailings import ACCOUNT_ID, MAILING_ID, contact_id
from tests.sends import LIST, NOON_MS, one_mail


def body(mail: Mime, kind: str = "html") -> str:
    """Return the HTML or the text of a mail."""
    parts = [one for one in mail.walk() if one.get_content_type() == f"text/{kind}"]
    return parts[0].get_payload(decode=True).decode() if parts else ""


def test_a_mail_has_a_pixel_and_tracked_links_that_name_nobody_unless_allowed(workers, cloud):
    """The account's default is anonymous: tokens hold a nonce, and the same one in a mail."""
    html = body(one_mail(workers))
    ring = KeyRing.from_text(TOKEN_KEYS)
    pixel = read(re.search(r"https://api.example/o/([\w-]+)", html)[1], ring, TokenKind.OPEN)
    clicked = re.search(r"https://api.example/c/([\w-]+)/", html)[1]
    click = read(clicked, ring, TokenKind.CLICK, "https://shop.example/?a=1&b=2")

    assert ("", MAILING_ID) == (pixel.contact_id, pixel.mailing_id)
    assert pixel.nonce
    assert (pixel.nonce, 0) == (click.nonce, click.link)
    (message,) = town.all_messages()
    assert ("anonymous", "anonymous") == (message.mode, message.click_mode)


@pytest.mark.parametrize(
    ("mode", "answers", "expected"),
    [
        ("personal", {}, ("personal", "personal")),
        ("personal", {Purpose.OPEN: Answer.NO}, ("off", "personal")),
        ("permission", {Purpose.CLICK: Answer.YES}, ("anonymous", "personal")),
        ("anonymous", {Purpose.CLICK: Answer.NO}, ("anonymous", "off")),
        ("off", {Purpose.OPEN: Answer.YES}, ("off", "off")),
    ],
)
def test_a_message_is_tracked_as_its_contact_permits(workers, cloud, mode, answers, expected):
    """Pixel and links are there, and name the contact, as far as mode and answers allow."""
    town.write_contacts(cloud, 1, list_ids=[LIST])
    if answers:
        voice = Voice(Source.API, "key", NOON_MS)
        tracking_permissions.change(ACCOUNT_ID, contact_id(0), answers, voice)
    html = body(one_mail(workers, tracking_mode=mode))

    (message,) = town.all_messages()
    assert expected == (message.mode, message.click_mode)
    assert (expected[0] != "off") is ("/o/" in html)
    assert (expected[1] != "off") is ("/c/" in html)
    ring = KeyRing.from_text(TOKEN_KEYS)
    for token in re.findall(r"https://api.example/o/([\w-]+)", html):
        owner = contact_id(0) if expected[0] == "personal" else ""
        assert owner == read(token, ring, TokenKind.OPEN).contact_id


def test_marketing_mail_can_be_unsubscribed_by_one_click(workers, cloud, monkeypatch):
    """List-Unsubscribe names the person's page and the mailbox, List-Unsubscribe-Post the click."""
    monkeypatch.setenv("UNSUBSCRIBE_MAILBOX", "leave@signalbox.example")
    forget()
    mail = one_mail(workers)
    token = re.search(r"<https://api.example/u/([\w-]+)>", mail["List-Unsubscribe"])[1]
    person = read(token, KeyRing.from_text(TOKEN_KEYS), TokenKind.PERSON)

    assert (contact_id(0), MAILING_ID) == (person.contact_id, person.mailing_id)
    assert "<mailto:leave@signalbox.example?subject=unsubscribe%20" in mail["List-Unsubscribe"]
    assert "List-Unsubscribe=One-Click" == mail["List-Unsubscribe-Post"]


def test_transactional_mail_offers_no_unsubscribing(workers):
    assert one_mail(workers, marketing=False)["List-Unsubscribe"] is None


def test_text_becomes_html_where_it_is_tracked(workers):
    mail = one_mail(workers, html="", text="Look: https://shop.example/")

    assert "/c/" in body(mail)
    assert "https://shop.example/" in body(mail, "plain")


def test_the_mail_carries_what_feedback_needs(workers, cloud, monkeypatch):
    """Tags of account, mailing and contact, and the configuration set that publishes events."""
    monkeypatch.setenv("MAIL_CONFIGURATION_SET", "events")
    forget()
    requests = []
    real = aws.call

    def call(service, operation, **request):
        if operation == "SendEmail":
            requests.append(request)
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    client("sesv2").create_configuration_set(ConfigurationSetName="events")
    one_mail(workers)

    tags = {one["Name"]: one["Value"] for one in requests[0]["EmailTags"]}
    assert {"account": ACCOUNT_ID, "mailing": MAILING_ID, "contact": contact_id(0)}.items() <= (
        tags.items()
    )
    assert "events" == requests[0]["ConfigurationSetName"]
