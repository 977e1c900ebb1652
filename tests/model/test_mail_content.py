"""Facts of model/mail_content.py and model/link_slots.py."""

import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signalbox.model.link_slots import slots_in
from signalbox.model.mail_content import MailContent, as_sent, compiled
from signalbox.model.mail_text import text_of
from signalbox.model.personalisation import (
    Values,
    personalise,
    personalise_header,
    personalise_url,
    split,
)

MAILS = {file.stem: file for file in sorted(Path(__file__).with_name("mails").glob("*.html"))}
TRACKER = "https://t.example/c"
ADA = Values(
    email="ada@example.com",
    first_name="Ada",
    last_name="Lovelace & Söhne",
    contact_id="157",
    fields={"COMPANY": "engine.example"},
    events={"file download request": "https://www.example.com/file.pdf?a=1&b=2", "Q&A": "4/2"},
)
PAGES = {
    "UNSUBSCRIBELINK": "https://t.example/u/1?a=1&b=2",
    "UPDATELINK": "https://t.example/p/1",
}
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


def wrapped(number: int, _target: str) -> str:
    """Return an address that tells its link."""
    return f"{TRACKER}/{number}/"


def content(html: str, text: str = "", subject: str = "") -> MailContent:
    """Return content, mostly of HTML alone."""
    return compiled(html, text, subject)


def tracked(html: str, values: Values = ADA) -> str:
    """Return HTML with its links wrapped."""
    return content(html).filled(values, wrap_link=wrapped, pages=PAGES).html


def targets(html: str, values: Values = ADA) -> list[str]:
    """Return what the links of HTML lead to, as it is handed over to be wrapped."""
    found = []
    content(html).filled(values, wrap_link=lambda _, target: found.append(target) or "")
    return found


def unwrapped(html: str, original: str) -> str:
    """Put the targets as they were written back into tracked HTML, each where its number stands.

    What stands around them must be an attribute `href`, which is looked for in the original.
    """
    kept = [slot for slot in slots_in(original).links if is_tracked(slot)]
    for number, slot in enumerate(kept):
        written = original[slot.start : slot.end]
        quote = "" if slot.quoted else '"'
        once = f"{quote}{TRACKER}/{number}/{quote}"

        assert 1 == html.count(once)
        assert re.search(r"href\s*=\s*[\"']?\Z", original[: slot.start], re.IGNORECASE)
        html = html.replace(once, written)
    return html


def is_tracked(slot) -> bool:
    """Tell of a target without tags whether it is tracked."""
    target = re.sub(r"[\t\r\n]", "", slot.target.strip("".join(map(chr, range(33)))))
    is_web = re.match("https?://", target, re.IGNORECASE) is not None
    return is_web and slot.tracking != "off" and "{{" not in target and as_sent(target) != ""


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


