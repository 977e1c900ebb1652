"""What the fault tests of a file share: one world with rules, put back before each run."""

import pytest

from tests.faults.world import inhabited, with_rules


@pytest.fixture(scope="module", name="world")
def _world(_mocked_aws):
    with inhabited() as world:
        yield with_rules(world)
