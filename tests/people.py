"""An account for tests: Ada is its contact, `download` its registered event name."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from functions.activecampaign import app as activecampaign
from functions.admin import app as admin
from functions.dispatch import app as dispatch
from functions.ingest import app as ingest
from functions.track import app as track
from signalbox.channels.webhook import new_secret
from signalbox.model.account import Account, WebhookSecret
from signalbox.model.contact import Contact
from signalbox.model.credential import Key, Role, api_token, event_key, fingerprint
from signalbox.people import add_contact
from signalbox.store import accounts, api_keys, event_names
from tests.cloud import Context, http_event, sqs_event

ACCOUNT_ID = "100000001"
ROUTES = {"/event": "POST /event", "/api/events": "POST /api/events"}


@dataclass
class People:
    """The account and what opens it."""

    account_id: str
    tokens: dict[Role, str]
    event_key: str
    ada: Contact

    def call(  # noqa: PLR0913 the parts of a request
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | None = Role.GLOBAL_ADMIN,
        query: str = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Make a request as the HTTP API would hand it on; return status and JSON body."""
        sent = dict(headers or {})
        if role is not None:
            sent.setdefault("api-token", self.tokens[role])
        app = activecampaign if path.startswith("/api/3/") else admin
        answer = app.handler(
            http_event(method, path, headers=sent, query=query, body=body), Context()
        )
        if answer.get("headers", {}).get("Content-Type") == "text/csv":
            return answer["statusCode"], answer["body"]
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

    def report(self, **fields: str) -> tuple[int, Any]:
        """Report an event by the form; `fields` replace the usual ones, None leaves one out."""
        form = {
            "actid": self.account_id,
            "key": self.event_key,
            "event": "download",
            "eventdata": "https://files.example/a.pdf",
            "visit": json.dumps({"email": "ada@signalbox.example"}),
        } | fields
        body = urlencode({name: value for name, value in form.items() if value is not None})
        answer = ingest.handler(http_event("POST", "/event", body=body), None)
        return answer["statusCode"], json.loads(answer["body"])

    def rule(self, *actions: dict, event_name: str = "download", **changes: Any) -> dict:
        """Write a rule and return it."""
        wanted = {
            "name": "a rule",
            "trigger": "event_recorded",
            "trigger_settings": {"event_name": event_name},
            "actions": list(actions),
        } | changes
        status, rule = self.call("POST", "/api/rules", wanted)
        assert status == 201, rule
        return rule


MAIL = {
    "kind": "send_email",
    "subject": "Your file, %FIRSTNAME%",
    "html": "<p>Here: %EVENT: download%</p>",
    "text": "Here: %EVENT: download%",
}


def settle(account_id: str = ACCOUNT_ID) -> People:
    """Create the account, a key of each role, a contact and an event name."""
    accounts.create(
        Account(
            account_id=account_id,
            name="Test",
            mail_from="box@signalbox.example",
            webhook_secrets=(WebhookSecret(new_secret()),),
        )
    )
    tokens = {}
    for number, role in enumerate(Role):
        secret = f"{number}".rjust(43, "x")
        shown = (
            event_key(account_id, f"{number}".rjust(31, "a"))
            if role is Role.EVENT
            else api_token(account_id, secret)
        )
        api_keys.add(Key(account_id, fingerprint(shown), role, role, shown[-4:], number))
        tokens[role] = shown
    ada = add_contact(account_id, email="ada@signalbox.example", first_name="Ada")
    event_names.register(account_id, "download", 1)
    return People(account_id, tokens, tokens[Role.EVENT], ada)


def work(cloud) -> list[dict]:
    """Let the workers empty the queues, as often as they fill each other; return their answers."""
    answers = []
    for _ in range(20):
        events, actions = cloud.waiting("EVENTS"), cloud.waiting("ACTIONS")
        if not events and not actions:
            return answers
        if events:
            answers.append(track.handler(sqs_event(events), None))
        for start in range(0, len(actions), 10):
            batch = sqs_event(actions[start : start + 10])
            answers.append(dispatch.handler(batch, Context()))
    raise AssertionError("the queues never emptied")
