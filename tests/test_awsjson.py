"""The lean client beside botocore: the same signatures, codes, endpoints and answers."""

import datetime as dt
import subprocess
import sys
from unittest.mock import patch

import boto3
import botocore.parsers
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from signalbox import awsjson
from signalbox.awsjson import AwsError, Client, Credentials, Signer
from signalbox.http1 import Endpoint
from tests.awsjson_server import answer, scripted

ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
SECONDS = st.integers(0, 4_102_444_800)  # to the year 2100


@pytest.fixture(name="environment")
def _environment(monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "_X_AMZN_TRACE_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    awsjson.client.cache_clear()
    yield monkeypatch
    awsjson.client.cache_clear()


@pytest.fixture(name="moto", scope="module")
def _moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(name="sqs")
def _sqs(moto):
    return Client("sqs", **_settings(moto))


@pytest.fixture(name="dynamodb")
def _dynamodb(moto):
    made = Client("dynamodb", **_settings(moto))
    made.call(
        "CreateTable",
        {
            "TableName": "things",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    )
    yield made
    made.call("DeleteTable", {"TableName": "things"})


def _settings(url):
    return {"endpoint": url, "region": "us-east-1", "credentials": Credentials("key", "secret")}


def _parsed(head):
    lines = [line.split(": ", 1) for line in head.strip().split("\r\n")[1:]]
    return {name.lower(): value for name, value in lines}


def _signed_by_botocore(url, headers, body, signing, signed_at):
    """Return the headers that botocore's signer makes of the same request."""
    service, region, credentials = signing
    token = credentials.session_token or None
    frozen = botocore.credentials.Credentials(
        credentials.access_key_id, credentials.secret_access_key, token
    )
    request = AWSRequest("POST", url, dict(headers), body)
    moment = dt.datetime.fromtimestamp(signed_at, dt.UTC)
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(frozen, service, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@settings(deadline=None)
@given(
    service=st.sampled_from(["sqs", "dynamodb"]),
    region=st.sampled_from(["us-east-1", "cn-north-1"]),
    credentials=st.builds(Credentials, TEXT, TEXT, st.just("") | TEXT),
    place=st.sampled_from(
        [
            "https://sqs.eu-west-1.amazonaws.com",
            "http://Local.Host:4566/base/v1.0",
            "http://[::1]:1",
        ]
    ),
    operation=st.from_regex(r"[A-Z][A-Za-z]{2,20}", fullmatch=True),
    body=st.binary(max_size=3000) | st.text().map(str.encode),
    times=st.lists(SECONDS, min_size=1, max_size=3),
)
def test_requests_are_signed_as_botocore_signs_them(  # noqa: PLR0913, PLR0917 - drawn by Hypothesis
    service, region, credentials, place, operation, body, times
):
    """For any request, credentials and times (the key is kept a day), each byte is botocore's."""
    endpoint = Endpoint(place)
    signer = Signer(service, region, credentials, endpoint.host, endpoint.path)
    for signed_at in times:
        ours = _parsed(signer.head(operation, body, signed_at))
        target = {"sqs": "AmazonSQS", "dynamodb": "DynamoDB_20120810"}[service]
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{target}.{operation}",
        }
        if service == "sqs":
            headers["x-amzn-query-mode"] = "true"
        expected = _signed_by_botocore(
            place, headers, body, (service, region, credentials), signed_at
        )

        assert expected == {name: ours[name] for name in expected}
        assert {"host", "content-length", "user-agent", "accept-encoding"} == ours.keys() - expected


@settings(deadline=None, max_examples=30)
@given(
    fields=st.dictionaries(
        st.text(),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists),
        max_size=4,
    )
)
def test_the_request_on_the_wire_carries_its_own_signature(fields):
    """Body, length and signature that arrive belong together, whatever text the body holds."""
    credentials = Credentials("key", "secret", "token")
    with scripted(answer({"ok": 1})) as server:
        client = Client(
            "sqs", endpoint=server.url, region="us-east-1", credentials=credentials, read_timeout=60
        )

        assert {"ok": 1} == client.call("SendMessage", fields)

    (request,) = server.received
    signed = ("content-type", "x-amz-target", "x-amzn-query-mode")
    moment = dt.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
    expected = _signed_by_botocore(
        server.url,
        {name: request.headers[name] for name in signed},
        request.body,
        ("sqs", "us-east-1", credentials),
        moment.timestamp(),
    )

    assert fields == awsjson.json.loads(request.body)
    assert expected["authorization"] == request.headers["authorization"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}', {}, 400),
        (b'{"__type":"a#ValidationException:http://x","Message":"Wrong"}', {}, 400),
        (b'{"__type":"X","message":"m","Message":"M"}', {}, 400),
        (b'{"__type":"a#QueueDoesNotExist"}', {"x-amzn-query-error": "Old.Name;Sender"}, 400),
        (b'{"__type":"a#Kept"}', {"x-amzn-query-error": "strange"}, 400),
        (b'{"__type":"a#Kept"}', {"x-amzn-query-error": ";Sender"}, 400),
        (b"<html>busy</html>", {}, 503),
        (b"", {}, 500),
        (b"{}", {}, 403),
    ],
)
def test_errors_are_named_as_botocore_names_them(body, headers, status):
    """The code is botocore's for every form an error takes; so is a message that was sent."""
    parser = botocore.parsers.create_parser("json")
    response = {"body": body, "headers": headers, "status_code": status}
    expected = parser.parse(response, None)["Error"]

    error = awsjson._parse_error((status, headers, body))

    assert (expected["Code"], status) == (error.code, error.status)
    if body.startswith(b"{"):
        assert expected["Message"] == error.message


