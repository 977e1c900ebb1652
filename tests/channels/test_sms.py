"""A text is handed to AWS once, and the errors say what became of it."""

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from signalbox.channels import sms
from tests.phones import phones

TEXT = sms.Sms(message_id="7-1-a", sender="Signalbox", recipient="+4930123456", text="Hello")
OPTED_OUT = {"__type": "ConflictException", "Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT"}


@pytest.fixture(name="sent")
def _sent(cloud, monkeypatch):
    with phones(monkeypatch) as kept:
        yield kept


def test_a_text_goes_out_with_our_id(sent):
    assert "text-1" == sms.send(TEXT)
    assert [
        {
            "DestinationPhoneNumber": "+4930123456",
            "OriginationIdentity": "Signalbox",
            "MessageBody": "Hello",
            "MessageType": "TRANSACTIONAL",
            "Context": {"dispatch_id": "7-1-a"},
        }
    ] == sent.sent


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        ((400, {"__type": "ValidationException", "message": "no"}), sms.SmsRejectedError),
        ((400, OPTED_OUT), sms.SmsOptedOutError),
        ((400, {"__type": "ThrottlingException"}), sms.SmsDeferredError),
        ((400, {"__type": "AccessDeniedException"}), sms.SmsDeferredError),
        ((403, {"__type": "Whatever"}), sms.SmsDeferredError),
        ((500, {"__type": "InternalServerException"}), sms.SmsUncertainError),
        (ReadTimeoutError(endpoint_url="https://sms.example"), sms.SmsUncertainError),
        (EndpointConnectionError(endpoint_url="https://sms.example"), sms.SmsUncertainError),
    ],
)
def test_an_error_says_whether_it_was_sent_and_nothing_is_sent_twice(sent, refusal, error):
    sent.refusals.append(refusal)

    with pytest.raises(error) as raised:
        sms.send(TEXT)

    assert error is raised.type
    assert 1 == len(sent.sent)


def test_what_aws_could_never_take_is_rejected_before_it_is_sent(sent):
    with pytest.raises(sms.SmsRejectedError):
        sms.send(sms.Sms("7-1-a", "Signalbox", "+4930123456", ""))

    assert [] == sent.sent
