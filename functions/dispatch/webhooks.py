"""The action `webhook`."""

import secrets
from datetime import UTC, datetime
from typing import assert_never

from signalbox.channels import webhook
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.action import CallWebhook
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.performing import webhook_body
from signalbox.model.personalisation import personalise_url
from signalbox.model.retries import Done, GaveUp, RetryAt, judge
from signalbox.model.rule import Rule
from signalbox.store import rules

from .result import Later, Result, Settled
from .values import values_of


def call(
    action: CallWebhook, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Result:
    """Tell the receiver; every try carries the same id, so that it can tell them apart."""
    now = datetime.now(UTC)
    now_ms = int(now.timestamp() * 1000)
    values = values_of(contact, dispatch, action.url)
    answer = webhook.deliver(
        personalise_url(action.url, values),
        message_id=dispatch.dispatch_id,
        body=webhook_body(dispatch, contact, rule),
        secrets=account.signing_secrets(now_ms),
        now=now,
        allowed_hosts=environment().webhook_allowed_hosts,
        headers=action.headers,
    )
    jitter = secrets.randbelow(1000) / 1000
    verdict = judge(dispatch.attempt, answer, now_ms=now_ms, jitter=jitter)
    match verdict:
        case Done():
            return Settled(Outcome.DONE, answer.summary, answer.status)
        case RetryAt(at_ms):
            return Later(at_ms, answer.summary, answer.status)
        case GaveUp(reason, disable):
            if disable:
                rules.note_gone(rule, dispatch.action)
            return Settled(Outcome.FAILED, f"{reason}: {answer.summary}", answer.status)
        case _:
            assert_never(verdict)
