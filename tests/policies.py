"""What the template lets functions do in AWS, and what they do there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from functions.activecampaign import app as activecampaign
from functions.admin import app as admin
from functions.changes import app as changes
from functions.dispatch import app as dispatch
from functions.feedback import app as feedback
from functions.ingest import app as ingest
from functions.pixel import app as pixel
from functions.relay import app as relay
from functions.rollup import app as rollup
from functions.send import app as send
from functions.subscribe import app as subscribe
from functions.track import app as track
from tests.template import resources

APPS = {
    "IngestFunction": ingest,
    "PixelFunction": pixel,
    "TrackFunction": track,
    "ChangesFunction": changes,
    "RollupFunction": rollup,
    "DispatchFunction": dispatch,
    "FeedbackFunction": feedback,
    "SendFunction": send,
    "RelayFunction": relay,
    "AdminFunction": admin,
    "ActiveCampaignFunction": activecampaign,
    "SubscribeFunction": subscribe,
}
FUNCTIONS = resources("AWS::Serverless::Function")

# IAM's names of what an operation does, where they are not the operation's own.
WRITES = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:signalbox-nobody"
WITHOUT_RESOURCES = {"scheduler:ListSchedules", "ses:GetAccount"}
NEEDED = {
    ("sesv2", "SendEmail"): {
        (f"ses:{action}", f"ses {place}")
        for action in ("SendEmail", "SendRawEmail")
        for place in ("identity", "configuration-set")
    },
    ("pinpoint-sms-voice-v2", "SendTextMessage"): {
        ("sms-voice:SendTextMessage", f"sms-voice {place}")
        for place in ("phone-number", "pool", "sender-id")
    },
    ("s3", "PutObject"): {("s3:PutObject", "ContentBucket")},
    ("s3", "GetObject"): {("s3:GetObject", "ContentBucket")},
    ("s3", "HeadObject"): {("s3:GetObject", "ContentBucket")},
    ("events", "PutEvents"): {("events:PutEvents", "events event-bus")},
    ("stepfunctions", "StartExecution"): {("states:StartExecution", "states stateMachine")},
    ("sesv2", "GetAccount"): {("ses:GetAccount", "*")},
    ("scheduler", "ListSchedules"): {("scheduler:ListSchedules", "*")},
    ("scheduler", "GetSchedule"): {("scheduler:GetSchedule", "scheduler schedule")},
    ("scheduler", "DeleteSchedule"): {("scheduler:DeleteSchedule", "scheduler schedule")},
    ("scheduler", "CreateSchedule"): {
        ("scheduler:CreateSchedule", "scheduler schedule"),
        ("iam:PassRole", "SchedulerRole"),
    },
}
BATCHES = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}


def statements(name: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a function's policies."""
    for policy in FUNCTIONS[name]["Policies"]:
        yield from policy["Statement"]


def listed(value: Any) -> list[Any]:
    """Return one or many as a list."""
    return value if isinstance(value, list) else [value]


def granted(name: str) -> set[tuple[str, str]]:
    """Return what a function may do, as pairs of action and the resource's logical id."""
    return {
        (action, logical_id(resource))
        for statement in statements(name)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def logical_id(resource: dict[str, Any]) -> str:
    """Return what a policy speaks of; an index counts as its table, objects as their bucket."""
    if resource == "*":
        return "*"
    if "GetAtt" in resource:
        return resource["GetAtt"][0]
    found = re.match(r"\$\{(\w+)\.Arn\}/(?:index/\w+|\*)$", resource["Sub"])
    if found:
        return found[1]
    ours = (
        r"^arn:\$\{AWS::Partition\}:([\w-]+):\$\{AWS::Region\}:\$\{AWS::AccountId\}:([\w-]+)[/:].*$"
    )
    return re.sub(ours, r"\1 \2", resource["Sub"])


@dataclass
class Recorder:
    """Notes which function does what in AWS, and `keyed` the partitions that it does it to."""

    acting: str = ""
    done: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    keyed: dict[str, set[tuple[str, str, frozenset[str]]]] = field(default_factory=dict)

    def note(self, service: str, operation: str, request: dict[str, Any]) -> None:
        """Note an operation by what IAM calls it."""
        if self.acting:
            self.done.setdefault(self.acting, set()).update(needed(service, operation, request))
            if service == "dynamodb":
                self.keyed.setdefault(self.acting, set()).update(partitions(operation, request))


def needed(service: str, operation: str, request: dict[str, Any]) -> set[tuple[str, str]]:
    """Return what a request needs: pairs of IAM action and logical id."""
    match service:
        case "dynamodb":
            return needed_of_tables(operation, request)
        case "sqs":
            queue = request["QueueUrl"].rpartition("/")[2]
            return {(f"sqs:{BATCHES.get(operation, operation)}", queue)}
        case _:
            return NEEDED[service, operation]


def needed_of_tables(operation: str, request: dict[str, Any]) -> set[tuple[str, str]]:
    """Return what a request to DynamoDB needs."""
    match operation:
        case "TransactWriteItems":
            return {
                (f"dynamodb:{WRITES[kind]}", write["TableName"])
                for one in request["TransactItems"]
                for kind, write in one.items()
            }
        case "BatchGetItem" | "BatchWriteItem":
            return {(f"dynamodb:{operation}", table) for table in request["RequestItems"]}
        case _:
            return {(f"dynamodb:{operation}", request["TableName"])}


def partitions(
    operation: str, request: dict[str, Any]
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield what a request does in which table to which partitions; IAM looks at them together."""
    match operation:
        case "TransactWriteItems":
            for one in request["TransactItems"]:
                for kind, write in one.items():
                    yield f"dynamodb:{WRITES[kind]}", write["TableName"], frozenset({pk_of(write)})
        case "BatchGetItem":
            for table, asked in request["RequestItems"].items():
                yield f"dynamodb:{operation}", table, frozenset(map(pk_in, asked["Keys"]))
        case "BatchWriteItem":
            for table, writes in request["RequestItems"].items():
                keys = (pk_of(write) for one in writes for write in one.values())
                yield f"dynamodb:{operation}", table, frozenset(keys)
        case _:
            yield f"dynamodb:{operation}", request["TableName"], frozenset({pk_of(request)})


def pk_of(request: dict[str, Any]) -> str:
    """Return the partition of a write, a read of one item, or a query."""
    if "KeyConditionExpression" in request:
        return request["ExpressionAttributeValues"][":pk"]["S"]
    return pk_in(request.get("Key") or request["Item"])


def pk_in(item: dict[str, Any]) -> str:
    """Return the partition of an item."""
    return item["pk"]["S"]


def is_granted(name: str, action: str, table: str, keys: frozenset[str]) -> bool:
    """Tell whether one statement lets a function do this to all these partitions."""
    return any(
        all(any(fnmatchcase(key, pattern) for pattern in leading_keys(one)) for key in keys)
        for one in statements(name)
        if action in listed(one["Action"])
        and table in {logical_id(resource) for resource in listed(one["Resource"])}
    )


def leading_keys(statement: dict[str, Any]) -> list[str]:
    """Return the patterns of the partitions of which a statement speaks."""
    conditions = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
    return conditions.get("dynamodb:LeadingKeys", ["*"])


def acting(recorder: Recorder, name: str, handler: Any) -> Any:
    """Return the handler so that what it does is noted under the function's name."""

    def handle(event: Any, context: Any) -> Any:
        recorder.acting = name
        try:
            return handler(event, context)
        finally:
            recorder.acting = ""

    return handle
