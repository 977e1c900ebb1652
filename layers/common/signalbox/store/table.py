"""What every store file needs of DynamoDB: plain items in, plain items out.

An item is its key (`pk`, `sk`), a `body` (one packed JSON text, a seventh of the client's cost of
a map of attributes, and smaller) and the few attributes that conditions, indexes and TTL read.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from signalbox.aws import AwsError, dynamodb
from signalbox.awsjson import jitter

Key = tuple[str, str]
Item = dict[str, Any]

READ_AT_ONCE = 100  # BatchGetItem's limit of keys
WRITTEN_AT_ONCE = 25  # BatchWriteItem's limit of items
REFUSED = "ConditionalCheckFailed"  # of the reasons why a transaction is cancelled
PASSING = {"None", "TransactionConflict", "ThrottlingError"}
TRIES = 8  # of what a batch call left over; the waits add up to at most 6 s

sleep = time.sleep


class Page(NamedTuple):
    """Some items of a query, and the key to go on after; None at the end.

    `resume` is all that a query of an index needs to go on: the item's key and the index's.
    """

    items: list[Item]
    last: Key | None
    resume: Item | None = None


class RefusedError(Exception):
    """A condition did not hold. `old` is the item that stands there, None where there is none."""

    def __init__(self, old: Item | None) -> None:
        super().__init__("the item is not as the write expects it")
        self.old = old


class CancelledError(AwsError):
    """A transaction was not written, as a condition of it does not hold.

    `reasons`: for each write its code and the item there. Whoever cannot tell what the condition
    means lets it pass as what it is to everybody else: AWS did not do this.
    """

    def __init__(self, error: AwsError, reasons: Sequence[tuple[str, Item | None]]) -> None:
        super().__init__(error.code, error.message, error.status, error.fields)
        self.reasons = reasons


def get(table: str, key: Key, *, consistent: bool = True) -> Item | None:
    """Return one item; None where there is none."""
    answer = dynamodb("GetItem", TableName=table, Key=_typed_key(key), ConsistentRead=consistent)
    return plain(answer["Item"]) if answer.get("Item") else None


def get_many(
    wanted: Mapping[str, Iterable[Key]], *, eventually: frozenset[str] = frozenset()
) -> dict[Key, Item]:
    """Return the items that exist, of several tables at once, by key.

    Tables in `eventually` are read at half the price, perhaps a second late.
    """
    pending = [(table, key) for table, keys in wanted.items() for key in dict.fromkeys(keys)]
    found: dict[Key, Item] = {}
    for start in range(0, len(pending), READ_AT_ONCE):
        request: dict[str, Any] = {}
        for table, key in pending[start : start + READ_AT_ONCE]:
            if table not in request:
                request[table] = {"Keys": [], "ConsistentRead": table not in eventually}
            request[table]["Keys"].append(_typed_key(key))
        for answer in _until_done("BatchGetItem", request, "UnprocessedKeys"):
            for items in answer.get("Responses", {}).values():
                for typed in items:
                    item = plain(typed)
                    found[item["pk"], item["sk"]] = item
    return found


def put_many(table: str, items: Iterable[Item]) -> None:
    """Write the items over whatever stands there; one item a key, the last one given wins."""
    _write_many(table, {key_of(item): {"PutRequest": {"Item": _typed(item)}} for item in items})


def delete_many(table: str, keys: Iterable[Key]) -> None:
    """Delete what stands at the keys."""
    _write_many(table, {key: {"DeleteRequest": {"Key": _typed_key(key)}} for key in keys})


def put(
    table: str,
    item: Item,
    *,
    condition: str = "",
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Write one item; raise `RefusedError` where the condition does not hold."""
    request: dict[str, Any] = {"TableName": table, "Item": _typed(item)}
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    with_refusal("PutItem", _conditional(request, condition, values))


def update(  # noqa: PLR0913 the parts of one write
    table: str,
    key: Key,
    expression: str,
    values: Mapping[str, Any],
    *,
    condition: str = "",
    names: Mapping[str, str] | None = None,
) -> None:
    """Change attributes of one item; raise `RefusedError` where the condition does not hold.

    `names` stand for attributes whose own names are words of DynamoDB's.
    """
    request = _update(table, key, expression)
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    with_refusal("UpdateItem", _conditional(request, condition, values))


