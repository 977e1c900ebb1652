"""The phones of tests: what AWS End User Messaging SMS was asked to send, which moto does not know."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse

from signalbox import aws
from signalbox.channels.sms import SERVICE
from tests.cloud import forget

EVENT = f"before-send.{SERVICE}.SendTextMessage"
SENDER = "+15555550100"


class _Body:
    """The bytes of an answer, as botocore reads them."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Give them all at once."""
        yield self.content


@dataclass
class Phones:
    """Keeps the requests, and answers them with `refusals` first, then with an id."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, Any]] | Exception] = field(default_factory=list)

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        """Take a request as AWS would."""
        self.sent.append(json.loads(request.body))
        status, said = 200, {"MessageId": f"text-{len(self.sent)}"}
        if self.refusals:
            refusal = self.refusals.pop(0)
            if isinstance(refusal, Exception):
                raise refusal
            status, said = refusal
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, status, headers, _Body(json.dumps(said).encode()))


@contextlib.contextmanager
def phones(monkeypatch: Any) -> Iterator[Phones]:
    """Let texts be sent from `SENDER`, to nobody but the test."""
    monkeypatch.setenv("SMS_ORIGINATION_IDENTITY", SENDER)
    forget()
    kept = Phones()
    events = aws.client(SERVICE).meta.events
    events.register_first(EVENT, kept.answer)
    yield kept
    events.unregister(EVENT, kept.answer)
