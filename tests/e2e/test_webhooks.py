"""Webhooks in ActiveCampaign's manner on the deployed stack: the table's stream is the beginning."""

import secrets
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from standardwebhooks import Webhook

from tests.e2e.conftest import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]  # one stack for all


def made(stack, path: str, part: str, **fields) -> str:
    """Make a thing by the API and return its id."""
    status, body = stack.call("POST", f"/api/3/{path}", {part: fields})
    assert 201 == status, body
    return body[part]["id"]


def test_a_tag_on_a_contact_arrives_as_a_signed_form(stack):
    """API, table, stream, queues, workers, receiver."""
    email = f"{secrets.token_hex(6)}@example.com"
    tag_name = secrets.token_hex(6)
    webhook_id = made(
        stack,
        "webhooks",
        "webhook",
        name="e2e",
        url=stack.about["receiver_url"],
        events=["contact_tag_added"],
        sources=["api"],
    )
    contact = made(stack, "contacts", "contact", email=email, firstName="Grace")
    tag = made(stack, "tags", "tag", tag=tag_name, tagType="contact", description="")
    made(stack, "contactTags", "contactTag", contact=contact, tag=tag)

    def arrived():
        return [hook for hook in stack.hooks() if tag_name in hook["body"]]

    hook = eventually(arrived, what="form")[0]
    told = dict(parse_qsl(hook["body"], keep_blank_values=True, strict_parsing=True))
    assert ("contact_tag_added", "api", contact, email, "Grace", tag_name) == (
        told["type"],
        told["initiated_from"],
        told["contact[id]"],
        told["contact[email]"],
        told["contact[first_name]"],
        told["tag"],
    )
    headers = {name.lower(): value for name, value in hook["headers"].items()}
    secret = stack.call("GET", "/api/webhook-secrets")[1]["secrets"][0]["secret"]
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
    assert headers["webhook-signature"] == Webhook(secret).sign(
        headers["webhook-id"], signed_at, hook["body"]
    )
    assert (200, {}) == stack.call("DELETE", f"/api/3/webhooks/{webhook_id}")
