"""The action `webhook`, and how any webhook is delivered."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import assert_never

from signalbox import rendering
from signalbox.channels import webhook
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.action import CallWebhook
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.errors import InvalidError
from signalbox.model.retries import Answer, Done, GaveUp, RetryAt, judge
from signalbox.model.rule import Rule
from signalbox.store import rules

from .result import Later, Result, Settled


@dataclass(frozen=True, slots=True)
class Message:
    """What is said to a receiver."""

    url: str
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def call(
    action: CallWebhook, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Result:
    """Tell the receiver of the event as JSON."""
    said = rendering.webhook_of(action, dispatch, rule, account, contact)
    message = Message(said.url, said.body, "application/json", dict(said.headers))
    return deliver(message, dispatch, account, partial(rules.note_gone, rule, dispatch.action))


def deliver(
    message: Message, dispatch: Dispatch, account: Account, gone: Callable[[], None]
) -> Result:
    """Tell the receiver; every try carries the same id, so that it can tell them apart.

    `gone` is called where it answers 410 Gone.
    """
    now = datetime.now(UTC)
    now_ms = int(now.timestamp() * 1000)
    try:
        answer = webhook.deliver(
            message.url,
            message_id=dispatch.dispatch_id,
            body=message.body,
            secrets=account.signing_secrets(now_ms),
            now=now,
            allowed_hosts=environment().webhook_allowed_hosts,
            content_type=message.content_type,
            headers=message.headers,
        )
    except InvalidError as error:  # nothing to sign with
        return Settled(Outcome.FAILED, str(error))
    return concluded(answer, dispatch, gone)


def concluded(answer: Answer, dispatch: Dispatch, gone: Callable[[], None]) -> Result:
    """Say what follows from a receiver's answer; `gone` is called where it is 410 Gone."""
    now_ms = time.time_ns() // 1_000_000
    jitter = secrets.randbelow(1000) / 1000
    verdict = judge(dispatch.attempt, answer, now_ms=now_ms, jitter=jitter)
    match verdict:
        case Done():
            return Settled(Outcome.DONE, answer.summary, answer.status)
        case RetryAt(at_ms):
            return Later(at_ms, answer.summary, answer.status)
        case GaveUp(reason, disable):
            if disable:
                gone()
            return Settled(Outcome.FAILED, f"{reason}: {answer.summary}", answer.status)
        case _:
            assert_never(verdict)
