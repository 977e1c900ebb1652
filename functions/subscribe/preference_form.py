"""What somebody sends from their own page, or a mail program by one click (RFC 8058)."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_string, policy
from enum import StrEnum
from itertools import pairwise
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from signalbox.model.contact_list import ID as LIST_ID
from signalbox.model.errors import InvalidError
from signalbox.model.tracking_permission import Answer, Purpose, answer_from

LONGEST_BODY: Final = 65_536
MOST_FIELDS: Final = 2_000
ACTION: Final = "action"
SHOWN, KEPT = "shown", "list"  # the lists that a page showed, and those that stay ticked
FIELDS: Final = {Purpose.OPEN: "opens", Purpose.CLICK: "clicks"}
MULTIPART: Final = "multipart/form-data"

_ONE_CLICK: Final = ("list-unsubscribe", "one-click")  # RFC 8058 section 3.1, in lower case
_FIELD: Final = re.compile(r"[^&\r\n]+")
_EMPTY_LINE: Final = re.compile(r"\r?\n\r?\n")
_NAMED: Final = re.compile(
    rf'(?<![\w-])name\s*=\s*"?{_ONE_CLICK[0]}"?\s*(?:;|$)', re.IGNORECASE | re.MULTILINE
)


class Action(StrEnum):
    """What somebody wants: unsubscribe by one click, or by a button of the page."""

    ONE_CLICK = "one-click"
    SAVE = "save"
    EVERYTHING = "everything"
    AGAIN = "again"


BUTTONS: Final = frozenset(Action) - {Action.ONE_CLICK}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants.

    The form is saved with `left`, the lists whose ticks are gone, and `answers`, what it says of
    tracking.
    """

    action: Action
    left: frozenset[str] = frozenset()
    answers: Mapping[Purpose, Answer] = field(default_factory=dict)


def read(event: APIGatewayProxyEventV2) -> Wish:
    """Return what was sent; raise `InvalidError` where nothing can be made of it."""
    if _is_one_click(_text(event)):
        return Wish(Action.ONE_CLICK)
    fields = _fields(event)
    actions = [value for name, value in fields if name == ACTION]
    if len(actions) != 1 or actions[0] not in BUTTONS:
        raise InvalidError(ACTION, "says nothing that can be done")
    action = Action(actions[0])
    if action is not Action.SAVE:
        return Wish(action)
    kept = {value for name, value in fields if name == KEPT}
    shown = {value for name, value in fields if name == SHOWN and LIST_ID.fullmatch(value)}
    sent = dict(fields)
    answers = {
        purpose: answer_from(sent[name], name) for purpose, name in FIELDS.items() if name in sent
    }
    return Wish(action, frozenset(shown - kept), answers)


def _is_one_click(text: str) -> bool:
    """Tell whether a body asks for one click, as a form or as `multipart/form-data`.

    Mail programs send both (RFC 8058 section 3.2), and whatever else they send, of whatever type
    they say it is: none of it shall lose a no.
    """
    return any(map(_is_field, _FIELD.finditer(text))) or any(
        _NAMED.search(head) and value.lstrip().partition("\n")[0].strip().lower() == _ONE_CLICK[1]
        for head, value in pairwise(_EMPTY_LINE.split(text))
    )


def _is_field(found: re.Match[str]) -> bool:
    name, _, value = unquote_plus(found[0]).partition("=")
    return (name.strip().lower(), value.strip().lower()) == _ONE_CLICK


def _text(event: APIGatewayProxyEventV2) -> str:
    """Return the body as far as it can be read."""
    body = event.body or ""
    if not event.is_base64_encoded:
        return body
    try:
        return b64decode(body).decode(errors="replace")
    except ValueError:
        return ""


def _fields(event: APIGatewayProxyEventV2) -> list[tuple[str, str]]:
    try:
        body = event.decoded_body or ""
        if len(body) > LONGEST_BODY:
            raise InvalidError("body", f"is longer than {LONGEST_BODY} characters")
        kind = event.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() == MULTIPART:
            return _parts(kind, body)
        return parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise InvalidError("body", "cannot be read") from error


def _parts(kind: str, body: str) -> list[tuple[str, str]]:
    """Read `multipart/form-data` (RFC 7578), whose parts are named in their Content-Disposition."""
    message = message_from_string(f"Content-Type: {kind}\n\n{body}", policy=policy.compat32)
    fields: list[tuple[str, str]] = []
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload()
        if isinstance(name, str) and isinstance(value, str):
            fields.append((name, value.strip("\r\n")))
    return fields
