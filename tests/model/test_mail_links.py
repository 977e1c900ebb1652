"""Links of mails: which are tracked, where they lead, and what contacts' facts cannot change."""

from html import escape

import pytest

from signalbox.model.personalisation import Values, personalise_url
from tests.model.linked_mails import (
    ADA,
    PAGES,
    TRACKER,
    content,
    elements,
    targets,
    tracked,
    wrapped,
)


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
