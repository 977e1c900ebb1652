"""Dead letters of changes: what the stream's function gave up is announced after all."""

import json

import pytest

from signalbox import queues
from signalbox.announcing import CHANGES_DEAD_LETTERS
from signalbox.aws import AwsError
from signalbox.store import changes
from signalbox.store.changes import ForgottenError
from tests.cloud import client
from tests.streams import Stream, announce

GONE = {"moved": 0, "left": 1, "more": False}


@pytest.fixture(name="stream")
def _stream(account, cloud) -> Stream:
    return Stream(cloud)


def tag(account, name: str) -> None:
    """Put a new tag on Ada."""
    made = account.call("POST", "/api/3/tags", {"tag": {"tag": name, "tagType": "contact"}})
    wanted = {"contact": account.ada.contact_id, "tag": made[1]["tag"]["id"]}
    assert 201 == account.call("POST", "/api/3/contactTags", {"contactTag": wanted})[0]


def bury(cloud, records) -> None:
    """Leave the dead letter that Lambda leaves of a batch."""
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    streams = client("dynamodbstreams")
    (stream,) = streams.list_streams(TableName=cloud.variables["CONTACTS_TABLE"])["Streams"]
    told = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
    letter = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": {
            "shardId": told["Shards"][0]["ShardId"],
            "startSequenceNumber": str(numbers[0]),
            "endSequenceNumber": str(numbers[-1]),
            "batchSize": len(records),
            "streamArn": stream["StreamArn"],
        },
    }
    put(cloud, json.dumps(letter))


def put(cloud, letter: str) -> None:
    """Put a letter on the queue."""
    url = cloud.variables["CHANGES_DEAD_LETTER_QUEUE_URL"]
    client("sqs").send_message(QueueUrl=url, MessageBody=letter)


def redrive(account) -> dict:
    """Redrive by the API."""
    status, answer = account.call("POST", "/api/dead-letters/changes/redrive")
    assert 200 == status
    return answer


def test_the_events_are_those_that_the_function_would_have_queued(account, cloud, stream):
    """The same to the byte, so that one that was queued already is not recorded twice."""
    tag(account, "before")
    stream.records()
    tag(account, "first")
    tag(account, "second")
    records = stream.records()
    tag(account, "after")
    announce(records)
    expected = cloud.waiting("EVENTS")
    bury(cloud, records)

    assert {"moved": 1, "left": 0, "more": False} == redrive(account)

    assert ["contact_tag_added"] * 2 == [json.loads(event)["kind"] for event in expected]
    assert sorted(expected) == sorted(cloud.waiting("EVENTS"))
    assert 0 == CHANGES_DEAD_LETTERS.waiting()


def test_many_letters_go_home_by_tens(account, cloud, stream):
    for number in range(12):
        tag(account, f"tag {number}")
        bury(cloud, stream.records())

    assert {"moved": 12, "left": 0, "more": False} == redrive(account)
    assert 12 == len(cloud.waiting("EVENTS"))


def test_no_more_than_a_request_has_time_for(account, cloud, stream, monkeypatch):
    monkeypatch.setattr(CHANGES_DEAD_LETTERS, "at_once", 2)
    for number in range(3):
        tag(account, f"tag {number}")
        bury(cloud, stream.records())

    assert {"moved": 2, "left": 0, "more": True} == redrive(account)
    assert {"moved": 1, "left": 0, "more": False} == redrive(account)


def test_what_says_nothing_is_done_with(account, cloud, stream):
    """Records that stand for no event leave no letter behind."""
    shard = {"pk": {"S": f"A#{account.account_id}#count#contacts"}, "sk": {"S": "0"}}
    client("dynamodb").put_item(TableName=cloud.variables["CONTACTS_TABLE"], Item=shard)
    bury(cloud, stream.records())

    assert {"moved": 1, "left": 0, "more": False} == redrive(account)
    assert [] == cloud.waiting("EVENTS")


def test_what_the_stream_has_forgotten_stays_and_is_told(
    account, cloud, stream, monkeypatch, capsys
):
    """The letter is kept, and a line of the log holds where it points."""
    tag(account, "first")
    bury(cloud, stream.records())

    def forgotten(pointer):
        raise ForgottenError("TrimmedDataAccessException")

    monkeypatch.setattr(changes, "of", forgotten)

    assert GONE == redrive(account)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if '"forgotten' in line]
    assert "startSequenceNumber" in json.loads(line)["letter"]
    assert [] == cloud.waiting("EVENTS")
    assert 1 == in_flight(cloud)


@pytest.mark.parametrize("letter", ["", "{}", "[]", "null", '{"DDBStreamBatchInfo": 1}'])
def test_what_is_no_letter_stays(account, cloud, letter):
    put(cloud, letter or "?")

    assert GONE == redrive(account)
    assert 1 == in_flight(cloud)


def in_flight(cloud) -> int:
    """Return how many letters were received and not deleted."""
    url = cloud.variables["CHANGES_DEAD_LETTER_QUEUE_URL"]
    name = "ApproximateNumberOfMessagesNotVisible"
    told = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(told["Attributes"][name])


def test_a_letter_whose_events_cannot_be_queued_is_kept(account, cloud, stream, monkeypatch):
    """A fault of AWS refuses the request; the letter shows again."""
    tag(account, "first")
    bury(cloud, stream.records())
    real = queues.sqs

    def broken(operation, **request):
        if operation.startswith("SendMessage"):
            raise AwsError("ServiceUnavailable", operation, 503, {})
        return real(operation, **request)

    monkeypatch.setattr(queues, "sqs", broken)

    assert 503 == account.call("POST", "/api/dead-letters/changes/redrive")[0]
    assert 1 == in_flight(cloud)


def test_letters_are_counted(account, cloud):
    put(cloud, "{}")

    counts = account.call("GET", "/api/dead-letters")[1]["dead_letters"]
    assert {"queue": "changes", "waiting": 1} in counts
