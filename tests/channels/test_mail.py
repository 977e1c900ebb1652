"""Facts of channels/mail.py."""

import email
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import example, given
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from signalbox import aws
from signalbox.channels.mail import (
    Mail,
    MailDeferredError,
    MailRejectedError,
    MailUncertainError,
    build,
    send,
    text_of,
)
from signalbox.model.personalisation import Values, personalise, personalise_header
from tests.cloud import REGION, client

LINK = "https://x.example/unsubscribe/" + "a" * 120


def a_mail(**changes) -> Mail:
    """Return a usual mail, with changes."""
    parts = {
        "message_id": "157-1790000000000-abc",
        "sender": "news@example.com",
        "recipient": "ada@example.com",
        "subject": "Your file",
        "text": "Hello!\n",
    }
    return Mail(**(parts | changes))


def parsed(mail: Mail) -> EmailMessage:
    """Read a built mail as a mail program does."""
    message = email.message_from_bytes(build(mail), policy=default)

    assert [] == [defect for part in message.walk() for defect in part.defects]
    return message


def part(mail: Mail, kind: str) -> str:
    """Return the body of a kind (`plain`, `html`), its lines ended by a newline alone."""
    body = parsed(mail).get_body(preferencelist=(kind,))

    assert body is not None
    return body.get_content().replace("\r\n", "\n")


def test_a_text_mail_is_text_alone():
    message = parsed(a_mail())

    assert "text/plain" == message.get_content_type()
    assert "Hello!\r\n" == message.get_content()
    assert ["news@example.com", "ada@example.com", "Your file"] == [
        message[name] for name in ("From", "To", "Subject")
    ]


def test_an_html_mail_offers_both_and_html_last():
    """RFC 2046 section 5.1.4: the last alternative is the preferred one."""
    message = parsed(a_mail(html="<p>Hello <b>Ada</b></p>"))

    assert "multipart/alternative" == message.get_content_type()
    assert ["text/plain", "text/html"] == [kind.get_content_type() for kind in message.iter_parts()]
    assert "Hello!\n" == part(a_mail(html="<p>Hi</p>"), "plain")


def test_an_html_mail_without_text_gets_one_made_of_it():
    mail = a_mail(text="", html='<p>Get <a href="https://x.example/f?a=1&amp;b=2">it</a></p>')

    assert "Get it (https://x.example/f?a=1&b=2)\n" == part(mail, "plain")


def test_a_mail_without_any_body_is_refused():
    with pytest.raises(MailRejectedError, match="text or an HTML part"):
        build(a_mail(text=""))


def test_what_is_not_ascii_arrives_and_travels_as_ascii():
    mail = a_mail(
        sender="news@bücher.example",
        sender_name='Bücher, "Ltd" & Söhne',
        subject="Größe 🚂 " * 30,
        text="Zoë\n" + "ü" * 2000,
        html="<p>Zoë</p>" + "é" * 2000,
    )
    raw = build(mail)
    message = parsed(mail)

    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert mail.subject.strip() == str(message["Subject"]).strip()
    assert mail.text + "\n" == part(mail, "plain")
    sender = message["From"].addresses[0]
    assert (mail.sender_name, "news@xn--bcher-kva.example") == (
        sender.display_name,
        sender.addr_spec,
    )


