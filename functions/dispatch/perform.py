"""One dispatch: claim it, perform its action, write down what came of it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

from signalbox import schedules
from signalbox.aws import AwsError
from signalbox.model.account import Account
from signalbox.model.action import Action, CallWebhook, PostForm, SendEmail, kind_of
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome, SkipReason
from signalbox.model.performing import moot
from signalbox.model.rule import Rule
from signalbox.store import dispatches, feed, rules
from signalbox.store.webhooks import is_webhook

from . import forms, mails, webhooks
from .result import Later, Result, Settled

LEASE_MS = 90_000  # longer than the function may run, so a lease that ran out means a dead worker
INTERRUPTED = "the worker died at it; it may or may not have been performed"


def perform(dispatch: Dispatch) -> DispatchRecord | None:
    """Perform a dispatch that is due and return its outcome; None where it was settled before.

    Raises:
        BusyError: another worker is at it.
        AwsError: it could not be claimed, or its outcome not be written; the queue brings it back.
    """
    now_ms = _now_ms()
    found = dispatches.circumstances(dispatch)
    contact, account, rule = found.contact, found.account, _as_it_was(found.rule, dispatch)
    action = rule.actions[dispatch.action] if rule else None
    claimed = DispatchRecord(
        dispatch=dispatch,
        kind=kind_of(action) if action else "",
        outcome=Outcome.CLAIMED,
        owner=secrets.token_hex(8),
        lease_ms=now_ms + LEASE_MS,
        changed_ms=now_ms,
    )
    reason = _why_not(dispatch, contact, rule)
    try:
        if reason or not (account and contact and rule and action):
            return _skip(claimed, reason or SkipReason.ACCOUNT_GONE, account)
        act = _prepared(action, dispatch, rule, account, contact)
        if not dispatches.claim(claimed, now_ms=now_ms, repeatable=_repeatable(action)):
            return None
    except dispatches.InterruptedError as error:
        return _finish(error.record, Settled(Outcome.UNCERTAIN, INTERRUPTED), account)
    return _finish(claimed, act(), account)


def _why_not(dispatch: Dispatch, contact: Contact | None, rule: Rule | None) -> SkipReason | None:
    """Say why the action must not be performed; None where it is due.

    The worker that heard 410 Gone may have died before it wrote down that its dispatch failed. So
    a dispatch that was begun is asked about once more, and is not skipped for its own answer.
    """
    reason = moot(contact, rule, dispatch.action)
    if reason is SkipReason.ENDPOINT_GONE and dispatches.is_claimed(dispatch):
        return None
    return reason


def _as_it_was(rule: Rule | None, dispatch: Dispatch) -> Rule | None:
    """Return the rule with the actions of the version that fired, and today's status.

    A webhook goes to where it leads today.
    """
    if rule is None or rule.version == dispatch.rule_version or is_webhook(rule.rule_id):
        return rule
    past = rules.fetch_version(rule.account_id, rule.rule_id, dispatch.rule_version)
    return replace(past, status=rule.status)


def _prepared(
    action: Action, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Callable[[], Result]:
    """Return what performs the action; a mail is written here, before it is claimed."""
    match action:
        case SendEmail():
            return mails.prepared(action, dispatch, account, contact)
        case CallWebhook():
            return partial(webhooks.call, action, dispatch, rule, account, contact)
        case PostForm():
            return forms.prepared(action, dispatch, rule, account, contact)
        case _:
            assert_never(action)


def _repeatable(action: Action) -> bool:
    """Tell whether an interrupted action may be done again: a webhook's receiver knows its id."""
    return isinstance(action, CallWebhook | PostForm)


def _skip(
    claimed: DispatchRecord, reason: SkipReason, account: Account | None
) -> DispatchRecord | None:
    """Write down that the action is not performed.

    Raises:
        InterruptedError: a worker died at it before, so that nobody knows.
    """
    skipped = replace(claimed, outcome=Outcome.SKIPPED, detail=reason, lease_ms=0)
    if not dispatches.claim(skipped, now_ms=claimed.changed_ms, repeatable=False):
        return None
    _show(skipped, account)
    return skipped


def _finish(claimed: DispatchRecord, result: Result, account: Account | None) -> DispatchRecord:
    """Schedule the next try where there is one, then write the outcome.

    In this order: cut off in between, the next try finds a claim that ran out and takes it over.
    The other way round it would be waiting for nothing.
    """
    now_ms = _now_ms()
    next_ms = _scheduled(claimed, result.at_ms, now_ms) if isinstance(result, Later) else 0
    record = replace(
        claimed,
        outcome=Outcome.WAITING if isinstance(result, Later) else result.outcome,
        detail=result.detail,
        response_status=result.response_status,
        changed_ms=now_ms,
        next_ms=next_ms,
    )
    dispatches.settle(record)
    _show(record, account)
    return record


def _scheduled(claimed: DispatchRecord, at_ms: int, now_ms: int) -> int:
    """Schedule the next try and return when it is due.

    Where that fails, this try is given back to the queue: nothing was performed, so a claim that
    stood would make a mail uncertain that never went out.
    """
    try:
        return schedules.put(claimed.dispatch.again(), at_ms, now_ms=now_ms)
    except AwsError:
        dispatches.release(claimed, now_ms=now_ms)
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


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
