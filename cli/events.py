"""`signalbox send`: an event, as an application would send it."""

import json
import secrets
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.errors import UsageError
from cli.session import Session

Name = Annotated[str, typer.Argument(metavar="NAME", help="The event's name.")]
Email = Annotated[str, typer.Option(help="The contact, by e-mail address.")]
ContactId = Annotated[str, typer.Option(help="The contact, by id.")]
Value = Annotated[str, typer.Option(help="The event's data.")]
Properties = Annotated[
    list[str],
    typer.Option(
        "--property", metavar="KEY=TEXT", help="A property; KEY:=JSON for what is no text."
    ),
]
At = Annotated[
    str, typer.Option(help="When it happened, ISO 8601; local time unless it says its offset.")
]
EventId = Annotated[str, typer.Option("--id", help="The sender's own id of the event.")]
IdempotencyKey = Annotated[
    str, typer.Option(help="Sent twice under one key, it is taken once; else a random one.")
]
Form = Annotated[
    bool, typer.Option("--form", help="Send it to /event, as clients of ActiveCampaign do.")
]


def send(  # noqa: PLR0913 each is an option of the command
    session: Session,
    name: Name,
    *,
    email: Email = "",
    contact: ContactId = "",
    value: Value = "",
    properties: Properties = [],  # noqa: B006 Typer copies it
    at: At = "",
    event_id: EventId = "",
    idempotency_key: IdempotencyKey = "",
    form: Form = False,
) -> None:
    """Send one event of a contact."""
    if bool(email) == bool(contact):
        raise UsageError("Say whose event it is: either --email or --contact.")
    # Under a key, what is sent again because the stack was busy is still one event.
    headers = {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}
    if form:
        if contact or properties or at or event_id:
            raise UsageError("The form knows --email, --value and --idempotency-key only.")
        answer = _send_form(session, {"event": name, "eventdata": value}, email, headers)
    else:
        event: dict[str, Any] = {"name": name, "value": value}
        event["contact"] = {"email": email} if email else {"id": contact}
        event["properties"] = dict(_property(given) for given in properties)
        event |= {"at": _instant(at)} if at else {}
        event |= {"id": event_id} if event_id else {}
        answer = session.api.call("POST", "/api/events", body={"events": [event]}, headers=headers)
    session.screen.say(answer, f"Accepted {name!r} of {email or f'contact {contact}'}.")


def _send_form(
    session: Session, fields: dict[str, str], email: str, headers: dict[str, str]
) -> Any:
    from signalbox.model.credential import account_of  # noqa: PLC0415 only here

    stack = session.api.stack
    key = stack.event_key or stack.token
    visit = json.dumps({"email": email})
    sent = {"actid": account_of(key), "key": key, **fields, "visit": visit}
    return session.api.post_form("/event", sent, headers)


def _property(given: str) -> tuple[str, Any]:
    """Read `key=text` or `key:=JSON`."""
    key, equals, value = given.partition("=")
    if not equals or not key.rstrip(":"):
        raise UsageError(f"--property {given!r} is not KEY=TEXT or KEY:=JSON.")
    if not key.endswith(":"):
        return key, value
    try:
        return key[:-1], json.loads(value)
    except ValueError as error:
        raise UsageError(f"--property {given!r} has no JSON after the := sign.") from error


def _instant(at: str) -> str:
    """Return a time with its offset from UTC, which the API asks for."""
    try:
        return datetime.fromisoformat(at).astimezone().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--at {at!r} is not a time like 2026-11-21T09:54:00+01:00.") from error
