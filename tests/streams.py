"""The contacts table's stream, as Lambda hands it on."""

from copy import deepcopy
from datetime import UTC
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from functions.changes import app as changes
from tests.cloud import REGION, Cloud
from tests.people import work


class Stream:
    """Reads what was written since it was made, and since it was last read."""

    def __init__(self, cloud: Cloud) -> None:
        self.name = cloud.variables["CONTACTS_TABLE"]
        self.read = 0
        self.records()

    def records(self) -> list[dict[str, Any]]:
        """Return the records that are new, oldest first, their times as numbers."""
        shard = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[self.name].stream_shard
        found = [deepcopy(item.to_json()) for item in shard.items[self.read :]]
        self.read += len(found)
        return [_as_told(record) for record in found]


def announce(records: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Let the function work through the records; return what failed."""
    return changes.handler({"Records": records}, None)["batchItemFailures"]


def _as_told(record: dict[str, Any]) -> dict[str, Any]:
    told = record["dynamodb"]
    made_at = told["ApproximateCreationDateTime"].replace(tzinfo=UTC).timestamp()
    return record | {"dynamodb": told | {"ApproximateCreationDateTime": made_at}}


def flow(cloud: Cloud, stream: Stream) -> None:
    """Let what changes cause what follows from it, until nothing more does."""
    for _ in range(30):
        records = stream.records()
        assert announce(records) == []
        if not work(cloud) and not records:
            return
    raise AssertionError("it never came to rest")
