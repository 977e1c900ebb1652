"""Facts of model/personalisation.py."""

import html
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signalbox.model.personalisation import (
    Values,
    personalise,
    personalise_header,
    personalise_url,
    tags_in,
)

ADA = Values(
    email="ada@example.com",
    first_name="Ada",
    last_name="Lovelace",
    phone="+44 20 7946 0000",
    contact_id="157",
    fields={"COMPANY": "Engine & Co", "VAT_ID2": ""},
    events={"file download request": "https://www.example.com/file.pdf", "Q&A": "42"},
)

tags = st.sampled_from(
    ["%EMAIL%", "%FIRSTNAME%", "%COMPANY%", "%EVENT: Q&A%", "%UNKNOWN%", "%", "%%", "50% OFF"]
)
texts = st.lists(tags | st.text(), max_size=8).map("".join)
people = st.builds(
    Values,
    email=texts,
    first_name=texts,
    last_name=texts,
    fields=st.fixed_dictionaries({"COMPANY": texts}),
    events=st.fixed_dictionaries({"Q&A": texts}),
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("%EMAIL%", "ada@example.com"),
        ("Dear %FIRSTNAME% %LASTNAME%,", "Dear Ada Lovelace,"),
        ("%FULLNAME%", "Ada Lovelace"),
        ("%PHONE%", "+44 20 7946 0000"),
        ("%CONTACTID%/%SUBSCRIBERID%", "157/157"),
        ("%COMPANY%", "Engine & Co"),
        ("Link: %EVENT: file download request%!", "Link: https://www.example.com/file.pdf!"),
        ("%EVENT:file download request%", "https://www.example.com/file.pdf"),
        ("%EVENT:   file download request  %", "https://www.example.com/file.pdf"),
        ("%EMAIL%%PHONE%", "ada@example.com+44 20 7946 0000"),
    ],
)
def test_known_tags_become_the_contacts_facts(template, expected):
    assert expected == personalise(template, ADA, escape=False)


@pytest.mark.parametrize(
    "template", ["[%VAT_ID2%]", "[%EVENT: never happened%]", "[%EVENT: FILE DOWNLOAD REQUEST%]"]
)
def test_known_tags_without_a_value_become_nothing(template):
    """An event's name is compared with its case, so another case is another event."""
    assert "[]" == personalise(template, ADA, escape=False)


@pytest.mark.parametrize(
    "template",
    [
        "50% OFF and 20%",
        "100%",
        "%%",
        "%email%",
        "%FirstName%",
        "% EMAIL %",
        "%UNKNOWN_TAG%",
        "%1ST%",
        "%EVENT%",
        "%EVENT:%",
        "%EVENT:   %",
        "%event: file download request%",
        "%EVENT: file<br>download request%",
        "https://x.example/?q=%20%3D",
        "",
    ],
)
def test_what_is_no_known_tag_stays_as_it_is(template):
    assert template == personalise(template, ADA, escape=False)
    assert template == personalise(template, ADA, escape=True)
    assert template == personalise_url(template, ADA)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("50%OFF%EMAIL%", "50%OFFada@example.com"),
        ("50%EMAIL%", "50ada@example.com"),
        ("%NOPE%NOPE%FIRSTNAME%", "%NOPE%NOPEAda"),
        ("%EVENT:%EMAIL%", "%EVENT:ada@example.com"),
    ],
)
def test_the_sign_that_ends_an_unknown_tag_may_begin_the_next(template, expected):
    assert expected == personalise(template, ADA, escape=False)


def test_values_are_escaped_in_html_and_raw_in_text():
    mallory = Values(first_name="""<script>"x" & 'y'</script>""")
    template = '<a title="%FIRSTNAME%">'

    assert (
        '<a title="&lt;script&gt;&quot;x&quot; &amp; &#x27;y&#x27;&lt;/script&gt;">'
        == personalise(template, mallory, escape=True)
    )
    assert """<script>"x" & 'y'</script>""" == personalise("%FIRSTNAME%", mallory, escape=False)


