"""Parts of messages are found where they stand."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.mime_parts import DEEPEST, MOST_PARTS, every_part, part_of, spliced

NESTED = (
    b"From: a@signalbox.example\r\nSubject: =?utf-8?q?x?=\r\n folded\r\n"
    b'Content-Type: multipart/mixed; charset=x;\r\n boundary="a b"\r\n\r\n'
    b"preamble\r\n--a b\r\nContent-Type: multipart/alternative; boundary=ab\r\n\r\n"
    b"--ab\r\n\r\nplain\r\n--ab \r\nContent-Type: TEXT/Html\r\n\r\n<p>1\r\n--abc\r\n</p>\r\n--ab--\r\n"
    b"--a b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=z\n\n--z\n\nx\n"
    b"--a b--\r\nepilogue\r\n"
)


def bodies(raw: bytes) -> list[tuple[str, bytes]]:
    """Return the parts without parts: media type and body."""
    return [
        (one.media_type, raw[one.body : one.end])
        for one in every_part(part_of(raw))
        if not one.parts
    ]


def test_the_parts_of_a_message_are_found():
    """A boundary that begins like another's is none, and a forwarded message stays whole."""
    assert [
        ("text/plain", b"plain"),
        ("text/html", b"<p>1\r\n--abc\r\n</p>"),
        ("message/rfc822", b"Content-Type: multipart/mixed; boundary=z\n\n--z\n\nx"),
    ] == bodies(NESTED)


def test_fields_are_unfolded_and_found_where_they_stand():
    head = part_of(NESTED)
    subject = head.field("subject")

    assert "=?utf-8?q?x?= folded" == head.value("subject")
    assert b"Subject: =?utf-8?q?x?=\r\n folded\r\n" == NESTED[subject.start : subject.end]
    assert ("a b", "x", "") == tuple(map(head.parameter, ("boundary", "charset", "format")))
    assert ("", None) == (head.value("cc"), head.field("cc"))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", [("text/plain", b"")]),
        (b"\n", [("text/plain", b"")]),
        (b"no head", [("text/plain", b"no head")]),
        (b"A: b", [("text/plain", b"")]),
        (b"Content-Type: multipart/mixed\n\n--\nx", [("multipart/mixed", b"--\nx")]),
        (b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx", [("text/plain", b"x")]),
        (b"Content-Type: multipart/mixed; boundary=a\n\n--a", [("text/plain", b"")]),
        (b"Content-Type: multipart/mixed; boundary=a\n\n--a\n--a--", [("text/plain", b"")]),
        (
            b'Content-Type: multipart/mixed; boundary="\\a"\n\n--a\n\nx\n--a--',
            [("text/plain", b"x")],
        ),
    ],
)
def test_what_is_cut_off_is_read_as_far_as_it_goes(raw, found):
    assert found == bodies(raw)


def test_nothing_is_read_without_end():
    """Deep nesting and very many parts cost no more than a few."""
    deep = b"".join(
        f"Content-Type: multipart/mixed; boundary={n}\n\n--{n}\n".encode() for n in range(100)
    )
    wide = b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 2 * MOST_PARTS

    assert DEEPEST + 1 == len([*every_part(part_of(deep))])
    assert MOST_PARTS + 1 == len([*every_part(part_of(wide))])


def test_bytes_are_replaced_where_they_stand():
    assert b"aXcY" == spliced(b"abcd", [(3, 4, b"Y"), (1, 2, b"X")])
    assert b"abcd" == spliced(b"abcd", [])


@given(st.lists(st.sampled_from([b"--a", b"--a--", b"\n", b"\r\n", b"A: b", b" c", b"x", b":"])))
def test_whatever_comes_is_read(pieces):
    """No message makes the reader fail, and no part reaches out of the one that holds it."""
    raw = b"Content-Type: multipart/mixed; boundary=a\n" + b"".join(pieces)

    head = part_of(raw)

    assert all(head.body <= one.start <= one.body <= one.end <= head.end for one in head.parts)


@given(st.lists(st.text("abc \näö-=", max_size=60), min_size=1, max_size=4))
def test_parts_are_those_that_the_standard_library_reads(texts):
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = "a@signalbox.example"
    made.set_content(texts[0])
    for one in texts:
        made.add_alternative(one, subtype="html")
    raw = made.as_bytes()
    expected = [
        (one.get_content_type(), one.get_payload(decode=False).encode())
        for one in message_from_bytes(raw).walk()
        if not one.is_multipart()
    ]

    assert [(kind, body.replace(b"\r\n", b"\n")) for kind, body in expected] == [
        (kind, body.replace(b"\r\n", b"\n")) for kind, body in bodies(raw)
    ]
