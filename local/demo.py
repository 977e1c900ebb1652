"""The demo account: what the stack is seeded with, and the event tutorial played against it.

The tutorial: turn event tracking on, register the event name `file download request`, send such an
event for a contact, see it on the contact's record, and receive the mail that a rule sends, with the
event's data in it. Then somebody opts out: an address comes on an opt-out list, and a rule at that
list calls a partner's URL. At the end a mailing goes to the seeded contacts (`local.demo_mailing`).
"""

import json
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from local import demo_mailing
from local.client import Api, ApiError
from local.errors import StackError
from local.stack import Stack
from signalbox.model.errors import ConflictError

Kept = dict[str, Any]

NAME = "Demo"
ACTID = "100000001"
SENDER = "hello@signalbox.example"
EVENT_NAME = "file download request"
EVENT_DATA = "https://www.yoursite.com/downloads/file.pdf"
CONTACTS = (
    {"email": "alice@example.com", "firstName": "Alice", "lastName": "Archer"},
    {"email": "bob@example.com", "firstName": "Bob", "lastName": "Baker"},
    {"email": "carol@example.com", "firstName": "Carol", "lastName": "Carter"},
)
MAIL_TEXT = f"Hello %FIRSTNAME%!\n\nHere is your file link:\n\n%EVENT: {EVENT_NAME}%\n"
MAIL_HTML = (
    "<p>Hello %FIRSTNAME%!</p><p>Here is your file link:</p>"
    f'<p><a href="%EVENT: {EVENT_NAME}%">%EVENT: {EVENT_NAME}%</a></p>'
)
OPT_OUT_LISTS = "/api/email-opt-out-lists"
OPT_OUT_LIST = "Do not mail"
PING_RULE = "Tell the partner of an opt-out"
ARRIVAL_SECONDS = 30.0


def seed(stack: Stack, kept: Kept | None, keep: Callable[[Kept], None]) -> Kept:
    """Make the demo account with its contacts, event name and rules, unless it is there.

    Args:
        stack: the stack, running and deployed.
        kept: what was kept of an earlier run, if anything.
        keep: keeps ids and keys; called before they are used, as keys are shown once.

    Returns:
        `actid`, `event_key`, `api_token` and whatever else the making of an account tells.
    """
    if not (kept and knows(stack, kept["api_token"])):
        kept = {**new_account(stack), "is_filled": False}
        keep(kept)
    if not kept["is_filled"]:
        fill(stack, Api(stack.api_url, kept["api_token"]))
        kept = {**kept, "is_filled": True}
        keep(kept)
    return kept


def new_account(stack: Stack) -> Kept:
    """Make an account: the usual one, or, when that is there and its keys are lost, another."""
    from cli import accounts  # noqa: PLC0415 - it loads the AWS SDK, which ending a stack does without

    environment = stack.environment()
    try:
        return dict(accounts.create(environment, name=NAME, actid=ACTID))
    except ConflictError:
        actid = str(100_000_002 + secrets.randbelow(899_999_998))
        return dict(accounts.create(environment, name=NAME, actid=actid))


def fill(stack: Stack, api: Api) -> None:
    """Give the account what the demo needs; what an interrupted run made already is left as it is."""
    api.call("PUT", "/api/3/eventTracking", {"eventTracking": {"enabled": True}})
    unless_there(api, "/api/3/eventTrackingEvents", {"eventTrackingEvent": {"name": EVENT_NAME}})
    for contact in CONTACTS:
        unless_there(api, "/api/3/contacts", {"contact": contact})
    there = {rule["name"] for rule in api.call("GET", "/api/rules")["rules"]}
    for rule in rules(stack):
        if rule["name"] not in there:
            api.call("POST", "/api/rules", rule)
    if PING_RULE not in there:
        api.call("POST", "/api/rules", ping_rule(stack, opt_out_list(api)))
    demo_mailing.seed(api)


def opt_out_list(api: Api) -> str:
    """The id of the demo's opt-out list, which is made unless it is there."""
    there = api.call("GET", OPT_OUT_LISTS)["containers"]
    found = next((one for one in there if one["name"] == OPT_OUT_LIST), None)
    made = found or api.call("POST", OPT_OUT_LISTS, {"name": OPT_OUT_LIST})
    return str(made["container_id"])


def ping_rule(stack: Stack, list_id: str) -> dict[str, Any]:
    """The rule at the opt-out list: it calls a URL of a partner, which the receiver stands for."""
    return {
        "name": PING_RULE,
        "level": "email_opt_out_list",
        "container_id": list_id,
        "trigger": "contact_added",
        "actions": [
            {
                "kind": "ping_url",
                "method": "POST",
                "url": f"{stack.receiver_url}/opt-out?email={{event.properties.address}}&list={{list_id}}",
                "body": '{"email": "{event.properties.address}", "opted_out_at": "{timestamp}"}',
            }
        ],
    }


def unless_there(api: Api, path: str, body: Any) -> None:
    """Create something; that it is there already, 422, is as good."""
    try:
        api.call("POST", path, body)
    except ApiError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise


