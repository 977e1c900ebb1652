"""Of a relayed mail its links and its pixel change, and nothing else."""

import base64
import quopri
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.errors import InvalidError
from signalbox.model.header_words import in_ascii
from signalbox.model.relayed import LONGEST_LINE, read

HTML = (
    '<html><body bgcolor=x><p>Your file, %FIRSTNAME%: <a href="https://example.com/a?b=1&amp;c=ü">it'
    "</a>, <A HREF=http://example.com/b >that</A> <a href='https://example.com/c'  data-track=off>x</a>"
    '<a href="mailto:a@example.com">m</a> <a href="https://example.com/{{d}}">d</a></p></body></html>\r\n'
)
TARGETS = ["https://example.com/a?b=1&c=%C3%BC", "http://example.com/b"]
HEAD = b"From: a@signalbox.example\r\nTo: b@signalbox.example\r\nX-Own:  kept  as is\r\n"
PIXEL = "https://api.example/o/pixel"
LONG = "https://api.example/c/" + "x" * 200


def mail(
    html: str = HTML, encoding: str = "8bit", charset: str = "utf-8", more: bytes = b""
) -> bytes:
    """Return a mail of text, HTML and a file, as other programs write them."""
    body = html.encode(charset)
    if encoding == "base64":
        body = base64.encodebytes(body).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        body = quopri.encodestring(body)
    return (
        HEAD
        + more
        + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\nfor old readers\r\n"
        b"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain\r\n\r\nhttps://example.com/a  \r\n"
        b"--a\r\ncontent-type:text/HTML;charset=" + charset.encode() + b"\r\n"
        b"Content-transfer-encoding: " + encoding.encode() + b"\r\n\r\n" + body + b"\r\n--a--\r\n"
        b"--m\r\nContent-Type: text/html; name=a.html\r\nContent-Disposition: attachment\r\n\r\n"
        b"<a href='https://example.com/file'>x</a>\r\n--m--\r\n"
    )


def filled(raw: bytes, pixel: str = PIXEL) -> tuple[bytes, list[str]]:
    """Return the mail with links and pixel, and the targets of the links."""
    targets: list[str] = []

    def wrap(number: int, target: str) -> str:
        assert number == len(targets)
        targets.append(target)
        return f"{LONG}&{number}"

    return read(raw).filled(wrap, pixel), targets


def html_of(raw: bytes) -> str:
    """Return the HTML as a mail program reads it."""
    part = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    return part.get_payload(decode=True).decode(part.get_content_charset())


def expected(html: str = HTML) -> str:
    """Return the HTML with its two links wrapped and the pixel at its end."""
    return (
        html.replace("https://example.com/a?b=1&amp;c=ü", f"{LONG}&amp;0")
        .replace("http://example.com/b", f'"{LONG}&amp;1"')
        .replace(
            "</body>",
            f'<img src="{PIXEL}" width="1" height="1" alt="" style="border:0"></body>',
        )
    )


@pytest.mark.parametrize(
    "encoding", ["8bit", "7bit", "binary", "base64", "quoted-printable", "BASE64"]
)
def test_links_and_pixel_alone_are_new(encoding):
    """In every transfer encoding; tags, other links and what is no link of the web stay."""
    changed, targets = filled(
        mail(encoding=encoding.lower()).replace(b": base64", b": " + b"BASE64")
    )

    assert TARGETS == targets
    assert (
        expected().replace("\r\n", "\n").rstrip() == html_of(changed).replace("\r\n", "\n").rstrip()
    )


@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_all_around_the_html_keeps_its_bytes(encoding):
    raw = mail(encoding=encoding)
    changed, _ = filled(raw)
    mark = b"\r\n--a\r\ncontent-type:text/HTML;"
    before, after = raw.partition(mark), raw.rpartition(b"\r\n--a--\r\n")

    assert changed.startswith(before[0] + mark)
    assert changed.endswith(b"".join(after[1:]))
    assert b"Content-transfer-encoding: " + encoding.encode() + b"\r\n" in changed


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "iso-8859-15"])
def test_the_charset_stays(charset):
    changed, targets = filled(mail(charset=charset))

    assert TARGETS == targets
    assert expected() == html_of(changed) + "\r\n" * (not html_of(changed).endswith("\n"))
    assert charset.encode() in changed


def test_letters_of_other_alphabets_are_read_and_kept():
    """Bytes that look like tags in some Japanese encodings are none."""
    html = '<p>ソフト構表 <a href="https://example.com/b">次へ</a></p>'
    for charset in ("shift_jis", "iso-2022-jp", "euc-jp", "utf-8"):
        changed, targets = filled(mail(html, charset=charset))

        assert ["https://example.com/b"] == targets
        assert html.replace("https://example.com/b", f"{LONG}&amp;0") in html_of(changed)


@pytest.mark.parametrize(
    "named",
    [
        b"utf-16",
        b"utf-7",
        b"x-unknown",
        b"idna",
        b"unicode_escape",
        b"rot13",
        b'"a\0b"',
        b"punycode",
    ],
)
def test_what_cannot_be_read_without_loss_stays(named):
    raw = mail().replace(b"charset=utf-8", b"charset=" + named)

    assert (raw, []) == filled(raw)


def test_broken_letters_stay_as_they_are():
    raw = mail().replace(b"Your file", b"Your \xff\xfe file")
    changed, targets = filled(raw)

    assert TARGETS == targets
    assert b"Your \xff\xfe file" in changed


