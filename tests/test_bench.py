"""What the benchmarks measure is work that is done, and not its refusal."""

import importlib

import pytest

from bench import warm
from bench.world import World, answering, settle

DONE = {200, 202, 302}


@pytest.mark.parametrize("name", sorted(warm.works().keys() - {"boto3"}))
def test_what_is_measured_is_done(name):
    """Each invocation succeeds against the stand-in that the benchmarks call."""
    handler, _, invocation, _ = warm.works()[name]
    with answering(World()):
        settle()
        answer = importlib.import_module(f"functions.{handler}").handler(invocation, None)

    assert [] == answer.get("batchItemFailures", [])
    assert answer.get("statusCode", 200) in DONE
