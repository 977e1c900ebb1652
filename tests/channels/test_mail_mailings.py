"""Facts of channels/mail.py and channels/mime.py: what a mailing's mails have beside others."""

import email
import re
from email.header import decode_header, make_header
from email.policy import compat32, default
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signalbox import aws
from signalbox.channels import mime
from signalbox.channels.mail import Attachment, Mail, MailRejectedError, build, send
from signalbox.model.mail_content import compiled
from signalbox.model.personalisation import Values, one_line

MAILS = sorted(Path(__file__).parents[1].joinpath("model", "mails").glob("*.html"))
MAILTO = "mailto:unsubscribe@example.com?subject=157-a"
URL = "https://t.example/u/" + "a" * 60
PDF = Attachment("Größe 1.pdf", "application/pdf", bytes(range(256)) * 20)


def a_mail(**changes) -> Mail:
    """Return a usual mail of a mailing, with changes."""
    parts = {
        "message_id": "157-1790000000000-abc",
        "sender": "news@example.com",
        "recipient": "ada@example.com",
        "subject": "News",
        "text": "Hello!\n",
        "html": "<p>Hello!</p>\n",
    }
    return Mail(**(parts | changes))


def parsed(mail: Mail):
    """Read a built mail as a mail program does."""
    raw = build(mail)
    message = email.message_from_bytes(raw, policy=default)

    assert [] == [defect for part in message.walk() for defect in part.defects]
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    return message


def body(message, kind: str) -> str:
    """Return the body of a kind (`plain`, `html`)."""
    part = message.get_body(preferencelist=(kind,))

    assert part is not None
    return part.get_content()


# --- List-Unsubscribe ----------------------------------------------------------------------------


def test_a_mail_offers_to_unsubscribe_by_mail_and_by_one_click():
    """RFC 2369 sections 2 and 3.2: URIs in angle brackets, the preferred one first.

    RFC 8058 section 3.1: one https URI, and one `List-Unsubscribe-Post` with just this value.
    """
    raw = build(a_mail(unsubscribe_mailto=MAILTO, unsubscribe_url=URL))
    message = email.message_from_bytes(raw, policy=compat32)

    assert [f"<{MAILTO}>, <{URL}>"] == message.get_all("List-Unsubscribe")
    assert ["List-Unsubscribe=One-Click"] == message.get_all("List-Unsubscribe-Post")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, (None, None)),
        ({"unsubscribe_mailto": MAILTO}, (f"<{MAILTO}>", None)),
        ({"unsubscribe_url": URL}, (f"<{URL}>", "List-Unsubscribe=One-Click")),
        ({"unsubscribe_url": "HTTPS://t/u"}, ("<HTTPS://t/u>", "List-Unsubscribe=One-Click")),
        ({"unsubscribe_url": "http://127.0.0.1:1/u"}, ("<http://127.0.0.1:1/u>", None)),
    ],
)
def test_one_click_is_offered_over_https_alone(given_, expected):
    message = parsed(a_mail(**given_))

    assert expected == (message["List-Unsubscribe"], message["List-Unsubscribe-Post"])


def test_long_unsubscribe_addresses_stay_addresses():
    mailto, url = "mailto:u@example.com?subject=" + "b" * 850, "https://t.example/" + "a" * 850
    raw = build(a_mail(unsubscribe_mailto=mailto, unsubscribe_url=url))
    [value] = email.message_from_bytes(raw).get_all("List-Unsubscribe")

    assert [f"<{mailto}>,", f"<{url}>"] == value.split()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


BAD_URIS = [
    "a b",
    "x>, <mailto:all@example.com",
    "<",
    "a\r\nBcc: b@example.com",
    "ä",
    "a\n",
    "\x00",
]
BAD_URIS += ["a" * 900]


@pytest.mark.parametrize("end", BAD_URIS)
@pytest.mark.parametrize(
    ("name", "start"), [("unsubscribe_mailto", "mailto:"), ("unsubscribe_url", "https://")]
)
def test_no_unsubscribe_address_is_more_than_one(name, start, end):
    with pytest.raises(MailRejectedError, match=name):
        build(a_mail(**{name: start + end}))


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("unsubscribe_mailto", "u@example.com"),
        ("unsubscribe_mailto", "https://t.example/"),
        ("unsubscribe_url", "mailto:u@example.com"),
        ("unsubscribe_url", "javascript:alert(1)"),
        ("unsubscribe_url", "t.example/u"),
    ],
)
def test_an_unsubscribe_address_is_of_its_kind(name, uri):
    with pytest.raises(MailRejectedError, match=name):
        build(a_mail(**{name: uri}))


