"""How many parts a text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.sms import Encoding, size_of

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", GSM, 0, 1),
        ("Grüße, Åse! @£$¥", GSM, 16, 1),
        ("a" * 160, GSM, 160, 1),
        ("a" * 161, GSM, 161, 2),
        ("a" * 306, GSM, 306, 2),
        ("a" * 307, GSM, 307, 3),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        ("a" * 152 + "€" + "a" * 152, GSM, 306, 3),  # the pair is not cut, so the first ends early
        ("ç", UCS, 1, 1),
        ("`", UCS, 1, 1),
        ("ж" * 70, UCS, 70, 1),
        ("ж" * 71, UCS, 71, 2),
        ("ж" * 134, UCS, 134, 2),
        ("ж" * 135, UCS, 135, 3),
        ("😀" * 35, UCS, 70, 1),
        ("😀" * 36, UCS, 72, 2),
        ("😀" * 67, UCS, 134, 3),  # 33 pairs fill 66 of 67 units
        ("first\nsecond\r\n", GSM, 14, 1),
        ("\t", UCS, 1, 1),
    ],
)
def test_a_text_has_the_size_that_carriers_charge(text, encoding, units, segments):
    size = size_of(text)

    assert (encoding, units, segments) == (size.encoding, size.units, size.segments)


@given(st.text(max_size=400))
def test_the_parts_hold_the_text_and_none_is_empty(text):
    """As many parts as the units need, or some more where characters of two are not cut."""
    size = size_of(text)
    alone, together = (160, 153) if size.encoding is GSM else (70, 67)

    if size.segments == 1:
        assert size.units <= alone
    else:
        assert size.units > alone
        assert (size.segments - 1) * (together - 1) < size.units <= size.segments * together


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_is_never_fewer_parts(text, more):
    assert size_of(text).segments <= size_of(text + more).segments


def test_a_size_says_itself():
    assert ["1 segment, GSM-7", "2 segments, UCS-2"] == [
        str(size_of("a")),
        str(size_of("ж" * 71)),
    ]