def test_the_codes_to_repeat_are_those_of_the_standard_retry_mode():
    """What botocore's standard mode repeats, this client repeats."""
    throttling = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    transient = set(TransientRetryableChecker._TRANSIENT_ERROR_CODES)

    assert throttling == set(awsjson.THROTTLING_CODES)
    assert transient <= set(awsjson.TRANSIENT_CODES) | throttling


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]
)
@pytest.mark.parametrize("service", ["sqs", "dynamodb"])
def test_endpoints_are_those_of_botocore(service, region):
    """Each partition's endpoint is found from the region alone."""
    session = botocore.session.get_session()
    expected = session.create_client(
        service, region, aws_access_key_id="k", aws_secret_access_key="s"
    )

    assert expected.meta.endpoint_url == awsjson._regional_url(service, region)


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://a b", "http://a/../b", "a:80", ""])
def test_an_endpoint_that_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match="is no http or https URL"):
        Endpoint(url)


def test_a_message_goes_through_the_queue_unchanged(sqs):
    """Send one, send a batch, receive: the bodies that come out are those that went in."""
    url = sqs.call("CreateQueue", {"QueueName": "events"})["QueueUrl"]
    sqs.call("SendMessage", {"QueueUrl": url, "MessageBody": "zażółć 🚂"})
    entries = [{"Id": str(n), "MessageBody": f'{{"n": {n}}}'} for n in range(2)]
    sent = sqs.call("SendMessageBatch", {"QueueUrl": url, "Entries": entries})
    received = sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10})

    assert ["0", "1"] == [entry["Id"] for entry in sent["Successful"]]
    assert ["zażółć 🚂", '{"n": 0}', '{"n": 1}'] == [
        message["Body"] for message in received["Messages"]
    ]


def test_a_missing_queue_has_the_code_that_boto3_shows(sqs, moto):
    request = {"QueueUrl": f"{moto}/123456789012/none", "MessageBody": "x"}
    boto = boto3.client(
        "sqs",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )
    with pytest.raises(ClientError) as expected:
        boto.send_message(**request)
    with pytest.raises(AwsError) as raised:
        sqs.call("SendMessage", request)

    assert expected.value.response["Error"]["Code"] == raised.value.code
    assert "AWS.SimpleQueueService.NonExistentQueue" == raised.value.code
    assert 400 == raised.value.status


