"""Facts of model/pattern.py and model/matcher.py."""

import json
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.errors import InvalidError
from signalbox.model.pattern import (
    MOST_BYTES,
    MOST_LEVELS,
    Finding,
    check,
    compiled,
    explained,
    phrase,
)
from tests.patterns import (
    ALL_LEAVES,
    ANY_JSON,
    DOCUMENTS,
    EXCLUDED,
    NAMES,
    SCALARS,
    pairs,
    patterns,
)
from tests.patterns import MATCHERS as ANY_MATCHER

# The event of the pages that describe the language, with more below.
EC2 = {
    "version": "0",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "time": "2017-10-02T18:43:48Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-1", "arn:other"],
    "detail": {
        "c-count": 5,
        "d-count": 3,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "state": "running",
        "FileName": "dir/picture.png",
        "UserID": None,
        "LastName": "",
        "enabled": True,
        "empty": [],
        "nested": {"leaf": 1},
    },
}
PEOPLE = {
    "employees": [
        {"firstName": "John", "lastName": "Doe"},
        [{"firstName": "Anna", "lastName": "Smith"}],
        {"firstName": "Peter", "lastName": "Jones", "phone": "1"},
    ]
}


def in_detail(name, *wanted):
    return {"detail": {name: list(wanted)}}


def matcher(name, operand):
    return {name: operand}


