"""Patterns are met by documents as the guides of EventBridge and Event Ruler say."""

from types import MappingProxyType

import pytest

from signalbox.model.pattern import compiled, explained
from tests.patterns import BUT, CASE, PEOPLE

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


def in_detail(name, *wanted):
    return {"detail": {name: list(wanted)}}


def matcher(name, operand):
    return {name: operand}


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
