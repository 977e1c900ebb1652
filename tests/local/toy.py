"""A small stack for the emulators: a function that does what it is asked, behind API, queue and stream."""

import io
import json
import urllib.error
import urllib.request
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

BUCKET = "code"
STACK = "toy"
FUNCTION = '''
import base64, json, os, sys, time

STARTED_WITH = sorted(name for name in ("botocore", "ministack") if name in sys.modules)


def importable(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def http(event, context):
    """Echo the event, or do what the path asks for."""
    asked = event["rawPath"].rpartition("/")[2]
    if asked == "fail":
        raise ValueError("the secret of the function")
    if asked == "plain":
        return {"statusCode": 200, "body": "plain"}
    if asked == "gif":
        body = base64.b64encode(bytes(range(42))).decode()
        headers = {"content-type": "image/gif"}
        return {"statusCode": 200, "headers": headers, "isBase64Encoded": True, "body": body}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def facts(event, context):
    """Tell what the function sees."""
    seen = {name: importable(name) for name in ("boto3", "ministack", "hypercorn")}
    return {"started_with": STARTED_WITH, "importable": seen, "environment": dict(os.environ)}


def table():
    import boto3
    return boto3.client("dynamodb")


def write(key, **numbers):
    values = {name: {"N": str(value)} for name, value in numbers.items()}
    table().put_item(TableName=os.environ["SEEN"], Item={"pk": {"S": key}, **values})


def batch(event, context):
    """Note the size of the batch under the first message."""
    write("batch " + event["Records"][0]["body"], size=len(event["Records"]))
    return {"batchItemFailures": []}


def stream(event, context):
    """Wait until the queue's function has noted a batch, and note whether it did in time."""
    item = event["Records"][0]["dynamodb"]["NewImage"]
    deadline = time.time() + float(item["seconds"]["N"])
    key = {"pk": {"S": "batch " + item["waits_for"]["S"]}}
    found = False
    while not found and time.time() < deadline:
        found = "Item" in table().get_item(TableName=os.environ["SEEN"], Key=key)
        time.sleep(0.05)
    write("stream " + item["waits_for"]["S"], found=int(found))
'''
TEMPLATE: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {
        "Runtime": {"Type": "String"},
        "Concurrency": {"Type": "Number", "Default": 4},
    },
    "Globals": {
        "Function": {
            "Runtime": {"Ref": "Runtime"},
            "CodeUri": f"s3://{BUCKET}/code.zip",
            "Timeout": 25,
            "Environment": {"Variables": {"SEEN": {"Ref": "Seen"}}},
        }
    },
    "Resources": {
        "Api": {
            "Type": "AWS::Serverless::HttpApi",
            "Properties": {
                "CorsConfiguration": {"AllowOrigins": ["https://allowed.example"]},
                "Tags": {"ms-custom-id": "cafe0001"},
            },
        },
        "Http": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "app.http",
                "Events": {
                    "Post": {
                        "Type": "HttpApi",
                        "Properties": {"ApiId": {"Ref": "Api"}, "Method": "POST", "Path": "/event"},
                    },
                    "Any": {
                        "Type": "HttpApi",
                        "Properties": {
                            "ApiId": {"Ref": "Api"},
                            "Method": "ANY",
                            "Path": "/api/{proxy+}",
                        },
                    },
                    "Narrow": {
                        "Type": "HttpApi",
                        "Properties": {
                            "ApiId": {"Ref": "Api"},
                            "Method": "ANY",
                            "Path": "/api/3/{proxy+}",
                        },
                    },
                },
            },
        },
        "Facts": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.facts"}},
        "Batch": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.batch"}},
        "Stream": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "app.stream",
                "Events": {
                    "Changes": {
                        "Type": "DynamoDB",
                        "Properties": {
                            "Stream": {"Fn::GetAtt": ["Source", "StreamArn"]},
                            "StartingPosition": "TRIM_HORIZON",
                        },
                    }
                },
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 150}},
        "Seen": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            },
        },
        "Source": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        },
    },
    "Outputs": {
        name: {"Value": {"Ref": name}}
        for name in ("Api", "Http", "Facts", "Batch", "Queue", "Seen", "Source")
    },
}


@dataclass
class Emulator:
    """An emulator with the toy stack deployed.

    Attributes:
        url: its AWS endpoint.
        api_url: the front door; empty where there is none.
        home: the folder that it keeps its data in.
        outputs: the outputs of the stack.
    """

    url: str
    api_url: str
    home: Path
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """A client of a service."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def deploy(self, runtime: str, template: dict[str, Any] = TEMPLATE) -> None:
        """Create the stack, or update it."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", FUNCTION)
        s3, cloudformation = self.client("s3"), self.client("cloudformation")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="code.zip", Body=buffer.getvalue())
        request = {
            "StackName": STACK,
            "TemplateBody": json.dumps(template),
            "Parameters": [{"ParameterKey": "Runtime", "ParameterValue": runtime}],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        verb = "update" if self.outputs else "create"
        getattr(cloudformation, f"{verb}_stack")(**request)
        cloudformation.get_waiter(f"stack_{verb}_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
        )
        described = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}

    def invoke(self, output: str, event: Any) -> Any:
        """Invoke a function."""
        answer = self.client("lambda").invoke(
            FunctionName=self.outputs[output], Payload=json.dumps(event)
        )
        return json.loads(answer["Payload"].read())

    def explicit_api(self) -> str:
        """The URL of an API that is made without a body, with the toy's function behind `/api`."""
        gateway = self.client("apigatewayv2")
        function = self.client("lambda").get_function(FunctionName=self.outputs["Http"])
        api_id = gateway.create_api(
            Name="explicit",
            ProtocolType="HTTP",
            CorsConfiguration={"AllowOrigins": ["https://allowed.example"]},
        )["ApiId"]
        integration = gateway.create_integration(
            ApiId=api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=function["Configuration"]["FunctionArn"],
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for key in ("ANY /api/{proxy+}", "POST /event"):
            gateway.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integration}")
        gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
        return f"{self.url}/_aws/execute-api/{api_id}"


@dataclass
class Answer:
    """An answer over HTTP; header names in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
    """Send a request; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)  # noqa: S310
    try:
        answer = urllib.request.urlopen(request, timeout=60)  # noqa: S310
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, lower, answer.read())


def ready(url: str) -> bool:
    """Whether an emulator answers."""
    with suppress(OSError):
        return call("GET", f"{url}/_ministack/health").status == 200
    return False
