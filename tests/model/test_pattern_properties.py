"""For any pattern and document: checking, matching and explaining agree."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.errors import InvalidError
from signalbox.model.pattern import check, compiled, explained
from tests.patterns import (
    ALL_LEAVES,
    ANY_JSON,
    BUT,
    DOCUMENTS,
    EXCLUDED,
    NAMES,
    SCALARS,
    pairs,
    patterns,
)
from tests.patterns import MATCHERS as ANY_MATCHER


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
