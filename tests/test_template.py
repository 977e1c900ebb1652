"""The template keeps the stack's promises: nothing is lost, nothing is open, nothing is too much."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_string
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

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
from functions.send import pacing
from functions.subscribe import app as subscribe
from functions.track import app as track
from signalbox import aws
from signalbox.channels import mail, webhook
from signalbox.environment import Environment
from signalbox.model import mailing as model
from signalbox.model.container import Container, ContainerKind
from signalbox.model.credential import Role
from signalbox.model.retries import Answer
from signalbox.model.sending import Start
from signalbox.model.tracking_token import Token, TokenKind, signed
from signalbox.store import containers, mailings
from tests import hits
from tests import mailings as town
from tests.cloud import Cloud, Context, forget, http_event, sqs_event
from tests.functions.test_authorization import ALLOWED, populate
from tests.mailed import TrackingStream, message, write
from tests.people import MAIL, People, work
from tests.phones import phones
from tests.ses import give_feedback
from tests.streams import Stream, announce
from tests.template import ROOT, resources, template

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
TABLES = resources("AWS::DynamoDB::Table")
QUEUES = resources("AWS::SQS::Queue")

# What is asked of the functions' environment by AWS's own libraries and Powertools.
OTHERS = {"AWS_CLIENT", "POWERTOOLS_SERVICE_NAME"}
# Is read by nobody: where it changes, CloudFormation reads the secret again.
OTHERS |= {"TOKEN_KEYS_ROTATION"}
# Has a value that fits every stack; an operator may add it.
OPTIONAL = {"DISPATCH_THREADS"}

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


def test_the_tests_know_every_function():
    assert set(APPS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_logs_traces_and_says_what_it_is(name):
    """Logs go as JSON to a group of its own that forgets; traces are on."""
    function = FUNCTIONS[name]
    group = function["LoggingConfig"]["LogGroup"]["Ref"]

    assert "JSON" == function["LoggingConfig"]["LogFormat"]
    assert {"Ref": "LogRetentionDays"} == resources("AWS::Logs::LogGroup")[group]["RetentionInDays"]
    assert "Active" == everywhere("Tracing")
    assert function["Description"]


def test_no_two_functions_share_a_log():
    groups = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in FUNCTIONS.values()]

    assert len(set(groups)) == len(FUNCTIONS)


def everywhere(setting: str) -> Any:
    """Return what all functions share."""
    return template()["Globals"]["Function"][setting]


@pytest.mark.parametrize("name", ["EventsQueue", "ActionsQueue", "SendsQueue", "FeedbackQueue"])
def test_a_queue_loses_nothing(name):
    """A message outlives its worker's time-out, fails alone, and ends on a dead-letter queue."""
    queue = QUEUES[name]
    (worker,) = [
        function
        for function in FUNCTIONS.values()
        for event in function["Events"].values()
        if event["Properties"].get("Queue") == {"GetAtt": [name, "Arn"]}
    ]
    (event,) = worker["Events"].values()
    dead_letters = queue["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"][0]

    assert queue["VisibilityTimeout"] >= 6 * worker["Timeout"]
    assert ["ReportBatchItemFailures"] == event["Properties"]["FunctionResponseTypes"]
    assert 5 == queue["RedrivePolicy"]["maxReceiveCount"]
    assert 14 * 86_400 == QUEUES[dead_letters]["MessageRetentionPeriod"]
    assert "RedrivePolicy" not in QUEUES[dead_letters]


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted(name):
    assert True is QUEUES[name]["SqsManagedSseEnabled"]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_safe(name):
    """On demand, encrypted, recoverable to the second, and not deleted with the stack."""
    properties, resource = TABLES[name], template()["Resources"][name]

    assert "PAY_PER_REQUEST" == properties["BillingMode"]
    assert properties["SSESpecification"]["SSEEnabled"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert ("Retain", "Retain") == (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])