def updated(  # noqa: PLR0913 the parts of one write
    table: str,
    key: Key,
    expression: str,
    values: Mapping[str, Any],
    *,
    condition: str,
    names: Mapping[str, str] | None = None,
    whole: bool = False,
) -> Item:
    """Change attributes of one item as `update` does and return them as they are now.

    `whole` asks for all attributes in place of those that were changed.
    """
    returned = "ALL_NEW" if whole else "UPDATED_NEW"
    request = _update(table, key, expression) | {"ReturnValues": returned}
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    answer = with_refusal("UpdateItem", _conditional(request, condition, values))
    return plain(answer["Attributes"])


def delete(
    table: str,
    key: Key,
    *,
    condition: str,
    values: Mapping[str, Any],
    names: Mapping[str, str],
) -> None:
    """Delete one item; raise `RefusedError` where the condition does not hold."""
    request: dict[str, Any] = {
        "TableName": table,
        "Key": _typed_key(key),
        "ExpressionAttributeNames": dict(names),
    }
    with_refusal("DeleteItem", _conditional(request, condition, values))


def with_refusal(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Perform a conditional write; turn DynamoDB's refusal into `RefusedError`."""
    try:
        return dynamodb(operation, **request)
    except AwsError as error:
        if error.code != "ConditionalCheckFailedException":
            raise
        old = error.fields.get("Item")
        raise RefusedError(plain(old) if old else None) from error


def putting(
    table: str, item: Item, *, condition: str = "", values: Mapping[str, Any] | None = None
) -> Item:
    """Return a put as a part of a transaction."""
    write: dict[str, Any] = {"TableName": table, "Item": _typed(item)}
    return {"Put": _conditional(write, condition, values)}


def deleting(
    table: str, key: Key, *, condition: str = "", values: Mapping[str, Any] | None = None
) -> Item:
    """Return a deletion as a part of a transaction."""
    write: dict[str, Any] = {"TableName": table, "Key": _typed_key(key)}
    return {"Delete": _conditional(write, condition, values)}


def updating(
    table: str,
    key: Key,
    expression: str,
    values: Mapping[str, Any],
    *,
    condition: str = "",
) -> Item:
    """Return an update as a part of a transaction."""
    write = _update(table, key, expression)
    return {"Update": _conditional(write, condition, values)}


def transact(writes: Sequence[Item]) -> None:
    """Make all the writes or none.

    A conflict with another transaction on the same items is tried again.

    Raises:
        CancelledError: a condition does not hold.
        AwsError: AWS failed, or conflicts outlasted the tries.
    """
    for attempt in range(1, TRIES + 1):
        try:
            dynamodb("TransactWriteItems", TransactItems=list(writes))
        except AwsError as error:
            if error.code != "TransactionCanceledException":
                raise
            reasons = [
                (reason.get("Code", "None"), plain(reason["Item"]) if reason.get("Item") else None)
                for reason in error.fields.get("CancellationReasons", [])
            ]
            codes = {code for code, _ in reasons}
            if REFUSED in codes:
                raise CancelledError(error, reasons) from error
            if attempt == TRIES or not codes <= PASSING:
                raise
            sleep(_wait(attempt))
        else:
            return


def checking(table: str, key: Key, condition: str) -> Item:
    """Return a condition on an item that is not written as a part of a transaction."""
    check: dict[str, Any] = {"TableName": table, "Key": _typed_key(key)}
    return {"ConditionCheck": _conditional(check, condition, None)}


def query(  # noqa: PLR0913 the parts of one question
    table: str,
    partition: str,
    *,
    prefix: str = "",
    between: tuple[str, str] | tuple[int, int] | None = None,
    limit: int = 100,
    newest_first: bool = False,
    after: Key | Item | None = None,
    consistent: bool = False,
    index: str = "",
    sort: str = "sk",
) -> Page:
    """Return a page of a partition, in the order of the sort key.

    `prefix` and `between` (both ends included) narrow the sort key; one of them, not both.
    The partition key of an `index` is the attribute of its name, its sort key `sort`.
    """
    condition = f"{index or 'pk'} = :pk"
    values: dict[str, str | int] = {":pk": partition}
    if between:
        condition += f" AND {sort} BETWEEN :from AND :to"
        values |= {":from": between[0], ":to": between[1]}
    elif prefix:
        condition += f" AND begins_with({sort}, :prefix)"
        values[":prefix"] = prefix
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": _typed(values),
        "Limit": limit,
        "ScanIndexForward": not newest_first,
        "ConsistentRead": consistent,
    }
    if index:
        request["IndexName"] = index
    if after:
        request["ExclusiveStartKey"] = (
            _typed_key(after) if isinstance(after, tuple) else _typed(after)
        )
    answer = dynamodb("Query", **request)
    last = plain(answer.get("LastEvaluatedKey") or {})
    return Page(
        items=[plain(item) for item in answer.get("Items", [])],
        last=key_of(last) if last else None,
        resume=last or None,
    )


