"""Dispatches: actions that are due, for one contact, because of one event."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from signalbox.model.event import SCHEMA_VERSION, Event, UnknownSchemaError
from signalbox.model.wire import digest, packed, unpacked

CHECK: Final = -1
"""The number of a dispatch that decides whether a rule fires, and then queues its actions."""


class Outcome(StrEnum):
    """Where a dispatch stands.

    `claimed`: a worker is at it. `waiting`: tried, and due again at `next_ms`. The others are
    final; `uncertain` means that a mail or a text may or may not have gone out, and that nobody
    sends it again without being told to.
    """

    CLAIMED = "claimed"
    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class SkipReason(StrEnum):
    """Why an action was not performed."""

    ACCOUNT_GONE = "account_gone"
    CONTACT_GONE = "contact_gone"
    RULE_GONE = "rule_gone"
    RULE_DISABLED = "rule_disabled"
    ENDPOINT_GONE = "endpoint_gone"
    NOT_ON_LIST = "not_on_list"
    CONDITIONS_NOT_MET = "conditions_not_met"
    FIRED_BEFORE = "fired_before"
    NO_EMAIL = "no_email"
    NO_PHONE = "no_phone"
    EMAIL_NOT_ASCII = "email_not_ascii"
    NO_SENDER = "no_sender"
    OPTED_OUT = "opted_out"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    CONTAINER_GONE = "container_gone"
    TAG_GONE = "tag_gone"
    MAILER_DISABLED = "mailer_disabled"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One action to perform: number `action` of a rule's version, or its `CHECK`.

    `attempt` counts from 1. `test` marks what a person tried out: it is performed in earnest, and
    the log says so. `given` is what that person gave in place of facts of the contact
    (`model.trial`).
    """

    contact_id: str
    rule_id: str
    rule_version: int
    action: int
    event: Event
    attempt: int = 1
    test: bool = False
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """Return the account that this belongs to."""
        return self.event.account_id

    @property
    def key_hash(self) -> str:
        """Return 24 hex digits made of the cause: event, rule and number, not the version.

        An event that is delivered again after the rule was edited so finds its dispatch done.
        """
        cause = (self.account_id, self.event.event_id, self.rule_id, str(self.action))
        return digest(*cause)[:24]

    @property
    def dispatch_id(self) -> str:
        """Return the id: contact, time of the event, hash. It is the key, and fits an SES tag."""
        return f"{self.contact_id}-{self.event.at_ms:013d}-{self.key_hash}"

    def again(self) -> "Dispatch":
        """Return the next attempt."""
        return replace(self, attempt=self.attempt + 1)

    def to_wire(self) -> str:
        """Return the text that carries this on a queue."""
        message: dict[str, Any] = {
            "v": SCHEMA_VERSION,
            "contact": self.contact_id,
            "rule": self.rule_id,
            "version": self.rule_version,
            "action": self.action,
            "attempt": self.attempt,
            "event": self.event.to_wire(),
        }
        if self.test:
            message["test"] = True
        if self.given:
            message["given"] = dict(self.given)
        return packed(message)

    @classmethod
    def from_wire(cls, text: str) -> "Dispatch":
        """Read what `to_wire` wrote; raises as `Event.from_wire` does."""
        message = unpacked(text)
        if message["v"] != SCHEMA_VERSION:
            raise UnknownSchemaError(f"dispatch message of schema {message['v']!r}")
        return cls(
            contact_id=message["contact"],
            rule_id=message["rule"],
            rule_version=message["version"],
            action=message["action"],
            attempt=message["attempt"],
            event=Event.from_wire(message["event"]),
            test=message.get("test", False),
            given=message.get("given", {}),
        )


@dataclass(frozen=True, slots=True)
class DispatchRecord:
    """What is kept of a dispatch.

    `owner` is the attempt that holds the claim and `lease_ms` until when. `detail` says what came
    of it: a skip reason, an error, the message id of a mail. `response_status` is an HTTP status,
    0 for none. `told` is what SES called a mail, where it told of it before its worker did.
    """

    dispatch: Dispatch
    kind: str
    outcome: Outcome
    owner: str
    lease_ms: int
    changed_ms: int
    detail: str = ""
    response_status: int = 0
    next_ms: int = 0
    told: str = ""
