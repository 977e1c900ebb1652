"""What the shims mend apart from the HTTP API, and that it still needs mending.

A test named `test_gap_…` shows the emulator as it is shipped: when it fails after an upgrade, its shim can
go.
"""

import json
import subprocess
import threading
import time
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from local import shims
from local.home import REPOSITORY
from local.mailbox import Mailbox
from local.processes import EMULATOR_PYTHON
from local.shims.queue_batches import Windows
from signalbox.model.notification import opened
from signalbox.model.signature import is_signed, public_key

from .toy import call

RAW = (
    b"From: a@signalbox.example\r\nTo: b@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"List-Unsubscribe: <https://example.com/u>\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
)


def inside(code, *, mended):
    """What a program prints that runs in the emulator's environment, with or without the shims."""
    install = (
        "import pathlib, tempfile; from local import shims;"
        "shims.install(pathlib.Path('/python'), pathlib.Path(tempfile.mkdtemp()));"
    )
    program = "import os; os.environ['LOG_LEVEL'] = 'ERROR';" + (install if mended else "") + code
    ran = subprocess.run(
        [EMULATOR_PYTHON, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout)


def wait_for_item(emulator, key):
    """The item that a function writes into the toy's table."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = emulator.client("dynamodb").get_item(
            TableName=emulator.outputs["Seen"], Key={"pk": {"S": key}}
        )
        if "Item" in found:
            return found["Item"]
        time.sleep(0.05)
    pytest.fail(f"{key} did not come")


def send(emulator, *bodies):
    """Put messages into the toy's queue."""
    for start in range(0, len(bodies), 10):
        entries = [
            {"Id": str(number), "MessageBody": body}
            for number, body in enumerate(bodies[start : start + 10])
        ]
        emulator.client("sqs").send_message_batch(
            QueueUrl=emulator.outputs["Queue"], Entries=entries
        )


def map_queue(emulator, **settings):
    """Map the toy's queue to its function; undo with the id that is returned."""
    sqs = emulator.client("sqs")
    attributes = sqs.get_queue_attributes(
        QueueUrl=emulator.outputs["Queue"], AttributeNames=["QueueArn"]
    )
    return emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=attributes["Attributes"]["QueueArn"],
        FunctionName=emulator.outputs["Batch"],
        FunctionResponseTypes=["ReportBatchItemFailures"],
        **settings,
    )["UUID"]


def size_of_batch(emulator, name):
    """How many of 30 waiting messages the toy's function gets at once."""
    bodies = [f"{name} {number}" for number in range(30)]
    send(emulator, *bodies)
    mapping = map_queue(emulator, BatchSize=30, MaximumBatchingWindowInSeconds=1)
    size = int(wait_for_item(emulator, f"batch {bodies[0]}")["size"]["N"])
    emulator.client("lambda").delete_event_source_mapping(UUID=mapping)
    return size


def test_the_version_is_the_one_that_the_shims_are_made_for():
    code = "import importlib.metadata, json; print(json.dumps(importlib.metadata.version('ministack')))"

    assert inside(code, mended=False) == shims.MINISTACK_VERSION


def test_a_batch_holds_as_many_messages_as_the_mapping_says(mended):
    assert size_of_batch(mended, "large") == 30


def test_gap_a_batch_holds_ten_messages(shipped):
    assert size_of_batch(shipped, "large") == 10


