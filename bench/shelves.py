"""The stand-in for AWS with its keys in order, as DynamoDB has them: for asking out of very many.

A question costs it the page that it answers, so what a larger table costs more is Signalbox's own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any

from bench.world import Answer, Typed, World

INDEX = "container"  # the one that questions for contacts use; it holds keys only
PROJECTED = ("pk", "sk", "container", "place")
LAST = "\U0010ffff"
NAMES = ("pk", "sk")
NOTHING_MORE: Typed = {}


class Shelves(World):
    """Tables whose partitions, and those of the index, are read in the order of their sort keys."""

    def __init__(self) -> None:
        super().__init__()
        self._index: dict[str, dict[str, Typed]] = {}
        self._sorted: dict[tuple[str, str], list[str]] = {}

    def put(self, name: str, item: Typed) -> None:
        """Write an item."""
        self._put(name, item)

    def _at(self, name: str, key: Typed) -> Typed | None:
        found = super()._at(name, key)
        return {"pk": key["pk"], "sk": key["sk"]} if found is NOTHING_MORE else found

    def _put(self, name: str, item: Typed) -> None:
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        # A million entries of lists are nothing but keys.
        kept = NOTHING_MORE if len(item) == len(NAMES) else item
        self._tables.setdefault(name, {}).setdefault(pk, {})[sk] = kept
        self._sorted.pop((name, pk), None)
        if INDEX in item:
            partition = item[INDEX]["S"]
            projected = {attribute: item[attribute] for attribute in PROJECTED}
            self._index.setdefault(partition, {})[item["place"]["S"]] = projected
            self._sorted.pop((INDEX, partition), None)

    def _Query(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        values = {name: typed["S"] for name, typed in request["ExpressionAttributeValues"].items()}
        indexed = request.get("IndexName") == INDEX
        shelf, partition = INDEX if indexed else request["TableName"], values[":pk"]
        items = (self._index if indexed else self._tables.get(shelf, {})).get(partition, {})
        if (shelf, partition) not in self._sorted:
            self._sorted[shelf, partition] = sorted(items)
        keys = self._sorted[shelf, partition]
        prefix = values.get(":prefix", "")
        low, high = values.get(":from", prefix), values.get(":to", prefix + LAST)
        start, end = bisect_left(keys, low), bisect_right(keys, high)
        if "ExclusiveStartKey" in request:
            start = bisect_right(keys, request["ExclusiveStartKey"]["sk"]["S"])
        limit = request["Limit"]
        if request["ScanIndexForward"]:
            chosen = keys[start : min(start + limit, end)]
        else:
            chosen = keys[max(end - limit, start) : end][::-1]
        page = [
            {"pk": {"S": partition}, "sk": {"S": key}} if items[key] is NOTHING_MORE else items[key]
            for key in chosen
        ]
        if end - start <= limit:
            return {"Items": page}
        return {"Items": page, "LastEvaluatedKey": {name: page[-1][name] for name in NAMES}}
