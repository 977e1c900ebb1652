"""Mails as they were handed to SES.

MiniStack 1.5.33 keeps sender, recipients, subject and bodies of a mail that SES v2 sends, and loses its
headers, tags and raw MIME; after a restart nothing is left. Here the request is kept as it was sent,
a JSON file a mail: `{"id", "sent_at_ms", "request"}`.
"""

import json
import time
from pathlib import Path
from typing import Any

Answer = tuple[int, dict[str, str], bytes]

SENT = 200


def install(mailbox: Path) -> None:
    """Write each mail that was accepted into the folder `mailbox`."""
    from ministack.services import ses_v2  # noqa: PLC0415 - the emulator's

    original = ses_v2.handle_request
    mailbox.mkdir(parents=True, exist_ok=True)

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        answer: Answer = await original(method, path, headers, body, query)
        if method == "POST" and path.endswith("/outbound-emails") and answer[0] == SENT:
            keep(mailbox, json.loads(answer[2])["MessageId"], json.loads(body))
        return answer

    ses_v2.handle_request = handle


def keep(mailbox: Path, message_id: str, request: dict[str, Any]) -> None:
    """Write one mail; a reader never sees half a file."""
    sent_at_ms = time.time_ns() // 1_000_000
    name = message_id.partition("@")[0]
    text = json.dumps({"id": name, "sent_at_ms": sent_at_ms, "request": request})
    half = mailbox / f".{name}"
    half.write_text(text, encoding="utf-8")
    half.rename(mailbox / f"{sent_at_ms:015d}-{name}.json")
