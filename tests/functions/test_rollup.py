"""The stream function that counts: what it lets fail, what it passes over, and its dead letters."""

import json

import pytest

from functions.rollup import app as rollup
from signalbox import aws, counting
from signalbox.aws import AwsError
from signalbox.counting import ROLLUP_DEAD_LETTERS
from signalbox.store import changes, keys, mailing_counts, mailing_rebuild, table
from signalbox.store.changes import ForgottenError
from tests.cloud import client
from tests.mailed import (
    ACCOUNT_ID,
    MAILING_ID,
    TrackingStream,
    hit,
    hits,
    message,
    partition,
    record,
    write,
)
from tests.template import resources


def count(*records: dict) -> list[str]:
    """Let the function count; return the numbers of what failed."""
    answer = rollup.handler({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def totals() -> dict[str, int]:
    """Return what is counted of the mailing."""
    return mailing_counts.totals(ACCOUNT_ID, [MAILING_ID])


def test_a_batch_is_read_with_one_call_and_each_counter_written_with_one(cloud, monkeypatch):
    calls: list[str] = []
    real = aws.call

    def noted(service, operation, **request):
        calls.append(operation)
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", noted)
    opens = [hits("open", "11", human=[hit(number) for number in range(n)]) for n in range(1, 31)]

    assert [] == count(
        *(record(n, opens[n - 1] if n else None, one) for n, one in enumerate(opens))
    )
    assert ["BatchGetItem", "PutItem", "PutItem"] == calls


def test_what_says_nothing_makes_no_call(cloud, monkeypatch):
    monkeypatch.setattr(aws, "call", lambda *_, **__: pytest.fail("called"))
    claimed = message("11", "claimed")

    assert [] == count(record(1, None, claimed), record(2, claimed, claimed | {"owner": "x"}))


def test_a_fault_names_the_first_record_that_was_not_counted(cloud, monkeypatch):
    """Whatever partition the records after it are of; those before are counted."""
    first, second = (str(number) for number in range(2))
    assert partition(first) != partition(second)
    records = [
        record(10, None, message(first)),
        record(11, None, message(second)),
        record(12, None, hits("open", first, human=[hit()])),
        record(13, None, hits("open", second, human=[hit()])),
    ]
    real = table.put

    def failing(name, item, **options):
        if item["pk"] == partition(second):
            raise AwsError("InternalServerError", "", 500, {})
        real(name, item, **options)

    with monkeypatch.context() as patched:
        patched.setattr(table, "put", failing)

        assert ["11"] == count(*records)
    assert (1, 1) == (totals()["sent"], totals()["opened_personal_human"])

    assert [] == count(*records[1:])
    assert (2, 2) == (totals()["sent"], totals()["opened_personal_human"])


def test_a_table_that_cannot_be_read_fails_the_whole_batch(cloud, monkeypatch):
    def broken(*_, **__):
        raise AwsError("InternalServerError", "", 500, {})

    monkeypatch.setattr(table, "get_many", broken)

    assert ["7"] == count(record(7, None, message("11")), record(8, None, message("12")))


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"Keys": {"pk": {"S": "p"}}},
        {"Keys": {"pk": {"S": "p"}, "sk": {"S": "mark"}}, "NewImage": {"pk": {"S": "p"}}},
        {
            "Keys": {"pk": {"S": "p"}, "sk": {"S": "open#1"}},
            "NewImage": {"sk": {"S": "open#1"}, "human": {"B": "AA=="}},
        },
        {
            "Keys": {"pk": {"S": "p"}, "sk": {"S": "message#1"}},
            "NewImage": {
                "sk": {"S": "message#1"},
                "state": {"S": "sent"},
                "sent_ms": {"N": "9" * 30},
            },
        },
    ],
)
def test_what_cannot_be_read_is_logged_and_stops_nobody(cloud, capsys, told):
    """It would not become readable by waiting, and all mailings would wait with it."""
    poison = {"dynamodb": told | {"SequenceNumber": "2"}}

    assert [] == count(record(1, None, message("11")), poison, record(3, None, message("12")))

    assert 2 == totals()["sent"]
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "unreadable" in one]
    assert "2" == json.loads(line)["record"]


