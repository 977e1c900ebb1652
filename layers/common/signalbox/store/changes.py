"""What was written to a table lately, read off its stream again.

A stream keeps its records for a day:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
Access  the records of a shard from one sequence number to another
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from signalbox import aws
from signalbox.aws import AwsError

Record = dict[str, Any]

# What a stream answers where it no longer has the records, or the shard, or is itself another one.
FORGOTTEN = {"TrimmedDataAccessException", "ResourceNotFoundException"}
MOST_PAGES = 20  # of 1,000 records or 1 MB; a batch that failed held 100 at most


class Pointer(NamedTuple):
    """Where records stand: from sequence number `first` to `last`, both included."""

    stream_arn: str
    shard_id: str
    first: str
    last: str


def pointer_of(letter: str) -> Pointer:
    """Return where the records stand that Lambda gave up, from the dead letter that it left.

    Its form: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurehandling.html

    Raises:
        KeyError, TypeError, ValueError: it is no such letter.
    """
    place = json.loads(letter)["DDBStreamBatchInfo"]
    return Pointer(
        stream_arn=place["streamArn"],
        shard_id=place["shardId"],
        first=place["startSequenceNumber"],
        last=place["endSequenceNumber"],
    )


class ForgottenError(Exception):
    """The stream no longer has the records."""


def of(pointer: Pointer) -> list[Record]:
    """Return the records, oldest first, as Lambda would tell them.

    Raises:
        ForgottenError: some are, or may be, no longer there.
    """
    found: list[Record] = []
    try:
        for record in _from(pointer):
            if int(record["dynamodb"]["SequenceNumber"]) > int(pointer.last):
                break
            found.append(_told(record))
    except AwsError as error:
        if error.code not in FORGOTTEN:
            raise
        raise ForgottenError(error.code) from error
    if not found or int(found[-1]["dynamodb"]["SequenceNumber"]) < int(pointer.last):
        raise ForgottenError("the last record was not found")
    return found


def _from(pointer: Pointer) -> Iterator[Record]:
    """Yield the records of a shard from a pointer on; the reader stops when it has enough."""
    place = aws.call(
        "dynamodbstreams",
        "GetShardIterator",
        StreamArn=pointer.stream_arn,
        ShardId=pointer.shard_id,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=pointer.first,
    ).get("ShardIterator")
    for _ in range(MOST_PAGES):
        if not place:
            return
        page = aws.call("dynamodbstreams", "GetRecords", ShardIterator=place)
        yield from page["Records"]
        place = page.get("NextShardIterator")


def _told(record: Record) -> Record:
    """Return a record with its time in seconds, as it stands in an invocation."""
    told = record["dynamodb"]
    at = told["ApproximateCreationDateTime"].timestamp()
    return record | {"dynamodb": told | {"ApproximateCreationDateTime": at}}
