"""Facts of model/mail_text.py; those of `text_of` are in tests/channels/test_mail.py."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.mail_content import compiled
from signalbox.model.mail_text import html_of, text_of
from signalbox.model.personalisation import Values


def body(text: str) -> str:
    """Return what stands in the body of a text's HTML."""
    found = re.fullmatch(r"(?s)<!DOCTYPE html>\n.*<body>\n(.*)\n</body>\n</html>\n", html_of(text))

    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one", "<p>one</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        (
            "one\r\n\r\ntwo\r\rthree\n \t\n\n\nfour\n",
            "<p>one</p>\n<p>two</p>\n<p>three</p>\n<p>four</p>",
        ),
        ("\n\n", ""),
        ("", ""),
        ('<b> & "Co"', "<p>&lt;b&gt; &amp; &quot;Co&quot;</p>"),
        ("Dear %FIRSTNAME%", "<p>Dear %FIRSTNAME%</p>"),
        (
            "see https://x.example/?a=1&b=2.",
            '<p>see <a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>.</p>',
        ),
        ("(HTTP://x.example)", '<p>(<a href="HTTP://x.example">HTTP://x.example</a>)</p>'),
        (
            "https://x.example/a_(b)",
            '<p><a href="https://x.example/a_(b)">https://x.example/a_(b)</a></p>',
        ),
        (
            "https://x.example/%EVENT: file name%, yes",
            '<p><a href="https://x.example/%EVENT: file name%">https://x.example/%EVENT: file name%</a>, yes</p>',
        ),
        ("%UNSUBSCRIBELINK%", '<p><a href="%UNSUBSCRIBELINK%">%UNSUBSCRIBELINK%</a></p>'),
        ("javascript:alert(1) ftp://x xhttps://y", "<p>javascript:alert(1) ftp://x xhttps://y</p>"),
    ],
)
def test_text_becomes_html(text, expected):
    assert expected == body(text)


def test_content_of_text_alone_can_be_tracked_as_html():
    text = "Hi %FIRSTNAME%,\n\nhttps://x.example/%EMAIL%\n"
    made = compiled(html_of(text), text, "")
    filled = made.filled(
        Values(email="a@b.example", first_name="<Ada>"),
        wrap_link=lambda number, target: f"https://t/{number}?{target}",
        pixel_url="https://t/o",
    )

    assert "Hi <Ada>,\n\nhttps://x.example/a%40b.example\n" == filled.text
    assert (
        '<a href="https://t/0?https://x.example/a%40b.example">https://x.example/a@b.example</a>'
        in filled.html
    )
    assert "<p>Hi &lt;Ada&gt;,</p>" in filled.html
    assert 1 == filled.html.count('<img src="https://t/o"')


@given(st.text())
def test_no_text_becomes_an_element(text):
    made = html_of(text)

    assert set(re.findall(r"<[a-z/]+", made)) <= {
        *("<html", "<head", "<meta", "</head", "<body", "<p", "</p", "<br", "<a", "</a"),
        *("</body", "</html"),
    }


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=9).filter(
    lambda word: "://" not in word and "%" not in word
)


@given(st.lists(st.lists(words, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=4))
def test_what_text_becomes_is_read_as_that_text(paragraphs):
    text = "\n\n".join(paragraphs)

    assert f"{text}\n" == text_of(html_of(text))
    assert html.escape(paragraphs[0]) in html_of(text)