def query_all(table: str, partition: str, **question: Any) -> Iterator[Item]:
    """Return every item of a partition, page after page."""
    after: Item | None = None
    while True:
        page = query(table, partition, after=after, **question)
        yield from page.items
        if page.resume is None:
            return
        after = page.resume


def count(table: str, partition: str, *, between: tuple[str, str]) -> int:
    """Return how many items of a partition lie between two sort keys; all are read, none sent."""
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :from AND :to",
        "ExpressionAttributeValues": _typed(
            {":pk": partition, ":from": between[0], ":to": between[1]}
        ),
        "Select": "COUNT",
        "ConsistentRead": True,
    }
    total = 0
    while True:
        answer = dynamodb("Query", **request)
        total += int(answer["Count"])
        if not answer.get("LastEvaluatedKey"):
            return total
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def key_of(item: Mapping[str, Any]) -> Key:
    """Return an item's key."""
    return item["pk"], item["sk"]


def _write_many(table: str, requests: Mapping[Key, Item]) -> None:
    pending = list(requests.values())
    for start in range(0, len(pending), WRITTEN_AT_ONCE):
        request = {table: pending[start : start + WRITTEN_AT_ONCE]}
        for _ in _until_done("BatchWriteItem", request, "UnprocessedItems"):
            pass


def _until_done(operation: str, request: Any, left_over: str) -> Iterator[dict[str, Any]]:
    """Make a batch call, and again for what it left over, with growing waits."""
    for attempt in range(1, TRIES + 1):
        answer = dynamodb(operation, RequestItems=request)
        yield answer
        request = answer.get(left_over)
        if not request:
            return
        sleep(_wait(attempt))
    raise AwsError("Unprocessed", f"{operation} left items over {TRIES} times", 400, {})


def _wait(attempt: int) -> float:
    """Return seconds to wait: full jitter up to 50 ms, doubled each time, at most 1.6 s."""
    return jitter() * 0.05 * 2.0 ** min(attempt - 1, 5)


def _update(table: str, key: Key, expression: str) -> dict[str, Any]:
    return {"TableName": table, "Key": _typed_key(key), "UpdateExpression": expression}


def _conditional(
    write: dict[str, Any], condition: str, values: Mapping[str, Any] | None
) -> dict[str, Any]:
    if condition:
        write["ConditionExpression"] = condition
        write["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if values:
        write["ExpressionAttributeValues"] = _typed(values)
    return write


def _typed_key(key: Key) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _typed(item: Mapping[str, Any]) -> Item:
    return {
        name: {"S": value}
        if isinstance(value, str)
        else {"N": str(value)}
        if isinstance(value, int)
        else {"SS": sorted(value)}
        for name, value in item.items()
    }


def plain(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return a typed item as all others here are; raise `KeyError` for a type that we never store."""
    return {
        name: typed["S"]
        if "S" in typed
        else int(typed["N"])
        if "N" in typed
        else frozenset(typed["SS"])
        for name, typed in item.items()
    }
