"""Text messages, by AWS End User Messaging SMS.

SendTextMessage has no idempotency token, so a send whose answer was lost may have happened. The
errors tell the cases apart as those of `channels.mail` do; `SmsOptedOutError` is a refusal for good:
the phone answered STOP to the sender.
https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
"""

from dataclasses import dataclass
from typing import Final

from signalbox import aws
from signalbox.model.errors import SignalboxError

SERVICE: Final = "pinpoint-sms-voice-v2"
MARK: Final = "dispatch_id"
OPTED_OUT: Final = "DESTINATION_PHONE_NUMBER_OPTED_OUT"
DEFERRING: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "UnrecognizedClientException",
    }
)
# Our credentials or policy are wrong: the text is as good as before once they are mended.
DEFERRING_STATUSES: Final = frozenset({401, 403, 429})
SERVER_ERROR = 500


class SmsRejectedError(SignalboxError):
    """The text cannot be sent as it is, now or later: it was not sent."""


class SmsOptedOutError(SmsRejectedError):
    """The phone opted out of texts of this sender: it was not sent."""


class SmsDeferredError(SignalboxError):
    """AWS does not send for us at the moment (rate, quota): it was not sent."""


class SmsUncertainError(SignalboxError):
    """AWS gave no answer or failed within: the text may have been sent or not."""


@dataclass(frozen=True, slots=True)
class Sms:
    """One text to one phone (E.164).

    `message_id` is our id of it and comes back in AWS's events as the context `dispatch_id`.
    `sender` is the origination identity: a phone number, a sender id, a pool, or the ARN of one.
    `is_promotional` says that it is advertising, which some countries let out by day only.
    """

    message_id: str
    sender: str
    recipient: str
    text: str
    is_promotional: bool = False


def send(sms: Sms) -> str:
    """Hand a text to AWS once and return AWS's message id.

    Raises:
        SmsRejectedError: AWS refuses it.
        SmsOptedOutError: the phone wants none.
        SmsDeferredError: AWS refuses to send at the moment.
        SmsUncertainError: there is no telling whether AWS took it.
    """
    try:
        answer = aws.call(
            SERVICE,
            "SendTextMessage",
            DestinationPhoneNumber=sms.recipient,
            OriginationIdentity=sms.sender,
            MessageBody=sms.text,
            MessageType="PROMOTIONAL" if sms.is_promotional else "TRANSACTIONAL",
            Context={MARK: sms.message_id},
        )
    except aws.AwsError as error:
        raise _refusal(error) from error
    return str(answer["MessageId"])


def _refusal(error: aws.AwsError) -> SignalboxError:
    said = f"{error.code}: {error.message}"
    if error.code == "ParamValidationError":  # botocore's own, nothing was sent
        return SmsRejectedError(said)
    if error.status == 0 or error.status >= SERVER_ERROR:
        return SmsUncertainError(said)
    if error.code in DEFERRING or error.status in DEFERRING_STATUSES:
        return SmsDeferredError(said)
    if error.fields.get("Reason") == OPTED_OUT:
        return SmsOptedOutError(said)
    return SmsRejectedError(said)
