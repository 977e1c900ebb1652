"""What becomes of a mail, told to the topics of its configuration set.

MiniStack 1.5.33 keeps the event destinations of a configuration set and never tells them anything. Here
each mail that SES v2 has taken is told as sent and delivered. Addresses of SES's mailbox simulator fare
as on AWS (https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html), with labels
(`bounce+1@…`), too; all others are delivered.
"""

import contextvars
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from local.shims.mail import SENT, Answer

SIMULATOR = "simulator.amazonses.com"
SUBJECT = "Amazon SES Email Event Notification"

logger = logging.getLogger("signalbox.mail_events")

Told = tuple[str, dict[str, Any]]


def install() -> None:
    """Tell what becomes of each mail."""
    from ministack.services import ses_v2  # noqa: PLC0415 - the emulator's

    original = ses_v2.handle_request
    worker = ThreadPoolExecutor(1, thread_name_prefix="mail-events")

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        answer: Answer = await original(method, path, headers, body, query)
        if method == "POST" and path.endswith("/outbound-emails") and answer[0] == SENT:
            request = json.loads(body)
            chosen = ses_v2._config_sets.get(request.get("ConfigurationSetName", ""))  # noqa: SLF001
            if topics := topics_of(chosen or {}):
                message_id = json.loads(answer[2])["MessageId"]
                # The account and Region of this request are those of its topics.
                context = contextvars.copy_context()
                worker.submit(context.run, tell, topics, request, message_id)
        return answer

    ses_v2.handle_request = handle


def tell(topics: dict[str, list[str]], request: dict[str, Any], message_id: str) -> None:
    """Tell topics of a mail what they want to be told."""
    from ministack.services import sns  # noqa: PLC0415 - the emulator's

    try:
        for kind, event in events(request, message_id):
            for topic, kinds in topics.items():
                if kind in kinds:
                    sns.publish_internal(topic, json.dumps(event), SUBJECT)
    except Exception:
        logger.exception("What became of a mail could not be told")


def topics_of(configuration_set: dict[str, Any]) -> dict[str, list[str]]:
    """The topics that a configuration set tells, each with the kinds of event that it is told."""
    destinations = (configuration_set.get("EventDestinations") or {}).values()
    return {
        one["SnsDestination"]["TopicArn"]: one["MatchingEventTypes"]
        for one in destinations
        if one.get("Enabled") and one.get("SnsDestination")
    }


def events(request: dict[str, Any], message_id: str) -> Iterator[Told]:
    """What becomes of a mail: the kind as destinations name it, and the event."""
    destination = request.get("Destination") or {}
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    recipients = [address for kind in kinds for address in destination.get(kind, [])]
    tags = {one["Name"]: [one["Value"]] for one in request.get("EmailTags") or []}
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    mail = {
        "timestamp": now,
        "messageId": message_id,
        "source": request.get("FromEmailAddress", ""),
        "sendingAccountId": "000000000000",
        "destination": recipients,
        "headersTruncated": False,
        "headers": [],
        "commonHeaders": {"to": recipients, "messageId": message_id},
        "tags": tags | {"ses:configuration-set": [request["ConfigurationSetName"]]},
    }
    yield "SEND", {"eventType": "Send", "mail": mail, "send": {}}
    for recipient in recipients:
        for kind, name, where, about in fates(recipient, message_id):
            yield kind, {"eventType": name, "mail": mail, where: {"timestamp": now, **about}}


def fates(recipient: str, message_id: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """What becomes of a mail to one recipient."""
    local, _, domain = recipient.lower().rpartition("@")
    simulated = local.partition("+")[0] if domain == SIMULATOR else ""
    listed = [{"emailAddress": recipient}]
    identified = {"feedbackId": f"feedback-{message_id}"}
    if simulated in ("bounce", "suppressionlist"):
        sub_type = "General" if simulated == "bounce" else "OnAccountSuppressionList"
        code = "smtp; 550 5.1.1 user unknown"
        bounced = [{**listed[0], "action": "failed", "status": "5.1.1", "diagnosticCode": code}]
        kinds = {"bounceType": "Permanent", "bounceSubType": sub_type}
        about = {**kinds, "bouncedRecipients": bounced, **identified}
        yield "BOUNCE", "Bounce", "bounce", about
        return
    delivered = {
        "processingTimeMillis": 1,
        "recipients": [recipient],
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "local",
    }
    yield "DELIVERY", "Delivery", "delivery", delivered
    if simulated == "complaint":
        complained = {"complainedRecipients": listed, "complaintFeedbackType": "abuse"}
        yield "COMPLAINT", "Complaint", "complaint", complained | identified