def test_a_long_url_in_a_header_stays_a_url():
    """RFC 2047 section 5: mail programs decode no encoded words in `List-Unsubscribe`."""
    mail = a_mail(
        headers=(
            ("List-Unsubscribe", f"<{LINK}>, <mailto:u@example.com?subject={'b' * 60}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        )
    )
    raw = build(mail)

    assert f"List-Unsubscribe: <{LINK}>, <mailto:u@example.com".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_encoded_words_are_no_longer_than_75_characters():
    """RFC 2047 section 2."""
    raw = build(a_mail(subject="Größe " * 60, sender_name="Ünïcode, Ltd " * 8))
    words = [word for word in raw.split() if word.startswith(b"=?")]

    assert len(words) > 5
    assert max(map(len, words)) <= 75
    sender = email.message_from_bytes(raw)["From"]
    assert str(make_header(decode_header(sender))).startswith("Ünïcode, Ltd " * 8)


@pytest.mark.parametrize("name", ["subject", "sender_name"])
def test_a_value_that_looks_encoded_is_not_decoded(name):
    """Else a line break could hide in it."""
    text = "=?utf-8?q?a=0D=0ABcc:_all=40example.com?="
    raw = build(a_mail(**{name: text}))
    message = email.message_from_bytes(raw)

    assert ["From", "To", "Subject", "MIME-Version"] == [
        header for header in message if not header.startswith("Content-")
    ]
    header = message["Subject" if name == "subject" else "From"]
    assert str(make_header(decode_header(header))).startswith(text)


BAD_LINES = ["a\r\nBcc: all@example.com", "a\nb", "a\rb", "a\x00b", "a\x0bb", "a\x85b", "a\u2028b"]
BAD_LINES += ["half \ud800", "a\r\n\r\n<html>"]


@pytest.mark.parametrize("text", BAD_LINES)
@pytest.mark.parametrize("name", ["subject", "sender", "sender_name", "recipient", "reply_to"])
def test_no_value_begins_a_header(name, text):
    """Addresses hold no line break either, wherever in them it stands."""
    value = text if name in {"subject", "sender_name"} else f"{text}@example.com"

    with pytest.raises(MailRejectedError, match="control character"):
        build(a_mail(**{name: value}))


@pytest.mark.parametrize("text", BAD_LINES)
def test_no_further_header_begins_another(text):
    with pytest.raises(MailRejectedError, match="control character"):
        build(a_mail(headers=(("X-A", text),)))


@pytest.mark.parametrize(
    "name",
    ["Bcc", "cc", "MIME-Version", "Content-Type", "Resent-To", "X A", "X:A", "X\r\nA", "", "Ä"],
)
def test_headers_that_change_the_mail_cannot_be_added(name):
    with pytest.raises(MailRejectedError, match="not a header that can be added"):
        build(a_mail(headers=((name, "x"),)))


@pytest.mark.parametrize("name", ["Subject", "From", "To", "Reply-To"])
def test_a_header_is_not_given_twice(name):
    with pytest.raises(MailRejectedError, match=name):
        build(a_mail(reply_to="help@example.com", headers=((name, "x@example.com"),)))


BAD_ADDRESSES = ["", "@", "a", "a@", "@b", "a b@example.com", "<a@example.com>", "a@b..example"]
BAD_ADDRESSES += ["a@example.com, b@example.com", "ä@example.com", '"@', 'a"@example.com']
BAD_ADDRESSES += [f"a@{'x' * 70}.example", "a@b.example>", "a@example.com (", "."]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("name", ["sender", "recipient"])
def test_what_is_no_address_is_refused(name, address):
    with pytest.raises(MailRejectedError, match=name):
        build(a_mail(**{name: address}))


def test_hostile_facts_of_a_contact_stay_facts():
    mallory = Values(
        first_name='<img src=x onerror="alert(1)">\r\nBcc: all@example.com',
        events={"e": "</p><script>alert('x')</script>"},
    )
    mail = a_mail(
        subject=personalise_header("Hi %FIRSTNAME%", mallory),
        text=personalise("%EVENT: e%", mallory, escape=False),
        html=personalise("<p title='%FIRSTNAME%'>%EVENT: e%</p>", mallory, escape=True),
    )
    message = parsed(mail)

    assert ["From", "To", "Subject", "MIME-Version", "Content-Type"] == message.keys()
    assert 'Hi <img src=x onerror="alert(1)"> Bcc: all@example.com' == message["Subject"]
    assert "</p><script>alert('x')</script>\n" == part(mail, "plain")
    assert "<script" not in part(mail, "html")
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;</p>" in part(mail, "html")


def test_a_body_holds_no_nul_and_no_half_of_a_surrogate_pair():
    mail = a_mail(text="a\x00b\ud800c\td\r\ne", html="<p>a\x00b\udfffc</p>")

    assert "a b c\td\ne\n" == part(mail, "plain")
    assert "<p>a b c</p>\n" == part(mail, "html")


def test_a_line_that_begins_like_a_boundary_or_an_end_of_mail_is_only_a_line():
    text = "--===============\n.\nFrom me\n" + "x" * 3000 + "\n"

    assert text == part(a_mail(text=text, html="<p>x</p>"), "plain")


@given(st.text(), st.text(), st.text(min_size=1))
def test_whatever_the_texts_are_a_mail_is_built_or_refused(name, subject, text):
    try:
        message = parsed(a_mail(sender_name=name, subject=subject, text=text, html=text))
    except MailRejectedError:
        return

    assert {"From", "To", "Subject", "MIME-Version", "Content-Type"} == set(message.keys())
    assert "ada@example.com" == message["To"]
    assert "news@example.com" == message["From"].addresses[0].addr_spec


words = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=20)


@given(st.lists(words, max_size=30).map(" ".join))
@example("=?utf-8?q?already?= encoded")
@example("=?utf-8?q?a=0D=0ABcc:_all=40example.com?=")
def test_a_subject_is_read_as_it_was_written(subject):
    value = email.message_from_bytes(build(a_mail(subject=subject)))["Subject"]

    assert subject == str(make_header(decode_header(value)))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>Hi</h1><p>one</p><p>two</p>", "Hi\n\none\n\ntwo"),
        ("<div>a<div>b</div></div><div>c</div>d", "a\nb\nc\nd"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("a  \n\t b&nbsp;c", "a b c"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("&lt;b&gt; &amp; &eacute;&#128642;", "<b> & é🚂"),
        ('<a href="https://x.example/">here</a>', "here (https://x.example/)"),
        ('<a href="https://x.example/">https://x.example/</a>', "https://x.example/"),
        ('<a href="mailto:a@b.example">write</a>', "write (a@b.example)"),
        ('<a href="#top">up</a> <a>no</a>', "up no"),
        (
            '<a href="https://x.example/"><img src="l.png" alt="Logo"></a>',
            "Logo (https://x.example/)",
        ),
        ('<a href="https://x.example/"><img src="l.png"></a>', "https://x.example/"),
        ("<head><title>T</title><style>p{}</style></head>a<script>if (a<b) {}</script>b", "ab"),
        ("<!-- no --><![if !mso]>yes<![endif]>", "yes"),
        ("</b></a></p>a</td>", "a"),
        ("<p>", ""),
        ("", ""),
    ],
)
def test_html_becomes_text(html, expected):
    assert expected + "\n" == text_of(html)


fragments = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<a href='x'>",
        "</a>",
        "<![x[",
        "<!",
        "<!--",
        "]]>",
        "<script>",
        "&#x",
        "<br",
        ">",
    ]
)


