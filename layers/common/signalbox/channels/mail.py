"""Mail: a message becomes MIME (`channels.mime`), and SES takes it.

SES has no idempotency token, so a send whose answer was lost may have happened. The three errors
tell the cases apart: nothing was sent and never will be (`MailRejectedError`), nothing was sent
now (`MailDeferredError`), nobody knows (`MailUncertainError`; the SES event with our tag settles
it). SES writes `Date` and `Message-ID` itself, and signs (DKIM) what stands in a mail's head,
`List-Unsubscribe` and `List-Unsubscribe-Post` included, as RFC 8058 section 4 asks.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from signalbox import aws
from signalbox.channels.mime import Attachment, Mail, MailRejectedError, build, recipient_of
from signalbox.model.errors import SignalboxError
from signalbox.model.mail_text import text_of

__all__ = [
    "Attachment",
    "Mail",
    "MailDeferredError",
    "MailRejectedError",
    "MailUncertainError",
    "build",
    "send",
    "send_raw",
    "text_of",
]

TAG: Final = "dispatch_id"

DEFERRING: Final = frozenset(
    {
        "AccountSuspendedException",
        "LimitExceededException",
        "SendingPausedException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Our credentials or policy are wrong: the mail is as good as before once they are mended.
DEFERRING_STATUSES: Final = frozenset({401, 403, 429})
SERVER_ERROR = 500

FEEDBACK_TAGS: Final = ("ses:feedback-id-a", "ses:feedback-id-b")
"""Tags whose values SES writes into the `Feedback-ID` that it adds itself."""

_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")  # as SES's API reference has it, at MessageTag


class MailDeferredError(SignalboxError):
    """SES does not send for us at the moment (rate, quota, pause): it was not sent."""


class MailUncertainError(SignalboxError):
    """SES gave no answer or failed within: the mail may have been sent or not."""


def send(mail: Mail, *, configuration_set: str | None = None) -> str:
    """Hand a mail to SES once and return SES's message id.

    The configuration set is the one that publishes SES's events about this mail.

    Raises:
        MailRejectedError: It cannot be built, or SES refuses it.
        MailDeferredError: SES refuses to send at the moment.
        MailUncertainError: There is no telling whether SES took it.
    """
    request = _request([recipient_of(mail)], build(mail), _tags(mail), configuration_set)
    try:
        answer = aws.call("sesv2", "SendEmail", **request)
    except aws.AwsError as error:
        raise _refusal(error) from error
    return str(answer["MessageId"])


def send_raw(
    raw: bytes,
    recipients: Sequence[str],
    tags: Mapping[str, str],
    *,
    configuration_set: str | None = None,
) -> str:
    """Hand a mail in its MIME form to SES once and return SES's message id; raise as `send` does.

    It goes to the recipients, 50 at the most, whatever its head says, and from whom its head says.
    """
    request = _request(recipients, raw, tags.items(), configuration_set)
    try:
        answer = aws.call("sesv2", "SendEmail", **request)
    except aws.AwsError as error:
        raise _refusal(error) from error
    return str(answer["MessageId"])


def _request(
    recipients: Sequence[str],
    raw: bytes,
    tags: Iterable[tuple[str, str]],
    configuration_set: str | None,
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "Destination": {"ToAddresses": [*recipients]},
        "Content": {"Raw": {"Data": raw}},
        "EmailTags": [{"Name": name, "Value": value} for name, value in tags],
    }
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def _refusal(error: aws.AwsError) -> SignalboxError:
    said = f"{error.code}: {error.message}"
    if error.status == 0 or error.status >= SERVER_ERROR:
        return MailUncertainError(said)
    if error.code in DEFERRING or error.status in DEFERRING_STATUSES:
        return MailDeferredError(said)
    return MailRejectedError(said)


def _tags(mail: Mail) -> Iterator[tuple[str, str]]:
    """Return the tags that SES's events about the mail bring back, and those of its own.

    Raises:
        MailRejectedError: SES knows no such tag.
    """
    if len(mail.feedback_ids) > len(FEEDBACK_TAGS):
        raise MailRejectedError("feedback_ids: a mail has two at most")
    for name, value in ((TAG, mail.message_id), *mail.tags):
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise MailRejectedError(f"tags: {name}={value} is not a tag that SES takes")
        yield name, value
    for name, value in zip(FEEDBACK_TAGS, mail.feedback_ids, strict=False):
        if not _TAG.fullmatch(value):
            raise MailRejectedError(f"feedback_ids: {value!r} is not one that SES takes")
        yield name, value
