"""Malformed, large and deep patterns are refused, by the place where they are wrong."""

import pytest

from signalbox.model.errors import InvalidError
from signalbox.model.pattern import MOST_BYTES, MOST_LEVELS, check, compiled, explained
from tests.patterns import BUT, CASE


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