BUT = "anything-but"
CASE = "equals-ignore-case"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ec2"]}, True),
        ({"source": ["aws.s3", "aws.ec2"]}, True),
        ({"source": ["AWS.EC2"]}, False),
        ({"source": ["aws.ec2"], "region": ["eu-west-1"]}, False),
        ({"resources": ["arn:other"]}, True),
        ({"resources": ["arn:nothing"]}, False),
        ({"time": [matcher("prefix", "2017-10-02")]}, True),
        ({"source": [matcher("prefix", {CASE: "AWS."})]}, True),
        ({"source": [matcher("suffix", "ec2")]}, True),
        ({"source": [matcher("suffix", {CASE: "EC2"})]}, True),
        ({"source": [matcher("suffix", "EC2")]}, False),
        ({"source": [matcher(CASE, "Aws.EC2")]}, True),
        ({"source": [matcher("prefix", "")]}, True),
        (in_detail("state", matcher(BUT, "initializing")), True),
        (in_detail("state", matcher(BUT, "running")), False),
        (in_detail("state", matcher(BUT, ["stopped", "overloaded"])), True),
        (in_detail("state", matcher(BUT, ["stopped", "running"])), False),
        (in_detail("missing", matcher(BUT, "x")), False),
        (in_detail("UserID", matcher(BUT, "x")), True),
        (in_detail("x-limit", matcher(BUT, [100, 200, 301.8])), False),
        (in_detail("x-limit", matcher(BUT, 123)), True),
        (in_detail("c-count", matcher(BUT, {"prefix": "init"})), True),
        (in_detail("state", matcher(BUT, {"prefix": "run"})), False),
        (in_detail("state", matcher(BUT, {"prefix": ["init", "run"]})), False),
        (in_detail("FileName", matcher(BUT, {"suffix": ".png"})), False),
        (in_detail("FileName", matcher(BUT, {"suffix": [".txt", ".rtf"]})), True),
        (in_detail("state", matcher(BUT, {CASE: "RUNNING"})), False),
        (in_detail("FileName", matcher(BUT, {"wildcard": "*/lib/*"})), True),
        (in_detail("FileName", matcher(BUT, {"wildcard": "dir/*"})), False),
        (in_detail("FileName", matcher(BUT, {"wildcard": ""})), True),
        (in_detail("FileName", matcher("wildcard", "dir/*.png")), True),
        (in_detail("FileName", matcher("wildcard", "dir/*.gif")), False),
        ({"resources": [matcher(BUT, "arn:other")]}, True),
        (in_detail("c-count", matcher("numeric", [">", 0, "<=", 5])), True),
        (in_detail("c-count", matcher("numeric", [">", 0, "<", 5])), False),
        (in_detail("d-count", matcher("numeric", ["<", 10])), True),
        (in_detail("x-limit", matcher("numeric", ["=", 3.018e2])), True),
        (in_detail("x-limit", 3.018e2), True),
        (in_detail("c-count", 5.0), True),
        (in_detail("c-count", "5"), False),
        (in_detail("enabled", matcher("numeric", ["=", 1])), False),
        (in_detail("enabled", 1), False),
        (in_detail("enabled", True), True),
        (in_detail("UserID", None), True),
        (in_detail("missing", None), False),
        (in_detail("LastName", ""), True),
        (in_detail("LastName", None), False),
        (in_detail("empty", None), False),
        (in_detail("source-ip", matcher("cidr", "10.0.0.0/24")), True),
        (in_detail("source-ip", matcher("cidr", "10.0.1.0/24")), False),
        (in_detail("c-count", matcher("cidr", "0.0.0.0/0")), False),
        (in_detail("state", matcher("cidr", "0.0.0.0/0")), False),
        (in_detail("UserID", matcher("exists", True)), True),
        (in_detail("missing", matcher("exists", False)), True),
        (in_detail("c-count", matcher("exists", False)), False),
        (in_detail("empty", matcher("exists", True)), False),
        (in_detail("empty", matcher("exists", False)), True),
        (in_detail("nested", matcher("exists", True)), False),
        (in_detail("nested", matcher("exists", False)), True),
        ({"missing": {"deeper": [matcher("exists", False)]}}, True),
        ({"source": {"deeper": [matcher("exists", False)]}}, True),
        ({"missing": {"S": [matcher(BUT, ["roses"]), matcher("exists", False)]}}, True),
        ({"detail": {"$or": [{"c-count": [0]}, {"d-count": [3]}]}}, True),
        ({"detail": {"$or": [{"c-count": [0]}, {"d-count": [0]}]}}, False),
        ({"source": ["aws.s3"], "$or": [{"version": ["0"]}, {"region": ["x"]}]}, False),
        (
            {
                "source": ["aws.ec2"],
                "$or": [
                    {"region": ["x"]},
                    {"version": ["0"], "$or": [{"time": ["x"]}, {"resources": ["arn:other"]}]},
                ],
            },
            True,
        ),
    ],
    ids=str,
)
def test_a_document_of_the_guide_meets_a_pattern_as_the_guide_says(pattern, expected):
    """The cases of the EventBridge user guide and of Event Ruler's README."""
    assert expected == compiled(pattern)(EC2)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"firstName": ["Anna"]}, True),
        ({"firstName": ["Anna"], "lastName": ["Smith"]}, True),
        ({"firstName": ["Anna"], "lastName": ["Jones"]}, False),
        ({"$or": [{"firstName": ["Eve"]}, {"lastName": ["Doe"]}]}, True),
        ({"phone": [{"exists": True}]}, True),
        ({"phone": [{"exists": False}]}, False),
        ({"fax": [{"exists": False}]}, True),
        ({"firstName": ["Anna"], "phone": [{"exists": False}]}, True),
        ({"firstName": ["Peter"], "phone": [{"exists": False}]}, False),
    ],
    ids=str,
)
def test_one_element_of_a_list_meets_all_that_is_asked_of_it(wanted, expected):
    """Nobody is Anna Jones; absence alone is asked of every element."""
    assert expected == compiled({"employees": wanted})(PEOPLE)


