"""What somebody sends to sign up: a form, or the same as JSON."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from signalbox.model.errors import InvalidError
from signalbox.people import checked_email

JSON = "application/json"
BAIT = "website"  # a field that people do not see, and that programs fill in
LONGEST_BODY = 16_384
LONGEST_NAME = 255
MOST_FIELDS = 32


@dataclass(frozen=True, slots=True)
class Form:
    """A sign-up as it was sent."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    bait: str = ""


def is_json(event: APIGatewayProxyEventV2) -> bool:
    """Tell whether the sender speaks JSON, and is to be answered in it."""
    kind = event.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == JSON


def read(event: APIGatewayProxyEventV2) -> Form:
    """Return what was sent; raise `InvalidError` where it cannot be read."""
    fields = _fields(event)
    texts = {name: _text(fields, name) for name in ("email", "first_name", "last_name")}
    return Form(**texts, bait=_text(fields, BAIT))


def check(form: Form) -> str:
    """Return the e-mail address as it is written down; raise `InvalidError` for a wrong field."""
    for name, value in (("first_name", form.first_name), ("last_name", form.last_name)):
        if len(value) > LONGEST_NAME:
            raise InvalidError(name, f"is longer than {LONGEST_NAME} characters")
    if not form.email:
        raise InvalidError("email", "must not be empty")
    return checked_email(form.email)


def _fields(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    try:
        body = event.decoded_body or ""
        if len(body) > LONGEST_BODY:
            raise InvalidError("body", f"is longer than {LONGEST_BODY} characters")
        if is_json(event):
            fields = json.loads(body)
        else:
            pairs = parse_qsl(
                body, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
            )
            fields = dict(pairs)
    except (ValueError, RecursionError) as error:
        raise InvalidError("body", "cannot be read") from error
    if not isinstance(fields, dict):
        raise InvalidError("body", "must be an object")
    return fields


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise InvalidError(name, "must be a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(name, "is not valid Unicode") from error
    return value.strip()
