"""How a due dispatch is performed: what speaks against it, and what it says."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from signalbox.model.account import Account
from signalbox.model.action import SendEmail
from signalbox.model.address import is_mailable
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, SkipReason
from signalbox.model.personalisation import Values
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.waiting import due_ms as waited_ms
from signalbox.model.waiting import zone_of
from signalbox.model.wire import packed

ZONE_FIELD: Final = "TIMEZONE"  # of a contact, with an IANA name in it


def moot(
    contact: Contact | None, rule: Rule | None, action: int, *, test: bool = False
) -> SkipReason | None:
    """Say why action number `action` must not be performed any more; None where it is due.

    A rule that is disabled can be tried out.
    """
    if contact is None:
        return SkipReason.CONTACT_GONE
    if rule is None:
        return SkipReason.RULE_GONE
    if rule.status is not RuleStatus.ACTIVE and not test:
        return SkipReason.RULE_DISABLED
    if action in rule.gone_actions:
        return SkipReason.ENDPOINT_GONE
    return None


def due_ms(dispatch: Dispatch, rule: Rule, account: Account, contact: Contact) -> int:
    """Return when a dispatch is due, in milliseconds: the same however often it is asked.

    A wait begins when the event was accepted. What somebody tries out waits for nothing.
    """
    since_ms = dispatch.event.received_ms
    wait = rule.waits.get(dispatch.action)
    if wait is None or dispatch.test:
        return since_ms
    own = contact.fields.get(ZONE_FIELD, "") if wait.zone == "contact" else ""
    return waited_ms(wait, since_ms, zone_of(own, account.time_zone))


def unsendable(action: SendEmail, account: Account, contact: Contact) -> SkipReason | None:
    """Say why no mail can be written to this contact; None where one can."""
    if not contact.email:
        return SkipReason.NO_EMAIL
    if not is_mailable(contact.email):
        return SkipReason.EMAIL_NOT_ASCII
    if not (action.sender or account.mail_from):
        return SkipReason.NO_SENDER
    return None


def values_for(contact: Contact, events: Mapping[str, str]) -> Values:
    """Return what personalisation tags stand for; `events` are the last values by event name."""
    return Values(
        email=contact.email,
        first_name=contact.first_name,
        last_name=contact.last_name,
        phone=contact.phone,
        contact_id=contact.contact_id,
        fields=contact.fields,
        events=events,
    )


def webhook_body(dispatch: Dispatch, contact: Contact, rule: Rule) -> bytes:
    """Return what a webhook says as the bytes that are signed."""
    return packed(event_document(dispatch, contact, rule)).encode()


def event_document(dispatch: Dispatch, contact: Contact, rule: Rule) -> dict[str, Any]:
    """Return what a webhook says, as Standard Webhooks lays it out: type, timestamp, data."""
    event = dispatch.event
    return {
        "type": "event.recorded",
        "timestamp": iso(event.at_ms),
        "data": {
            "event": {
                "name": event.name,
                "kind": event.kind,
                "value": event.value,
                "properties": dict(event.properties),
                "at": iso(event.at_ms),
            },
            "contact": {
                "id": contact.contact_id,
                "email": contact.email,
                "first_name": contact.first_name,
                "last_name": contact.last_name,
                "phone": contact.phone,
                "fields": dict(contact.fields),
            },
            "rule": {"id": rule.rule_id, "name": rule.name, "version": rule.version},
            "account_id": dispatch.account_id,
        },
    }


def iso(time_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, as in 2026-11-21T09:54:00.000Z."""
    moment = datetime.fromtimestamp(time_ms / 1000, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
