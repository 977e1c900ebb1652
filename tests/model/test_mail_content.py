"""Whole mails keep all but the targets of their links, and get pixel, honeypot, text and values."""

import re
from pathlib import Path

import pytest

from signalbox.model.mail_content import compiled
from signalbox.model.mail_text import text_of
from signalbox.model.personalisation import Values, personalise
from tests.model.linked_mails import ADA, PAGES, content, tracked, unwrapped, wrapped

MAILS = {file.stem: file for file in sorted(Path(__file__).with_name("mails").glob("*.html"))}
LINKS = {
    "arabic": ["https://nashra.example/1?lang=ar&week=42", "https://nashra.example/en"],
    "broken": [
        "https://broken.example/1",
        'https://broken.example/2"><img src="x.png"',
        "https://broken.example/3/",
        "https://broken.example/4",
        "https://broken.example/6",
    ],
    "fragment": ["https://calendar.example.com/book?who=%EMAIL%"],
    "german": [
        "https://bücher.example/straße?q=größe&x=%LASTNAME%",
        "https://www.example.de/k%C3%B6ln/",
        "https://www.example.de/?preis=9&euro=ja&copy=1",
    ],
    "imagemap": ["https://maps.example.com/left?a=1&b=2", "https://maps.example.com/right"],
    "invitation": [
        "https://party.example.com/yes?token=%EVENT: invitation sent%",
        "https://party.example.com/no?token=%EVENT: invitation sent%",
        "https://party.example.com/yes?token=%EVENT: invitation sent%",
        "https://maps.example.com/?q=52.5,13.4",
        "https://%COMPANY%/",
    ],
    "japanese": ["https://www.example.jp/商品/1", "https://www.example.jp/yoyaku"],
    "mjml": ["https://news.example.com/1", "https://news.example.com/2#read"],
    "nineties": [
        "http://www.example.org/timetable.html",
        "http://www.example.org/photos?year=1998&page=2",
        "HTTP://WWW.EXAMPLE.ORG/",
    ],
    "outlook": [
        "https://events.example.com/book?seat=1&row=A",
        "https://events.example.com/book?seat=1&row=A",
        "https://events.example.com/web",
    ],
    "scripts": ["https://real.example/"],
    "shop": [
        "https://shop.example.com/?utm_source=mail&utm_medium=email&utm_campaign=autumn",
        "https://shop.example.com/sale?id=1&ref=%CONTACTID%",
        "https://shop.example.com/imprint",
    ],
    "templates": ["https://tpl.example/vip"],
    "xhtml": [
        "https://docs.example.net/minutes.pdf",
        "https://docs.example.net/all?from=2026-01-01&to=2026-12-31",
    ],
}


# --- newsletters ---------------------------------------------------------------------------------


def test_the_newsletters_are_all_looked_at():
    assert set(LINKS) == set(MAILS)


@pytest.mark.parametrize("name", LINKS)
def test_the_links_of_a_newsletter_are_found_in_their_order(name):
    links = content(MAILS[name].read_text("utf-8")).links

    assert LINKS[name] == [link.target for link in links][: len(LINKS[name])]
    assert list(range(len(links))) == [link.number for link in links]
    assert [("%" in target and "%C3" not in target) for target in LINKS[name]] == [
        link.is_personal for link in links[: len(LINKS[name])]
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", LINKS)
def test_a_newsletter_that_is_not_tracked_keeps_its_bytes(name, ending):
    html = MAILS[name].read_text("utf-8").replace("\n", ending)
    untouched = re.sub(r"%[A-Z]+%|%EVENT:[^%<>]*%", "", html)

    assert untouched == content(untouched).filled(ADA).html


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", LINKS)
def test_tracking_changes_nothing_of_a_newsletter_but_the_targets(name, ending):
    html = MAILS[name].read_text("utf-8").replace("\n", ending)
    html = re.sub(r"%[A-Z]+%|%EVENT:[^%<>]*%", "x", html)

    assert html == unwrapped(tracked(html), html)


@pytest.mark.parametrize("name", LINKS)
def test_a_newsletter_without_tracking_is_its_personalisation(name):
    """What the tags of links become is a fact of its own."""
    html = re.sub(r'href="[^"]*%[^"]*"', "", MAILS[name].read_text("utf-8"))
    html = html.replace("'%UNSUBSCRIBELINK%'", "")

    assert personalise(html, ADA, escape=True) == content(html).filled(ADA).html


# --- pixel and honeypot --------------------------------------------------------------------------


PIXEL = '<img src="https://t/o?a&amp;b" width="1" height="1" alt="" style="border:0">'
HONEYPOT = (
    '<a href="https://t/h?a&amp;b" style="display:none" tabindex="-1" aria-hidden="true"></a>'
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<html><body><p>a</p>", "</body></html>"),
        ("<p>a", ""),
        ("<BODY>a", "</BODY\n></HTML> "),
        ("<body>a</body>b", "</body>c"),
        ("<body>a<!-- </body> -->", "</body>"),
        ("<body>a", "</body><!-- </body> -->"),
        ("<body><script>'</body>'</script>", ""),
        ("<body><!--[if mso]></body><![endif]-->", "</body>"),
        ("\r\n\n\r<body>é\r\n", "</body>"),
    ],
)
def test_the_pixel_stands_at_the_end_of_the_body(before, after):
    made = content(before + after)

    assert before + PIXEL + after == made.filled(ADA, pixel_url="https://t/o?a&b").html