def test_the_bucket_is_private():
    """Encrypted, closed to the public and to the clear, forgiving, and not deleted with the stack."""
    (bucket,) = resources("AWS::S3::Bucket").values()
    resource = template()["Resources"]["ContentBucket"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    (policy,) = resources("AWS::S3::BucketPolicy").values()
    (denied,) = policy["PolicyDocument"]["Statement"]

    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert {True} == set(bucket["PublicAccessBlockConfiguration"].values())
    assert 4 == len(bucket["PublicAccessBlockConfiguration"])
    assert "Enabled" == bucket["VersioningConfiguration"]["Status"]
    assert 30 == rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
    assert ("Retain", "Retain") == (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
    assert ("Deny", "*", {"Bool": {"aws:SecureTransport": "false"}}) == (
        denied["Effect"],
        denied["Principal"],
        denied["Condition"],
    )


def test_streams_carry_what_their_readers_need():
    """Changes of contacts and of messages show old and new; the tracking log expires."""
    views = {name: table.get("StreamSpecification") for name, table in TABLES.items()}

    assert {"StreamViewType": "NEW_AND_OLD_IMAGES"} == views["ContactsTable"]
    assert {"StreamViewType": "NEW_AND_OLD_IMAGES"} == views["TrackingTable"]
    expiry = TABLES["TrackingTable"]["TimeToLiveSpecification"]
    assert {"AttributeName": "expires", "Enabled": True} == expiry


def test_the_api_is_throttled_logged_and_open_to_browsers():
    (api,) = resources("AWS::Serverless::HttpApi").values()
    assert {"Ref": "ThrottleRate"} == api["DefaultRouteSettings"]["ThrottlingRateLimit"]
    assert {"Ref": "ThrottleBurst"} == api["DefaultRouteSettings"]["ThrottlingBurstLimit"]
    assert {"GetAtt": ["AccessLog", "Arn"]} == api["AccessLogSettings"]["DestinationArn"]
    assert json.loads(api["AccessLogSettings"]["Format"])

    cors = api["CorsConfiguration"]
    assert (["*"], None) == (cors["AllowOrigins"], cors.get("AllowCredentials"))
    assert {"api-token", "idempotency-key", "content-type"} <= set(cors["AllowHeaders"])


@cache
def variables_of() -> dict[str, dict[str, Any]]:
    """Return the environment of each function."""
    shared = everywhere("Environment")["Variables"]
    return {
        name: shared | function["Environment"]["Variables"] for name, function in FUNCTIONS.items()
    }


def asked_for() -> set[str]:
    """Return the names of the variables that the environment's reader asks for."""

    class Asked(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            names.add(name)
            return default

        def __contains__(self, name: object) -> bool:
            names.add(str(name))
            return True

        def __getitem__(self, name: str) -> str:
            return "-"

    names: set[str] = set()
    Environment.from_env(Asked())
    return names


def test_every_variable_that_is_read_is_set_and_the_other_way_round():
    given = {name for variables in variables_of().values() for name in variables}

    assert asked_for() - OPTIONAL == given - OTHERS


def test_functions_that_are_hot_or_make_many_calls_use_the_lean_client():
    lean = {name for name, one in variables_of().items() if one.get("AWS_CLIENT") == "lean"}

    hot = {
        "IngestFunction",
        "PixelFunction",
        "TrackFunction",
        "ChangesFunction",
        "FeedbackFunction",
        "RollupFunction",
    }
    assert (
        hot | {"ActiveCampaignFunction", "AdminFunction", "SendFunction", "RelayFunction"} == lean
    )


def test_env_json_fits_the_template():
    """`sam local --env-vars env.json` overrides only variables that the template sets."""
    overridden = json.loads((ROOT / "env.json").read_text())

    assert set(FUNCTIONS) == set(overridden)
    for name, variables in overridden.items():
        assert set(variables_of()[name]) == set(variables)


# Policies


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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_granted_by_a_star(name):
    """No action holds a star, and no resource is one where AWS knows resources for the action."""
    for statement in statements(name):
        assert "Allow" == statement["Effect"]
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        anywhere = "*" in listed(statement["Resource"])
        assert not anywhere or set(listed(statement["Action"])) <= WITHOUT_RESOURCES
        assert not {"NotAction", "NotResource"} & set(statement)


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


@pytest.fixture(name="recorder")
def _recorder(monkeypatch):
    recorder = Recorder()
    call = aws.call

    def recorded(service: str, operation: str, **request: Any) -> dict[str, Any]:
        recorder.note(service, operation, request)
        if operation == "GetAccount":  # moto does not know it
            return {"SendQuota": {"MaxSendRate": 1000.0}}
        return call(service, operation, **request)

    monkeypatch.setattr(aws, "call", recorded)
    for name, app in APPS.items():
        monkeypatch.setattr(app, "handler", acting(recorder, name, app.handler))
    return recorder


def acting(recorder: Recorder, name: str, handler: Any) -> Any:
    """Return the handler so that what it does is noted under the function's name."""

    def handle(event: Any, context: Any) -> Any:
        recorder.acting = name
        try:
            return handler(event, context)
        finally:
            recorder.acting = ""

    return handle


def tell_a_webhook(cloud: Cloud, people: People) -> None:
    """Let a member of a list be updated whose webhook is told of members alone."""
    stream = Stream(cloud)
    wanted = {"name": "a", "stringid": "a", "sender_url": "x", "sender_reminder": "x"}
    made = people.call("POST", "/api/3/lists", {"list": wanted})[1]["list"]
    member = {"list": made["id"], "contact": people.ada.contact_id, "status": 1}
    people.call("POST", "/api/3/contactLists", {"contactList": member})
    hook = {
        "name": "a",
        "url": "https://hooks.example/in",
        "events": ["update"],
        "sources": ["api"],
        "listid": made["id"],
    }
    assert 201 == people.call("POST", "/api/3/webhooks", {"webhook": hook})[0]
    update = {"contact": {"firstName": "Augusta"}}
    people.call("PUT", f"/api/3/contacts/{people.ada.contact_id}", update)
    announce(stream.records())
    work(cloud)


def read_a_mail(people: People) -> None:
    """Let somebody open a mail of a mailing, and follow a link of it and of a text."""
    hits.mailing_with("personal")
    ada = people.ada.contact_id
    for number, asked in enumerate((hits.opening(ada), hits.clicking(ada), hits.clicking(ada, 1))):
        hits.answered(asked)
        hits.tracked(hits.at(asked, f"hit-{number}", number * 100))
    hits.texts_with("personal")
    hits.answered(hits.texted(people.ada.contact_id))


def say_what_is_permitted(cloud: Cloud, people: People) -> None:
    """Let somebody permit to be tracked, by an event and on their page, and unsubscribe there."""
    said = {"tracking_permission": {"open": True}}
    body = {"events": [{"name": "a", "contact": {"id": people.ada.contact_id}, "properties": said}]}
    headers = {"api-token": people.event_key}
    ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)
    work(cloud)
    token = Token(TokenKind.PERSON, people.account_id, hits.MAILING_ID, people.ada.contact_id)
    page = f"/u/{signed(token, hits.RING)}"
    assert 200 == visit("GET", page)
    for sent in ("List-Unsubscribe=One-Click", "action=again", "action=save&opens=yes"):
        assert 200 == visit("POST", page, sent)


def relay_mail(people: People) -> None:
    """Pass on mail, tracked and not, with opt-outs and without, some of which SES does not take."""
    for mode, respects, sender in (
        ("off", "true", "box@signalbox.example"),
        ("personal", "false", "box@signalbox.example"),
        ("off", "false", "box@unverified.example"),
    ):
        people.call("PATCH", "/api/account", {"relay_tracking_mode": mode})
        forget()  # what the function remembers of the account
        headers = {
            "api-token": people.tokens[Role.ADMIN],
            "idempotency-key": f"{mode}-{respects}-{sender}",
            "x-signalbox-respect-opt-outs": respects,
        }
        text = f"From: {sender}\nTo: ada@signalbox.example\nContent-Type: text/html\n\n<p>x</p>"
        answer = relay.handler(http_event("POST", "/relay", headers=headers, body=text), Context())
        assert answer["statusCode"] == (422 if "unverified" in sender else 200)


def act_in_every_way(cloud: Cloud, people: People) -> None:
    """Let a rule do what neither a mail nor a webhook does."""
    contact_id = people.ada.contact_id
    people.call("PUT", f"/api/3/contacts/{contact_id}", {"contact": {"phone": "+4930123456"}})
    wanted = {"name": "b", "stringid": "b", "sender_url": "x", "sender_reminder": "x"}
    made = people.call("POST", "/api/3/lists", {"list": wanted})[1]["list"]
    people.rule(
        {"kind": "add_to_list", "list_id": made["id"]},
        {"kind": "remove_from_list", "list_id": made["id"]},
        {"kind": "add_tag", "tag": "VIP"},
        {"kind": "set_field", "field": "first_name", "value": "Augusta"},
        {"kind": "record_event", "name": "thanked"},
        {"kind": "send_sms", "text": "Hello"},
        {"kind": "notify", "to": "team@signalbox.example", "subject": "a", "text": "b"},
        {"kind": "put_event"},
        {"kind": "start_execution", "state_machine_arn": MACHINE},
    )
    people.report()
    work(cloud)
    people.rule({"kind": "remove_tag", "tag": "VIP"})
    people.report()
    work(cloud)


def count_a_mailing(cloud: Cloud) -> None:
    """Let a message to somebody be counted."""
    stream = TrackingStream(cloud)
    write(cloud, message("11"))
    stream.flow()


def sign_up_again(cloud: Cloud, people: People) -> None:
    """Let somebody leave a list, be erased, sign up and confirm."""
    wanted = {"name": "c", "stringid": "c", "sender_url": "x", "sender_reminder": "x"}
    listed_as = wanted | {"double_opt_in": 1}
    made = people.call("POST", "/api/3/lists", {"list": listed_as})[1]["list"]
    eve = {"contact": {"email": "eve@signalbox.example"}}
    contact_id = people.call("POST", "/api/3/contacts", eve)[1]["contact"]["id"]
    left = {"list": made["id"], "contact": contact_id, "status": 2}
    people.call("POST", "/api/3/contactLists", {"contactList": left})
    assert 200 == people.call("DELETE", f"/api/3/contacts/{contact_id}")[0]
    place = f"/subscribe/{people.account_id}-{made['id']}"
    assert 200 == visit("GET", place)
    assert 200 == visit("POST", place, "email=eve%40signalbox.example")
    raw = message_from_string(cloud.mails()[-1]).get_payload(0).get_payload(decode=True).decode()
    link = re.search(r"/subscribe/confirm/\S+", raw)[0]
    assert 200 == visit("GET", link)
    assert 200 == visit("POST", link)


def visit(method: str, path: str, body: str | None = None) -> int:
    """Make a request of the public; return the answer's status."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    event = http_event(method, path, headers=headers, body=body)
    status: int = subscribe.handler(event, Context())["statusCode"]
    return status


def send_a_mailing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send a mailing that asks for everything, at the rate of SES, which rests at first."""
    monkeypatch.setenv("MAIL_RATE", "0")
    forget()
    pacing.forget()
    town.write_contacts(cloud, 1, list_ids=["41"])
    nobody = Container(town.ACCOUNT_ID, ContainerKind.EMAIL_OPT_OUT_LIST, "42", "No")
    containers.create(nobody)
    town.campaign(
        ["41"],
        html=f"<p>%COMPANY% %EVENT: download%</p><!--{'x' * 200_000}-->",
        audience={"filter": {"tags": [{"exists": False}]}, "opt_out_lists": ("42",)},
    )
    town.draft()
    at_ms = int(time.time() * 1000) - 1
    mailings.change(
        town.ACCOUNT_ID, town.MAILING_ID, lambda one: model.scheduled(one, at_ms, "News")
    )
    resting = iter([mail.MailDeferredError("TooManyRequestsException")])
    real = mail.send

    def sent(written: mail.Mail, **how: Any) -> str:
        for error in resting:
            raise error
        return real(written, **how)

    monkeypatch.setattr(mail, "send", sent)
    workers = town.Workers(cloud, None)
    workers.put(Start(town.ACCOUNT_ID, town.MAILING_ID, at_ms).to_wire(), 0)
    workers.drain_at_once()
    assert {"c0@signalbox.example": 1}.items() <= town.recipients().items()


def test_policies_allow_what_is_done(cloud, recorder, monkeypatch):
    """Every operation of the APIs and every fate of an event is allowed; hot paths get no more."""
    statuses = iter([410, 503, 410, 200])
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=next(statuses, 200)))
    world = populate(cloud)
    first = world.first
    first.call("GET", "/api/tail")
    rule = first.rule(
        MAIL | {"text": "%EVENT: upload% %SIZE%", "respect_opt_outs": False},
        {"kind": "webhook", "url": "https://hooks.example/in"},
    )
    body = {
        "events": [
            {"name": "download", "contact": {"id": first.ada.contact_id}, "id": f"{n}"}
            for n in range(2)
        ]
    }
    headers = {"api-token": first.event_key, "idempotency-key": "k"}
    ingest.handler(http_event("POST", "/api/events", headers=headers, body=body), None)
    for event in cloud.waiting("EVENTS"):
        track.handler(sqs_event([event]), None)
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings", "actions")}
    first.call("PUT", f"/api/rules/{rule['rule_id']}", wanted)
    due = cloud.waiting("ACTIONS")
    dispatch.handler(sqs_event(due), Context())
    dispatch.handler(sqs_event(due), Context())
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=410))
    tell_a_webhook(cloud, first)
    read_a_mail(first)
    relay_mail(first)
    say_what_is_permitted(cloud, first)
    send_a_mailing(cloud, monkeypatch)
    give_feedback(first.account_id, first.ada.contact_id, monkeypatch)
    sign_up_again(cloud, first)
    count_a_mailing(cloud)
    with phones(monkeypatch):
        act_in_every_way(cloud, first)
    for operation in ALLOWED:
        world.ask(operation, first.tokens[Role.GLOBAL_ADMIN])
    work(cloud)

    missing = {
        name: {(name, *pair) for pair in done - granted(name)}
        for name, done in recorder.done.items()
    }
    assert set() == {pair for pairs in missing.values() for pair in pairs}
    elsewhere = {
        (name, action, table, keys)
        for name, done in recorder.keyed.items()
        for action, table, keys in done
        if not is_granted(name, action, table, keys)
    }
    assert set() == elsewhere
    unused = {
        name: {(name, *pair) for pair in granted(name) - recorder.done[name]}
        for name in FUNCTIONS.keys() - {"AdminFunction", "ActiveCampaignFunction"}
    }
    assert set() == {pair for pairs in unused.values() for pair in pairs}