def test_the_filter_of_the_stream_lets_through_what_is_counted_and_nothing_else():
    """Of all sort keys of the table those of messages, hits and marks."""
    (source,) = resources("AWS::Serverless::Function")["RollupFunction"]["Events"].values()
    (criterion,) = source["Properties"]["FilterCriteria"]["Filters"]
    wanted = json.loads(criterion["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]

    prefixes = [{"prefix": prefix} for prefix in mailing_rebuild.LOGGED]
    assert [*prefixes, mailing_counts.MARK] == wanted


def test_a_partition_is_told_in_one_order():
    """One batch of a shard at a time, until it is counted, and for half of what the stream keeps."""
    (source,) = resources("AWS::Serverless::Function")["RollupFunction"]["Events"].values()
    properties = source["Properties"]

    assert (1, 43_200, ["ReportBatchItemFailures"]) == (
        properties["ParallelizationFactor"],
        properties["MaximumRecordAgeInSeconds"],
        properties["FunctionResponseTypes"],
    )
    assert {"GetAtt": ["TrackingTable", "StreamArn"]} == properties["Stream"]


# Dead letters


@pytest.fixture(name="stream")
def _stream(cloud, monkeypatch) -> TrackingStream:
    """A stream that flows while somebody waits."""
    stream = TrackingStream(cloud)
    monkeypatch.setattr(table, "sleep", lambda _: stream.flow())
    return stream


def bury(cloud, records: list[dict]) -> None:
    """Leave the dead letter that Lambda leaves of a batch."""
    numbers = [one["dynamodb"]["SequenceNumber"] for one in records]
    (found,) = client("dynamodbstreams").list_streams(TableName=cloud.variables["TRACKING_TABLE"])[
        "Streams"
    ]
    told = client("dynamodbstreams").describe_stream(StreamArn=found["StreamArn"])
    place = {
        "shardId": told["StreamDescription"]["Shards"][0]["ShardId"],
        "startSequenceNumber": str(numbers[0]),
        "endSequenceNumber": str(numbers[-1]),
        "streamArn": found["StreamArn"],
    }
    put(cloud, json.dumps({"DDBStreamBatchInfo": place}))


def put(cloud, letter: str) -> None:
    """Put a letter on the queue."""
    url = cloud.variables["ROLLUP_DEAD_LETTER_QUEUE_URL"]
    client("sqs").send_message(QueueUrl=url, MessageBody=letter)


def redrive(account) -> dict:
    """Redrive by the API."""
    status, answer = account.call("POST", "/api/dead-letters/rollup/redrive")
    assert 200 == status
    return answer


def test_what_was_given_up_is_counted_from_the_log(account, cloud, stream):
    """The counters have gone on; what the letter points at is counted all the same, and once."""
    write(cloud, message("11"))
    lost = stream.records()
    write(cloud, hits("open", "11", human=[hit()]))
    stream.flow()
    assert "sent" not in totals()
    bury(cloud, lost)

    assert {"moved": 1, "left": 0, "more": False} == redrive(account)

    assert (1, 1) == (totals()["sent"], totals()["opened_personal_human"])
    assert 0 == ROLLUP_DEAD_LETTERS.waiting()


def test_a_letter_waits_while_its_mailing_moves(account, cloud, stream, monkeypatch):
    write(cloud, message("11"))
    lost = stream.records()
    bury(cloud, lost)
    monkeypatch.setattr(table, "sleep", lambda _: None)  # the stream stands still

    assert {"moved": 0, "left": 1, "more": False} == redrive(account)


def test_what_the_stream_has_forgotten_stays_and_is_told(
    account, cloud, stream, monkeypatch, capsys
):
    write(cloud, message("11"))
    bury(cloud, stream.records())

    def forgotten(_pointer):
        raise ForgottenError("TrimmedDataAccessException")

    monkeypatch.setattr(changes, "of", forgotten)

    assert {"moved": 0, "left": 1, "more": False} == redrive(account)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if '"forgotten' in line]
    assert "startSequenceNumber" in json.loads(line)["letter"]


@pytest.mark.parametrize("letter", ["?", "{}", "[]", "null", '{"DDBStreamBatchInfo": 1}'])
def test_what_is_no_letter_stays(account, cloud, letter):
    put(cloud, letter)

    assert {"moved": 0, "left": 1, "more": False} == redrive(account)


def test_shards_are_rebuilt_by_their_numbers(cloud, stream):
    write(cloud, message("11"))
    stream.flow()
    shard = keys.mailing_shard("11")

    assert {shard: mailing_rebuild.Rebuilt.UNCHANGED} == counting.rebuild(
        ACCOUNT_ID, MAILING_ID, [shard]
    )
