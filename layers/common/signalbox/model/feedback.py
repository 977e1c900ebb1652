"""Feedback: what Amazon SES says became of a mail.

SES publishes it as JSON, one event a message; the form is that of "Examples of event data that Amazon
SES publishes to Amazon SNS" in the developer guide. The events carry the tags that a mail was sent
with: `account`, `contact` and, for serial mail, `mailing`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from signalbox.model.address import email_address
from signalbox.model.credential import ACCOUNT_ID
from signalbox.model.errors import InvalidError, SignalboxError
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.model.wire import unpacked

ACCOUNT_TAG: Final = "account"
CONTACT_TAG: Final = "contact"
MAILING_TAG: Final = "mailing"
DISPATCH_TAG: Final = "dispatch_id"
NO_MAILING: Final = "0"
LONGEST_DETAIL: Final = 64
LONGEST_DIAGNOSTIC: Final = 500
LONGEST_ID: Final = 200
MOST_RECIPIENTS: Final = 50  # of one mail
END_OF_TIME_MS: Final = 10**13

# SES says so once, to a topic that is new to it.
GREETING: Final = "Successfully validated SNS topic"
# SES did not try, for it has the address on its own list: no bounce and no complaint of ours.
ON_SES_LIST: Final = "OnAccountSuppressionList"
BOUNCES: Final = {
    "Permanent": "hard_bounce",
    "Transient": "soft_bounce",
    "Undetermined": "soft_bounce",
}

_NOT_IN_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NOT_IN_DETAIL: Final = re.compile(r"[^A-Za-z0-9/_-]+")
_NUMBER: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_DISPATCH: Final = re.compile(r"[0-9]{1,16}-[0-9]{13}-[0-9a-f]{24}")
_IN_BRACKETS: Final = re.compile(r"<([^<>]+)>\s*$")

Told = Mapping[str, Any]


class FeedbackUnreadableError(SignalboxError):
    """The text is nothing that SES publishes."""


class FeedbackKind(StrEnum):
    """What became of a mail."""

    SENT = "sent"
    DELIVERY = "delivery"
    DELIVERY_DELAY = "delivery_delay"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    SUPPRESSED = "suppressed"
    COMPLAINT = "complaint"
    REJECT = "reject"
    RENDERING_FAILURE = "rendering_failure"


class Ignored(StrEnum):
    """Why nothing follows from what SES said."""

    GREETING = "greeting"
    ENGAGEMENT = "engagement"
    SUBSCRIPTION = "subscription"
    NOT_SPAM = "not_spam"
    UNKNOWN_KIND = "unknown_kind"
    NOT_OURS = "not_ours"


class Feedback(NamedTuple):
    """One thing that became of one mail.

    `ses_id` is SES's id of the mail, `feedback_id` tells this from other feedback of its kind.
    `mailing_id` is `NO_MAILING` for a mail of a rule, which has a `dispatch_id` in its place;
    `contact_id` is empty for one to no contact.
    `addresses` are those that a bounce or a complaint is about, as in `model.address`; `suppression`
    says that nothing is sent to them any more. `properties` are those of the event that tells it, `detail` one word about it.
    """

    kind: FeedbackKind
    account_id: str
    mailing_id: str
    contact_id: str
    ses_id: str
    feedback_id: str
    at_ms: int
    detail: str = ""
    properties: Mapping[str, str] = MappingProxyType({})
    suppression: Suppression | None = None
    addresses: tuple[str, ...] = ()
    dispatch_id: str = ""


class _Said(NamedTuple):
    """What one of SES's objects says of a mail, before it is known whose mail it is."""

    kind: FeedbackKind
    detail: str = ""
    properties: Mapping[str, str] = MappingProxyType({})
    reason: SuppressionReason | None = None
    listed: str = ""


def read(text: str) -> Feedback | Ignored:
    """Return what SES said, or why nothing follows from it.

    What is new to this reader is ignored, and so are opens and clicks, which SES would count by
    a pixel of its own.

    Raises:
        FeedbackUnreadableError: it is nothing that SES publishes.
    """
    if text.startswith(GREETING):
        return Ignored.GREETING
    told = _document(text)
    name = _text(told.get("eventType")) or _text(told.get("notificationType"))
    if name not in _KINDS:
        return Ignored.UNKNOWN_KIND
    where, reader = _KINDS[name]
    if isinstance(reader, Ignored):
        return reader
    about = _object(told.get(where))
    said = reader(about)
    return said if isinstance(said, Ignored) else _addressed(said, about, _object(told.get("mail")))


def _addressed(said: _Said, about: Told, mail: Told) -> Feedback | Ignored:
    ses_id = _text(mail.get("messageId"))[:LONGEST_ID]
    if not ses_id:
        raise FeedbackUnreadableError("no mail is named")
    account_id = _tag(mail, ACCOUNT_TAG, ACCOUNT_ID)
    if not account_id:
        return Ignored.NOT_OURS
    at_ms = _time_ms(about.get("timestamp"), mail.get("timestamp"))
    given_id = _text(about.get("feedbackId"))[:LONGEST_ID]
    reason = said.reason
    return Feedback(
        kind=said.kind,
        account_id=account_id,
        mailing_id=_tag(mail, MAILING_TAG, _NUMBER) or NO_MAILING,
        contact_id=_tag(mail, CONTACT_TAG, _NUMBER),
        ses_id=ses_id,
        feedback_id=given_id or str(at_ms),
        at_ms=at_ms,
        detail=said.detail,
        properties={name: text for name, text in said.properties.items() if text},
        suppression=Suppression(reason, at_ms, said.detail) if reason else None,
        addresses=_concerned(reason, about.get(said.listed), mail) if said.listed else (),
        dispatch_id=_tag(mail, DISPATCH_TAG, _DISPATCH),
    )


