"""The evaluator against two others: AWS's way of flattening, told once more, and moto's engine."""

import re
from ipaddress import ip_address, ip_network
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from signalbox.model.pattern import MATCHERS, compiled
from tests.patterns import (
    ABSENT,
    FLAT_DOCUMENTS,
    LEAVES,
    PRESENT_LEAVES,
    pairs,
    patterns,
)

OPERATORS = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


# --- as Event Ruler's README tells it: flatten, and never mix two elements of one array -----------


def rules_of(pattern, path=()):
    """Return the pattern without `$or`: alternative sets of fields, each with its whole path."""
    rules = [{}]
    for name, wanted in pattern.items():
        if name == "$or":
            added = list(chain.from_iterable(rules_of(one, path) for one in wanted))
        elif isinstance(wanted, dict):
            added = rules_of(wanted, (*path, name))
        else:
            added = [{(*path, name): wanted}]
        rules = [rule | more for rule in rules for more in added]
    return rules


def fields_of(value, path=(), places=None):
    """Yield each leaf: its path without arrays, its value, and its element of each array."""
    places = places or {}
    if isinstance(value, dict):
        for name, one in value.items():
            yield from fields_of(one, (*path, name), places)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            # Only objects and arrays within an array are elements of it; see Event Ruler's events.
            inside = isinstance(one, dict | list)
            yield from fields_of(one, path, places | {id(value): number} if inside else places)
    else:
        yield path, value, places


def fits(chosen, places):
    """Tell whether no array would give two of its elements."""
    return all(chosen.get(array, number) == number for array, number in places.items())


def ruled(pattern, document):
    """Tell whether a document meets a pattern, by trying every choice of fields."""
    fields = list(fields_of(document))
    return any(
        tried(sorted(rule.items(), key=lambda item: item[1] == [ABSENT]), fields, {})
        for rule in rules_of(pattern)
    )


def tried(rule, fields, chosen):
    """Meet the first field of a rule in each way that there is; then the others."""
    if not rule:
        return True
    (path, wanted), *others = rule
    mine = [field for field in fields if field[0] == path and fits(chosen, field[2])]
    if ABSENT in wanted and not mine and tried(others, fields, chosen):
        return True
    return any(
        tried(others, fields, chosen | places)
        for _, value, places in mine
        if any(holds(one, value) for one in wanted)
    )


def holds(wanted, value):
    """Tell whether one value is met by one matcher."""
    if not isinstance(wanted, dict):
        return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)
    ((name, operand),) = wanted.items()
    return HOLDS[name](operand, value)


def number_holds(operand, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return all(
        OPERATORS[compare](value, limit)
        for compare, limit in zip(operand[::2], operand[1::2], strict=True)
    )


def text_holds(expression):
    """Return what compares texts by a regular expression made of the operand."""

    def held(operand, value):
        if isinstance(operand, dict):
            operand = operand["equals-ignore-case"]
            return held(operand.lower(), value.lower()) if isinstance(value, str) else False
        made = expression(operand)
        return isinstance(value, str) and bool(re.fullmatch(made, value, re.DOTALL))

    return held


def wildcard_expression(operand):
    pieces = re.findall(r"\\[*\\]|.", operand, re.DOTALL)
    return "".join(".*" if one == "*" else re.escape(one[-1]) for one in pieces)


def others_hold(operand, value):
    if isinstance(operand, dict):
        ((name, texts),) = operand.items()
        each = texts if isinstance(texts, list) else [texts]
        return not any(HOLDS[name](text, value) for text in each)
    return not any(
        holds(one, value) for one in (operand if isinstance(operand, list) else [operand])
    )


def address_holds(operand, value):
    try:
        return isinstance(value, str) and ip_address(value) in ip_network(operand)
    except ValueError:
        return False


HOLDS = {
    "prefix": text_holds(lambda text: re.escape(text) + ".*"),
    "suffix": text_holds(lambda text: ".*" + re.escape(text)),
    "equals-ignore-case": lambda text, value: (
        isinstance(value, str) and value.lower() == text.lower()
    ),
    "wildcard": text_holds(wildcard_expression),
    "anything-but": others_hold,
    "numeric": number_holds,
    "exists": lambda wanted, value: wanted,  # noqa: ARG005 there is a value
    "cidr": address_holds,
}


def asks_absence_within(pattern, *, below=False):
    """Tell whether an inner `$or` asks for absence, which only `rules_of` takes apart for lists."""
    for name, wanted in pattern.items():
        if name == "$or":
            if below and "False" in str(wanted):
                return True
            if any(asks_absence_within(one, below=below) for one in wanted):
                return True
        elif isinstance(wanted, dict) and asks_absence_within(wanted, below=True):
            return True
    return False


@given(pairs(patterns(leaves=LEAVES).filter(lambda pattern: not asks_absence_within(pattern))))
@settings(max_examples=150, deadline=None)
def test_a_pattern_is_met_as_event_ruler_meets_it(pair):
    """Objects, lists of objects, `$or` and absence as in AWS's own engine, by its README."""
    pattern, document = pair

    assert ruled(pattern, document) == compiled(pattern)(document)


@given(pairs(patterns(leaves=PRESENT_LEAVES)))
@settings(max_examples=150, deadline=None)
def test_a_pattern_of_values_is_met_as_event_ruler_meets_it(pair):
    """The same for patterns that ask for no absence, `$or` anywhere."""
    pattern, document = pair

    assert ruled(pattern, document) == compiled(pattern)(document)


# --- moto's engine, on what it does as AWS: documents without objects in lists -------------------


def without_booleans(value):
    """Return a pattern or document with null for true and false, which moto takes for 1 and 0.

    Operands of matchers stay.
    """
    if isinstance(value, dict):
        return (
            value
            if MATCHERS & value.keys()
            else {name: without_booleans(one) for name, one in value.items()}
        )
    if isinstance(value, list):
        return [without_booleans(one) for one in value]
    return None if isinstance(value, bool) else value


FLAT_NESTED = st.dictionaries(st.sampled_from(["a", "b", "c"]), FLAT_DOCUMENTS, max_size=3)


@given(patterns(leaves=LEAVES, levels=2), FLAT_DOCUMENTS | FLAT_NESTED)
@settings(max_examples=150, deadline=None)
def test_a_pattern_is_met_as_moto_meets_it(pattern, document):
    """Every matcher, objects and `$or`, on documents whose lists hold values alone."""
    # To moto an empty list is a value, and so is an empty object; to AWS neither is.
    asked, known = without_booleans(pattern), without_booleans(without_empty(document))

    assert EventPattern(None, asked).matches_event(known) == compiled(asked)(known)


def without_empty(document):
    made = {
        name: without_empty(one) if isinstance(one, dict) else one for name, one in document.items()
    }
    return {name: one for name, one in made.items() if one not in ([], {})}


@pytest.mark.parametrize(
    ("pattern", "document"),
    [
        ({"a": [{"exists": True}]}, {"a": []}),
        ({"a": [1]}, {"a": True}),
        ({"a": {"b": [1]}}, {"a": [{"b": 1}]}),
    ],
)
def test_where_moto_is_no_oracle(pattern, document):
    """What is kept from moto above is what it answers otherwise than AWS documents."""
    flat = EventPattern(None, pattern).matches_event(document)

    assert flat != compiled(pattern)(document)
    assert ruled(pattern, document) == compiled(pattern)(document)