# --- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://x.example/">', f'<a href="{TRACKER}/0/">'),
        ("<a href='https://x.example/'>", f"<a href='{TRACKER}/0/'>"),
        ("<a href=https://x.example/>", f'<a href="{TRACKER}/0/">'),
        ("<A\nHREF\n=\nhttps://x.example/\n>", f'<A\nHREF\n=\n"{TRACKER}/0/"\n>'),
        ('<a href="https://x.example/"/>', f'<a href="{TRACKER}/0/"/>'),
        ('<a href="https://x.example/"title=a>', f'<a href="{TRACKER}/0/"title=a>'),
        ('<area href="http://x.example">', f'<area href="{TRACKER}/0/">'),
        (
            '<a title="href=\'https://y.example\'" href="https://x.example/">',
            f'<a title="href=\'https://y.example\'" href="{TRACKER}/0/">',
        ),
        (
            '<a href="https://x.example/" href="https://y.example/">',
            f'<a href="{TRACKER}/0/" href="https://y.example/">',
        ),
        (
            '<!--[if mso]><v:rect href="https://x.example/"></v:rect><![endif]-->',
            f'<!--[if mso]><v:rect href="{TRACKER}/0/"></v:rect><![endif]-->',
        ),
        (
            '<!--[if (gte mso 9)|(IE)]><a href="https://x.example/">x</a><![endif]-->',
            f'<!--[if (gte mso 9)|(IE)]><a href="{TRACKER}/0/">x</a><![endif]-->',
        ),
        (
            '<!--[if !mso]><!--><a href="https://x.example/">x</a><!--<![endif]-->',
            f'<!--[if !mso]><!--><a href="{TRACKER}/0/">x</a><!--<![endif]-->',
        ),
    ],
)
def test_the_target_alone_changes_however_it_is_written(html, expected):
    assert expected == tracked(html)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@b.example">',
        '<a href="tel:+49301">',
        '<a href="#top">',
        '<a href="/path">',
        '<a href="//x.example/">',
        '<a href="javascript:alert(1)">',
        '<a href="ftp://x.example/">',
        '<a href="https://">',
        '<a href="https:///path">',
        '<a href="">',
        "<a href>",
        "<a href=>",
        '<a data-href="https://x.example/">',
        '<a xhref="https://x.example/">',
        '<a href="https://x.example/" data-track="off">',
        "<a DATA-TRACK=OFF href='https://x.example/'>",
        '<a href="{{ link }}">',
        '<a href="https://x.example/{{ id }}">',
        '<link href="https://x.example/a.css">',
        '<base href="https://x.example/">',
        '<img src="https://x.example/">',
        '<form action="https://x.example/">',
        '<!-- <a href="https://x.example/"> -->',
        "<script>\"<a href='https://x.example/'>\"</script>",
        "<style>/* <a href='https://x.example/'> */</style>",
        "<p title=\"<a href='https://x.example/'>\">",
        '<a href="https://x.example/',
        "https://x.example/",
    ],
)
def test_what_is_no_link_to_track_stays_as_it_is(html):
    assert html == tracked(html)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&b=2"),
        ("https://x.example/?a=1&b=2", "https://x.example/?a=1&b=2"),
        ("https://x.example/?a=1&copy=2&lt=3", "https://x.example/?a=1&copy=2&lt=3"),
        ("https://x.example/?a=&copy;", "https://x.example/?a=%C2%A9"),
        ("https://x.example/&#x2F;&#47;", "https://x.example///"),
        ("https&colon;//x.example/", "https://x.example/"),
        (" \n https://x.example/a\n b ", "https://x.example/a%20b"),
        ("HTTPS://X.example/", "HTTPS://X.example/"),
        ("https://bücher.example/ä?ö#ü", "https://xn--bcher-kva.example/%C3%A4?%C3%B6#%C3%BC"),
        ("https://x.example/50%25 off", "https://x.example/50%25%20off"),
        ("https://x.example/%41", "https://x.example/%41"),
        ("https://x.example/k%C3%B6ln", "https://x.example/k%C3%B6ln"),
        ("https://u:p@x.example:8080/?a=[1]&amp;b='2'", "https://u:p@x.example:8080/?a=[1]&b='2'"),
    ],
)
def test_a_target_is_what_a_browser_would_ask_for(written, expected):
    assert [expected] == targets(f'<a href="{written}">')


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://x.example/?e=%EMAIL%", "https://x.example/?e=ada%40example.com"),
        ("https://x.example/%LASTNAME%", "https://x.example/Lovelace%20%26%20S%C3%B6hne"),
        ("https://x.example/?q=%EVENT: Q&amp;A%", "https://x.example/?q=4%2F2"),
        ("https://x.example/?q=%UNKNOWN%", "https://x.example/?q=%UNKNOWN%"),
        (
            "https://x.example/?to=%EVENT: file download request%",
            "https://x.example/?to=https%3A%2F%2Fwww.example.com%2Ffile.pdf%3Fa%3D1%26b%3D2",
        ),
    ],
)
def test_the_tags_of_a_target_are_percent_encoded(written, expected):
    """In what is wrapped, and in what stays."""
    html = f'<a href="{written}">'

    assert [expected] == targets(html)
    assert f'<a href="{expected}">' == content(html).filled(ADA).html


