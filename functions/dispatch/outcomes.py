"""What becomes of a dispatch: claimed, skipped, or finished with its outcome."""

import secrets
import time
from dataclasses import replace

from signalbox import schedules
from signalbox.aws import AwsError
from signalbox.model.account import Account
from signalbox.model.dispatch import CHECK, Dispatch, DispatchRecord, Outcome, SkipReason
from signalbox.store import dispatches, feed

from .result import Later, Result

LEASE_MS = 90_000  # longer than the function may run, so a lease that ran out means a dead worker


def claim_of(dispatch: Dispatch, kind: str) -> DispatchRecord:
    """Return the claim of this worker, to be entered with `store.dispatches.claim`."""
    time_ms = now_ms()
    return DispatchRecord(
        dispatch=dispatch,
        kind=kind,
        outcome=Outcome.CLAIMED,
        owner=secrets.token_hex(8),
        lease_ms=time_ms + LEASE_MS,
        changed_ms=time_ms,
    )


def skip(
    claimed: DispatchRecord, reason: SkipReason, account: Account | None, *, detail: str = ""
) -> DispatchRecord | None:
    """Write down that the action is not performed; None where it was settled before.

    Raises:
        InterruptedError: a worker died at it before, so that nobody knows. A check knows.
    """
    said = detail or reason
    skipped = replace(claimed, outcome=Outcome.SKIPPED, detail=said, lease_ms=0)
    repeatable = claimed.dispatch.action == CHECK
    if not dispatches.claim(skipped, now_ms=claimed.changed_ms, repeatable=repeatable):
        return None
    _show(skipped, account)
    return skipped


def finish(claimed: DispatchRecord, result: Result, account: Account | None) -> DispatchRecord:
    """Schedule the next try where there is one, then write the outcome.

    In this order: cut off in between, the next try finds a claim that ran out and takes it over.
    The other way round it would be waiting for nothing.
    """
    time_ms = now_ms()
    next_ms = _scheduled(claimed, result.at_ms, time_ms) if isinstance(result, Later) else 0
    record = replace(
        claimed,
        outcome=Outcome.WAITING if isinstance(result, Later) else result.outcome,
        detail=result.detail,
        response_status=result.response_status,
        changed_ms=time_ms,
        next_ms=next_ms,
    )
    dispatches.settle(record)
    _show(record, account)
    return record


def now_ms() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000


def _scheduled(claimed: DispatchRecord, at_ms: int, time_ms: int) -> int:
    """Schedule the next try and return when it is due.

    Where that fails, this try is given back to the queue: nothing was performed, so a claim that
    stood would make a mail uncertain that never went out.
    """
    try:
        return schedules.put(claimed.dispatch.again(), at_ms, now_ms=time_ms)
    except AwsError:
        dispatches.release(claimed, now_ms=time_ms)
        raise


def _show(record: DispatchRecord, account: Account | None) -> None:
    """Write the outcome on the live tail, while somebody looks."""
    if account is None or account.watched_until_ms <= record.changed_ms:
        return
    dispatch = record.dispatch
    line = {
        "kind": "action",
        "action": record.kind,
        "outcome": record.outcome,
        "detail": record.detail,
        "rule_id": dispatch.rule_id,
        "contact_id": dispatch.contact_id,
        "name": dispatch.event.name,
        "attempt": dispatch.attempt,
        "response_status": record.response_status,
    }
    entry_id = f"{dispatch.key_hash}-{dispatch.attempt}"
    feed.write([feed.item(account.account_id, record.changed_ms, entry_id, line)])
