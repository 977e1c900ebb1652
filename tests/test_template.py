"""The template keeps the stack's promises: nothing is lost, nothing is open, nothing is too much."""

import json
from functools import cache
from typing import Any

import pytest

from signalbox.environment import Environment
from tests.template import ROOT, resources, template

FUNCTIONS = resources("AWS::Serverless::Function")
TABLES = resources("AWS::DynamoDB::Table")
QUEUES = resources("AWS::SQS::Queue")

# What is asked of the functions' environment by AWS's own libraries and Powertools.
OTHERS = {"AWS_CLIENT", "POWERTOOLS_SERVICE_NAME"}
# Is read by nobody: where it changes, CloudFormation reads the secret again.
OTHERS |= {"TOKEN_KEYS_ROTATION"}
# Has a value that fits every stack; an operator may add it.
OPTIONAL = {"DISPATCH_THREADS"}


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
