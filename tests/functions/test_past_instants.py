"""Rules that count what was before, where much happens at once."""

import pytest

from functions.ingest import app as ingest
from signalbox import containing
from signalbox.model.container import ContainerKind
from signalbox.model.credential import Role
from tests.cloud import http_event
from tests.people import work
from tests.streams import Stream, announce

RECORD = {"kind": "record_event", "name": "followed"}


def past(counted, **asked):
    """Return conditions that ask for exactly so many before."""
    window = {"within_s": 86_400, "at_least": counted, "at_most": counted}
    return {"past_events": [asked | window]}


def followed(account):
    """Return how often the rule fired."""
    _, seen = account.call("GET", f"/api/contacts/{account.ada.contact_id}/activities")
    return sum(one["name"] == "followed" for one in seen["events"])


def announced_in_seconds(cloud, stream):
    """Tell of the changes as AWS does, with the second of their writing, all of one second."""
    records = stream.records()
    second = int(records[-1]["dynamodb"]["ApproximateCreationDateTime"])
    for record in records:
        record["dynamodb"]["ApproximateCreationDateTime"] = second
    announce(records)
    work(cloud)


@pytest.mark.parametrize("counted", range(3))
def test_one_of_a_batch_is_the_first_one_the_second_and_one_the_third(account, cloud, counted):
    """A batch has one instant."""
    account.rule(RECORD, conditions=past(counted, name="download"))
    event = {"name": "download", "contact": {"email": "ada@signalbox.example"}}
    headers = {"api-token": account.tokens[Role.GLOBAL_ADMIN]}
    body = {"events": [event] * 3}
    answer = ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)
    assert 202 == answer["statusCode"]

    work(cloud)

    assert 1 == followed(account)


def test_one_of_two_subscriptions_in_a_second_is_the_first(account, cloud):
    stream = Stream(cloud)
    conditions = past(0, kind="subscribe")
    account.rule(RECORD, trigger="subscribe", trigger_settings={}, conditions=conditions)
    for name in "ab":
        _, made = account.call("POST", "/api/lists", {"name": name})
        containing.add_contact_to(
            account.account_id,
            ContainerKind.LIST,
            made["container_id"],
            account.ada,
            mailer_id="",
        )

    announced_in_seconds(cloud, stream)

    assert 1 == followed(account)


def test_what_was_reported_in_the_second_of_a_subscription_was_before_it(account, cloud):
    stream = Stream(cloud)
    _, made = account.call("POST", "/api/lists", {"name": "a"})
    conditions = past(1, name="download")
    account.rule(RECORD, trigger="subscribe", trigger_settings={}, conditions=conditions)
    account.report()
    work(cloud)
    containing.add_contact_to(
        account.account_id, ContainerKind.LIST, made["container_id"], account.ada, mailer_id=""
    )

    announced_in_seconds(cloud, stream)

    assert 1 == followed(account)
