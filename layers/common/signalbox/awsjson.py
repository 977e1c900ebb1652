"""A small client of the AWS JSON protocol, for the functions whose start and calls must cost little.

SQS and DynamoDB take `POST /` with the operation's name in `X-Amz-Target` and its parameters as a
JSON body, signed with Signature Version 4
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
Requests and answers are the shapes of the services' API references, as boto3's low-level clients
show them, with one difference: binary DynamoDB values (`B`, `BS`) are base64 text, as on the wire.

What fails is tried again (connection errors, time-outs, throttling, 5xx), also when the service may
have carried out the first try. That is right here because every request that Signalbox makes
through this client is safe to repeat: items are written under keys made from their cause, and a
message that is queued twice is recognised by its reader. A conditional write can therefore meet its
own first try: ask for `ReturnValuesOnConditionCheckFailure` and look at the `Item`.

The client serves Lambda and emulators: credentials, region and endpoint come from the environment
and stay what they were at its first use. It knows no profiles, no proxies and no container or
instance credentials.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
import zlib
from functools import cache
from time import gmtime, sleep, strftime, time

from signalbox.http1 import Answer, AnswerError, CertificateError, Connection, Endpoint, tls_context
from signalbox.model.errors import SignalboxError

TYPE_CHECKING = False  # importing typing costs more than this module
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ATTEMPTS = 3
CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 5.0
"""Defaults: tries in all, and seconds for connecting and for one exchange."""

THROTTLING_CODES = (
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
)
"""Codes that mean "too fast": the list of the AWS SDKs' standard retry mode, like the next one
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)."""

TRANSIENT_CODES = (
    "AnswerError",
    "ConnectionError",
    "RequestTimeout",
    "RequestTimeoutException",
    "TimeoutError",
)
"""Codes that mean "try again", with those that this client gives when no answer came."""

SKEW_CODES = (
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)
"""Codes that a wrong clock can cause; whether it did, the answer's `Date` tells."""

_SKEW = 240.0  # seconds; services refuse signatures that are 5 minutes off
_BACKOFF, _THROTTLING_BACKOFF, _BACKOFF_LIMIT = 0.05, 1.0, 20.0  # seconds
_REDIRECTION, _TOO_MANY_REQUESTS, _SERVER_ERROR = 300, 429, 500

_AMAZON_ROOTS = f"{__file__.rpartition('/')[0]}/certificates/amazon-roots.pem"
_TARGETS = {"dynamodb": "DynamoDB_20120810", "sqs": "AmazonSQS"}
_DOMAINS = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}  # by a region's first word

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
_decode = json.JSONDecoder().decode  # `json.loads` would guess the encoding each time