@given(st.lists(fragments | st.text(), max_size=10).map("".join))
@example("<![foo[x]]>")
def test_no_html_breaks_the_reader(html):
    text = text_of(html)

    assert text.endswith("\n")
    assert "\n\n\n" not in text


@pytest.fixture
def mailbox(cloud):
    """Return what SES (moto) has sent, oldest first."""
    ses = client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    ses.create_configuration_set(ConfigurationSetName="events")
    aws.client.cache_clear()
    yield ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    aws.client.cache_clear()
    ses.delete_configuration_set(ConfigurationSetName="events")


def test_a_mail_that_is_sent_is_in_the_mailbox_under_the_id_that_is_returned(mailbox):
    mail = a_mail(html="<p>Grüße</p>", sender_name="Ünïcode")

    message_id = send(mail, configuration_set="events")
    [sent] = mailbox
    message = email.message_from_string(sent.raw_data, policy=default)

    assert message_id == sent.id
    assert ["ada@example.com"] == sorted(set(sent.destinations))
    assert "Your file" == message["Subject"]
    assert "<p>Grüße</p>\r\n" == message.get_body(preferencelist=("html",)).get_content()


def test_a_sender_that_ses_has_not_verified_is_refused(mailbox):
    with pytest.raises(MailRejectedError, match="MessageRejected"):
        send(a_mail(sender="news@other.example"))

    assert [] == mailbox


