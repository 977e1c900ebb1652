"""What an event costs: calls, capacity units and bytes. Whoever makes it dearer has to say so here."""

from math import ceil

import pytest

from bench.memory import MOST_MB, RULES, worker_mb
from bench.metering import Meter, item_size
from bench.world import add_rules
from functions.dispatch import app as dispatch
from functions.ingest import app as ingest
from functions.track import app as track
from signalbox import aws
from signalbox.model.event import Event
from signalbox.people import add_contact
from signalbox.store import waking
from tests import hits
from tests.cloud import Context, http_event, sqs_event
from tests.people import MAIL

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


@pytest.fixture(name="meter")
def _meter(account, monkeypatch):
    """A meter at the one door to AWS, with the event key remembered as in a warm function."""
    real = aws.call
    meter = Meter(lambda service, operation, request: real(service, operation, **request))
    monkeypatch.setattr(
        aws, "call", lambda service, operation, **request: meter(service, operation, request)
    )
    assert 202 == send(account, 1)
    meter.reset()
    return meter


def send(account, count, **headers):
    """Send events by the native API and return the status."""
    sent = [
        {
            "name": "download",
            "contact": {"email": "ada@signalbox.example"},
            "value": "https://files.example/a.pdf",
        }
    ] * count
    headers = {"api-token": account.event_key} | headers
    body = {"events": sent}
    answer = ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)
    return answer["statusCode"]


def event(account, number=0, **changes):
    """Return the event of Ada as a message of the events queue."""
    facts = {
        "account_id": account.account_id,
        "event_id": f"{number:024x}",
        "name": "download",
        "at_ms": 1795254840000 + number,
        "received_ms": 1795254840000 + number,
        "address": "email:ada@signalbox.example",
        "value": "https://files.example/a.pdf",
        "source": "form",
    } | changes
    return Event(**facts).to_wire()


def batch(account, count=10, **changes):
    """Return a batch of the events queue."""
    return sqs_event([event(account, number, **changes) for number in range(count)])


def tracked(account, meter, count=10, **changes):
    """Track a batch with a warm worker; return its calls."""
    track.handler(batch(account, 1, **changes), None)
    meter.reset()
    assert {"batchItemFailures": []} == track.handler(batch(account, count, **changes), None)
    return dict(meter.calls)


@pytest.mark.parametrize("count", [1, 2, 10, 11, 25, 500])
def test_ingest_makes_one_call_for_each_ten_events(account, meter, count):
    """A request of up to ten events is one call, and no look-up stands before it."""
    assert 202 == send(account, count)

    assert ceil(count / 10) == meter.total
    assert count == len(meter.message_bytes)


def test_a_form_is_one_call(account, meter):
    """The form API's event costs one SendMessage."""
    assert 200 == account.report()[0]

    assert {"SendMessage": 1} == meter.calls


@pytest.mark.parametrize("count", [1, 10, 25])
def test_an_idempotency_key_costs_one_call_more(account, meter, count):
    """The claim is one conditional write, for the first request and for its repeat."""
    for _ in range(2):
        meter.reset()
        assert 202 == send(account, count, **{"idempotency-key": "k"})

        assert 1 == meter.calls["PutItem"]
        assert 1 + ceil(count / 10) == meter.total


def test_track_makes_three_calls_for_ten_events_with_nothing_remembered(account, meter):
    """One read, one question for what the names wake, one write; however many names there are."""
    bodies = [event(account, number, name=f"name {number}") for number in range(10)]
    waking.forget()

    assert {"batchItemFailures": []} == track.handler(sqs_event(bodies), None)

    assert {"BatchGetItem": 2, "BatchWriteItem": 1} == meter.calls


def test_a_warm_worker_makes_two_calls_for_ten_events(account, meter):
    """While the configuration stands still, rules are not asked for again."""
    assert {"BatchGetItem": 1, "BatchWriteItem": 1} == tracked(account, meter)


def test_a_hundred_events_are_five_calls(account, meter):
    """One read of up to a hundred keys, and a write for each 25 events."""
    assert {"BatchGetItem": 1, "BatchWriteItem": 4} == tracked(account, meter, 100)


@pytest.mark.parametrize(("events", "actions"), [(1, 1), (10, 1), (10, 3)])
def test_dispatches_are_queued_by_tens(account, meter, events, actions):
    """M dispatches cost ⌈M/10⌉ calls more."""
    account.rule(*[MAIL] * actions)

    calls = tracked(account, meter, events)

    sends = calls.pop("SendMessage", 0) + calls.pop("SendMessageBatch", 0)
    assert ceil(events * actions / 10) == sends
    assert {"BatchGetItem": 1, "BatchWriteItem": 1} == calls


