"""The fault enumerator: counts every call that leaves a function and breaks the one it is told to.

Each call has a *site*: function, operation, table or queue, and the code that asked. A fault is a
mode at one call of a run.
"""

import contextlib
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from signalbox import aws, awsjson
from signalbox.aws import AwsError
from signalbox.channels import outbound
from signalbox.model.retries import Answer, Fault

PASSING_ON = {"aws.py", "awsjson.py", "table.py", "enumerator.py", "webhook.py"}
WITHOUT_RETRY = aws.NEVER_REPEATED | {"http"}
SPARSE = {
    "BatchGetItem": "UnprocessedKeys",
    "BatchWriteItem": "UnprocessedItems",
    "SendMessageBatch": "Failed",
}
"""The calls that may be answered in part, and where the answer says what was left over."""

Request = Mapping[str, Any]
Real = Callable[[], Any]


class Death(BaseException):
    """The process ended here."""


class Mode(StrEnum):
    """What goes wrong at a call."""

    DIE_BEFORE = "die-before"
    DIE_AFTER = "die-after"
    LOST = "answer-lost"
    THROTTLE = "throttle"
    SERVER_ERROR = "5xx"
    PARTIAL = "partial"


@dataclass(frozen=True, order=True)
class Site:
    """Where a call comes from and what it asks for."""

    function: str
    operation: str
    resource: str
    caller: str

    def __str__(self) -> str:
        return f"{self.function}:{self.operation}:{self.resource}:{self.caller}"


@dataclass
class Call:
    """One call of a run; `refused` where AWS answered with an error."""

    site: Site
    request: Mapping[str, Any] = field(compare=False)
    client: str = field(compare=False)
    refused: bool = field(default=False, compare=False)

    def attribute(self, name: str) -> str:
        """Return a text attribute of the item that a PutItem writes; empty where it has none."""
        text: str = self.request.get("Item", {}).get(name, {}).get("S", "")
        return text

    @property
    def kind(self) -> tuple[str, str, str]:
        """Return what calls have in common that are broken in the same way."""
        return str(self.site), self.attribute("kind"), self.attribute("outcome")


@dataclass(frozen=True)
class Break:
    """The fault of a run: what goes wrong at which call, counted from 0."""

    number: int
    mode: Mode
    seed: int = 0


class Enumerator:
    """Stands between the functions and the world."""

    def __init__(self) -> None:
        self.function = ""
        self.calls: list[Call] = []
        self.dead = False
        self.fault: Break | None = None
        self.before: Callable[[str, str, Request], None] = _nothing

    def begin(self, fault: Break | None = None) -> None:
        """Forget the calls so far and prepare the next fault."""
        self.calls, self.fault, self.dead, self.before = [], fault, False, _nothing

    def pass_on(
        self, service: str, operation: str, request: Request, real: Real, client: str = "boto3"
    ) -> Any:
        """Make a call, or break it; `before` may break it as well."""
        if not self.function:
            return real()
        if self.dead:
            raise Death
        number = len(self.calls)
        site = Site(self.function, operation, _resource(operation, request), _caller())
        self.calls.append(Call(site, request, client))
        if self.fault is not None and number == self.fault.number:
            return self._break(self.fault, service, operation, request, real)
        self.before(service, operation, request)
        try:
            return real()
        except AwsError:
            self.calls[number].refused = True
            raise

    def _break(
        self, fault: Break, service: str, operation: str, request: Request, real: Real
    ) -> Any:
        match fault.mode:
            case Mode.DIE_BEFORE:
                self.dead = True
                raise Death
            case Mode.DIE_AFTER:
                with contextlib.suppress(AwsError):
                    real()
                self.dead = True
                raise Death
            case Mode.LOST:
                with contextlib.suppress(AwsError):
                    real()
                return _unanswered(service) if service in WITHOUT_RETRY else real()
            case Mode.THROTTLE:
                return _throttled(service)
            case Mode.SERVER_ERROR:
                return _failing(service)
            case Mode.PARTIAL:
                return _in_part(service, operation, request, random.Random(fault.seed))  # noqa: S311 repeatable


