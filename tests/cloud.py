"""An AWS account in memory (moto), with the tables and queues of the template."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from urllib.parse import parse_qsl

import boto3
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.ses.models import ses_backends
from moto.sqs.models import Message, Queue, sqs_backends

from signalbox import access, aws, environment, mailing_mails
from signalbox.store import (
    erasure,
    fields,
    groups,
    mailing_facts,
    pace,
    relay_days,
    text_targets,
    waking,
)
from tests import FAKE, quick_moto
from tests.template import resources

REGION = "us-east-1"
TABLES = {
    "CONTACTS_TABLE": "ContactsTable",
    "RULES_TABLE": "RulesTable",
    "TRACKING_TABLE": "TrackingTable",
}
QUEUES = {
    "EVENTS_QUEUE_URL": "EventsQueue",
    "EVENTS_DEAD_LETTER_QUEUE_URL": "EventsDeadLetterQueue",
    "ACTIONS_QUEUE_URL": "ActionsQueue",
    "ACTIONS_DEAD_LETTER_QUEUE_URL": "ActionsDeadLetterQueue",
    "SENDS_QUEUE_URL": "SendsQueue",
    "SENDS_DEAD_LETTER_QUEUE_URL": "SendsDeadLetterQueue",
    "CHANGES_DEAD_LETTER_QUEUE_URL": "ChangesDeadLetterQueue",
    "FEEDBACK_QUEUE_URL": "FeedbackQueue",
    "FEEDBACK_DEAD_LETTER_QUEUE_URL": "FeedbackDeadLetterQueue",
    "ROLLUP_DEAD_LETTER_QUEUE_URL": "RollupDeadLetterQueue",
}
BUCKET = "content"
SCHEDULES = "retries"
TOKEN_KEYS = "1:" + "5e" * 32
TABLE_PROPERTIES = {
    "KeySchema",
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "StreamSpecification",
}


quick_moto.install()


class Cloud:
    """One account: empty tables and queues, and what was sent."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables

    def waiting(self, queue: str) -> list[str]:
        """Return the bodies of the messages on a queue (`EVENTS`, `ACTIONS`), and take them off."""
        url = self.variables[f"{queue}_QUEUE_URL"]
        bodies: list[str] = []
        while True:
            answer = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return bodies
            for message in messages:
                bodies.append(message["Body"])
                client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def emptied(self, queue: str) -> list[Message]:
        """Take off a queue all that is on it, due or not; quick however long it is."""
        url = self.variables[f"{queue}_QUEUE_URL"]
        place = _backend(sqs_backends).queues[url.rpartition("/")[2]]
        taken = [*place._messages]
        place._messages.clear()
        place._pending_messages.clear()
        place.deleted_messages.clear()
        return taken

    def items(self, table: str) -> list[dict]:
        """Return every item of a table (`CONTACTS`, `RULES`, `TRACKING`), in key order."""
        pages = client("dynamodb").get_paginator("scan")
        found = [
            item
            for page in pages.paginate(TableName=self.variables[f"{table}_TABLE"])
            for item in page["Items"]
        ]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def mails(self) -> list[str]:
        """Return the raw mails that went out, oldest first."""
        sent = _backend(ses_backends).sent_messages
        return [message.raw_data for message in sent]

    def objects(self) -> list[str]:
        """Return the names of what stands in the bucket of content."""
        found = client("s3").list_objects_v2(Bucket=self.variables["CONTENT_BUCKET"])
        return [one["Key"] for one in found.get("Contents", ())]

    def schedules(self) -> list[dict]:
        """Return the schedules that are set."""
        scheduler = client("scheduler")
        found = scheduler.list_schedules()["Schedules"]
        return [
            scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"]) for one in found
        ]


@cache
def client(service: str):
    """Return a client of the tests' own."""
    return boto3.client(service, region_name=REGION)