def test_reading_costs_a_unit_a_batch_and_half_a_unit_a_contact(account, meter):
    """The account is read consistently, addresses at half the price."""
    addresses = []
    for number in range(10):
        add_contact(account.account_id, email=f"c{number}@signalbox.example")
        addresses.append(f"email:c{number}@signalbox.example")
    bodies = [event(account, n, address=address) for n, address in enumerate(addresses)]
    tracked(account, meter)
    meter.reset()

    track.handler(sqs_event(bodies), None)

    assert 1 + 10 * 0.5 == meter.read_units


@pytest.mark.parametrize(("value", "units"), [(0, 1), (700, 1), (1100, 2)])
def test_a_logged_event_of_up_to_a_kilobyte_is_one_write_unit(account, meter, value, units):
    """The item fits its event closely; only what is longer than 1 KB costs more."""
    tracked(account, meter, value="x" * value)

    assert 10 * units == meter.write_units
    assert 10 == len(meter.item_bytes)
    assert (max(meter.item_bytes) <= 1024) is (units == 1)


def test_a_logged_event_takes_few_bytes(account, meter):
    """A form's event on the log; more would be stored with each of them."""
    tracked(account, meter, 1)

    assert [True] == [size <= 225 for size in meter.item_bytes]


def test_a_form_event_is_queued_in_few_bytes(account, meter):
    """What ingest queues is the event and little more."""
    assert 200 == account.report()[0]

    assert [True] == [size <= 224 for size in meter.message_bytes]


def test_a_dispatch_takes_few_bytes(account, meter):
    """A dispatch carries its event once."""
    account.rule(MAIL)
    tracked(account, meter, 1)

    assert [True] == [size <= 365 for size in meter.message_bytes]


def test_a_dispatch_is_two_writes(account, cloud, meter):
    """The claim and the outcome, a unit each; the outcome stands in the rule log's index, too."""
    account.rule(MAIL)
    tracked(account, meter, 1)
    (action,) = set(cloud.waiting("ACTIONS"))
    meter.reset()

    assert {"batchItemFailures": []} == dispatch.handler(sqs_event([action]), Context())

    assert 1 == len(cloud.mails())
    assert 2 == sum(count for name, count in meter.calls.items() if name in WRITES)
    assert 2 + 1 == meter.write_units


def test_only_what_has_an_outcome_is_written_to_an_index():
    """A claim is not; who is tried again leaves the index, and what failed stands in two."""
    meter = Meter(lambda *_: {})
    item = {"pk": {"S": "A"}, "sk": {"S": "dispatch"}}
    logged, attention = {"logged": {"S": "A"}}, {"attention": {"S": "A"}}
    units = []
    for one in (item, item | logged, item, item | logged | attention, item | logged):
        meter("dynamodb", "PutItem", {"TableName": "t", "Item": one})
        units.append(meter.write_units)
        meter.reset()

    assert [1, 1 + 1, 1 + 1, 1 + 2, 1 + 2 + 1] == units


def test_a_hit_is_one_call(account, meter):
    """The pixel asks nothing of anybody; what it queues is small."""
    hits.answered(hits.opening(account.ada.contact_id))
    assert {"SendMessage": 1} == meter.calls
    hits.answered(hits.clicking())

    assert {"SendMessage": 2} == meter.calls
    assert 2 == meter.queue_requests
    assert [True] * 2 == [size <= 512 for size in meter.message_bytes]


def test_a_click_in_a_text_is_one_call_and_a_read_for_each_mailing(account, meter):
    hits.texts_with("personal")
    meter.reset()
    hits.answered(hits.texted(account.ada.contact_id))
    assert {"GetItem": 1, "SendMessage": 1} == meter.calls
    meter.reset()
    hits.answered(hits.texted())

    assert {"SendMessage": 1} == meter.calls


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("ask", [hits.opening, hits.clicking])
def test_a_hit_is_two_writes(account, meter, ask, count):
    """A unit for the record and one for the count, however much its reader's program says.

    Whether the mailing is remembered or not, a hit makes one call more than another event.
    """
    hits.mailing_with("personal")
    long = {"user_agent": "a" * 1_000, "sec_purpose": "p" * 1_000}
    for _ in range(2):
        meter.reset()
        asked = [hits.at(ask(account.ada.contact_id, **long), f"r{n}", n) for n in range(count)]
        hits.tracked(*asked)

        assert {"BatchWriteItem": 1, "UpdateItem": count} == {
            name: number for name, number in meter.calls.items() if name in WRITES
        }
        assert 2 * count == meter.write_units
        assert count == sum(size <= 160 for size in meter.item_bytes)


