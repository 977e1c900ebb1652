"""The stream function: whatever becomes of a batch, the same events come out of it."""

import json
import random

import pytest

from functions.changes import app as changes
from signalbox import queues
from signalbox.aws import AwsError
from signalbox.model.container import ContainerKind
from tests.streams import Stream, announce
from tests.template import ROOT, resources


def sample(name):
    """Return the records of a sample invocation."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())["Records"]


def tag_record(number, **parts):
    """Return the record of a tag that was put on a contact."""
    image = {"pk": {"S": "A#1#contact#42"}, "sk": {"S": f"tag#{number}"}, "body": {"S": "{}"}}
    told = {
        "ApproximateCreationDateTime": 1795254840.0 + number,
        "SequenceNumber": f"s{number}",
        "NewImage": image,
    }
    return {"eventID": f"e{number}", "dynamodb": told} | parts


def queued(cloud):
    """Return what stands on the events queue, each text once."""
    return set(cloud.waiting("EVENTS"))


def test_a_batch_becomes_events(cloud):
    """Times are those of the stream, in milliseconds."""
    assert [] == announce(sample("changes-member"))

    events = sorted(map(json.loads, cloud.waiting("EVENTS")), key=lambda event: event["at"])
    assert [("subscribe", 1795254840000), ("unsubscribe", 1795254900000)] == [
        (event["kind"], event["at"]) for event in events
    ]
    assert {"contact:42"} == {event["address"] for event in events}


def test_what_its_time_to_live_removed_nobody_has_changed(cloud):
    assert [] == announce(sample("changes-expired"))

    assert set() == queued(cloud)


def test_repeated_split_and_shuffled_batches_give_the_same_events(cloud):
    """Whatever Lambda does to a batch, the events are those of the records."""
    records = [tag_record(number) for number in range(25)]
    announce(records)
    expected = queued(cloud)

    announce(records)
    assert expected == queued(cloud)
    for start in range(0, 25, 7):
        announce(records[start : start + 7])
    assert expected == queued(cloud)
    random.Random(1).shuffle(records)  # noqa: S311 the shuffle, not a secret
    announce(records)
    assert expected == queued(cloud)
    assert 25 == len(expected)


def test_what_cannot_be_read_is_named_and_what_stands_before_it_goes_on(cloud):
    """Lambda tells the batch again from the named record on."""
    broken = tag_record(2)
    broken["dynamodb"]["NewImage"] = {"pk": {"S": "A#1#contact#42"}, "sk": {"S": "list#1"}}
    records = [tag_record(1), broken, tag_record(3)]

    assert [{"itemIdentifier": "s2"}] == announce(records)
    assert ["e1"] == [json.loads(body)["id"] for body in cloud.waiting("EVENTS")]


@pytest.mark.parametrize(
    "error", [AwsError("ServiceUnavailable", "", 503, {}), queues.QueueRefusedError(1, "Internal")]
)
def test_a_queue_that_does_not_take_the_events_fails_the_whole_batch(cloud, monkeypatch, error):
    """Which of them it took is not known; telling them again does no harm."""

    def refuse(_self, _events):
        raise error

    monkeypatch.setattr(queues.Queue, "put", refuse)

    assert [{"itemIdentifier": "s1"}] == announce([tag_record(1), tag_record(2)])


def test_what_says_nothing_makes_no_call(cloud, monkeypatch):
    """Entries of lists, addresses and counts stand in the same table."""
    monkeypatch.setattr(queues.Queue, "put", lambda *_: pytest.fail("called"))
    record = tag_record(1)
    record["dynamodb"]["NewImage"] = {"pk": {"S": "A#1#count#contacts"}, "sk": {"S": "3"}}

    assert [] == announce([record])


def test_making_a_contact_is_one_event(account, cloud):
    """Of all that a new contact writes, one item says that it is new."""
    stream = Stream(cloud)
    account.call("POST", "/api/3/contacts", {"contact": {"email": "grace@signalbox.example"}})
    records = stream.records()

    assert len(records) > 3
    assert [] == announce(records)
    assert ["contact_created"] == [json.loads(body)["kind"] for body in queued(cloud)]


def test_opt_outs_become_events_of_who_had_the_address(cloud):
    assert [] == announce(sample("changes-opt-out"))

    events = sorted(map(json.loads, cloud.waiting("EVENTS")), key=lambda event: event["at"])
    assert ["contact_added", "contact_deleted"] == [event["kind"] for event in events]
    said = [event["properties"] for event in events]
    assert [f"contact:{one['contact_id']}" for one in said] == [one["address"] for one in events]
    assert ["ada@signalbox.example"] * 2 == [one["address"] for one in said]
    assert ["email_opt_out_list"] * 2 == [event["properties"]["container"] for event in events]


def test_the_filter_of_the_stream_lets_through_what_says_something():
    """Items of contacts, of every kind of container, and of tags."""
    (source,) = resources("AWS::Serverless::Function")["ChangesFunction"]["Events"].values()
    (criterion,) = source["Properties"]["FilterCriteria"]["Filters"]
    wanted = json.loads(criterion["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]

    nouns = [*ContainerKind, "tag"]
    assert ["contact", *({"prefix": f"{noun}#"} for noun in nouns)] == sorted(
        wanted, key=lambda one: -1 if one == "contact" else nouns.index(one["prefix"][:-1])
    )


def test_the_handler_answers_as_lambda_wants_it(cloud):
    assert {"batchItemFailures": []} == changes.handler({"Records": [tag_record(1)]}, None)
