"""Text messages, which MiniStack 1.5.33 cannot send.

AWS End User Messaging SMS is not among its services. Here SendTextMessage takes every text and keeps
it in the mailbox as a mail to the phone, in the form in which `local.shims.mail` keeps mails.
"""

import json
import uuid
from pathlib import Path
from typing import Any

from local.shims.mail import Answer, keep

SERVICE = "sms-voice"
TARGET = "PinpointSMSVoiceV2"
JSON = {"Content-Type": "application/x-amz-json-1.0"}


def install(mailbox: Path) -> None:
    """Serve SendTextMessage and write each text into the folder `mailbox`."""
    from ministack import app  # noqa: PLC0415 - the emulator's
    from ministack.core import router  # noqa: PLC0415

    async def handle(_method: str, _path: str, headers: Any, body: bytes, _query: Any) -> Answer:
        if not headers.get("x-amz-target", "").endswith(".SendTextMessage"):
            refusal = {"__type": "ValidationException", "message": "Only texts are sent here."}
            return 400, JSON, json.dumps(refusal).encode()
        message_id = str(uuid.uuid4())
        keep(mailbox, message_id, as_mail(json.loads(body)))
        return 200, JSON, json.dumps({"MessageId": message_id}).encode()

    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [TARGET]}
    app.SERVICE_HANDLERS[SERVICE] = handle


def as_mail(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request to SES v2 that says the same."""
    return {
        "FromEmailAddress": request.get("OriginationIdentity", ""),
        "Destination": {"ToAddresses": [request["DestinationPhoneNumber"]]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "SMS"},
                "Body": {"Text": {"Data": request["MessageBody"]}},
            }
        },
        "EmailTags": [
            {"Name": name, "Value": value} for name, value in request.get("Context", {}).items()
        ],
    }
