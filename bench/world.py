"""A stand-in for AWS that holds one account: as much of DynamoDB, SQS and SES as the workers call.

It keeps no conditions and loses nothing, so it costs next to nothing itself. Whether Signalbox
works is for the tests to say; here only what it asks for counts.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from signalbox import access, aws
from signalbox.environment import environment
from signalbox.model.account import Account, WebhookSecret
from signalbox.model.action import SendEmail
from signalbox.model.contact import Contact
from signalbox.model.credential import Key, Role, event_key, fingerprint
from signalbox.model.event import Event
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.tracking_token import KeyRing, Token, TokenKind, base64url, signed
from signalbox.model.trigger import Level, Place, Trigger, TriggerSettings
from signalbox.model.wire import packed
from signalbox.store import (
    accounts,
    api_keys,
    contacts,
    event_names,
    mailing_facts,
    rules,
    table,
    waking,
)
from signalbox.store.table import Item

Typed = dict[str, Any]
Answer = dict[str, Any]
Call = Callable[[str, str, Mapping[str, Any]], Answer]

ACCOUNT_ID = "100000001"
EVENT_KEY = event_key(ACCOUNT_ID, "a" * 31)
CONTACTS = 100
SENT_AT_MS = 1_795_254_840_000
EVENT_NAME = "file download request"
FIRING_NAME = "order placed"
MAILING_ID = "1795250000000123"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test" * 200,  # a token of a role is about that long
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "CONTACTS_TABLE": "signalbox-ContactsTable-1ABCDEFGHIJKL",
    "RULES_TABLE": "signalbox-RulesTable-1ABCDEFGHIJKL",
    "TRACKING_TABLE": "signalbox-TrackingTable-1ABCDEFGHIJKL",
    "EVENTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/events",
    "EVENTS_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/events-dead",
    "ACTIONS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/actions",
    "ACTIONS_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/actions-dead",
    "SENDS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/sends",
    "SENDS_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/sends-dead",
    "CHANGES_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/changes-dead",
    "ROLLUP_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/rollup-dead",
    "TOKEN_KEYS": "1:" + "5e" * 32,
    "POWERTOOLS_TRACE_DISABLED": "1",
    "POWERTOOLS_METRICS_NAMESPACE": "Signalbox",
    "POWERTOOLS_SERVICE_NAME": "bench",
}


class World:
    """Tables and queues in memory. `sent`: the messages of each queue, by its URL."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, dict[str, Typed]]] = {}
        self.sent: dict[str, list[str]] = {}

    def __call__(self, service: str, operation: str, request: Mapping[str, Any]) -> Answer:
        """Answer a call as the service would."""
        if service == "sesv2":
            return {"MessageId": "0" * 60}
        answer: Answer = getattr(self, f"_{operation}")(request)
        return answer

    def _GetItem(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        item = self._at(request["TableName"], request["Key"])
        return {"Item": item} if item else {}

    def _BatchGetItem(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        found = {
            name: [item for key in asked["Keys"] if (item := self._at(name, key))]
            for name, asked in request["RequestItems"].items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def _Query(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        values = {name: typed["S"] for name, typed in request["ExpressionAttributeValues"].items()}
        partition = self._tables.get(request["TableName"], {}).get(values[":pk"], {})
        after = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        prefix = values.get(":prefix", "")
        wanted = [sort for sort in sorted(partition) if sort > after and sort.startswith(prefix)]
        page = [partition[sort] for sort in wanted[: request["Limit"]]]
        if len(wanted) <= request["Limit"]:
            return {"Items": page}
        return {"Items": page, "LastEvaluatedKey": _key(page[-1])}

    def _PutItem(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        self._put(request["TableName"], request["Item"])
        return {}

    def _BatchWriteItem(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        for name, writes in request["RequestItems"].items():
            for write in writes:
                self._put(name, write["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def _UpdateItem(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        """Answer as for an item that was not there."""
        if "ReturnValues" not in request:
            return {}
        added = re.findall(r"ADD (\w+) (:\w+)", request["UpdateExpression"])
        values = request["ExpressionAttributeValues"]
        return {"Attributes": request["Key"] | {name: values[value] for name, value in added}}

    def _TransactWriteItems(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        for write in request["TransactItems"]:
            if "Put" in write:
                self._put(write["Put"]["TableName"], write["Put"]["Item"])
        return {}

    def _SendMessage(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        self.sent.setdefault(request["QueueUrl"], []).append(request["MessageBody"])
        return {"MessageId": "00000000-0000-0000-0000-000000000000"}

    def _SendMessageBatch(self, request: Mapping[str, Any]) -> Answer:  # noqa: N802 AWS's name
        bodies = [entry["MessageBody"] for entry in request["Entries"]]
        self.sent.setdefault(request["QueueUrl"], []).extend(bodies)
        taken = [{"Id": entry["Id"], "MessageId": entry["Id"]} for entry in request["Entries"]]
        return {"Successful": taken}

    def _put(self, name: str, item: Typed) -> None:
        partition = self._tables.setdefault(name, {}).setdefault(item["pk"]["S"], {})
        partition[item["sk"]["S"]] = item

    def _at(self, name: str, key: Typed) -> Typed | None:
        return self._tables.get(name, {}).get(key["pk"]["S"], {}).get(key["sk"]["S"])


@contextmanager
def answering(call: Call) -> Iterator[None]:
    """Let `call` answer what this process asks of AWS, through Signalbox's one door."""

    def answer(service: str, operation: str, **request: Any) -> Answer:
        return call(service, operation, request)

    with patch.dict(os.environ, VARIABLES), patch.object(aws, "call", answer):
        forget()
        yield
        forget()


def forget() -> None:
    """Forget what a process would forget when it ends."""
    environment.cache_clear()
    access.forget()
    waking.forget()
    mailing_facts.forget()


def settle() -> None:
    """Write an account, its event key, its contacts, and one rule that answers with a mail."""
    secret = WebhookSecret("whsec_" + "a" * 32)
    accounts.create(
        Account(ACCOUNT_ID, "Bench", mail_from="box@example.com", webhook_secrets=(secret,))
    )
    api_keys.add(Key(ACCOUNT_ID, fingerprint(EVENT_KEY), Role.EVENT, "bench", EVENT_KEY[-4:], 1))
    for number in range(CONTACTS):
        contacts.create(Contact(ACCOUNT_ID, str(10**15 + number), email=email(number)))
    for name in (EVENT_NAME, FIRING_NAME):
        event_names.register(ACCOUNT_ID, name, 1)
    mailing = {"campaign_id": "1", "container": "email_campaign", "mode": "personal"}
    pk, sk = mailing_facts.unknown(ACCOUNT_ID, MAILING_ID)[0]
    table.put(environment().rules_table, {"pk": pk, "sk": sk, "body": packed(mailing)})
    rules.create(
        Rule(
            account_id=ACCOUNT_ID,
            rule_id="2000000000000000",
            name="thanks",
            level=Level.PROJECT,
            trigger=Trigger.EVENT_RECORDED,
            settings=TriggerSettings(event_name=FIRING_NAME),
            actions=(SendEmail(subject="Thank you", text="Your order %EVENT: order placed%"),),
            status=RuleStatus.ACTIVE,
            author="bench",
            created_ms=1,
            updated_ms=1,
        )
    )


def add_rules(count: int) -> None:
    """Write what a worker reads of `count` more rules, ten on each of as many event names."""
    table.put_many(environment().rules_table, _items_of_rules(count))


def _items_of_rules(count: int) -> Iterator[Item]:
    body = packed({"version": 1, "actions": 1})
    for number in range(count):
        place = Place(Trigger.EVENT_RECORDED, f"name {number // 10}")
        partition = waking.partition(ACCOUNT_ID, place)
        if number % 10 == 0:
            yield {"pk": partition, "sk": waking.HEAD, "stamp": "bench"}
            yield {"pk": partition, "sk": waking.REGISTERED, "body": "{}"}
        yield {"pk": partition, "sk": f"{waking.RULE}{3 * 10**15 + number}", "body": body}


def email(number: int) -> str:
    """Return the address of a contact."""
    return f"contact.{number:03d}@example.com"


def event(number: int, *, name: str = EVENT_NAME) -> Event:
    """Return the event of a contact, as the form API takes it in."""
    return Event(
        account_id=ACCOUNT_ID,
        event_id=f"{number:024x}",
        name=name,
        at_ms=SENT_AT_MS,
        received_ms=SENT_AT_MS,
        address=f"email:{email(number % CONTACTS)}",
        value="https://files.example.com/brochure.pdf",
        source="form",
    )


def batch(size: int, *, name: str = EVENT_NAME) -> dict[str, Any]:
    """Return the invocation of the tracking worker with that many events."""
    return records([event(number, name=name).to_wire() for number in range(size)])


def records(bodies: list[str]) -> dict[str, Any]:
    """Return the invocation of a worker with these messages."""
    return {
        "Records": [
            {
                "messageId": f"00000000-0000-0000-0000-{number:012d}",
                "receiptHandle": "r" * 180,
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(SENT_AT_MS),
                    "SenderId": "AROAEXAMPLE:signalbox-IngestFunction",
                    "ApproximateFirstReceiveTimestamp": str(SENT_AT_MS),
                },
                "messageAttributes": {},
                "md5OfBody": "0" * 32,
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:events",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def request(route: str, body: str, *, token: str = "") -> dict[str, Any]:
    """Return the invocation of an HTTP function, as a browser's request becomes one."""
    method, path = route.split()
    headers = {
        "accept": "*/*",
        "content-length": str(len(body)),
        "content-type": "application/x-www-form-urlencoded",
        "host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "user-agent": AGENT,
        "x-amzn-trace-id": "Root=1-6900a0f8-0123456789abcdef01234567",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers | ({"api-token": token} if token else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def form() -> dict[str, Any]:
    """Return the invocation of ingest with one event of the form API."""
    from urllib.parse import urlencode  # noqa: PLC0415 ingest loads it, the others need it here only

    fields = {
        "actid": ACCOUNT_ID,
        "key": EVENT_KEY,
        "event": EVENT_NAME,
        "eventdata": "https://files.example.com/brochure.pdf",
        "visit": json.dumps({"email": email(1)}),
    }
    return request("POST /event", urlencode(fields))


def opening() -> dict[str, Any]:
    """Return the invocation of pixel when somebody opens a mail."""
    token = signed(_token(TokenKind.OPEN), _ring())
    return _hit("GET /o/{token}", f"/o/{token}", token=token)


def clicking() -> dict[str, Any]:
    """Return the invocation of pixel when somebody follows a link."""
    target = "https://www.example.com/autumn/offer?utm_source=news&utm_campaign=2026-11"
    token = signed(_token(TokenKind.CLICK), _ring(), target)
    encoded = base64url(target.encode())
    path = f"/c/{token}/{encoded}"
    return _hit("GET /c/{token}/{target}", path, token=token, target=encoded)


def hits(size: int) -> dict[str, Any]:
    """Return the invocation of the tracking worker with that many opens, each of another contact."""
    opened = event(0, name="open")._replace(
        source="messages",
        kind="open",
        value="",
        properties={"mailing_id": MAILING_ID, "agent": AGENT, "method": "GET"},
    )
    messages = [
        opened._replace(event_id=f"{number:024x}", address=f"contact:{10**15 + number % CONTACTS}")
        for number in range(size)
    ]
    return records([one.to_wire() for one in messages])


def _ring() -> KeyRing:
    return KeyRing.from_text(VARIABLES["TOKEN_KEYS"])


def _token(kind: TokenKind) -> Token:
    return Token(kind, ACCOUNT_ID, MAILING_ID, str(10**15 + 1), link=3)


def _hit(route: str, path: str, **parts: str) -> dict[str, Any]:
    asked = request(f"GET {path}", "")
    asked["requestContext"]["timeEpoch"] = SENT_AT_MS
    return asked | {"routeKey": route, "pathParameters": parts}


def bulk(size: int) -> dict[str, Any]:
    """Return the invocation of ingest with that many events of the native API."""
    events = [
        {
            "name": EVENT_NAME,
            "contact": {"email": email(number % CONTACTS)},
            "value": "https://files.example.com/brochure.pdf",
        }
        for number in range(size)
    ]
    return request("POST /api/events", json.dumps({"events": events}), token=EVENT_KEY)


def _key(item: Typed) -> Typed:
    return {"pk": item["pk"], "sk": item["sk"]}
