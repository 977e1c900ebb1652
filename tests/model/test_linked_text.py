"""Texts with short links: which are made short, and that all else stays as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.linked_text import linked
from signalbox.model.mail_content import compiled
from signalbox.model.personalisation import Values
from signalbox.model.tracking_url import is_target

ADA = Values(first_name="Ada", email="a@b.c", fields={"SHOP": "https://x.example"})
PIECES = ["https://a.example/", "http://b.example/%C3%B6?x=1", "%FIRSTNAME%", "https://x/%EMAIL%"]
TEXTS = st.lists(st.sampled_from([*PIECES, " ", ".", "(", ")", "\n", "%", "ä", "{{a}}"])).map(
    "".join
)


def short(number: int, _target: str) -> str:
    """Return a short link."""
    return f"[{number}]"


def as_written(_number: int, _target: str) -> str:
    """Leave a link as it is."""
    return ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello %FIRSTNAME%", "Hello Ada"),
        ("Look: https://a.example/b.", "Look: [0]."),
        ("(see HTTPS://a.example/(b))", "(see [0])"),
        ("http://a.example https://b.example", "[0] [1]"),
        ("https://a.example https://a.example", "[0] [1]"),
        ("%FIRSTNAME%https://a.example/%C3%B6", "Ada[0]"),
        ("https://ö.example", "[0]"),
        ("https://a.example/%FIRSTNAME% https://b.example", "https://a.example/Ada [0]"),
        ("%SHOP% https://a.example/?n=%EMAIL%", "https://x.example https://a.example/?n=a%40b.c"),
        ("https://a.example/{{id}}", "https://a.example/{{id}}"),
        ("https://a.example/%EVENT: a b% www.b.example mailto:c@d.example ftp://e.example",
         "https://a.example/ www.b.example mailto:c@d.example ftp://e.example"),
        ("", ""),
    ],
)  # fmt: skip
def test_addresses_that_are_the_same_for_all_are_made_short(text, expected):
    """What ends a sentence is none of them; nothing that a contact's facts say becomes one."""
    assert expected == linked(text).filled(ADA, short)


@given(TEXTS)
def test_without_short_links_a_text_is_filled_as_any_other(text):
    expected = compiled("", text, "").filled(ADA).text if text else ""

    assert expected == linked(text).filled(ADA, as_written)
    assert text == linked(text).unfilled(as_written)


@given(TEXTS)
def test_links_are_numbered_and_lead_to_web_addresses(text):
    found = linked(text)

    assert list(range(len(found.links))) == [link.number for link in found.links]
    assert all(is_target(target) for target in found.targets)
    written = found.unfilled(short)
    assert all(f"[{number}]" in written for number in range(len(found.links)))


def test_a_link_has_what_a_browser_asks_for_and_what_a_reader_sees():
    (link,) = linked("https://ö.example/ä").links

    assert ("https://xn--nda.example/%C3%A4", "https://ö.example/ä") == (link.target, link.label)


def test_a_target_that_is_too_long_to_be_led_to_stays():
    text = "https://a.example/" + "b" * 5_000

    assert ((), text) == (linked(text).links, linked(text).unfilled(short))