OPEN_HOSTS = ["%EVENT: file download request%", "https://%COMPANY%/", "https://x.%COMPANY%/a"]
OPEN_HOSTS += ["https://x.example%COMPANY%/", "https://%EMAIL%@x.example/", "HTTP://%COMPANY%"]


@pytest.mark.parametrize("href", OPEN_HOSTS)
def test_a_contacts_fact_does_not_choose_where_a_tracked_link_leads(href):
    """Else the tracking host would lead wherever a form's visitor wanted."""
    html = f'<a href="{href}">'

    assert ((), []) == (content(html).links, targets(html))


def test_an_author_can_trust_a_fact_to_name_the_host():
    html = '<a data-track="on" href="%EVENT: file download request%">'
    [link] = content(html).links

    assert link.is_personal
    assert ["https://www.example.com/file.pdf?a=1&b=2"] == targets(html)
    assert f'<a data-track="on" href="{TRACKER}/0/">' == tracked(html)


@pytest.mark.parametrize("data", ["javascript:alert(1)", "", "www.example.com", "data:text/html,x"])
def test_a_fact_that_is_no_address_is_not_made_one(data):
    html = '<a data-track="on" href="%EVENT: Q&A%">'
    values = Values(events={"Q&A": data})

    assert [] == targets(html, values)
    assert f'<a data-track="on" href="{personalise_url("%EVENT: Q&A%", values)}">' == tracked(
        html, values
    )


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_an_address_in_a_fact_does_not_leave_its_attribute(quote):
    html = f"<a href={quote}%COMPANY%{quote}>"
    values = Values(fields={"COMPANY": "https://x.example/ onclick='a' \"b\" ><script>"})
    [(tag, attributes)] = elements(content(html).filled(values).html)

    assert ("a", {"href": values.fields["COMPANY"]}) == (tag, attributes)


def test_links_to_the_pages_of_a_contact_are_never_tracked():
    html = "<a href='%UNSUBSCRIBELINK%'>a</a><a href=\"%UPDATELINK%#b\">b</a> %UPDATELINK%"
    made = content(html, "Leave: %UNSUBSCRIBELINK%")

    assert ((), frozenset(PAGES)) == (made.links, made.pages)
    assert (
        "<a href='https://t.example/u/1?a=1&amp;b=2'>a</a>"
        '<a href="https://t.example/p/1#b">b</a> https://t.example/p/1'
    ) == made.filled(ADA, wrap_link=wrapped, pages=PAGES).html
    assert f"Leave: {PAGES['UNSUBSCRIBELINK']}" == made.filled(ADA, pages=PAGES).text


def test_no_field_stands_in_for_a_contacts_page():
    values = Values(fields={"UNSUBSCRIBELINK": "https://evil.example/"})
    made = content("%UNSUBSCRIBELINK%", subject="%UNSUBSCRIBELINK%")

    assert escape(PAGES["UNSUBSCRIBELINK"]) == made.filled(values, pages=PAGES).html
    assert frozenset() == made.fields


def test_percent_encoding_is_no_tag():
    values = Values(fields={"C3": "no", "AB": "field"})
    html = '<a href="https://x.example/%C3%B6%AB%"></a><a href="https://x.example/%C3%B6">'

    assert [True, False] == [link.is_personal for link in content(html).links]
    assert ["https://x.example/%C3%B6field", "https://x.example/%C3%B6"] == targets(html, values)


def test_a_link_that_is_written_twice_has_two_numbers_and_a_label_each():
    html = (
        '<a href="https://x.example/">One\n <b>link</b></a>'
        '<a href="https://x.example/"><img src="a.png" alt="Picture &amp; more"></a>'
        f'<a href="https://x.example/">{"long " * 50}</a>'
        '<a href="https://x.example/">unclosed <a href="https://x.example/">next</a> after'
    )
    links = content(html).links

    assert ["One link", "Picture & more", ("long " * 16).strip(), "unclosed", "next"] == [
        link.label for link in links
    ]
    assert [0, 1, 2, 3, 4] == [link.number for link in links]