class AwsError(SignalboxError):
    """AWS refused a request, or could not be asked.

    Attributes:
        code: The error's short name as boto3 shows it (`ConditionalCheckFailedException`,
            `AWS.SimpleQueueService.NonExistentQueue`), or the HTTP status where the service named
            none. Without a usable answer it is `ConnectionError`, `TimeoutError`, `AnswerError`
            (malformed, cut off or damaged) or `CertificateError` (TLS not verified); without
            settings to ask with, `SettingsError`.
        message: The service's own words, for people.
        status: The HTTP status; 0 when there was no usable answer.
        fields: The error's body: `Item` after a failed condition, `CancellationReasons` after a
            cancelled transaction.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 0,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields: dict[str, Any] = dict(fields or {})


class Credentials:
    """Who signs: an access key, and the session token that goes with a temporary one."""

    __slots__ = ("access_key_id", "secret_access_key", "session_token")

    def __init__(self, access_key_id: str, secret_access_key: str, session_token: str = "") -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.session_token = session_token


class Signer:
    """Makes the heads of signed requests to one service at one host and path.

    What does not change is put together once, with a NUL where the rest goes, and the signing key
    is kept for its day.
    """

    def __init__(
        self, service: str, region: str, credentials: Credentials, host: str, path: str
    ) -> None:
        fields = {
            "content-type": "application/x-amz-json-1.0",
            "host": host,
            "x-amz-date": "\0",
            "x-amz-security-token": credentials.session_token,
            "x-amz-target": f"{_TARGETS[service]}.\0",
            # SQS names its errors as its older protocol did for those who ask, as boto3 does.
            "x-amzn-query-mode": "true" if service == "sqs" else "",
        }
        fields = {name: value for name, value in fields.items() if value}
        signed = ";".join(fields)
        self._secret = credentials.secret_access_key
        self._scope = (region, service, "aws4_request")
        self._scope_end = "/".join(self._scope)
        self._key = ("", b"")
        lines = "".join(f"{name}:{value}\n" for name, value in fields.items())
        self._canonical = f"POST\n{path}\n\n{lines}\n{signed}\n".split("\0")
        self._head = (
            f"POST {path} HTTP/1.1\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            + "accept-encoding: identity\r\nuser-agent: signalbox\r\n"
            f"authorization: AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/\0"
            f"/{self._scope_end}, SignedHeaders={signed}, Signature=\0\r\ncontent-length: \0\r\n"
        ).split("\0")

    def head(self, operation: str, body: bytes, signed_at: float) -> str:
        """Return the request's head, still open for more header lines.

        `signed_at` is in seconds since the epoch.
        """
        moment = strftime("%Y%m%dT%H%M%SZ", gmtime(signed_at))
        day = moment[:8]
        start, middle, end = self._canonical
        canonical = f"{start}{moment}{middle}{operation}{end}{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{day}/{self._scope_end}\n{digest}"
        signature = hmac.digest(self._signing_key(day), text.encode(), "sha256").hex()
        start, middle, credential, scope, length, end = self._head
        return (
            f"{start}{moment}{middle}{operation}{credential}{day}{scope}{signature}"
            f"{length}{len(body)}{end}"
        )

    def _signing_key(self, day: str) -> bytes:
        kept_day, key = self._key
        if kept_day != day:
            key = f"AWS4{self._secret}".encode()
            for name in (day, *self._scope):
                key = hmac.digest(key, name.encode(), "sha256")
            self._key = (day, key)
        return key


class Client:
    """Calls the operations of one service; threads may share it, each gets its own connection.

    Args:
        service: `sqs` or `dynamodb`.
        region: What signatures name, and where the endpoint is.
        credentials: Who signs.
        endpoint: URL to use in place of the region's, `http` allowed, with port and path.
        ca_file: PEM file of the only roots to trust. Without it the roots of Amazon are tried, then
            the system's.
        connect_timeout: Seconds for connecting and for each step of TLS.
        read_timeout: Seconds for one exchange.
        attempts: Tries in all, the first included.
    """

    def __init__(  # noqa: PLR0913 - all by keyword, each settable by itself
        self,
        service: str,
        *,
        region: str,
        credentials: Credentials,
        endpoint: str = "",
        ca_file: str = "",
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        attempts: int = ATTEMPTS,
    ) -> None:
        to = Endpoint(endpoint or _regional_url(service, region))
        trust = None
        if to.is_tls:
            trust = (ca_file,) if ca_file else (_AMAZON_ROOTS, "")
            tls_context(trust[0])  # now, while a Lambda environment starts on a full processor
        self._connect_by = (to.address, trust, connect_timeout, read_timeout)
        self._signer = Signer(service, region, credentials, to.host, to.path)
        self._attempts = attempts
        self._clock_offset = 0.0
        self._kept = threading.local()

    def hasten(self, seconds: float) -> None:
        """Wait no longer than this for anything from now on, and try only once more."""
        self._connect_by, self._attempts = (*self._connect_by[:2], seconds, seconds), 2

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call `operation` (`SendMessage`, `PutItem`) with its parameters; return its answer.

        Between tries it waits a random part of 50 ms (of 1 s after throttling), of twice that the
        next time, and so on, as the SDKs' standard retry mode does.

        Raises:
            AwsError: The service refused, or the last try failed too.
            TypeError: `request` holds what JSON cannot carry, `bytes` for instance.
            ValueError: `request` holds a float that is no number.
        """
        body = _encode(request).encode()
        for number in range(self._attempts - 1):
            try:
                return self._try(operation, body)
            except AwsError as error:
                backoff = _backoff(error)
                if not backoff:
                    raise
            sleep(jitter() * min(backoff * 2**number, _BACKOFF_LIMIT))
        return self._try(operation, body)

    def _try(
        self, operation: str, body: bytes, *, may_correct_clock: bool = True
    ) -> dict[str, Any]:
        signed_at = time() + self._clock_offset
        answer = self._exchange(self._signer.head(operation, body, signed_at), body)
        if answer[0] < _REDIRECTION:
            return _parse_answer(answer[2])
        error = _parse_error(answer)
        if may_correct_clock and error.code in SKEW_CODES:
            ahead = _server_time(answer[1], signed_at) - signed_at
            if abs(ahead) > _SKEW:
                self._clock_offset += ahead
                return self._try(operation, body, may_correct_clock=False)
        raise error

    def _exchange(self, head: str, body: bytes) -> Answer:
        connection = self._connection()
        request = f"{head}{_trace_line()}\r\n".encode("latin-1") + body
        try:
            answer = connection.exchange(request)
            _check_sum(answer)
        except OSError as error:
            connection.close()
            raise AwsError(_code(error), str(error)) from error
        return answer

    def _connection(self) -> Connection:
        try:
            return self._kept.connection  # type: ignore[no-any-return] # a local's fields are Any
        except AttributeError:
            connection = self._kept.connection = Connection(*self._connect_by)
            return connection


