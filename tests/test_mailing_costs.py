"""What a mail of a mailing costs: calls and capacity units. Whoever makes it dearer says so here."""

import time
from collections import Counter

import pytest

from bench.metering import Meter, item_size
from functions.send import app as send
from signalbox import aws
from signalbox.model.sending import first_pages
from tests import mailings as town
from tests.cloud import sqs_event
from tests.mailings import Patient

LIST = "5"
PART = 25


@pytest.fixture(name="meter")
def _meter(account, monkeypatch):
    """A meter at the one door to AWS."""
    real = aws.call
    meter = Meter(lambda service, operation, request: real(service, operation, **request))
    monkeypatch.setattr(
        aws, "call", lambda service, operation, **request: meter(service, operation, request)
    )
    return meter


def deliver(body: str) -> None:
    """Let a worker take a message."""
    answer = send.handler(sqs_event([body]), Patient())
    assert {"batchItemFailures": []} == answer


def begin(cloud, count: int) -> list[str]:
    """Start a mailing and return the messages of its parts, after its page was listed."""
    town.write_contacts(cloud, count, list_ids=[LIST])
    town.campaign([LIST])
    mailing = town.started(int(time.time() * 1000))
    cloud.waiting("SENDS")
    (page,) = first_pages(mailing)
    deliver(page.to_wire())
    return [body for body in cloud.waiting("SENDS") if '"deliver"' in body]


def test_a_mail_is_four_calls_and_a_part_six_more(cloud, meter):
    """A claim, a last look, SES, the outcome; and for 25 one read, a slot, the events, the end."""
    first, second = begin(cloud, 2 * PART)
    deliver(first)
    meter.reset()
    deliver(second)

    assert (
        Counter(
            BatchGetItem=1 + PART,
            UpdateItem=1 + 2 * PART,
            SendEmail=PART,
            SendMessageBatch=3,
            BatchWriteItem=1,
        )
        == meter.calls
    )
    assert 4 * PART + 6 == meter.total


def test_a_mail_is_two_write_units_and_its_part_two_more(cloud, meter):
    """A message stays below one unit, whatever comes back of it."""
    (part,) = begin(cloud, PART)
    deliver(part)
    items = cloud.items("TRACKING")
    found = [item_size(item) for item in items if item["sk"]["S"].startswith("message#")]

    assert PART == len(found)
    assert max(found) < 400


def test_a_last_look_is_six_small_reads(cloud, meter):
    """Mailing, contact, membership, suppression, unsubscribing, and whether anybody was erased."""
    (part,) = begin(cloud, 1)
    units = []
    real = meter.call

    def call(service, operation, request):
        answer = real(service, operation, request)
        if operation == "BatchGetItem" and "TrackingTable" not in request["RequestItems"]:
            asked = request["RequestItems"].values()
            units.append(sum(len(one["Keys"]) for one in asked))
        return answer

    meter.call = call
    deliver(part)

    assert [6] == units


@pytest.mark.parametrize(("count", "following"), [(100, 0), (501, 1)])
def test_a_page_costs_little_for_each_of_its_contacts(cloud, meter, count, following):
    """Eight shares of the list, what lists there are, memberships by hundreds, a send for ten parts."""
    town.write_contacts(cloud, count, list_ids=[LIST])
    town.campaign([LIST])
    mailing = town.started(int(time.time() * 1000))
    (page,) = first_pages(mailing)
    meter.reset()
    deliver(page.to_wire())

    looked_at = min(count, 500)
    assert 8 <= meter.calls["Query"] <= 16
    assert 1 + -(-looked_at // 100) == meter.calls["BatchGetItem"]
    assert -(-looked_at // 250) == meter.calls["SendMessageBatch"]
    assert 1 == meter.calls["SendMessage"]
    assert (1 if following else 2) == meter.calls["TransactWriteItems"]
    assert meter.write_units <= 2 * (1 + looked_at / PART) + 2