def test_the_wrapped_address_is_escaped():
    made = content("<a href='https://x.example/'><a href=https://x.example/>")
    html = made.filled(ADA, wrap_link=lambda *_: "https://t/?a&b='\"><script>").html

    assert [("a", {"href": "https://t/?a&b='\"><script>"})] * 2 == elements(html)


def test_a_link_for_which_no_address_is_given_stays():
    html = '<a href="https://x.example/1">a</a><a href=https://x.example/2>b</a>'
    made = content(html).filled(ADA, wrap_link=lambda number, _: "https://t" if number else "")

    assert '<a href="https://x.example/1">a</a><a href="https://t">b</a>' == made.html


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


# --- whatever is written -------------------------------------------------------------------------

tags = st.sampled_from(
    [
        "%EMAIL%",
        "%FIRSTNAME%",
        "%COMPANY%",
        "%EVENT: Q&A%",
        "%UNKNOWN%",
        "%",
        "%%",
        "50% OFF",
        "OFF",
    ]
)
texts = st.lists(tags | st.text(), max_size=8).map("".join)
people = st.builds(
    Values,
    email=texts,
    first_name=texts,
    fields=st.fixed_dictionaries({"COMPANY": texts}, optional={"OFF": texts, "EMAIL": texts}),
    events=st.fixed_dictionaries({"Q&A": texts}),
)


@given(texts, people)
@example("50%OFF%EMAIL%COMPANY% %EMAIL%%", ADA)
@example("%OFF%EMAIL%", Values(email="e", fields={"OFF": "o"}))
def test_a_text_that_was_split_is_personalised_as_a_whole_one_is(text, values):
    pieces = split(text)
    joined = "".join(
        personalise(piece, values, escape=False) if at % 2 else piece
        for at, piece in enumerate(pieces)
    )

    assert text == "".join(pieces)
    assert personalise(text, values, escape=False) == joined


@given(texts.filter(lambda text: "<" not in text), texts, people)
def test_content_without_links_is_filled_as_it_would_be_personalised(html, subject, values):
    text = re.sub("(?i)http", "", html) or "-"
    filled = compiled(html, text, subject).filled(values)

    assert personalise(html, values, escape=True) == filled.html
    assert personalise(text, values, escape=False) == filled.text
    assert personalise_header(subject, values) == filled.subject


@st.composite
def links(draw):
    """A link as it may be written, before its target, the target, and the rest; and if it counts."""
    path = draw(st.text(st.characters(codec="ascii", exclude_characters="%{")))
    target = draw(st.sampled_from(["https://x.example/", "http://", "mailto:", "#", "//"])) + path
    start = draw(st.sampled_from(["<a ", "<A\n", "<area title='x' ", "<a class=b\tdata-x "]))
    name = draw(st.sampled_from(["href=", "HREF = ", "href\n=\n"]))
    quote = draw(st.sampled_from("\"'"))
    off = draw(st.sampled_from(["", ' data-track="off"']))
    written = target.replace("&", "&amp;").replace(quote, "&quot;" if quote == '"' else "&#39;")
    is_web = as_sent(re.sub(r"[\t\r\n]", "", target).strip("".join(map(chr, range(33)))))
    return f"{start}{name}{quote}", written, f"{quote}{off}>", bool(is_web and not off)


whole = st.sampled_from(
    [
        "<p class='a'>x &amp; &eacute; &copy=</p>",
        "<br/>",
        "</td></b></a>",
        "<!-- <a href='https://no.example/'> -->",
        "<!---->",
        "<!>",
        "<script>if (a<b) '<a href=\"https://no.example/\">'</script>",
        "<style>a > b { }</style>",
        "<![CDATA[ x ]]>",
        "<![endif]>",
        "<?php x ?>",
        "<!--[if mso]><table><tr><td><![endif]-->",
        "<!--[if !mso]><!-->",
        "<!--<![endif]-->",
        "<img alt='> <a href=' src=x>",
        "{{ x }} {% y %}",
        "3 < 4 & 5 > 4 < ",
        "\r\n",
        "é 🚂\n",
    ]
)