@cache
def client(service: str) -> Client:
    """Return the client of `sqs` or `dynamodb` that the environment describes, made once.

    Read are `AWS_REGION` (or `AWS_DEFAULT_REGION`), `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL`
    and `AWS_CA_BUNDLE`. Lambda changes none of them while an environment lives.

    Raises:
        AwsError: `SettingsError` that names the variable that is missing.
    """
    return Client(
        service,
        region=os.environ.get("AWS_REGION") or _setting("AWS_DEFAULT_REGION"),
        credentials=Credentials(
            _setting("AWS_ACCESS_KEY_ID"),
            _setting("AWS_SECRET_ACCESS_KEY"),
            os.environ.get("AWS_SESSION_TOKEN", ""),
        ),
        endpoint=os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or os.environ.get("AWS_ENDPOINT_URL", ""),
        ca_file=os.environ.get("AWS_CA_BUNDLE", ""),
    )


def jitter() -> float:
    """Return a random number from 0 to below 1; the `random` module would cost each start more."""
    return int.from_bytes(os.urandom(6)) / 2**48


def _setting(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise AwsError("SettingsError", f"the environment variable {name} is missing")
    return value


def _regional_url(service: str, region: str) -> str:
    domain = _DOMAINS.get(region.partition("-")[0], "amazonaws.com")
    return f"https://{service}.{region}.{domain}"


def _trace_line() -> str:
    """Hand on Lambda's trace, so that X-Ray and Lambda's loop detection see through the queues."""
    trace = os.environ.get("_X_AMZN_TRACE_ID", "")
    is_usable = trace and trace.isascii() and trace.isprintable()
    return f"x-amzn-trace-id: {trace}\r\n" if is_usable else ""


def _check_sum(answer: Answer) -> None:
    """Compare the checksum that DynamoDB sends with each answer."""
    _, headers, content = answer
    expected = headers.get("x-amz-crc32")
    if expected is not None and expected != str(zlib.crc32(content)):
        raise AnswerError("the answer's checksum does not match its body")


def _code(error: OSError) -> str:
    is_named = isinstance(error, (AnswerError, CertificateError, TimeoutError))
    return type(error).__name__ if is_named else "ConnectionError"


def _backoff(error: AwsError) -> float:
    """Return the seconds that the first wait after this error lasts at most; 0: do not repeat."""
    if error.code in THROTTLING_CODES or error.status == _TOO_MANY_REQUESTS:
        return _THROTTLING_BACKOFF
    if error.code in TRANSIENT_CODES or error.status >= _SERVER_ERROR:
        return _BACKOFF
    return 0.0


def _parse_object(content: bytes) -> dict[str, Any] | None:
    try:
        parsed = _decode(content.decode())
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _parse_answer(content: bytes) -> dict[str, Any]:
    parsed = _parse_object(content or b"{}")
    if parsed is None:
        raise AwsError("AnswerError", f"the answer is no JSON object: {content[:80]!r}")
    return parsed


def _parse_error(answer: Answer) -> AwsError:
    """Name the error as botocore does, from `__type` and SQS's `x-amzn-query-error`."""
    status, headers, content = answer
    fields = _parse_object(content or b"{}")
    if fields is None:
        fields = {"message": content[:500].decode(errors="replace")}
    code = str(fields.get("__type", status)).partition(":")[0].rpartition("#")[2]
    query = headers.get("x-amzn-query-error", "").split(";")
    if len(query) == 2 and query[0]:  # noqa: PLR2004 - "code;who is at fault"
        code = query[0]
    message = fields.get("message", fields.get("Message", ""))
    return AwsError(code, str(message), status, fields)


def _server_time(headers: dict[str, str], otherwise: float) -> float:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only a wrong clock pays for it

    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return otherwise