@contextlib.contextmanager
def enumerated(monkeypatch) -> Iterator[Enumerator]:
    """Wrap every way out: boto3's, the lean client's, and the webhooks'."""
    one = Enumerator()
    call, lean_call, post = aws.call, awsjson.Client.call, outbound.request
    one_at_a_time = threading.Lock()  # moto looks at a condition and writes without one

    def to_moto(service: str, operation: str, request: dict[str, Any]) -> Any:
        with one_at_a_time:
            return call(service, operation, **request)

    def through_boto3(service: str, operation: str, **request: Any) -> Any:
        return one.pass_on(
            service, operation, request, lambda: to_moto(service, operation, request)
        )

    def through_lean(client: awsjson.Client, operation: str, request: Request) -> Any:
        service = "sqs" if "QueueUrl" in request else "dynamodb"
        return one.pass_on(
            service, operation, request, lambda: lean_call(client, operation, request), "lean"
        )

    def through_http(method: str, url: str, **request: Any) -> Answer:
        answer: Answer = one.pass_on(
            "http", method, {"url": url}, lambda: post(method, url, **request)
        )
        return answer

    _CALLS.update(boto3=call)
    monkeypatch.setattr(aws, "call", through_boto3)
    monkeypatch.setattr(awsjson.Client, "call", through_lean)
    monkeypatch.setattr(outbound, "request", through_http)
    yield one


def _nothing(_service: str, _operation: str, _request: Request) -> None:
    """Break no call."""


_CALLS: dict[str, Callable[..., Any]] = {}


def _resource(operation: str, request: Request) -> str:
    if "RequestItems" in request:
        return "+".join(sorted(request["RequestItems"]))
    if "QueueUrl" in request:
        return str(request["QueueUrl"]).rpartition("/")[2]
    return str(request.get("TableName") or request.get("GroupName") or "outside")


def _caller() -> str:
    """Return the code that asked, as `file.py:function`: the nearest that is not passing on."""
    frame = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        ours = "signalbox" in path.parts or "functions" in path.parts
        if ours and path.name not in PASSING_ON:
            return f"{path.name}:{frame.f_code.co_name}"
        frame = frame.f_back
    raise AssertionError("nobody asked")


def _unanswered(service: str) -> Any:
    if service == "http":
        return Answer(fault=Fault.TIMEOUT, detail="no complete answer in time")
    raise AwsError("ReadTimeoutError", "Read timeout on endpoint URL", 0, {})


def _throttled(service: str) -> Any:
    match service:
        case "http":
            return Answer(status=429, retry_after_ms=120_000)
        case "sesv2":
            raise AwsError("TooManyRequestsException", "Maximum sending rate exceeded.", 429, {})
        case "dynamodb":
            raise AwsError("ProvisionedThroughputExceededException", "Slow down.", 400, {})
        case _:
            raise AwsError("ThrottlingException", "Rate exceeded", 400, {})


def _failing(service: str) -> Any:
    if service == "http":
        return Answer(status=500)
    raise AwsError("InternalServerError", "We encountered an internal error.", 500, {})


def _in_part(service: str, operation: str, request: Request, chance: random.Random) -> Any:
    """Make the call with some of its entries and say of the others that they were left over."""
    taken: dict[str, Any] = dict(request)
    if operation == "SendMessageBatch":
        entries = list(request["Entries"])
        kept = [entry for entry in entries if chance.random() < 0.5]
        left = [entry for entry in entries if entry not in kept]
        answer = _real(service, operation, taken | {"Entries": kept}) if kept else {}
        failed = [
            {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in left
        ]
        return answer | {"Failed": failed}
    wanted = [
        (table, one)
        for table, asked in request["RequestItems"].items()
        for one in (asked["Keys"] if operation == "BatchGetItem" else asked)
    ]
    kept = [one for one in wanted if chance.random() < 0.5]
    left = [one for one in wanted if one not in kept]
    answer = _real(service, operation, {"RequestItems": _grouped(request, kept)}) if kept else {}
    return answer | {SPARSE[operation]: _grouped(request, left)}


def _grouped(request: Request, entries: list[tuple[str, Any]]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for table, one in entries:
        asked = request["RequestItems"][table]
        if isinstance(asked, list):
            grouped.setdefault(table, []).append(one)
        else:
            grouped.setdefault(table, {**asked, "Keys": []})["Keys"].append(one)
    return grouped


def _real(service: str, operation: str, request: Request) -> dict[str, Any]:
    answer: dict[str, Any] = _CALLS["boto3"](service, operation, **request)
    return answer
