"""One dispatch: claim it, perform its action, write down what came of it."""

from dataclasses import replace

from signalbox.model.action import kind_of
from signalbox.model.contact import Contact
from signalbox.model.dispatch import CHECK, Dispatch, DispatchRecord, Outcome, SkipReason
from signalbox.model.performing import moot
from signalbox.model.rule import Rule
from signalbox.store import dispatches, fields, rules
from signalbox.store.webhooks import is_webhook

from .checks import check
from .outcomes import claim_of, finish, skip
from .performers import prepared, repeatable
from .result import Settled

INTERRUPTED = "the worker died at it; it may or may not have been performed"
CHECK_KIND = "check"


def perform(dispatch: Dispatch) -> DispatchRecord | None:
    """Perform a dispatch that is due and return its outcome; None where it was settled before.

    Raises:
        BusyError: another worker is at it.
        AwsError: it could not be claimed, or its outcome not be written; the queue brings it back.
    """
    found = dispatches.circumstances(dispatch)
    account, rule = found.account, _as_it_was(found.rule, dispatch)
    contact = found.contact
    if contact and account:
        contact = fields.shown(contact, account.version)
    claimed = claim_of(dispatch, _kind(dispatch, rule))
    reason = _why_not(dispatch, contact, rule)
    try:
        if reason or not (account and contact and rule):
            return skip(claimed, reason or SkipReason.ACCOUNT_GONE, account)
        if dispatch.action == CHECK:
            return check(claimed, rule, account, contact)
        action = rule.actions[dispatch.action]
        act = prepared(action, dispatch, rule, account, contact)
        again = repeatable(action)
        if not dispatches.claim(claimed, now_ms=claimed.changed_ms, repeatable=again):
            return None
    except dispatches.InterruptedError as error:
        return finish(error.record, _left_by(error.record), account)
    return finish(claimed, act(), account)


def _left_by(record: DispatchRecord) -> Settled:
    """Return what came of a mail whose worker died: SES may have told of it meanwhile."""
    if record.told:
        return Settled(Outcome.DONE, record.told)
    return Settled(Outcome.UNCERTAIN, INTERRUPTED)


def _kind(dispatch: Dispatch, rule: Rule | None) -> str:
    if dispatch.action == CHECK:
        return CHECK_KIND
    return kind_of(rule.actions[dispatch.action]) if rule else ""


def _why_not(dispatch: Dispatch, contact: Contact | None, rule: Rule | None) -> SkipReason | None:
    """Say why the action must not be performed; None where it is due.

    The worker that heard 410 Gone may have died before it wrote down that its dispatch failed. So
    a dispatch that was begun is asked about once more, and is not skipped for its own answer.
    """
    reason = moot(contact, rule, dispatch.action, test=dispatch.test)
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