def _concerned(reason: SuppressionReason | None, listed: Any, mail: Told) -> tuple[str, ...]:
    """Return the addresses that feedback is about.

    A mail of ours has one recipient. Feedback may name that one otherwise, as where it was handed
    on, and a complaint may list everybody who was written to at a domain, since providers black
    the address out. So it is the recipient who counts; of several, those that are listed, but
    nobody where a complaint lists several, for nobody knows whose it is.
    """
    ours = _addresses(mail.get("destination"))
    if len(ours) == 1:
        return ours
    theirs = _addresses([_object(one).get("emailAddress") for one in _list(listed)])
    if reason is SuppressionReason.COMPLAINT and len(theirs) != 1:
        return ()
    return tuple(address for address in theirs if address in ours)


def _addresses(listed: Any) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in _list(listed)[:MOST_RECIPIENTS]:
        text = _text(one)
        bracketed = _IN_BRACKETS.search(text)
        try:
            found[email_address(bracketed[1] if bracketed else text)] = None
        except InvalidError:
            continue
    return tuple(found)


def _bounce(bounce: Told) -> _Said | Ignored:
    kind, sub_type = _text(bounce.get("bounceType")), _text(bounce.get("bounceSubType"))
    if kind not in BOUNCES:
        return Ignored.UNKNOWN_KIND
    detail = _detail(kind, sub_type)
    if sub_type == ON_SES_LIST:
        return _Said(
            FeedbackKind.SUPPRESSED,
            detail,
            reason=SuppressionReason.HARD_BOUNCE,
            listed="bouncedRecipients",
        )
    first = _object(next(iter(_list(bounce.get("bouncedRecipients"))), None))
    found = FeedbackKind(BOUNCES[kind])
    return _Said(
        found,
        detail,
        {
            "bounce_type": kind,
            "bounce_sub_type": sub_type[:LONGEST_DETAIL],
            "diagnostic": _text(first.get("diagnosticCode"))[:LONGEST_DIAGNOSTIC],
        },
        SuppressionReason.HARD_BOUNCE if found is FeedbackKind.HARD_BOUNCE else None,
        "bouncedRecipients",
    )


def _complaint(complaint: Told) -> _Said | Ignored:
    kind = _text(complaint.get("complaintFeedbackType"))[:LONGEST_DETAIL]
    if kind == "not-spam":
        return Ignored.NOT_SPAM
    on_list = _text(complaint.get("complaintSubType")) == ON_SES_LIST
    return _Said(
        FeedbackKind.SUPPRESSED if on_list else FeedbackKind.COMPLAINT,
        _detail(ON_SES_LIST if on_list else kind),
        {} if on_list else {"feedback_type": kind},
        SuppressionReason.COMPLAINT,
        "complainedRecipients",
    )


def _delay(delay: Told) -> _Said:
    kind = _text(delay.get("delayType"))[:LONGEST_DETAIL]
    return _Said(FeedbackKind.DELIVERY_DELAY, _detail(kind), {"delay_type": kind})


def _sent(_send: Told) -> _Said:
    return _Said(FeedbackKind.SENT)


def _delivery(_delivery: Told) -> _Said:
    return _Said(FeedbackKind.DELIVERY)


def _reject(reject: Told) -> _Said:
    return _Said(FeedbackKind.REJECT, _detail(_text(reject.get("reason"))))


def _rendering_failure(_failure: Told) -> _Said:
    return _Said(FeedbackKind.RENDERING_FAILURE)


_KINDS: Final[Mapping[str, tuple[str, Callable[[Told], _Said | Ignored] | Ignored]]] = {
    "Send": ("send", _sent),
    "Delivery": ("delivery", _delivery),
    "DeliveryDelay": ("deliveryDelay", _delay),
    "Bounce": ("bounce", _bounce),
    "Complaint": ("complaint", _complaint),
    "Reject": ("reject", _reject),
    "Rendering Failure": ("failure", _rendering_failure),
    "Open": ("open", Ignored.ENGAGEMENT),
    "Click": ("click", Ignored.ENGAGEMENT),
    "Subscription": ("subscription", Ignored.SUBSCRIPTION),
}


def _document(text: str) -> Told:
    try:
        told = unpacked(text)
    except (RecursionError, ValueError) as error:
        raise FeedbackUnreadableError("it is no JSON") from error
    if not isinstance(told, dict):
        raise FeedbackUnreadableError("it is no object")
    return told


def _tag(mail: Told, name: str, form: re.Pattern[str]) -> str:
    """Return the value of a tag; empty where there is none, or none that we would have given."""
    values = _list(_object(mail.get("tags")).get(name))
    text = _text(values[0]) if values else ""
    return text if form.fullmatch(text) else ""


def _time_ms(*texts: Any) -> int:
    """Return the first of the times (RFC 3339) that is one, in milliseconds since 1970."""
    for text in texts:
        try:
            moment = datetime.fromisoformat(_text(text))
        except ValueError:
            continue
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        time_ms = round((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
        if 0 <= time_ms < END_OF_TIME_MS:
            return time_ms
    raise FeedbackUnreadableError("it says no time")


def _detail(*words: str) -> str:
    """Return words of SES's own as one: letters, digits and little else, so nobody's address."""
    cleaned = (_NOT_IN_DETAIL.sub("-", word) for word in words if word)
    return "/".join(cleaned)[:LONGEST_DETAIL]


def _text(value: Any) -> str:
    return _NOT_IN_TEXT.sub(" ", value) if isinstance(value, str) else ""


def _object(value: Any) -> Told:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
