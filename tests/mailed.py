"""Items of mailings as senders and trackers write them, and the stream that tells of them."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from functions.rollup import app as rollup
from signalbox.store import keys
from tests.cloud import REGION, Cloud, client

ACCOUNT_ID = "100000001"
MAILING_ID = "2000000000000001"
HOUR = 498_682  # hours since 1970: 2026-11-21 10:00
AT_MS = HOUR * 3_600_000


def partition(who: str, mailing_id: str = MAILING_ID) -> str:
    """Return the partition of what a contact, or a nonce, does in a mailing."""
    return keys.mailing(ACCOUNT_ID, mailing_id, keys.mailing_shard(who))


def message(who: str, state: str = "sent", **facts: Any) -> dict[str, Any]:
    """Return the item of a message to a contact."""
    mailing_id = facts.pop("mailing_id", MAILING_ID)
    item = {"pk": partition(who, mailing_id), "sk": f"message#{who}", "state": state}
    sent = {"sent_ms": AT_MS, "mode": "personal", "click_mode": "personal"}
    return item | {"changed_ms": AT_MS} | (sent if state == "sent" else {}) | facts


def hits(
    kind: str, who: str, *, human: Iterable[str] = (), machine: Iterable[str] = (), **facts: Any
):
    """Return the item of what a contact (or `~` and a nonce) opened or clicked."""
    mailing_id = facts.pop("mailing_id", MAILING_ID)
    item = {"pk": partition(who.removeprefix("~"), mailing_id), "sk": f"{kind}#{who}"}
    sets = {"human": frozenset(human), "machine": frozenset(machine)}
    return item | {name: texts for name, texts in sets.items() if texts} | facts


def hit(number: int = 0, *, link: int = 0, hour: int = HOUR) -> str:
    """Return the text of a hit."""
    return f"{hour}.{link}.{number:08x}"


def typed(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return an item as DynamoDB has it."""

    def value(plain: Any) -> dict[str, Any]:
        if isinstance(plain, int):
            return {"N": str(plain)}
        return {"S": plain} if isinstance(plain, str) else {"SS": sorted(plain)}

    return {name: value(plain) for name, plain in item.items()}


def record(number: int, before: dict | None, after: dict | None) -> dict[str, Any]:
    """Return a record of the stream; numbers order them."""
    item = after or before
    told: dict[str, Any] = {
        "SequenceNumber": str(number),
        "ApproximateCreationDateTime": 1795254840.0,
        "Keys": typed({name: item[name] for name in ("pk", "sk")}),
    }
    images = {"OldImage": before, "NewImage": after}
    return {"dynamodb": told | {name: typed(one) for name, one in images.items() if one}}


def write(cloud: Cloud, *items: dict[str, Any]) -> None:
    """Write items of the tracking table."""
    for item in items:
        client("dynamodb").put_item(TableName=cloud.variables["TRACKING_TABLE"], Item=typed(item))


def remove(cloud: Cloud, item: dict[str, Any]) -> None:
    """Delete an item of the tracking table."""
    key = typed({name: item[name] for name in ("pk", "sk")})
    client("dynamodb").delete_item(TableName=cloud.variables["TRACKING_TABLE"], Key=key)


class TrackingStream:
    """Reads what was written to the tracking table since it was last read, as the filter lets it."""

    def __init__(self, cloud: Cloud) -> None:
        self.name = cloud.variables["TRACKING_TABLE"]
        self.read = 0

    def records(self) -> list[dict[str, Any]]:
        """Return the records that are new, oldest first."""
        shard = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[self.name].stream_shard
        found = [deepcopy(item.to_json()) for item in shard.items[self.read :]]
        self.read += len(found)
        return list(filtered(found))

    def flow(self) -> None:
        """Let all that is new be counted."""
        assert {"batchItemFailures": []} == rollup.handler({"Records": self.records()}, None)


def filtered(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what the filter of the function lets through."""
    for one in records:
        sort = one["dynamodb"]["Keys"]["sk"]["S"]
        if sort == "mark" or sort.startswith(("message#", "open#", "click#")):
            yield one