@contextlib.contextmanager
def empty_cloud(monkeypatch) -> Iterator[Cloud]:
    """Lend the template's tables and queues, empty, and point the environment at them."""
    if not _backend(dynamodb_backends).tables:
        _found()
    variables = FAKE | TABLES
    variables |= {name: _queue_url(queue) for name, queue in QUEUES.items()}
    for name in (
        "ACTIONS_QUEUE",
        "ACTIONS_DEAD_LETTER_QUEUE",
        "SENDS_QUEUE",
        "SENDS_DEAD_LETTER_QUEUE",
    ):
        queue = QUEUES[f"{name}_URL"]
        variables[f"{name}_ARN"] = f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:{queue}"
    variables["FEEDBACK_TOPIC_ARN"] = f"arn:aws:sns:{REGION}:{DEFAULT_ACCOUNT_ID}:FeedbackTopic"
    variables["SCHEDULE_GROUP"] = SCHEDULES
    variables["SCHEDULER_ROLE_ARN"] = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/scheduler"
    variables["TOKEN_KEYS"] = TOKEN_KEYS
    variables["PUBLIC_URL"] = "https://api.example"
    variables["MAIL_RATE"] = "1000000"  # SES's own is asked for where this is 0
    variables["CONTENT_BUCKET"] = BUCKET
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    forget()
    yield Cloud(variables)
    forget()  # or what runs without a cloud would find this one
    _empty()


def forget() -> None:
    """Forget what a process would forget when it ends."""
    environment.environment.cache_clear()
    access.forget()
    waking.forget()
    mailing_facts.forget()
    relay_days.forget()
    text_targets.forget()
    mailing_mails.forget()
    pace.forget()
    fields.forget()
    groups.forget()
    erasure.forget_salts()


def _found() -> None:
    """Make what the template makes; for all tests of a process, as it takes longer than most."""
    for logical_id in TABLES.values():
        properties = resources("AWS::DynamoDB::Table")[logical_id]
        wanted = {name: properties[name] for name in TABLE_PROPERTIES & set(properties)}
        if "StreamSpecification" in wanted:
            wanted["StreamSpecification"] = wanted["StreamSpecification"] | {"StreamEnabled": True}
        client("dynamodb").create_table(TableName=logical_id, **wanted)
    for logical_id in QUEUES.values():
        client("sqs").create_queue(QueueName=logical_id)
    client("s3").create_bucket(Bucket=BUCKET)
    client("scheduler").create_schedule_group(Name=SCHEDULES)
    client("sesv2").create_email_identity(EmailIdentity="signalbox.example")


def _empty() -> None:
    """Leave nothing of a test: neither items nor what the streams had of them, nor messages."""
    for table in _backend(dynamodb_backends).tables.values():
        table.items = defaultdict(dict)
        if table.stream_shard is not None:
            table.stream_shard = StreamShard(DEFAULT_ACCOUNT_ID, table)
    queues = _backend(sqs_backends).queues
    for name in QUEUES.values():
        queues[name] = Queue(name, REGION, DEFAULT_ACCOUNT_ID)
    _backend(scheduler_backends).schedule_groups[SCHEDULES].schedules.clear()
    _backend(ses_backends).sent_messages.clear()
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys.clear()


def _backend(backends):
    return backends[DEFAULT_ACCOUNT_ID][REGION]


def _queue_url(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{DEFAULT_ACCOUNT_ID}/{name}"


def sqs_event(bodies: list[str]) -> dict:
    """Return the invocation of a worker with a batch of messages."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:queue",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies)
        ]
    }


def http_event(  # noqa: PLR0913 the parts of a request
    method: str,
    path: str,
    *,
    route: str = "",
    headers: dict[str, str] | None = None,
    query: str = "",
    body: object = None,
) -> dict:
    """Return the invocation of an HTTP function, payload format 2.0."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    event = {
        "version": "2.0",
        "routeKey": route or f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example", "x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {
            "accountId": DEFAULT_ACCOUNT_ID,
            "apiId": "api",
            "domainName": "api.example",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "test",
            },
            "requestId": "request",
            "routeKey": route or f"{method} {path}",
            "stage": "$default",
            "time": "21/Nov/2026:09:54:00 +0000",
            "timeEpoch": 1795254840000,
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(parse_qsl(query, keep_blank_values=True))
    if text is not None:
        event["body"] = text
    return event


class Context:
    """What Lambda tells a handler about its invocation."""

    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:test"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return plenty."""
        return 10_000


mock = mock_aws
__all__ = ["Cloud", "Context", "aws", "client", "empty_cloud", "http_event", "mock", "sqs_event"]