@pytest.fixture
def requests(monkeypatch):
    """Stand in for SES: keep the requests, and do what `answers` says first."""
    kept: list[dict] = []

    def call(service, operation, **request):
        kept.append({"service": service, "operation": operation} | request)
        return {"MessageId": "ses-1"}

    monkeypatch.setattr(aws, "call", call)
    return kept


def test_ses_is_told_recipient_tag_and_configuration_set(requests):
    assert "ses-1" == send(a_mail(), configuration_set="events")
    [request] = requests

    assert ("sesv2", "SendEmail") == (request["service"], request["operation"])
    assert {"ToAddresses": ["ada@example.com"]} == request["Destination"]
    assert [{"Name": "dispatch_id", "Value": "157-1790000000000-abc"}] == request["EmailTags"]
    assert "events" == request["ConfigurationSetName"]
    assert build(a_mail()) == request["Content"]["Raw"]["Data"]


def test_a_mail_that_cannot_be_built_is_not_handed_over(requests):
    with pytest.raises(MailRejectedError):
        send(a_mail(subject="a\r\nBcc: b@example.com"))

    assert [] == requests


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("MessageRejected", 400, MailRejectedError),
        ("MailFromDomainNotVerifiedException", 400, MailRejectedError),
        ("BadRequestException", 400, MailRejectedError),
        ("NotFoundException", 404, MailRejectedError),
        ("TooManyRequestsException", 429, MailDeferredError),
        ("Throttling", 429, MailDeferredError),
        ("ThrottlingException", 400, MailDeferredError),
        ("LimitExceededException", 400, MailDeferredError),
        ("SendingPausedException", 400, MailDeferredError),
        ("AccountSuspendedException", 400, MailDeferredError),
        ("AccessDeniedException", 403, MailDeferredError),
        ("ExpiredTokenException", 403, MailDeferredError),
        ("UnrecognizedClientException", 401, MailDeferredError),
        ("InternalFailure", 500, MailUncertainError),
        ("ServiceUnavailable", 503, MailUncertainError),
        ("", 502, MailUncertainError),
        ("ReadTimeoutError", 0, MailUncertainError),
    ],
)
def test_each_refusal_tells_whether_the_mail_went_and_may_go_again(
    code, status, expected, monkeypatch
):
    def call(*_, **__):
        raise aws.AwsError(code, "said so", status, {})

    monkeypatch.setattr(aws, "call", call)

    with pytest.raises(expected, match=f"{code}: said so") as raised:
        send(a_mail())
    assert expected is raised.type


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ReadTimeoutError(endpoint_url="https://ses"), MailUncertainError),
        (
            ClientError(
                {"Error": {"Code": "Oops"}, "ResponseMetadata": {"HTTPStatusCode": 503}},
                "SendEmail",
            ),
            MailUncertainError,
        ),
    ],
)
def test_an_ambiguous_answer_is_asked_for_once_only(error, expected, mailbox, monkeypatch):
    """SES has no idempotency token, so the SDK must not repeat the call by itself."""
    attempts = []

    def lose(**_):
        attempts.append(1)
        raise error

    aws.client("sesv2").meta.events.register("before-send.sesv2.SendEmail", lose)

    with pytest.raises(expected):
        send(a_mail())
    assert [1] == attempts