def test_a_line_that_grows_too_long_is_encoded():
    """A mail has lines of up to 998 characters; the part says what it is now."""
    html = "<p>" + "".join(f'<a href="https://example.com/{n}">{n}</a>' for n in range(8)) + "</p>"
    changed, targets = filled(mail(html))

    assert 8 == len(targets)
    assert LONGEST_LINE >= max(map(len, changed.split(b"\r\n")))
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in changed
    assert 8 == html_of(changed).count(LONG)
    assert b"Content-transfer-encoding: 8bit" not in changed


def test_a_mail_of_html_alone_is_tracked():
    """Its own head is the part's, and its lines end as they did."""
    html = '<a href="https://example.com/b">x</a>' * 6
    raw = b"From: a@signalbox.example\nContent-Type: text/html\n\n" + html.encode() + b"\n"
    changed, targets = filled(raw)

    assert 6 == len(targets)
    assert changed.startswith(b"Content-Transfer-Encoding: quoted-printable\nFrom: a@signalbox")
    assert b"\r" not in changed
    assert changed.endswith(b"\n")


def test_links_are_numbered_through_and_one_pixel_is_enough():
    part = b"--m\nContent-Type: text/html\n\n<a href=https://example.com/b>x</a>\n"
    raw = (
        HEAD.replace(b"\r", b"")
        + b"Content-Type: multipart/mixed; boundary=m\n\n"
        + part * 2
        + b"--m--\n"
    )
    changed, targets = filled(raw)

    assert 2 == len(targets)
    assert 1 == changed.count(PIXEL.encode())


def test_untracked_mail_is_handed_on_byte_for_byte():
    raw = mail()

    assert raw == read(raw).filled()
    assert raw == read(raw).filled(None, "")


SEALED = {
    "s/mime": b"Content-Type: multipart/signed; protocol=x; boundary=m\r\n\r\n",
    "encrypted": b"Content-Type: multipart/encrypted; boundary=m\r\n\r\n",
    "opaque": b"Content-Type: application/pkcs7-mime\r\n\r\nMII",
    "dkim": b"DKIM-Signature: v=1; a=rsa-sha256\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n",
    "within": b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
    b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s--\r\n",
}


@pytest.mark.parametrize("kind", SEALED)
def test_what_is_signed_or_encrypted_is_not_touched(kind):
    part = b"--m\r\nContent-Type: text/html\r\n\r\n<a href=https://example.com/b>x</a>\r\n--m--\r\n"
    raw = HEAD + SEALED[kind] + part
    letter = read(raw)

    assert (True, False) == (letter.is_sealed, letter.can_be_tracked)
    assert (raw, []) == filled(raw)


def test_inline_pgp_is_not_touched():
    raw = mail(f"-----BEGIN PGP SIGNED MESSAGE-----{HTML}")

    assert (raw, []) == filled(raw)


def test_what_is_nobodys_to_read_goes_out_of_the_head():
    """Blind copies, and fields that would steer SES or us."""
    secret = (
        b"Bcc: c@signalbox.example,\r\n d@signalbox.example\r\nX-SES-MESSAGE-TAGS: account=1\r\n"
        b"Resent-Bcc: e@signalbox.example\r\nX-Signalbox-Recipients: f@signalbox.example\r\n"
    )
    unsubscribing = (
        b"List-Unsubscribe: <https://example.com/u>\r\nReply-To: r@signalbox.example\r\n"
    )

    assert mail(more=unsubscribing) == read(mail(more=secret + unsubscribing)).filled()


def test_headers_in_utf8_become_ascii():
    """Of addresses the names alone become encoded words, and domains what the DNS knows."""
    raw = (
        "From: Jörg Müller <j@bücher.example>\nTo: a@signalbox.example, Ü <b@signalbox.example>\n"
        "Subject: Größe und ein sehr langer Betreff, der nicht auf eine Zeile passt, auch sonst nicht\n\nx"
    ).encode()

    changed = read(raw).filled()

    shown = message_from_bytes(changed, policy=policy.default)
    assert changed.isascii()
    assert ("Jörg Müller", "j@xn--bcher-kva.example") == (
        shown["From"].addresses[0].display_name,
        shown["From"].addresses[0].addr_spec,
    )
    assert ["", "Ü"] == [one.display_name for one in shown["To"].addresses]
    assert shown["Subject"].startswith("Größe und ein sehr langer Betreff, der nicht auf")


@pytest.mark.parametrize("value", ["ü@example.com", "Jörg", "\udcff", "Ü <a@ex ample.com>ü"])
def test_an_address_that_ascii_cannot_write_is_refused(value):
    with pytest.raises(InvalidError, match="from: cannot be written in ASCII"):
        in_ascii("from", value)


@given(st.binary(max_size=200))
def test_whatever_comes_is_handed_on(junk):
    """No mail makes the reader fail; what holds no HTML keeps its bytes."""
    raw = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + junk
    changed, _ = filled(raw)

    assert PIXEL.encode() in changed.replace(b"=\r\n", b"").replace(b"=3D", b"=") or changed == raw
    assert raw == read(raw).filled()


MAILS = sorted(Path(__file__).parent.joinpath("mails").glob("*.html"))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_mails_of_real_programs_lose_nothing(path):
    """What stands between the links keeps every character."""
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = "a@signalbox.example"
    made.set_content(path.read_text(encoding="utf-8"), subtype="html", cte="base64")
    letter = read(made.as_bytes())
    (html,) = letter._html
    pieces, at = [], 0
    for link in html.links:
        wanted = f"https://w.example/{link.number}"
        pieces += [html.text[at : link.start], wanted if link.quoted else f'"{wanted}"']
        at = link.end

    changed = html_of(letter.filled(lambda number, _target: f"https://w.example/{number}"))

    assert "".join(pieces) + html.text[at:] == changed