@pytest.mark.parametrize(
    ("wildcard", "text", "expected"),
    [
        ("*", "", True),
        ("a*b", "ab", True),
        ("a*b", "a\nb", True),
        ("a*a", "a", False),
        ("*a*b*", "xaxbx", True),
        ("*ab*ab", "xab", False),
        ("*ab*ab", "xabab", True),
        ("*ab*ba*", "xabax", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        (r"\\*", r"\x", True),
        (r"a\**", "a*b", True),
        (".*", "xy", False),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_a_wildcard(wildcard, text, expected):
    assert expected == compiled({"a": [{"wildcard": wildcard}]})({"a": text})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (10, True),
        (10.0, True),
        ("10", True),
        ("10.0", True),
        ("010", True),
        ("-10", False),
        ("1e1", False),
        ("+10", False),
        (" 10", False),
        ("10\n", False),
        ("1_0", False),
        ("٤٢", False),
        ("", False),
        ("1" * 65, False),
        (True, False),
        (None, False),
        (float("nan"), False),
        (float("inf"), True),
        (10**400, True),
    ],
    ids=repr,
)
def test_a_plain_decimal_text_is_a_number_to_numeric_alone(found, expected):
    """Our own addition: contacts' fields are texts."""
    assert expected == compiled({"a": [{"numeric": [">=", 10]}]})({"a": found})
    if isinstance(found, str):
        assert not compiled({"a": [10]})({"a": found})


@pytest.mark.parametrize(
    ("found", "network", "expected"),
    [
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:DB8:0::1", "2001:db8::/32", True),
        ("::ffff:10.0.0.1", "10.0.0.0/8", False),
        ("fe80::1%eth0", "fe80::/10", False),
        ("10.0.0.5", "10.0.0.5/32", True),
        ("10.0.0.256", "10.0.0.0/8", False),
        ("0" * 100_000, "10.0.0.0/8", False),
    ],
)
def test_an_address_is_within_a_network(found, network, expected):
    assert expected == compiled({"a": [{"cidr": network}]})({"a": found})


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ({}, ""),
        ([], ""),
        ({"a": []}, "a"),
        ({"a": {}}, "a"),
        ({"a": "x"}, "a"),
        ({"a": None}, "a"),
        ({"a": {"b": 1}}, "a.b"),
        ({"a": [[]]}, "a.0"),
        ({"a": [float("nan")]}, "a.0"),
        ({"a": [1e301]}, "a.0"),
        ({"a": [10**400]}, "a.0"),
        ({"a": ["x", {}]}, "a.1"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "a.0"),
        ({"a": [{"regex": "x"}]}, "a.0"),
        ({"a": [{"prefix": 1}]}, "a.0.prefix"),
        ({"a": [{"prefix": ["x"]}]}, "a.0.prefix"),
        ({"a": [{"prefix": {"wildcard": "x"}}]}, "a.0.prefix"),
        ({"a": [{"suffix": {CASE: 1}}]}, f"a.0.suffix.{CASE}"),
        ({"a": [{CASE: ["x"]}]}, f"a.0.{CASE}"),
        ({"a": [{"wildcard": "a**b"}]}, "a.0.wildcard"),
        ({"a": [{"wildcard": "a\\b"}]}, "a.0.wildcard"),
        ({"a": [{"wildcard": "a\\"}]}, "a.0.wildcard"),
        ({"a": [{"wildcard": None}]}, "a.0.wildcard"),
        ({"a": [{BUT: []}]}, f"a.0.{BUT}"),
        ({"a": [{BUT: None}]}, f"a.0.{BUT}"),
        ({"a": [{BUT: [True]}]}, f"a.0.{BUT}"),
        ({"a": [{BUT: ["x", 1]}]}, f"a.0.{BUT}"),
        ({"a": [{BUT: {"numeric": ["=", 1]}}]}, f"a.0.{BUT}"),
        ({"a": [{BUT: {"prefix": ""}}]}, f"a.0.{BUT}.prefix"),
        ({"a": [{BUT: {"suffix": ["x", ""]}}]}, f"a.0.{BUT}.suffix"),
        ({"a": [{BUT: {"prefix": {CASE: "x"}}}]}, f"a.0.{BUT}.prefix"),
        ({"a": [{BUT: {"wildcard": []}}]}, f"a.0.{BUT}.wildcard"),
        ({"a": [{"numeric": 5}]}, "a.0.numeric"),
        ({"a": [{"numeric": []}]}, "a.0.numeric"),
        ({"a": [{"numeric": [">"]}]}, "a.0.numeric"),
        ({"a": [{"numeric": ["!=", 5]}]}, "a.0.numeric"),
        ({"a": [{"numeric": [">", "5"]}]}, "a.0.numeric"),
        ({"a": [{"numeric": [">", True]}]}, "a.0.numeric"),
        ({"a": [{"numeric": ["<", 5, ">", 0]}]}, "a.0.numeric"),
        ({"a": [{"numeric": ["=", 5, "<", 9]}]}, "a.0.numeric"),
        ({"a": [{"numeric": [">=", 5, "<=", 5]}]}, "a.0.numeric"),
        ({"a": [{"exists": "true"}]}, "a.0.exists"),
        ({"a": [{"cidr": "10.0.0.0"}]}, "a.0.cidr"),
        ({"a": [{"cidr": "10.0.0.1/8"}]}, "a.0.cidr"),
        ({"a": [{"cidr": "10.0.0.0/33"}]}, "a.0.cidr"),
        ({"a": [{"cidr": 10}]}, "a.0.cidr"),
        ({"$or": {"a": [1]}}, "$or"),
        ({"$or": []}, "$or"),
        ({"$or": [{"a": [1]}]}, "$or"),
        ({"$or": [{"a": [1]}, 2]}, "$or.1"),
        ({"$or": [{"a": [1]}, {}]}, "$or.1"),
        ({"a": {"$or": [{"b": [1]}, {"c": []}]}}, "a.$or.1.c"),
        ({"$or": [{"numeric": [1]}, {"prefix": ["x"]}]}, "$or.0.numeric"),
        ({"$or": [{"a": {"<": [1]}}, {"b": ["x"]}]}, "$or.0.a.<"),
        ({"a": [1], "$or": [{"b": [1]}, {"a": [2]}]}, "$or.1.a"),
        (
            {"a": [1], "$or": [{"b": [1]}, {"$or": [{"c": [1]}, {"a": {"x": [1]}}]}]},
            "$or.1.a",
        ),
        ({"a": ["\ud800"]}, ""),
        ({"a": ["x" * MOST_BYTES]}, ""),
    ],
    ids=lambda value: str(value)[:60].encode("ascii", "replace").decode(),
)
def test_a_malformed_pattern_is_refused_where_it_is_wrong(pattern, field):
    with pytest.raises(InvalidError) as refused:
        check(pattern, field="conditions.event")

    assert f"conditions.event.{field}".removesuffix(".") == refused.value.field
    assert refused.value.message
    for use in (compiled, lambda wrong: explained(wrong, {})):
        with pytest.raises(InvalidError):
            use(pattern)