def webhook_secrets(stack: Stack, token: str) -> list[str]:
    """The secrets that the demo account signs its webhooks with."""
    shown = Api(stack.api_url, token).call("GET", "/api/webhook-secrets")
    return [kept["secret"] for kept in shown["secrets"]]


def knows(stack: Stack, token: str) -> bool:
    """Whether the stack takes a token."""
    try:
        Api(stack.api_url, token).call("GET", "/api/3/eventTracking")
    except ApiError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return False
        raise
    return True


def rules(stack: Stack) -> list[dict[str, Any]]:
    """The rules on the demo's event: one writes a mail, one calls the receiver."""
    trigger = {
        "level": "project",
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": EVENT_NAME},
    }
    mail = {
        "kind": "send_email",
        "sender": SENDER,
        "sender_name": "Signalbox Demo",
        "subject": "Your file, %FIRSTNAME%",
        "html": MAIL_HTML,
        "text": MAIL_TEXT,
    }
    webhook = {"kind": "webhook", "url": stack.receiver_url}
    return [
        {"name": "Send the file", **trigger, "actions": [mail]},
        {"name": "Tell the receiver", **trigger, "actions": [webhook]},
    ]


def play(stack: Stack, show: Callable[[str], None] = print) -> None:
    """Play the tutorial against a running stack, each step with its request and its result.

    Raises:
        StackError: a step failed, or the mail did not arrive.
    """
    api = Api(stack.api_url, stack.api_token)

    def step(title: str, method: str, path: str, body: Any = None) -> Any:
        show(f"\n{title}\n  {method} {path}" + (f"  {json.dumps(body)}" if body else ""))
        answer = api.call(method, path, body)
        show(indented(answer))
        return answer

    tracking = {"eventTracking": {"enabled": True}}
    step("1. Turn event tracking on", "PUT", "/api/3/eventTracking", tracking)
    step("2. Read its status", "GET", "/api/3/eventTracking")
    step("3. The registered event names", "GET", "/api/3/eventTrackingEvents")
    email = f"dana.{time.time_ns() // 1_000_000}@example.com"
    contact = {"email": email, "firstName": "Dana", "lastName": "Dorsey"}
    created = step("4. Create a contact", "POST", "/api/3/contacts", {"contact": contact})
    contact_id = created["contact"]["id"]
    send_event(stack, email, show)
    mail = arrival(stack, email)
    step(
        "6. The event on the contact's record", "GET", f"/api/3/contacts/{contact_id}/trackingLogs"
    )
    step("7. The contact's activities", "GET", f"/api/3/activities?contact={contact_id}")
    show(f"\n8. The mail that a rule sent\n  From: {mail['from']}\n  To: {', '.join(mail['to'])}")
    show(f"  Subject: {mail['subject']}\n\n" + mail["text"])
    path = f"{OPT_OUT_LISTS}/{opt_out_list(api)}/contacts"
    step("9. Put the address on an opt-out list", "POST", path, {"contacts": [{"email": email}]})
    ping = called(stack, email)
    show(f"\n10. The URL that a rule at this list called\n  {ping['method']} {ping['path']}")
    show(f"  {ping['body']}")
    demo_mailing.play(stack, step, show, first=11)
    show(f"\nAll mails: {stack.mailbox_url}   Webhooks: {stack.receiver_url}")


def send_event(stack: Stack, email: str, show: Callable[[str], None]) -> None:
    """Send the tutorial's event as a browser does.

    Raises:
        StackError: the event was not taken.
    """
    fields = {
        "actid": stack.actid,
        "key": stack.event_key,
        "event": EVENT_NAME,
        "eventdata": EVENT_DATA,
        "visit": json.dumps({"email": email}),
    }
    show("\n5. Send the event\n  POST /event  " + "  ".join(f"{k}={v}" for k, v in fields.items()))
    answer = Api(stack.api_url).post_form("/event", fields)
    show(indented(answer))
    if answer["success"] != 1:
        raise StackError(f"The event was not taken: {answer['message']}")


def mails(stack: Stack) -> list[dict[str, Any]]:
    """The mails in the mailbox."""
    return list(Api(stack.mailbox_url).call("GET", ""))


def arrival(stack: Stack, address: str) -> dict[str, Any]:
    """Wait for a mail to an address.

    Raises:
        StackError: none came.
    """
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while time.monotonic() < deadline:
        for mail in mails(stack):
            if address in mail["to"]:
                return mail
        time.sleep(0.1)
    raise StackError(
        f"No mail to {address} came within {ARRIVAL_SECONDS:.0f} s; `make run` shows why."
    )


def called(stack: Stack, address: str) -> dict[str, Any]:
    """Wait for a call of the partner's URL that names an address.

    Raises:
        StackError: none came.
    """
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while time.monotonic() < deadline:
        for request in Api(stack.receiver_url).call("GET", ""):
            if quote(address, safe="") in request["path"]:
                return dict(request)
        time.sleep(0.1)
    raise StackError(
        f"No call for {address} came within {ARRIVAL_SECONDS:.0f} s; `make run` shows why."
    )


def indented(value: Any) -> str:
    """JSON as it is shown under a step."""
    return "\n".join("  " + line for line in json.dumps(value, indent=2).splitlines())
