"""What the fault tests of a file share: one world with rules, put back before each run."""

from typing import Any

import pytest

from signalbox import queues
from tests.faults.world import World, inhabited, with_rules


@pytest.fixture(scope="module", name="world")
def _world(_mocked_aws):
    with inhabited() as world:
        yield with_rules(world)


@pytest.fixture(scope="module", name="queued")
def _queued(world: World):
    """What ingest queues, instead of the queue: thousands of cases need no more of it."""
    taken: list[str] = []

    def take(operation: str, **request: Any) -> dict[str, Any]:
        sent = [request] if operation == "SendMessage" else request["Entries"]
        taken.extend(one["MessageBody"] for one in sent)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        world.begin()
        patch.setattr(queues, "sqs", take)
        yield taken
