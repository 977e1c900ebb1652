"""The deployed stack counts what became of a mailing, by the stream of its own tracking table."""

import boto3
import pytest

from tests import mailed
from tests.e2e.conftest import eventually
from tests.mailed import hit, hits, message, typed

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]  # one stack for all


@pytest.fixture(name="mailing_id")
def _mailing_id(stack, monkeypatch) -> str:
    """A mailing of which thirty got a mail, opened it, and one clicked."""
    monkeypatch.setattr(mailed, "ACCOUNT_ID", stack.about["actid"])
    campaign_id = stack.call("POST", "/api/email-campaigns", {"name": "Counted"})[1]["container_id"]
    content = {"subject": "s", "text": "https://shop.example/"}
    assert 200 == stack.call("PUT", f"/api/email-campaigns/{campaign_id}/content", content)[0]
    made = stack.call("POST", "/api/mailings", {"campaign_id": campaign_id})[1]
    at = {"mailing_id": made["mailing_id"]}
    for number in range(30):
        who = str(number)
        put(stack, message(who, "claimed", **at))
        put(stack, message(who, delivered_ms=mailed.AT_MS, **at))
        put(stack, hits("open", who, human=[hit(number)], **at))
    put(stack, hits("click", "7", human=[hit(99, link=0)], **at))
    return made["mailing_id"]


def put(stack, item: dict) -> None:
    """Write an item of the tracking table, as whoever sends and tracks does."""
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=stack.about["aws_endpoint_url"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    dynamodb.put_item(TableName=stack.about["tables"]["tracking"], Item=typed(item))


def numbers(stack, mailing_id: str) -> tuple[int, ...]:
    """Return what the evaluation says of what was sent, delivered, opened and clicked."""
    found = stack.call("GET", f"/api/mailings/{mailing_id}/evaluation")[1]["evaluation"]
    people = (found[what]["human"] for what in ("opened", "clicked"))
    return (found["sent"], found["delivered"], *people)


def test_a_mailing_is_counted_and_counted_again(stack, mailing_id):
    """By the stream first, and from the log with the same numbers."""
    expected = (30, 30, 30, 1)
    eventually(lambda: expected == numbers(stack, mailing_id), what="counted mailing")

    status, answer = stack.call("POST", f"/api/mailings/{mailing_id}/rebuild")

    assert (200, {"unchanged"}) == (status, {one["outcome"] for one in answer["shards"]})
    assert expected == numbers(stack, mailing_id)