def test_a_failed_condition_shows_the_item_that_stands_there(dynamodb):
    item = {"pk": {"S": "a"}, "owner": {"S": "first"}}
    dynamodb.call("PutItem", {"TableName": "things", "Item": item})

    with pytest.raises(AwsError) as raised:
        dynamodb.call(
            "PutItem",
            {
                "TableName": "things",
                "Item": {"pk": {"S": "a"}, "owner": {"S": "second"}},
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )

    assert "ConditionalCheckFailedException" == raised.value.code
    assert item == raised.value.fields["Item"]


def test_a_cancelled_transaction_gives_its_reasons(dynamodb):
    put = {"TableName": "things", "Item": {"pk": {"S": "a"}}}
    dynamodb.call("PutItem", put)
    guarded = put | {"ConditionExpression": "attribute_not_exists(pk)"}
    other = {"Put": {"TableName": "things", "Item": {"pk": {"S": "b"}}}}

    with pytest.raises(AwsError) as raised:
        dynamodb.call("TransactWriteItems", {"TransactItems": [other, {"Put": guarded}]})

    assert "TransactionCanceledException" == raised.value.code
    assert ["None", "ConditionalCheckFailed"] == [
        reason["Code"] for reason in raised.value.fields["CancellationReasons"]
    ]


def test_a_batch_comes_back_with_binary_values_as_base64(dynamodb):
    items = [{"pk": {"S": str(n)}, "raw": {"B": "AAH/"}} for n in range(3)]
    requests = [{"PutRequest": {"Item": item}} for item in items]
    written = dynamodb.call("BatchWriteItem", {"RequestItems": {"things": requests}})
    keys = [{"pk": item["pk"]} for item in items]
    found = dynamodb.call("BatchGetItem", {"RequestItems": {"things": {"Keys": keys}}})

    assert {} == written["UnprocessedItems"]
    assert items == sorted(found["Responses"]["things"], key=lambda item: item["pk"]["S"])


def test_settings_come_from_the_environment_as_lambda_gives_them(environment):
    """Region, keys, token, the service's own endpoint before the common one, the trace."""
    environment.setenv("AWS_SESSION_TOKEN", "token")
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    environment.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Sampled=1")
    with scripted(answer({})) as server:
        environment.setenv("AWS_ENDPOINT_URL_SQS", server.url)

        assert {} == awsjson.client("sqs").call("ListQueues", {})

    headers = server.received[0].headers
    assert "token" == headers["x-amz-security-token"]
    assert "/eu-central-1/sqs/aws4_request" in headers["authorization"]
    assert "Credential=AKIDEXAMPLE/" in headers["authorization"]
    assert "Root=1-2-3;Sampled=1" == headers["x-amzn-trace-id"]


def test_an_emulators_empty_token_and_common_endpoint_are_taken(environment):
    environment.delenv("AWS_REGION")
    environment.setenv("AWS_DEFAULT_REGION", "us-west-2")
    environment.setenv("AWS_SESSION_TOKEN", "")
    with scripted(answer({})) as server:
        environment.setenv("AWS_ENDPOINT_URL", f"{server.url}/")
        awsjson.client("dynamodb").call("ListTables", {})

    headers = server.received[0].headers
    assert "x-amz-security-token" not in headers
    assert "/us-west-2/dynamodb/aws4_request" in headers["authorization"]


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_setting_is_named(environment, name):
    environment.delenv(name)

    with pytest.raises(AwsError, match=name.replace("AWS_REGION", "AWS_DEFAULT_REGION")) as raised:
        awsjson.client("sqs")

    assert "SettingsError" == raised.value.code


def test_importing_the_client_loads_nothing_large():
    """A fresh interpreter gets neither the SDK nor what makes a start slow."""
    program = (
        "import sys, signalbox.awsjson\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    large = {"boto3", "botocore", "urllib3", "pydantic", "aws_lambda_powertools"}
    slow = {"http", "email", "urllib", "ssl", "typing", "dataclasses", "random", "datetime"}

    assert "signalbox" in loaded
    assert set() == (large | slow) & set(loaded)
