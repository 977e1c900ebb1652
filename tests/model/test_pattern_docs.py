"""The page about patterns says what the code does."""

import json
import re

import pytest

from signalbox.model.pattern import (
    MATCHERS,
    MOST_BYTES,
    MOST_LEVELS,
    check,
    compiled,
    explained,
)
from tests.template import ROOT

PAGE = (ROOT / "docs" / "patterns.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def matchers_in(value):
    """Yield the names of the matchers that a pattern uses."""
    if isinstance(value, dict):
        yield from MATCHERS & value.keys()
        for one in value.values():
            yield from matchers_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from matchers_in(one)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["pattern"])[:60])
def test_an_example_does_what_the_page_says(example):
    """Each pattern is accepted, and meets and fails to meet what stands beside it."""
    check(example["pattern"], field="")
    met = compiled(example["pattern"])

    assert [True] * len(example["meets"]) == [met(one) for one in example["meets"]]
    assert [False] * len(example["does_not_meet"]) == [met(one) for one in example["does_not_meet"]]
    for one in example["meets"]:
        assert all(finding.met for finding in explained(example["pattern"], one))


def test_every_matcher_has_a_heading_and_an_example():
    headings = {
        name for line in re.findall(r"^### (.+)$", PAGE, re.MULTILINE) for name in words(line)
    }
    shown = {name for example in EXAMPLES for name in matchers_in(example["pattern"])}

    assert MATCHERS == headings
    assert MATCHERS == shown


def words(line):
    return re.findall(r"`([^`]+)`", line)


def test_every_example_shows_both_sides():
    for example in EXAMPLES:
        assert {"pattern", "meets", "does_not_meet"} == example.keys()
        assert example["meets"]
        assert example["does_not_meet"]


def test_the_limits_are_told():
    assert f"{MOST_BYTES} bytes" in PAGE
    assert f"{MOST_LEVELS} levels" in PAGE