def test_reading_for_hits_is_one_call(account, meter):
    """Account, contact, when the mail was delivered, and what is counted of it of the other kind.

    And the mailing while it is not remembered. Readers who come again cost no more than that.
    """
    hits.mailing_with("personal")
    ada = account.ada.contact_id
    hits.tracked(hits.opening(ada))
    meter.reset()
    hits.tracked(hits.opening(ada))

    assert {"BatchGetItem": 1, "BatchWriteItem": 1, "UpdateItem": 1} == meter.calls
    assert 1 + 1 + 0.5 + 0.5 == meter.read_units


def test_company_that_came_before_is_one_reading(account, meter):
    """The record is read, once for a batch; what turns out otherwise is written once more."""
    hits.mailing_with("personal")
    ada = account.ada.contact_id
    first, second, third = (
        hits.at(hits.clicking(ada, number), f"r{number}", number * 100) for number in range(3)
    )
    hits.tracked(first)
    meter.reset()
    hits.tracked(second, third)

    judged = {"Query": 1, "BatchWriteItem": 1, "UpdateItem": 2 + 1 + 1}
    assert {"BatchGetItem": 1} | judged == meter.calls
    assert (2 + 2) + (1 + 1) == meter.write_units


def test_an_anonymous_hit_is_one_write(account, meter):
    """There is no record that it could stand on, and nothing to ask but the account."""
    hits.mailing_with("anonymous")
    hits.tracked(hits.opening())
    meter.reset()
    hits.tracked(hits.opening())

    assert {"BatchGetItem": 1, "UpdateItem": 1} == meter.calls
    assert (1, 1) == (meter.read_units, meter.write_units)


@pytest.mark.parametrize("count", [10, 10_000])
def test_the_number_of_rules_changes_nothing(account, cloud, meter, count):
    """Calls, units and bytes are the same with ten rules in the account and with ten thousand."""
    account.rule(MAIL)
    add_rules(count)
    waking.forget()
    meter.reset()

    assert 200 == account.report()[0]
    assert {"SendMessage": 1} == meter.calls
    meter.reset()
    assert {"batchItemFailures": []} == track.handler(batch(account), None)
    cold = dict(meter.calls)
    units = meter.read_units, meter.write_units
    warm = tracked(account, meter)
    action = cloud.waiting("ACTIONS")[0]
    meter.reset()
    assert {"batchItemFailures": []} == dispatch.handler(sqs_event([action]), Context())

    always = {"BatchGetItem": 1, "BatchWriteItem": 1, "SendMessageBatch": 1}
    assert always | {"BatchGetItem": 2, "Query": 1} == cold
    assert (1 + 0.5 + 2 + 1, 10) == units
    assert always == warm
    reads = {"BatchGetItem": 1, "GetItem": 1, "Query": 1}  # two for whether we may write at all
    assert reads | {"PutItem": 2, "SendEmail": 1} == meter.calls


def test_a_worker_that_knows_a_hundred_thousand_rules_stays_small():
    """Settings and conditions of all of them, each met and matched once."""
    assert worker_mb(RULES) < MOST_MB


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"pk": {"S": "abc"}}, 2 + 3),
        ({"pk": {"S": "ü"}}, 2 + 2),
        ({"n": {"N": "1795254840000"}}, 1 + 5 + 1),
        ({"n": {"N": "0"}}, 1 + 1),
        ({"n": {"N": "-27"}}, 1 + 1 + 1 + 1),
    ],
)
def test_the_meter_sizes_items_as_dynamodb_does(item, size):
    """Names and values in UTF-8; two digits of a number to the byte, and one byte more."""
    assert size == item_size(item)


def test_the_meter_counts_what_sqs_counts():
    """A message of more than 64 KB is more than one request of SQS's price list."""
    longer = Meter(lambda *_: {})

    longer("sqs", "SendMessage", {"MessageBody": "x" * 65_537})
    longer("sqs", "SendMessageBatch", {"Entries": [{"MessageBody": "{}"}]})

    assert 3 == longer.queue_requests