def test_a_window_waits_for_the_batch_to_fill_or_its_time_to_pass(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("local.shims.queue_batches.time.monotonic", lambda: clock[0])
    windows = Windows(threading.Event())

    assert windows.is_waiting("q", ready=0, wanted=10, seconds=60)
    assert windows.is_waiting("q", ready=9, wanted=10, seconds=60)
    assert not windows.is_waiting("q", ready=10, wanted=10, seconds=60)
    assert windows.is_waiting("q", ready=1, wanted=10, seconds=60)
    clock[0] += 60
    assert not windows.is_waiting("q", ready=1, wanted=10, seconds=60)


def test_the_end_of_a_window_wakes_the_poller():
    wake = threading.Event()
    Windows(wake).is_waiting("q", ready=1, wanted=10, seconds=0.01)

    assert wake.wait(30)


def queue_beside_stream(emulator, seconds):
    """Whether a queue is read while a stream's function works."""
    name = f"beside {seconds}"
    mapping = map_queue(emulator, BatchSize=1)
    emulator.client("dynamodb").put_item(
        TableName=emulator.outputs["Source"],
        Item={"pk": {"S": name}, "waits_for": {"S": name}, "seconds": {"N": str(seconds)}},
    )
    wait_until_stream_works(emulator)
    send(emulator, name)
    found = wait_for_item(emulator, f"stream {name}")["found"]["N"]
    emulator.client("lambda").delete_event_source_mapping(UUID=mapping)
    return found == "1"


def wait_until_stream_works(emulator):
    """Return when the stream's function is running."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with_process = [*emulator.home.rglob("ministack-lambda-toy-Stream-*")]
        if with_process:
            return
        time.sleep(0.02)
    pytest.fail("the stream's function was not started")


def test_a_queue_is_read_while_a_streams_function_works(mended):
    assert queue_beside_stream(mended, 20)


def test_gap_no_queue_is_read_while_a_streams_function_works(shipped):
    assert not queue_beside_stream(shipped, 4)


POSITION = (
    "import json, time; from ministack.services import lambda_svc as service;"
    "table = 'arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-11-21T00:00:00.000';"
    "mapping = {'UUID': 'm', 'EventSourceArn': table, 'FunctionName': 'f'};"
    "service._dynamodb_stream_positions.set_scoped('000000000000', 'us-east-1', 'm', 50);"
    "service._esms.set_scoped('000000000000', 'us-east-1', 'm', mapping);"
    "time.sleep(1.5);"
    "print(json.dumps(service._dynamodb_stream_positions.get_scoped('000000000000', 'us-east-1', 'm')))"
)


def test_a_stream_is_read_on_after_a_restart():
    """What was kept of the run before is forgotten: the stream of this one is empty."""
    assert inside(POSITION, mended=True) == 0


def test_gap_a_stream_is_read_again_once_it_is_as_long_as_before_the_restart():
    assert inside(POSITION, mended=False) == 50


def test_functions_see_boto3_and_nothing_of_the_emulator(mended):
    seen = mended.invoke("Facts", {})

    assert seen["importable"] == {"boto3": True, "ministack": False, "hypercorn": False}
    assert seen["started_with"] == []
    assert "LOG_LEVEL" not in seen["environment"]


def test_gap_functions_see_the_packages_of_the_emulator(shipped):
    seen = shipped.invoke("Facts", {})

    assert seen["importable"]["ministack"] is True
    assert "botocore" in seen["started_with"]


WAIT = (
    "import inspect, json; from ministack.core.lambda_runtime import Worker;"
    "wait = inspect.signature(Worker._drain_stderr_bounded).parameters['first_line_wait'];"
    "print(json.dumps(wait.default))"
)


def test_a_silent_handler_is_waited_for_3_ms():
    assert inside(WAIT, mended=True) == 0.003


def test_gap_a_silent_handler_is_waited_for_50_ms():
    assert inside(WAIT, mended=False) == 0.05


PARSES = (
    "import json; from ministack.services import dynamodb; parses = []; tokenize = dynamodb._tokenize;"
    "dynamodb._tokenize = lambda text: (parses.append(text), tokenize(text))[1];"
    "found = [dynamodb._evaluate_condition('#a = :v', {'a': {'N': str(n)}}, {':v': {'N': '3'}},"
    " {'#a': 'a'}) for n in range(5)];"
    "print(json.dumps([found, len(parses)]))"
)


def test_an_expression_is_not_parsed_again_for_each_item():
    found, parses = inside(PARSES, mended=True)

    assert found == [False, False, False, True, False]
    assert parses < 5


def test_gap_an_expression_is_parsed_for_each_item():
    found, parses = inside(PARSES, mended=False)

    assert found == [False, False, False, True, False]
    assert parses >= 5


INTERVAL = (
    "import json; from ministack.services import scheduler;"
    "print(json.dumps(scheduler._SCHEDULE_TICK_INTERVAL))"
)


def test_schedules_are_looked_at_every_second():
    assert inside(INTERVAL, mended=True) == 1


def test_gap_schedules_are_looked_at_every_ten_seconds():
    assert inside(INTERVAL, mended=False) == 10


CONCURRENCY = (
    "import json; from ministack.services import lambda_svc;"
    "mapping = {'ScalingConfig': {'MaximumConcurrency': '7'}};"
    "print(json.dumps(lambda_svc._sqs_esm_concurrency(mapping, {}, {})))"
)


def test_a_concurrency_that_came_as_text_is_a_number():
    assert inside(CONCURRENCY, mended=True) == 7


def test_gap_a_concurrency_that_came_as_text_stays_text():
    assert inside(CONCURRENCY, mended=False) == "7"


def send_mail(emulator):
    """Send a raw mail with tags."""
    ses = emulator.client("sesv2")
    ses.create_email_identity(EmailIdentity="signalbox.example")
    ses.send_email(
        FromEmailAddress="a@signalbox.example",
        Destination={"ToAddresses": ["b@example.com"]},
        Content={"Raw": {"Data": RAW}},
        EmailTags=[{"Name": "dispatch", "Value": "d-1"}],
    )


def test_a_mail_is_kept_as_it_was_sent(mended):
    send_mail(mended)
    mail = Mailbox(mended.home / "mailbox").mails()[-1]

    assert mail.raw == RAW
    assert mail.tags == {"dispatch": "d-1"}
    assert mail.headers["List-Unsubscribe"] == "<https://example.com/u>"
    assert (mail.subject, mail.text, mail.to) == ("Grüße", "Hello", ["b@example.com"])


def test_a_text_is_kept_beside_the_mails(mended):
    sent = mended.client("pinpoint-sms-voice-v2").send_text_message(
        DestinationPhoneNumber="+4930123456",
        OriginationIdentity="Signalbox",
        MessageBody="Grüße",
        Context={"dispatch_id": "d-1"},
    )
    text = Mailbox(mended.home / "mailbox").mails()[-1]

    assert (text.mail_id, text.sender, text.to) == (
        sent["MessageId"],
        "Signalbox",
        ["+4930123456"],
    )
    assert (text.subject, text.text, text.tags) == ("SMS", "Grüße", {"dispatch_id": "d-1"})


def test_gap_texts_cannot_be_sent(shipped):
    with pytest.raises(ClientError):
        shipped.client("pinpoint-sms-voice-v2").send_text_message(
            DestinationPhoneNumber="+4930123456", MessageBody="Hello"
        )


def told_of_mails(emulator, name, *recipients):
    """What a queue is told of mails to these recipients, once everything has been told."""
    sqs, sns, ses = (emulator.client(service) for service in ("sqs", "sns", "sesv2"))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    wanted = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    queue = sqs.get_queue_attributes(**wanted)["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    ses.create_configuration_set(ConfigurationSetName=name)
    ses.create_configuration_set_event_destination(
        ConfigurationSetName=name,
        EventDestinationName="all",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT"],
            "SnsDestination": {"TopicArn": topic},
        },
    )
    send_mail(emulator)
    for recipient in recipients:
        ses.send_email(
            FromEmailAddress="a@signalbox.example",
            Destination={"ToAddresses": [recipient]},
            Content={"Raw": {"Data": RAW}},
            EmailTags=[{"Name": "account", "Value": "100000001"}],
            ConfigurationSetName=name,
        )
    sns.publish(TopicArn=topic, Message="the last")
    bodies = []
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and len(bodies) < 1 + 3 * len(recipients):
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        bodies += [message["Body"] for message in found.get("Messages", [])]
        if not found.get("Messages") and bodies:
            break
        for message in found.get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return topic, bodies


def test_what_becomes_of_a_mail_is_told_and_signed(mended):
    """With its tags; addresses of SES's mailbox simulator bounce and complain."""
    recipients = [
        "b@example.com",
        "bounce+1@simulator.amazonses.com",
        "complaint@simulator.amazonses.com",
    ]
    topic, bodies = told_of_mails(mended, "told", *recipients)

    kinds = Counter()
    for body in bodies:
        envelope = json.loads(body)
        origin = envelope["SigningCertURL"].rpartition("/")[0]
        opened_ = opened(body, topic_arn=topic, certificate_origin=origin)
        key = public_key(call("GET", opened_.certificate_url).content.decode())
        assert is_signed(key, opened_.signed, opened_.signature)
        if opened_.message != "the last":
            event = json.loads(opened_.message)
            assert event["mail"]["tags"]["account"] == ["100000001"]
            kinds[event["eventType"], event["mail"]["destination"][0].partition("@")[0]] += 1
    assert kinds == {
        ("Send", "b"): 1,
        ("Delivery", "b"): 1,
        ("Send", "bounce+1"): 1,
        ("Bounce", "bounce+1"): 1,
        ("Send", "complaint"): 1,
        ("Delivery", "complaint"): 1,
        ("Complaint", "complaint"): 1,
    }


def test_gap_nobody_is_told_what_becomes_of_a_mail_and_nothing_is_signed(shipped):
    _, bodies = told_of_mails(shipped, "told", "b@example.com")

    assert [(json.loads(body)["Message"], json.loads(body)["Signature"]) for body in bodies] == [
        ("the last", "FAKE")
    ]


def test_gap_a_mail_loses_its_headers_and_tags(shipped):
    send_mail(shipped)
    kept = call("GET", f"{shipped.url}/_ministack/ses/messages").content

    assert b"b@example.com" in kept
    assert b"List-Unsubscribe" not in kept
    assert b"d-1" not in kept
