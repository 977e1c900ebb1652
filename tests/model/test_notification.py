"""A notification is ours where topic, kind, version and the place of its certificate say so."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.notification import NotificationRefusedError, opened, origin_of
from signalbox.model.signature import is_signed, public_key
from tests.ses import TOPIC, URL, certificate, envelope

KEY = public_key(certificate())


def is_ours(body):
    """Tell whether a body opens and its signature fits."""
    found = opened(body, topic_arn=TOPIC)
    return is_signed(KEY, found.signed, found.signature)


@pytest.mark.parametrize("subject", ["Amazon SES Email Event Notification", "", None])
@pytest.mark.parametrize("text", ["{}", "Grüße\nSubject\nx\n", "\U0001f600", ""])
def test_what_sns_signs_is_read_as_it_was_signed(text, subject):
    """With a subject and without; the message is the text that was published."""
    body = envelope(text, Subject=subject)

    assert is_ours(body)
    assert (text, URL) == (
        opened(body, topic_arn=TOPIC).message,
        opened(body, topic_arn=TOPIC).certificate_url,
    )


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp"])
def test_what_was_changed_since_does_not_fit_its_signature(name):
    body = json.dumps(json.loads(envelope("{}")) | {name: "other"})

    assert not is_ours(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": TOPIC + "2"},
        {"TopicArn": None},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "UnsubscribeConfirmation"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": None},
        {"SigningCertURL": None},
        {"SigningCertURL": "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com.example/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com@x.example/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-0.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x/../SimpleNotificationService-0.pem"},
        {"SigningCertURL": URL + "?x"},
        {"SigningCertURL": URL + "\n"},
        {"MessageId": None},
    ],
)  # fmt: skip
def test_what_is_not_ours_is_refused(changes):
    with pytest.raises(NotificationRefusedError):
        opened(envelope("{}", **changes), topic_arn=TOPIC)


@pytest.mark.parametrize("signature", ["%", "é", 7, None, ["a"], "QQ"])
def test_a_signature_that_is_none_is_refused(signature):
    body = json.dumps(json.loads(envelope("{}")) | {"Signature": signature})

    with pytest.raises(NotificationRefusedError):
        opened(body, topic_arn=TOPIC)


def test_certificates_may_lie_elsewhere_where_the_operator_says_so():
    """As the local stack's do; and then nowhere else."""
    origin = "http://127.0.0.1:8801"
    body = envelope("{}", SigningCertURL=f"{origin}/SimpleNotificationService-0.pem")

    assert opened(body, topic_arn=TOPIC, certificate_origin=origin)
    with pytest.raises(NotificationRefusedError):
        opened(body, topic_arn=TOPIC)
    with pytest.raises(NotificationRefusedError):
        opened(envelope("{}"), topic_arn=TOPIC, certificate_origin=origin)


@pytest.mark.parametrize(
    ("topic_arn", "origin"),
    [
        ("arn:aws:sns:eu-central-1:123456789012:t", "https://sns.eu-central-1.amazonaws.com"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:t", "https://sns.cn-north-1.amazonaws.com.cn"),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:t", "https://sns.us-gov-west-1.amazonaws.com"),
    ],
)  # fmt: skip
def test_sns_keeps_its_certificates_in_the_region_of_the_topic(topic_arn, origin):
    assert origin == origin_of(topic_arn)


@pytest.mark.parametrize("topic_arn", ["", "arn:aws:sns:x@y:123456789012:t", "topic"])
def test_without_a_topic_nothing_is_ours(topic_arn):
    with pytest.raises(NotificationRefusedError):
        opened(envelope("{}", TopicArn=topic_arn), topic_arn=topic_arn)


@given(
    st.text(max_size=60)
    | st.dictionaries(
        st.sampled_from([*json.loads(envelope("{}")), "x"]),
        st.none() | st.integers() | st.text(st.characters(exclude_categories=()), max_size=9),
    ).map(lambda changes: json.dumps(json.loads(envelope("{}")) | changes))
)
def test_nothing_breaks_the_reader(body):
    """It is ours or refused."""
    try:
        found = opened(body, topic_arn=TOPIC)
    except NotificationRefusedError:
        return
    assert isinstance(found.message, str)