def test_the_honeypot_is_there_where_clicks_are_tracked_and_it_is_asked_for():
    made = content("<body></body>")
    asked = {"pixel_url": "https://t/o?a&b", "honeypot_url": "https://t/h?a&b"}

    assert f"<body>{HONEYPOT}{PIXEL}</body>" == made.filled(ADA, wrap_link=wrapped, **asked).html
    assert f"<body>{PIXEL}</body>" == made.filled(ADA, **asked).html
    assert "<body></body>" == made.filled(ADA, wrap_link=wrapped).html


def test_content_of_text_alone_stays_text():
    made = compiled("", "Hi %FIRSTNAME%", "")
    filled = made.filled(ADA, wrap_link=wrapped, pixel_url="https://t/", honeypot_url="https://t/")

    assert ("", "Hi Ada") == (filled.html, filled.text)


# --- text and subject ----------------------------------------------------------------------------


def test_content_without_a_text_gets_one_of_its_html_with_the_links_untracked():
    html = '<p>Hi %FIRSTNAME%, <a href="https://x.example/?e=%EMAIL%&amp;b">see</a></p>'
    made = content(html).filled(ADA, wrap_link=wrapped, pixel_url="https://t/")

    assert "Hi Ada, see (https://x.example/?e=ada%40example.com&b)\n" == made.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%LASTNAME%", "Lovelace & Söhne"),
        ("https://x.example/%LASTNAME%.", "https://x.example/Lovelace%20%26%20S%C3%B6hne."),
        ("(https://x.example/?q=%EVENT: Q&A%) %EVENT: Q&A%", "(https://x.example/?q=4%2F2) 4/2"),
        ("%EVENT: file download request%", "https://www.example.com/file.pdf?a=1&b=2"),
        ("https://x.example/ %UNSUBSCRIBELINK%", f"https://x.example/ {PAGES['UNSUBSCRIBELINK']}"),
    ],
)
def test_values_in_addresses_of_a_text_are_percent_encoded(text, expected):
    assert expected == compiled("", text, "").filled(ADA, wrap_link=wrapped, pages=PAGES).text


def test_the_content_says_what_its_tags_ask_for():
    made = compiled(
        '<a href="https://x.example/?c=%COMPANY%">%EVENT: a&amp;b%</a>%UPDATELINK%',
        "%EVENT: c% %CITY% %EMAIL%",
        "%VAT_ID% %EVENT: d%",
    )

    assert {"COMPANY", "CITY", "VAT_ID"} == made.fields
    assert {"a&b", "a&amp;b", "c", "d"} == made.events
    assert {"UPDATELINK"} == made.pages


def test_what_is_read_once_gives_each_contact_their_own():
    made = compiled("<p>%FIRSTNAME%</p>", "%FIRSTNAME%", "%FIRSTNAME%")
    names = ["Ada", "Grace", ""]

    assert [(f"<p>{name}</p>", name, name) for name in names] == [
        made.filled(Values(first_name=name)) for name in names
    ]


def test_the_text_of_html_has_addresses_as_a_browser_reads_them():
    html = '<a href="https://x.example/?a=1&copy=2&amp;c=3">x</a>'

    assert "x (https://x.example/?a=1&copy=2&c=3)\n" == text_of(html)
