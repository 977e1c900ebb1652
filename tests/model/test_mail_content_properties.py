"""For any content and values: bytes stay, links are found, and nobody's values become HTML."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from signalbox.model.link_slots import slots_in
from signalbox.model.mail_content import as_sent, compiled
from signalbox.model.personalisation import Values, personalise, personalise_header, split
from tests.model.linked_mails import ADA, TRACKER, content, elements, tracked, unwrapped

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
