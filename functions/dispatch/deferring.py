"""What cannot be done at the moment, and is tried again."""

import secrets
import time
from typing import Final

from signalbox.aws import AwsError
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.retries import Answer, Fault, RetryAt, judge

from .result import Later, Result, Settled

SERVER_ERROR = 500
# Our credentials or policy are wrong, or too much is asked: later it may work.
DEFERRING_STATUSES: Final = frozenset({401, 403, 429})
DEFERRING: Final = frozenset(
    {
        "AccessDeniedException",
        "ExecutionLimitExceeded",
        "ExpiredTokenException",
        "InternalException",
        "InternalFailure",
        "LimitExceededException",
        "ThrottlingException",
        "UnrecognizedClientException",
    }
)


def deferred(dispatch: Dispatch, detail: str) -> Result:
    """Wait as a webhook does whose receiver is busy."""
    verdict = judge(
        dispatch.attempt,
        Answer(fault=Fault.CONNECTION, detail=detail),
        now_ms=time.time_ns() // 1_000_000,
        jitter=secrets.randbelow(1000) / 1000,
    )
    if isinstance(verdict, RetryAt):
        return Later(verdict.at_ms, detail)
    return Settled(Outcome.FAILED, detail)


def refused(dispatch: Dispatch, error: AwsError) -> Result:
    """Say what follows from a call to AWS that failed and may be made again."""
    said = f"{error.code}: {error.message}"
    if error.status == 0 or error.status >= SERVER_ERROR:
        return deferred(dispatch, said)
    if error.code in DEFERRING or error.status in DEFERRING_STATUSES:
        return deferred(dispatch, said)
    return Settled(Outcome.FAILED, said)
