"""A meter between Signalbox and AWS: counts requests, capacity units and bytes.

Units as the DynamoDB guide has them, in "Read and write operations" and "Item sizes and formats";
requests of SQS as its price list has them, one for each 64 KB.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Typed = Mapping[str, Any]
Call = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]

WRITE_UNIT = 1024
READ_UNIT = 4096
QUEUE_UNIT = 65_536
SPARSE = frozenset({"attention", "logged"})  # indexes of the tracking table, by their attribute
QUEUE_OPERATIONS = {"SendMessage", "SendMessageBatch"}


@dataclass(slots=True)
class Meter:
    """Hands every call on to `call` and counts it.

    `item_bytes` and `message_bytes` list what was written and what was queued, one by one.
    """

    call: Call
    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    write_units: int = 0
    queue_requests: int = 0
    item_bytes: list[int] = field(default_factory=list)
    message_bytes: list[int] = field(default_factory=list)
    _indexed: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def __call__(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make the call and count what it costs."""
        self.calls[operation] += 1
        answer = self.call(service, operation, request)
        if operation in QUEUE_OPERATIONS:
            self._count_messages(request)
        elif service == "dynamodb":
            self._count_writes(operation, request)
            self._count_reads(operation, request, answer)
        return answer

    @property
    def total(self) -> int:
        """Return how many calls were made in all."""
        return self.calls.total()

    def reset(self) -> None:
        """Start again from nothing."""
        self.calls.clear()
        self.item_bytes.clear()
        self.message_bytes.clear()
        self.read_units, self.write_units, self.queue_requests = 0.0, 0, 0

    def _count_messages(self, request: Mapping[str, Any]) -> None:
        entries = request.get("Entries", [request])
        sizes = [len(entry["MessageBody"].encode()) for entry in entries]
        self.message_bytes += sizes
        self.queue_requests += max(1, math.ceil(sum(sizes) / QUEUE_UNIT))

    def _count_writes(self, operation: str, request: Mapping[str, Any]) -> None:
        times = 2 if operation == "TransactWriteItems" else 1
        for item in _written(operation, request):
            size = item_size(item)
            self.item_bytes.append(size)
            copies = 1 + self._copies_in_indexes(item)
            self.write_units += times * copies * max(1, math.ceil(size / WRITE_UNIT))

    def _copies_in_indexes(self, item: Typed) -> int:
        """Return how often the sparse indexes write an item: to add it, to take it off, or both.

        Their sort key moves with every write, so an item that stays moves, which is two writes.
        """
        where = item["pk"]["S"], item["sk"]["S"]
        before = self._indexed.get(where, frozenset())
        after = SPARSE.intersection(item)
        self._indexed[where] = after
        return len(before) + len(after)

    def _count_reads(
        self, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> None:
        if operation == "GetItem":
            size = item_size(answer.get("Item") or {})
            self.read_units += _read_units(size, consistent=request.get("ConsistentRead", False))
        elif operation == "Query":
            size = sum(item_size(item) for item in answer["Items"])
            self.read_units += _read_units(size, consistent=request.get("ConsistentRead", False))
        elif operation == "BatchGetItem":
            for table, asked in request["RequestItems"].items():
                self.read_units += _batch_units(asked, answer["Responses"].get(table, []))


def item_size(item: Typed) -> int:
    """Return the size of a typed item: its attributes' names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Typed) -> int:
    """Return the size of a text, a number or a set of texts; Signalbox stores nothing else."""
    if "SS" in value:
        return 3 + sum(len(str(text).encode()) + 1 for text in value["SS"])
    if "S" in value:
        return len(str(value["S"]).encode())
    number = str(value["N"])
    digits = number.lstrip("-").strip("0")  # zeros at either end take no room
    return math.ceil(len(digits) / 2) + 1 + number.startswith("-")


def _written(operation: str, request: Mapping[str, Any]) -> Iterable[Typed]:
    """Yield what is written; of an update, which does not say what stands there, what it brings."""
    if operation == "PutItem":
        yield request["Item"]
    elif operation == "UpdateItem":
        yield {**request["Key"], **request.get("ExpressionAttributeValues", {})}
    elif operation == "BatchWriteItem":
        for writes in request["RequestItems"].values():
            puts = (write["PutRequest"] for write in writes if "PutRequest" in write)
            yield from (put["Item"] for put in puts)
    elif operation == "TransactWriteItems":
        yield from (write["Put"]["Item"] for write in request["TransactItems"] if "Put" in write)


def _read_units(size: int, *, consistent: bool) -> float:
    return max(1, math.ceil(size / READ_UNIT)) * (1.0 if consistent else 0.5)


def _batch_units(asked: Mapping[str, Any], found: list[Typed]) -> float:
    """Each item of a batch is rounded up by itself; one that is not there costs one unit too."""
    consistent = asked.get("ConsistentRead", False)
    sizes = [item_size(item) for item in found] + [0] * (len(asked["Keys"]) - len(found))
    return sum(_read_units(size, consistent=consistent) for size in sizes)
