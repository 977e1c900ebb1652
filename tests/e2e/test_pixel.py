"""Pixel and tracked links of the deployed stack, with the keys that its deployment drew."""

import json
import secrets

import boto3
import pytest

from local.stack import CREDENTIALS
from signalbox.model.tracking_token import (
    NO_MAILING,
    KeyRing,
    Token,
    TokenKind,
    signed,
    signed_short,
)
from signalbox.model.tracking_url import click_url, open_url, text_url
from tests.e2e.conftest import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]  # one stack for all

TARGET = "https://www.example.com/offer?x=1"


@pytest.fixture(scope="module", name="ring")
def _ring(stack):
    """The key ring, put together of the secret as the template does."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=stack.about["region"],
    )
    client = session.client("secretsmanager", endpoint_url=stack.about["aws_endpoint_url"])
    name = stack.about["outputs"]["TokenKeysSecret"]
    secret = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    return KeyRing.from_text(secret["ring"] + secret["key"])


@pytest.fixture(scope="module", name="contact_id")
def _contact_id(stack):
    body = {"contact": {"email": f"{secrets.token_hex(6)}@example.com"}}
    return stack.call("POST", "/api/3/contacts", body)[1]["contact"]["id"]


def get(stack, url: str, method: str = "GET"):
    """Return the answer to a request of a mail program."""
    return stack.http.request(method, url, redirect=False, headers={"User-Agent": "Thunderbird"})


def token(stack, kind: TokenKind, contact_id: str) -> Token:
    """Return what a rule's mail to the contact has."""
    return Token(kind, stack.about["actid"], NO_MAILING, contact_id)


def test_an_open_and_a_click_come_on_the_record(stack, ring, contact_id):
    """The keys fit, the picture and the way on are as they should be, and the hits arrive."""
    base = stack.about["api_url"]
    opened = open_url(base, signed(token(stack, TokenKind.OPEN, contact_id), ring))
    text = signed(token(stack, TokenKind.CLICK, contact_id), ring, TARGET)
    picture, way = get(stack, opened), get(stack, click_url(base, text, TARGET))

    assert (200, "image/gif", 43) == (
        picture.status,
        picture.headers["content-type"],
        len(picture.data),
    )
    assert (302, TARGET) == (way.status, way.headers["location"])

    def record():
        path = f"/api/contacts/{contact_id}/activities"
        kinds = {entry["kind"] for entry in stack.call("GET", path)[1]["events"]}
        return {"open", "click"} <= kinds

    eventually(record, what="open and click on the record")


def test_a_text_of_a_mailing_that_is_none_leads_nowhere(stack, ring, contact_id):
    """The code is ours, so it is asked of the table where it leads."""
    whose = token(stack, TokenKind.TEXT, contact_id)._replace(mailing_id="1000000000000000")
    answer = get(stack, text_url(stack.about["api_url"], signed_short(whose, ring)))

    assert (404, None) == (answer.status, answer.headers.get("location"))
    assert "This link does not work" in answer.data.decode()


@pytest.mark.parametrize(
    "path", ["/o/broken", "/c/broken/aHR0cHM6Ly9ldmlsLmV4YW1wbGU", "/l/broken"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_was_not_signed_leads_nowhere(stack, method, path):
    answer = get(stack, stack.about["api_url"] + path, method)

    assert (200 if path.startswith("/o/") else 404, None) == (
        answer.status,
        answer.headers.get("location"),
    )
