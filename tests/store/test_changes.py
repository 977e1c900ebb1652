"""The contacts table's stream, read again."""

from datetime import UTC, datetime
from typing import Any

import pytest

from signalbox import aws
from signalbox.store import changes
from signalbox.store.changes import ForgottenError, Pointer

AT = datetime(2026, 11, 21, 9, 54, tzinfo=UTC)
POINTER = Pointer("arn:aws:dynamodb:us-east-1:123456789012:table/c/stream/1", "shard-1", "9", "12")


class Shard:
    """A shard of the stream: `pages` of sequence numbers, the last of them open or closed."""

    def __init__(self, *pages: list[int], is_open: bool = False) -> None:
        self.pages = pages
        self.is_open = is_open
        self.asked: list[dict[str, Any]] = []

    def __call__(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """Answer as DynamoDB Streams does; numbers before the first that is asked for are not told."""
        assert "dynamodbstreams" == service
        self.asked.append({"operation": operation, **request})
        if operation == "GetShardIterator":
            return {"ShardIterator": "0"}
        number = int(request["ShardIterator"])
        page = self.pages[number] if number < len(self.pages) else []
        ends = number + 1 >= len(self.pages) and not self.is_open
        return {
            "Records": [record(sequence) for sequence in page],
            **({} if ends else {"NextShardIterator": str(number + 1)}),
        }


def record(sequence: int) -> dict[str, Any]:
    """Return a record as the stream tells it."""
    told = {"SequenceNumber": str(sequence), "ApproximateCreationDateTime": AT}
    return {"eventID": f"e{sequence}", "dynamodb": told}


def read(monkeypatch, shard: Shard) -> list[str]:
    """Return the ids of the records that the pointer leads to."""
    monkeypatch.setattr(aws, "call", shard)
    return [found["eventID"] for found in changes.of(POINTER)]


@pytest.mark.parametrize(
    "pages",
    [
        [[9, 10, 12]],
        [[9, 10, 12, 13, 14]],
        [[9], [10], [], [12, 13]],
        [[], [9, 10, 12], [13]],
    ],
)
def test_records_are_read_from_the_first_to_the_last(monkeypatch, pages):
    """However they are spread over pages, and whatever follows; numbers compare as numbers."""
    assert ["e9", "e10", "e12"] == read(monkeypatch, Shard(*pages))


def test_no_page_is_asked_for_after_the_last_record(monkeypatch):
    shard = Shard([9, 10, 12, 13], is_open=True)
    read(monkeypatch, shard)

    assert [
        {
            "operation": "GetShardIterator",
            "StreamArn": POINTER.stream_arn,
            "ShardId": "shard-1",
            "ShardIteratorType": "AT_SEQUENCE_NUMBER",
            "SequenceNumber": "9",
        },
        {"operation": "GetRecords", "ShardIterator": "0"},
    ] == shard.asked


def test_times_are_seconds_as_in_an_invocation(monkeypatch):
    monkeypatch.setattr(aws, "call", Shard([12]))

    (found,) = changes.of(POINTER)

    assert AT.timestamp() == found["dynamodb"]["ApproximateCreationDateTime"]


@pytest.mark.parametrize("shard", [Shard([]), Shard([9, 10]), Shard([9], is_open=True)])
def test_a_last_record_that_does_not_come_is_forgotten(monkeypatch, shard):
    """Half of a batch is not taken for the whole, and an open shard is not read for ever."""
    with pytest.raises(ForgottenError):
        read(monkeypatch, shard)

    assert len(shard.asked) <= 1 + changes.MOST_PAGES


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TrimmedDataAccessException", ForgottenError),
        ("ResourceNotFoundException", ForgottenError),
        ("InternalServerError", aws.AwsError),
    ],
)
def test_what_the_stream_forgot_is_told_from_what_it_cannot_say_now(monkeypatch, code, expected):
    def broken(service, operation, **request):
        raise aws.AwsError(code, "", 400, {})

    monkeypatch.setattr(aws, "call", broken)

    with pytest.raises(expected):
        changes.of(POINTER)