@given(st.lists(links() | whole, max_size=12))
def test_all_but_the_targets_of_links_keeps_its_bytes(pieces):
    """What is written is put together here, so it is known where each target stands."""
    written, expected, number = "", "", 0
    for piece in pieces:
        if isinstance(piece, str):
            written, expected = written + piece, expected + piece
            continue
        before, target, after, counts = piece
        written += before + target + after
        expected += before + (f"{TRACKER}/{number}/" if counts else target) + after
        number += counts

    assert expected == tracked(written)
    assert written == content(written).filled(ADA).html


SCRAPS = """<a |<A HREF=|href=| = |https://x.example/|http://y.example|"|'|>|/>|</a>|<area href=|<!--
-->|<!--[if mso]>|<![endif]|<v:rect href=|<![|]]>|<script>|</script>|<style|</|<|&amp;|&copy=|&#x2f;
=| |data-track=off|<title>|<textarea>|</body>|<!|<?|{{|<p """
scraps = st.sampled_from([*re.split(r"[|\n]", SCRAPS), "\n", "\r", "\x00", "\xa0"])


@given(st.lists(scraps | st.text(max_size=3), max_size=25).map("".join))
@example("<a href='https://x.example/")
@example('<a href="https://x.example/"<a href="https://y.example/">')
@example("<!--[if mso]><a href=https://x.example/><!--[if mso]>--><a href=https://x.example/>")
@example("\n\r\n<a\nhref=https://x.example/\n\n><a href=https://x.example/>")
def test_broken_html_keeps_its_bytes_too(html):
    if "%" in html or TRACKER in html:
        return

    assert html == content(html).filled(ADA).html
    assert html == unwrapped(tracked(html), html)


@given(st.lists(links() | whole, max_size=12))
def test_the_links_are_those_that_the_standard_parser_finds(pieces):
    html = "".join(piece if isinstance(piece, str) else "".join(piece[:3]) for piece in pieces)
    expected = [attributes["href"] for tag, attributes in elements(html) if tag in {"a", "area"}]

    assert expected == [slot.target for slot in slots_in(html).links]


@given(texts, people)
def test_whatever_values_are_the_mail_has_no_element_more(text, values):
    html = (
        '<p title="%EMAIL%">%FIRSTNAME%</p><a href="https://x.example/%EMAIL%">%COMPANY%</a>'
        "<a href='%EVENT: Q&A%'>x</a><a href=https://x.example/%COMPANY%>y</a>"
    )
    filled = content(html).filled(
        values, wrap_link=lambda number, target: f"https://t/{number}?{target}"
    )

    assert ["p", "a", "a", "a"] == [tag for tag, _ in elements(filled.html)]


@given(st.text())
def test_whatever_is_written_as_a_target_is_asked_for_in_ascii_or_not_at_all(url):
    sent = as_sent(f"https://{url}")

    assert sent == "" or re.fullmatch(r"https://[!-~]+", sent)
    assert sent in {"", as_sent(sent)}


class Elements(HTMLParser):
    """Reads HTML as the standard library does."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Keep an element; of two attributes of a name the first one counts."""
        self.found.append((tag, {name: value or "" for name, value in reversed(attrs)}))

    def parse_marked_section(self, i, report=1):
        """Read `<![x[` as the HTML standard has it."""
        return self.parse_bogus_comment(i, report)


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """Return the start tags of HTML with their attributes."""
    reader = Elements()
    reader.feed(html)
    reader.close()
    return reader.found


def test_what_is_read_once_gives_each_contact_their_own():
    made = compiled("<p>%FIRSTNAME%</p>", "%FIRSTNAME%", "%FIRSTNAME%")
    names = ["Ada", "Grace", ""]

    assert [(f"<p>{name}</p>", name, name) for name in names] == [
        made.filled(Values(first_name=name)) for name in names
    ]


def test_the_text_of_html_has_addresses_as_a_browser_reads_them():
    html = '<a href="https://x.example/?a=1&copy=2&amp;c=3">x</a>'

    assert "x (https://x.example/?a=1&copy=2&c=3)\n" == text_of(html)