@pytest.mark.parametrize("name", ["List-Unsubscribe", "list-unsubscribe-post", "X-A"])
def test_no_header_stands_twice(name):
    """A second `List-Unsubscribe` makes mail programs ignore both."""
    with pytest.raises(MailRejectedError, match="twice"):
        build(a_mail(unsubscribe_url=URL, headers=((name, "<x>"), ("X-A", "y"), ("x-a", "z"))))


# --- tags ----------------------------------------------------------------------------------------


@pytest.fixture
def requests(monkeypatch):
    """Stand in for SES: keep the requests."""
    kept: list[dict] = []
    monkeypatch.setattr(
        aws, "call", lambda *_, **request: kept.append(request) or {"MessageId": "ses-1"}
    )
    return kept


def test_ses_is_told_our_message_its_mailing_and_what_postmasters_see(requests):
    send(a_mail(tags=(("mailing_id", "1-a"), ("account_id", "7")), feedback_ids=("autumn", "shop")))

    assert [
        ("dispatch_id", "157-1790000000000-abc"),
        ("mailing_id", "1-a"),
        ("account_id", "7"),
        ("ses:feedback-id-a", "autumn"),
        ("ses:feedback-id-b", "shop"),
    ] == [(tag["Name"], tag["Value"]) for tag in requests[0]["EmailTags"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": ""},
        {"message_id": "a b"},
        {"message_id": "a" * 257},
        {"message_id": "a\n"},
        {"tags": (("a:b", "c"),)},
        {"tags": (("", "c"),)},
        {"tags": (("a", "ä"),)},
        {"tags": (("a", "c@d.example"),)},
        {"feedback_ids": ("a:b",)},
        {"feedback_ids": ("a", "b", "c")},
    ],
)
def test_tags_that_ses_refuses_are_refused_before_it_is_asked(changes, requests):
    with pytest.raises(MailRejectedError):
        send(a_mail(**changes))

    assert [] == requests


def test_an_unusual_address_is_the_same_in_the_head_and_for_ses(requests):
    send(a_mail(recipient='"a b"@bücher.example'))
    [request] = requests

    assert ['"a b"@xn--bcher-kva.example'] == request["Destination"]["ToAddresses"]
    assert b'\r\nTo: "a b"@xn--bcher-kva.example\r\n' in request["Content"]["Raw"]["Data"]


# --- attachments ---------------------------------------------------------------------------------


def test_attachments_come_after_the_text_byte_for_byte():
    other = Attachment("notes.txt", "text/plain", b"line\n.\nFrom me\r\n--=_mixed\n")
    message = parsed(a_mail(attachments=(PDF, other)))

    assert "multipart/mixed" == message.get_content_type()
    assert ["multipart/alternative", "application/pdf", "text/plain"] == [
        part.get_content_type() for part in message.iter_parts()
    ]
    assert [(PDF.name, PDF.content), (other.name, other.content)] == [
        (part.get_filename(), part.get_payload(decode=True)) for part in message.iter_attachments()
    ]
    assert ["attachment"] * 2 == [
        part.get_content_disposition() for part in message.iter_attachments()
    ]
    assert ("Hello!\r\n", "<p>Hello!</p>\r\n") == (body(message, "plain"), body(message, "html"))


def test_a_text_mail_can_have_attachments():
    message = parsed(a_mail(html="", attachments=(PDF,)))

    assert ["text/plain", "application/pdf"] == [
        part.get_content_type() for part in message.iter_parts()
    ]


@pytest.mark.parametrize(
    "name", ["", "a/b", "a\\b", "a\r\nX: y", "a\x00", "a" * 201, "\ud800", "=?x?q?y?="]
)
def test_a_file_name_is_a_name(name):
    with pytest.raises(MailRejectedError, match="file name"):
        build(a_mail(attachments=(Attachment(name, "text/plain", b""),)))


@pytest.mark.parametrize(
    "media_type",
    ["", "pdf", "a/b/c", "a/b; name=x", "a/b\r\nX: y", "multipart/mixed", "Message/rfc822", "a/ä"],
)
def test_an_attachments_media_type_is_that_of_a_file(media_type):
    with pytest.raises(MailRejectedError, match="media type"):
        build(a_mail(attachments=(Attachment("a", media_type, b""),)))