@pytest.mark.parametrize("tag", ["%EVENT: Q&A%", "%EVENT: Q&amp;A%", "%EVENT:&nbsp;Q&amp;A %"])
def test_an_events_name_is_found_as_an_html_editor_writes_it(tag):
    assert "42" == personalise(tag, ADA, escape=True)


def test_a_line_that_an_editor_broke_inside_an_events_name_is_mended():
    tag = "%EVENT: file download\r\n  request%"

    assert "https://www.example.com/file.pdf" == personalise(tag, ADA, escape=True)


def test_the_names_of_the_events_that_a_text_needs_are_told():
    text = "%EVENT: a b% %EMAIL% %EVENT:c% %EVENT: a b % %EVENT: Q&amp;A% 5% %EVENT: %"

    assert {"a b", "c", "Q&amp;A", "Q&A"} == tags_in(text)
    assert frozenset() == tags_in("Hello %EMAIL%, 50% OFF and 20%")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ada\r\nBcc: all@example.com", "Hi Ada Bcc: all@example.com"),
        ("Ada\x00\x1b\x7f\x85\u2028\u2029Lovelace", "Hi Ada Lovelace"),
        ("Ada ", "Hi Ada"),
    ],
)
def test_a_headers_value_is_one_line(value, expected):
    assert expected == personalise_header("Hi %FIRSTNAME%", Values(first_name=value))


def test_a_header_is_capped():
    assert 998 == len(personalise_header("%FIRSTNAME%", Values(first_name="x" * 5000)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a b&c=d/../?#@é", "https://x.example/%3Fq/a%20b%26c%3Dd%2F..%2F%3F%23%40%C3%A9"),
        ("@evil.example", "https://x.example/%3Fq/%40evil.example"),
        ("half \ud800", "https://x.example/%3Fq/half%20%3F"),
    ],
)
def test_a_value_in_a_url_is_percent_encoded_whole(value, expected):
    assert expected == personalise_url(
        "https://x.example/%3Fq/%FIRSTNAME%", Values(first_name=value)
    )


@given(texts, people)
def test_a_value_is_never_read_as_a_tag(template, values):
    """The result is the template's own pieces and the values, each once and as it is."""
    marks = Values(
        email="\ue000",
        first_name="\ue001",
        last_name="\ue002",
        fields={"COMPANY": "\ue003"},
        events={"Q&A": "\ue004"},
    )
    assume(not any(mark in template for mark in "\ue000\ue001\ue002\ue003\ue004"))
    table = {
        0xE000: values.email,
        0xE001: values.first_name,
        0xE002: values.last_name,
        0xE003: values.fields["COMPANY"],
        0xE004: values.events["Q&A"],
    }

    marked = personalise(template, marks, escape=False)

    assert marked.translate(table) == personalise(template, values, escape=False)


@given(people)
def test_no_value_leaves_its_place_in_html(values):
    template = "<p title='%EMAIL%' lang=\"%FIRSTNAME%\">%LASTNAME%%COMPANY%%EVENT: Q&A%</p>"

    result = personalise(template, values, escape=True)

    assert 2 == result.count("<") == result.count(">")
    assert 2 == result.count("'") == result.count('"')
    inside = values.last_name + values.fields["COMPANY"] + values.events["Q&A"]
    assert inside == html.unescape(result[result.index(">") + 1 : -len("</p>")])


@given(people)
def test_no_value_leaves_its_place_in_a_url(values):
    result = personalise_url("https://x.example/%EMAIL%?a=%COMPANY%#f", values)

    path, _, query = result.removeprefix("https://x.example/").partition("?a=")
    assert result.isascii()
    assert values.email.encode("utf-8", "replace").decode() == unquote(path)
    assert values.fields["COMPANY"].encode("utf-8", "replace").decode() + "#f" == unquote(query)


@given(st.text().filter(lambda text: "%" not in text), people)
def test_text_without_tags_is_unchanged(text, values):
    assert text == personalise(text, values, escape=False)
    assert text == personalise(text, values, escape=True)
    assert text == personalise_url(text, values)
    assert frozenset() == tags_in(text)


@given(texts, people)
def test_no_header_holds_a_control_character(template, values):
    line = personalise_header(template, values)

    assert len(line) <= 998
    assert [line] == (line.splitlines() or [""])