def test_a_pattern_is_as_large_and_deep_as_told():
    """The limits themselves are accepted, one more is not."""
    fitting = MOST_BYTES - len('{"a":[""]}')
    check({"a": ["x" * fitting]}, field="")
    check(nested(MOST_LEVELS), field="")

    with pytest.raises(InvalidError, match="larger"):
        check({"a": ["x" * (fitting + 1)]}, field="")
    with pytest.raises(InvalidError, match="larger"):
        check({"a": ["é" * (fitting // 2 + 1)]}, field="")
    with pytest.raises(InvalidError, match="deeper"):
        check(nested(MOST_LEVELS + 1), field="")
    with pytest.raises(InvalidError, match="deeper"):
        check(nested(100_000), field="")


def nested(levels):
    made = {"a": [1]}
    for _ in range(levels - 1):
        made = {"a": made}
    return made


def test_deep_and_long_documents_are_told_without_recursion_or_backtracking():
    deep = [1]
    for _ in range(100_000):
        deep = [deep]

    assert compiled({"a": [1]})({"a": deep})
    assert not compiled({"a": {"b": [1]}})({"a": deep})
    assert not compiled({"a": [{"wildcard": "*a" * 1000 + "*b"}]})({"a": "a" * 100_000})


def test_a_dot_is_part_of_a_name():
    """Unlike EventBridge, whose two meanings of it are not to be relied upon."""
    assert compiled({"a.b": [1]})({"a.b": 1})
    assert not compiled({"a.b": [1]})({"a": {"b": 1}})


def test_read_only_documents_are_read_too():
    document = MappingProxyType({"a": MappingProxyType({"b": (1, 2)})})

    assert compiled({"a": {"b": [2]}})(document)
    assert explained({"a": {"b": [2]}}, document)[0].met


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


# --- for any pattern and document ----------------------------------------------------------------


@given(pairs(patterns(leaves=ALL_LEAVES)))
@settings(max_examples=150, deadline=None)
def test_the_explanation_agrees_with_the_answer(pair):
    """All findings are met exactly when the document meets the pattern; so in each alternative."""
    pattern, document = pair
    found = explained(pattern, document)

    assert compiled(pattern)(document) == all(one.met for one in found)
    for finding in found:
        if finding.path == "$or":
            assert finding.met == any(
                all(one.met for one in alternative) for alternative in finding.alternatives
            )


@given(
    st.dictionaries(st.sampled_from(["$or", "a", "b"]), ANY_JSON, max_size=3)
    | patterns(leaves=ALL_LEAVES),
    st.dictionaries(NAMES, ANY_JSON, max_size=3) | DOCUMENTS,
)
@settings(max_examples=150, deadline=None)
def test_what_check_accepts_is_told_of_any_document(pattern, document):
    """Whatever JSON comes: refused by all three, or answered by all three."""
    try:
        check(pattern, field="p")
    except InvalidError as error:
        assert error.field == "p" or error.field.startswith("p.")  # noqa: PT017 the other way is below
        with pytest.raises(InvalidError):
            compiled(pattern)
        with pytest.raises(InvalidError):
            explained(pattern, document)
    else:
        assert compiled(pattern)(document) == all(one.met for one in explained(pattern, document))


@given(EXCLUDED, SCALARS)
@settings(max_examples=100, deadline=None)
def test_anything_but_is_the_complement_where_there_is_a_value(excluded, value):
    positive = excluded if isinstance(excluded, list) else [excluded]
    if isinstance(excluded, dict):
        ((name, texts),) = excluded.items()
        positive = [{name: one} for one in (texts if isinstance(texts, list) else [texts])]
    asked = compiled({"a": [{BUT: excluded}]})

    assert asked({"a": value}) != compiled({"a": positive})({"a": value})
    assert not asked({})
    assert not asked({"a": []})


@given(patterns(leaves=ALL_LEAVES), patterns(leaves=ALL_LEAVES), DOCUMENTS)
@settings(max_examples=100, deadline=None)
def test_or_is_the_union(one, other, document):
    either = compiled({"$or": [one, other]})(document)

    assert (compiled(one)(document) or compiled(other)(document)) == either


@given(st.lists(SCALARS | ANY_MATCHER, min_size=1, max_size=4), SCALARS | st.lists(SCALARS))
@settings(max_examples=100, deadline=None)
def test_a_list_of_matchers_is_met_by_any_and_of_values_any_meets(wanted, found):
    each = [compiled({"a": [one]}) for one in wanted]
    values = found if isinstance(found, list) else [found]

    assert any(test({"a": value}) for test in each for value in values) == compiled({"a": wanted})(
        {"a": found}
    )


@given(pairs(patterns(leaves=ALL_LEAVES)))
@settings(max_examples=100, deadline=None)
def test_a_pattern_means_the_same_after_storing(pair):
    pattern, document = pair
    stored = json.loads(json.dumps(pattern))

    assert compiled(pattern)(document) == compiled(stored)(document)