@given(st.text(min_size=1, max_size=200))
@example("ü" * 200)
@example("=?utf-8?q?x?=.pdf")
@example("a\"b';%41.pdf")
def test_whatever_a_file_is_called_it_arrives_so_or_is_refused(name):
    try:
        message = parsed(a_mail(attachments=(Attachment(name, "image/png", b"x"),)))
    except MailRejectedError:
        return
    [part] = message.iter_attachments()

    assert name.strip() == part.get_filename().strip()
    assert ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"] == [
        header for header in part if header != "MIME-Version"
    ]


def test_what_is_larger_than_ses_takes_is_refused(monkeypatch):
    mail = a_mail(attachments=(PDF,))
    size = len(build(mail))
    monkeypatch.setattr(mime, "LARGEST", size)

    assert size == len(build(mail))

    monkeypatch.setattr(mime, "LARGEST", size - 1)
    with pytest.raises(MailRejectedError, match=f"{size} bytes"):
        build(mail)


def test_an_attachment_that_is_too_large_is_not_encoded_first(monkeypatch):
    monkeypatch.setattr(mime, "LARGEST", 100)

    with pytest.raises(MailRejectedError, match="SES takes 100"):
        build(a_mail(attachments=(Attachment("a", "no media type", b"x" * 101),)))


# --- whatever is written -------------------------------------------------------------------------

lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")).filter(
    lambda line: not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", line)
)
texts = st.lists(lines, min_size=1, max_size=6).map("\n".join).filter(bool)
UGLY = (
    "\n.\n..\nFrom me\n--=_alternative\n--=_alternative--\n=20\n=\n= \n\t\n x \n"
    + "é" * 500
    + "x" * 2000
)


@given(texts, texts)
@example(UGLY, UGLY)
@example(" ", "\t")
@example("=" * 300, "🚂" * 300)
@example("x" * 75 + "=", "x" * 76 + "\n" + "y" * 77)
@example("a \n b\t\n", "\n\n\n")
@example("\x85\u2028\u2029\xa0", "\ufeff")
def test_whatever_is_written_arrives_as_it_was_written(text, html):
    message = parsed(a_mail(text=text, html=html))
    expected = [one if one.endswith("\n") else f"{one}\n" for one in (text, html)]

    assert expected == [body(message, kind).replace("\r\n", "\n") for kind in ("plain", "html")]


@given(
    st.text().map(one_line),
    st.text().map(one_line),
    st.sampled_from(["a@x.example", "b+c@d.example"]),
)
@example("x" * 998, "a" * 300, "a@x.example")
@example("ü" * 300, 'é, "x" <b@c.example>', "a@x.example")
@example("=?utf-8?q?a?=", "=?utf-8?q?a?=", "a@x.example")
def test_whoever_writes_to_whom_of_what_arrives(subject, name, recipient):
    try:
        mail = a_mail(subject=subject, sender_name=name, recipient=recipient, reply_to=recipient)
        message = email.message_from_bytes(build(mail))
    except MailRejectedError:
        assert re.search(r"[\ud800-\udfff]", subject + name)
        return

    assert subject == str(make_header(decode_header(message["Subject"]))).strip()
    assert [recipient, recipient] == [message["To"], message["Reply-To"]]
    sender = str(make_header(decode_header(message["From"])))
    assert sender.endswith("news@example.com>" if name else "news@example.com")
    assert ["From", "To", "Reply-To", "Subject", "MIME-Version", "Content-Type"] == message.keys()


@pytest.mark.parametrize("file", MAILS, ids=lambda file: file.stem)
def test_a_newsletter_arrives_as_it_was_filled(file):
    content = compiled(file.read_text("utf-8"), "", "%FIRSTNAME%: Grüße")
    filled = content.filled(
        Values(first_name="Ada", fields={"COMPANY": "Söhne & Co"}),
        wrap_link=lambda number, target: f"https://t.example/{number}?{target}",
        pixel_url="https://t.example/o",
    )
    message = parsed(a_mail(subject=filled.subject, text=filled.text, html=filled.html))

    assert filled.html == body(message, "html").replace("\r\n", "\n").removesuffix(
        "" if filled.html.endswith("\n") else "\n"
    )
    assert filled.text == body(message, "plain").replace("\r\n", "\n")
    assert "Ada: Grüße" == message["Subject"]


def test_a_mail_is_built_the_same_each_time():
    mail = a_mail(attachments=(PDF,), unsubscribe_url=URL)

    assert build(mail) == build(mail)
