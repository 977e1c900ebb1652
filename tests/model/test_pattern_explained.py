"""Why a document meets a pattern or does not, field by field, and how a matcher is said."""

import pytest

from signalbox.model.errors import InvalidError
from signalbox.model.pattern import Finding, explained, phrase
from tests.patterns import BUT, CASE, PEOPLE


def test_what_is_explained():
    """One finding for each field, in order, with what was found; alternatives within theirs."""
    document = {"a": "x", "b": {"c": 12, "n": None, "o": {}}, "l": [{"k": 1}, {"k": 2}]}
    pattern = {
        "a": ["y", {"prefix": "z"}],
        "b": {
            "c": [{"numeric": [">", 10, "<=", 20]}],
            "n": [None],
            "o": [{"exists": True}],
            "m": [{"exists": False}],
        },
        "l": {"k": [1]},
        "$or": [{"d": [1]}, {"e": [2]}],
    }

    assert [
        Finding("a", "is 'y' or begins with 'z'", "x", present=True, met=False),
        Finding("b.c", "is more than 10 and at most 20", 12, present=True, met=True),
        Finding("b.n", "is null", None, present=True, met=True),
        Finding("b.o", "is present", {}, present=False, met=False),
        Finding("b.m", "is absent", None, present=False, met=True),
        Finding("l.k", "is 1", [1, 2], present=True, met=True),
        Finding(
            "$or",
            "meets one of 2 alternatives",
            None,
            present=False,
            met=False,
            alternatives=(
                (Finding("d", "is 1", None, present=False, met=False),),
                (Finding("e", "is 2", None, present=False, met=False),),
            ),
        ),
    ] == explained(pattern, document)


def test_why_two_elements_of_a_list_do_not_do():
    """Each field is met by an element, and none by all of it; that is said."""
    pattern = {"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}}
    *fields, last = explained(pattern, PEOPLE)

    assert [True, True] == [finding.met for finding in fields]
    assert ("employees", "has one element that meets all of this", False) == (
        last.path,
        last.wanted,
        last.met,
    )


def test_absence_is_explained_as_that_of_every_element():
    (finding,) = explained({"employees": {"phone": [{"exists": False}]}}, PEOPLE)

    assert Finding("employees.phone", "is absent", ["1"], present=True, met=False) == finding


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("gold", "is 'gold'"),
        (5, "is 5"),
        (None, "is null"),
        (True, "is true"),
        ({"prefix": "x"}, "begins with 'x'"),
        ({"suffix": {CASE: "x"}}, "ends, in any case, with 'x'"),
        ({CASE: "x"}, "is, in any case, 'x'"),
        ({"wildcard": "a*"}, "is like 'a*'"),
        ({BUT: "x"}, "is anything but 'x'"),
        ({BUT: [1, 2]}, "is anything but one of 1, 2"),
        ({BUT: {"prefix": ["x", "y"]}}, "is anything but what begins with 'x' or begins with 'y'"),
        ({"numeric": [">=", 5]}, "is at least 5"),
        ({"numeric": ["=", 5]}, "is 5"),
        ({"numeric": [">", 0, "<", 5]}, "is more than 0 and less than 5"),
        ({"exists": True}, "is present"),
        ({"exists": False}, "is absent"),
        ({"cidr": "10.0.0.0/8"}, "is an address within 10.0.0.0/8"),
    ],
    ids=str,
)
def test_how_a_matcher_is_said(wanted, said):
    assert said == phrase(wanted)


@pytest.mark.parametrize("wanted", [[], {}, {"regex": "x"}, float("inf")])
def test_what_is_no_matcher_has_no_phrase(wanted):
    with pytest.raises(InvalidError):
        phrase(wanted)
