"""What an action says and to whom, made ready to be sent: the last step before it is performed.

What sends it and what only shows it, as a test run does, read it here. Nothing is written. What a
test run gives in place of a contact's facts (`Dispatch.given`) stands in what is said and in where a
message goes; a change is always one of the contact itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from signalbox.channels.mail import Mail
from signalbox.channels.sms import Sms
from signalbox.channels.webhook import USER_AGENT
from signalbox.environment import environment
from signalbox.model import placeholder
from signalbox.model.account import Account
from signalbox.model.action import (
    OWN_FACTS,
    AddToCampaign,
    AddToList,
    AddToOptOutList,
    CallWebhook,
    Membership,
    Notify,
    PingUrl,
    PutEvent,
    RecordEvent,
    RemoveFromCampaign,
    RemoveFromList,
    RemoveFromOptOutList,
    SendEmail,
    SendSms,
    SetField,
    StartExecution,
)
from signalbox.model.address import email_address
from signalbox.model.contact import Contact
from signalbox.model.container import EMAIL, PHONE, ContainerKind
from signalbox.model.dispatch import Dispatch, Outcome, SkipReason
from signalbox.model.event import LARGEST_EVENT, TOO_LARGE, Event
from signalbox.model.feedback import ACCOUNT_TAG, CONTACT_TAG
from signalbox.model.field import checked_value
from signalbox.model.performing import (
    due_ms,
    event_document,
    unsendable,
    values_for,
    webhook_body,
)
from signalbox.model.personalisation import (
    Values,
    fields_in,
    personalise,
    personalise_header,
    personalise_url,
    tags_in,
)
from signalbox.model.placeholder import Scene
from signalbox.model.rule import Rule
from signalbox.model.sms import LONGEST_TEXT
from signalbox.model.trial import EVENT_TAG, stand_in
from signalbox.model.wire import packed
from signalbox.store import fields, suppressions, tracking
from signalbox.store.suppressions import Bars

DISPATCH_ID = "Signalbox-Dispatch-Id"
SOURCE = "rule"  # of events that rules record
LONGEST_DETAIL_TYPE = 128


class Unsaid(NamedTuple):
    """Nothing goes out: skipped for a reason, or failed with an error."""

    outcome: Outcome
    detail: str


class Call(NamedTuple):
    """A request to somebody's URL; a webhook's is signed beside."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes


# --- messages ------------------------------------------------------------------------------------


def mail_of(
    action: SendEmail, dispatch: Dispatch, account: Account, contact: Contact
) -> Mail | Unsaid:
    """Return the mail to the contact, or why there is none."""
    contact = stand_in(contact, dispatch.given)
    reason = unsendable(action, account, contact) or _barred(action, contact)
    if reason:
        return Unsaid(Outcome.SKIPPED, reason)
    values = values_of(account, contact, dispatch, action.subject, action.html, action.text)
    return Mail(
        message_id=dispatch.dispatch_id,
        sender=action.sender or account.mail_from,
        sender_name=action.sender_name or account.mail_from_name,
        recipient=contact.email,
        reply_to=action.reply_to,
        subject=personalise_header(action.subject, values),
        html=personalise(action.html, values, escape=True),
        text=personalise(action.text, values, escape=False),
        tags=((ACCOUNT_TAG, account.account_id), (CONTACT_TAG, contact.contact_id)),
    )


def note_of(
    action: Notify, dispatch: Dispatch, account: Account, contact: Contact
) -> Mail | Unsaid:
    """Return the mail to the account's own people, or why there is none."""
    if not account.mail_from:
        return Unsaid(Outcome.SKIPPED, SkipReason.NO_SENDER)
    contact = stand_in(contact, dispatch.given)
    values = values_of(account, contact, dispatch, action.subject, action.text)
    return Mail(
        message_id=dispatch.dispatch_id,
        sender=account.mail_from,
        sender_name=account.mail_from_name,
        recipient=action.to,
        subject=personalise_header(action.subject, values),
        text=personalise(action.text, values, escape=False),
    )


def text_of(
    action: SendSms, dispatch: Dispatch, account: Account, contact: Contact
) -> Sms | Unsaid:
    """Return the text to the contact's phone, or why there is none."""
    contact = stand_in(contact, dispatch.given)
    reason = _untextable(action, contact)
    if reason:
        return Unsaid(Outcome.SKIPPED, reason)
    values = values_of(account, contact, dispatch, action.text)
    text = personalise(action.text, values, escape=False).strip()
    if not 0 < len(text) <= LONGEST_TEXT:
        said = f"the text has {len(text)} characters; 1 to {LONGEST_TEXT} can be sent"
        return Unsaid(Outcome.FAILED, said)
    return Sms(
        message_id=dispatch.dispatch_id,
        sender=environment().sms_origination_identity,
        recipient=contact.phone_number,
        text=text,
    )


def values_of(account: Account, contact: Contact, dispatch: Dispatch, *texts: str) -> Values:
    """Return the values of the personalisation tags in these texts.

    An event's tag stands for the data of the event that set the action off, or for the contact's
    last event of another name; only names that the texts use are looked up. A custom field that the
    contact lacks stands for nothing; the account's fields are asked for where a text may name one.
    """
    named = frozenset().union(*(tags_in(text) for text in texts))
    last = {name: _data(name, dispatch, contact) for name in named}
    wanted = frozenset[str]().union(*(fields_in(text) for text in texts)) - contact.fields.keys()
    known = fields.tags(account.account_id, account.version) if wanted else frozenset()
    values = values_for(contact, last)
    return replace(values, fields=dict.fromkeys(wanted & known, "") | dict(contact.fields))


def _data(name: str, dispatch: Dispatch, contact: Contact) -> str:
    """Return what an event's tag stands for."""
    event, given = dispatch.event, dispatch.given.get(EVENT_TAG + name)
    if given is not None:
        return given
    if name == event.name:
        return event.value
    return tracking.last_value(event.account_id, contact.contact_id, name)


def _untextable(action: SendSms, contact: Contact) -> SkipReason | None:
    if not contact.phone_number:
        return SkipReason.NO_PHONE
    if not environment().sms_origination_identity:
        return SkipReason.NO_SENDER
    if not action.respect_opt_outs:
        return None
    phone = f"phone:{contact.phone_number}"
    return _unwanted(suppressions.bars(contact.account_id, phone))


def _barred(action: SendEmail, contact: Contact) -> SkipReason | None:
    """Say what speaks against writing to the contact's e-mail address; None for nothing.

    Who bounced or complained is not written to for any purpose.
    """
    bars = suppressions.bars(contact.account_id, email_address(contact.email))
    if bars.suppression:
        return SkipReason.SUPPRESSED
    return _unwanted(bars) if action.respect_opt_outs else None


def _unwanted(bars: Bars) -> SkipReason | None:
    """Say how the owner of an address said that nothing is to come there; None for nobody did."""
    if bars.unsubscribed:
        return SkipReason.UNSUBSCRIBED
    return SkipReason.OPTED_OUT if bars.opt_outs else None


# --- calls and other systems ---------------------------------------------------------------------


def webhook_of(
    action: CallWebhook, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Call:
    """Return the call of a webhook's receiver, without what its signing adds."""
    contact = stand_in(contact, dispatch.given)
    values = values_of(account, contact, dispatch, action.url)
    return Call(
        method="POST",
        url=personalise_url(action.url, values),
        headers=[*action.headers.items()],
        body=webhook_body(dispatch, contact, rule),
    )


def ping_of(action: PingUrl, dispatch: Dispatch, rule: Rule, contact: Contact) -> Call:
    """Return the call of a URL; every try carries the same id, so that its owner can tell them apart."""
    scene = placeholder.scene_of(dispatch, stand_in(contact, dispatch.given), rule)
    form = placeholder.form_of(action.content_type)
    return Call(
        method=action.method,
        url=placeholder.in_url(action.url, scene),
        headers=_headers(action, scene),
        body=placeholder.in_body(action.body, scene, form).encode("utf-8", "replace"),
    )


def bus_entry(
    action: PutEvent, dispatch: Dispatch, rule: Rule, contact: Contact
) -> Mapping[str, Any]:
    """Return an entry of EventBridge's PutEvents; `dispatch_id` in it tells repeats apart."""
    return {
        "EventBusName": action.bus,
        "Source": action.source,
        "DetailType": (action.detail_type or dispatch.event.name)[:LONGEST_DETAIL_TYPE],
        "Detail": _document(dispatch, rule, contact),
        "Time": datetime.fromtimestamp(dispatch.event.at_ms / 1000, tz=UTC),
    }


def execution_of(
    action: StartExecution, dispatch: Dispatch, rule: Rule, contact: Contact
) -> Mapping[str, str]:
    """Return the request of StartExecution, named after the dispatch, so that repeats find it."""
    return {
        "stateMachineArn": action.state_machine_arn,
        "name": dispatch.dispatch_id,
        "input": _document(dispatch, rule, contact),
    }


def event_of(
    action: RecordEvent, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Event | Unsaid:
    """Return the event to record, or why there is none.

    Its id and time are made of the cause, so that recording it again writes the same log entry.
    """
    person = stand_in(contact, dispatch.given)
    values = values_of(account, person, dispatch, action.value, *_texts(action.properties))
    at_ms = due_ms(dispatch, rule, account, contact)
    event = Event(
        account_id=account.account_id,
        event_id=f"rule-{dispatch.dispatch_id}",
        name=action.name,
        at_ms=at_ms,
        received_ms=at_ms,
        address=f"contact:{contact.contact_id}",
        value=personalise(action.value, values, escape=False),
        properties=_filled(dict(action.properties), values),
        source=SOURCE,
        depth=dispatch.event.depth + 1,
    )
    if event.is_too_large():
        said = f"{TOO_LARGE}: the event is larger than {LARGEST_EVENT} bytes as JSON in ASCII"
        return Unsaid(Outcome.FAILED, said)
    return event


def _headers(action: PingUrl, scene: Scene) -> list[tuple[str, str]]:
    """Return the headers of a call, ours first."""
    ours = [("User-Agent", USER_AGENT), (DISPATCH_ID, str(scene["dispatch_id"]))]
    if action.body:
        ours.append(("Content-Type", action.content_type))
    theirs = [(name, placeholder.in_header(text, scene)) for name, text in action.headers.items()]
    return ours + theirs


def _document(dispatch: Dispatch, rule: Rule, contact: Contact) -> str:
    document = event_document(dispatch, stand_in(contact, dispatch.given), rule)
    return packed(document | {"dispatch_id": dispatch.dispatch_id})


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value
    return [text for part in parts for text in _texts(part)] if _is_nested(value) else []


def _filled(value: Any, values: Values) -> Any:
    if isinstance(value, str):
        return personalise(value, values, escape=False)
    if isinstance(value, Mapping):
        return {name: _filled(part, values) for name, part in value.items()}
    return [_filled(part, values) for part in value] if _is_nested(value) else value


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


# --- changes of the contact ----------------------------------------------------------------------


def facts_of(
    action: SetField, dispatch: Dispatch, account: Account, contact: Contact
) -> dict[str, Any]:
    """Return the facts to set, as `people.change_contact` takes them.

    Raises:
        InvalidError: no field can have the value.
    """
    person = stand_in(contact, dispatch.given)
    values = values_of(account, person, dispatch, action.value)
    text = personalise(action.value, values, escape=False).strip()
    if action.field in OWN_FACTS:
        return {action.field: text}
    return {"fields": {action.field: checked_value(text) or None}}


def container_of(action: Membership) -> tuple[ContainerKind, str]:
    """Return the kind and id of the container that an action adds to or deletes from."""
    match action:
        case AddToList() | RemoveFromList():
            return ContainerKind.LIST, action.list_id
        case AddToOptOutList() | RemoveFromOptOutList():
            return ContainerKind(action.container), action.list_id
        case AddToCampaign() | RemoveFromCampaign():
            return ContainerKind(action.container), action.campaign_id


def is_adding(action: Membership) -> bool:
    """Tell whether the action adds rather than deletes."""
    return isinstance(action, AddToList | AddToOptOutList | AddToCampaign)


def mailer_of(action: Membership, dispatch: Dispatch) -> str:
    """Return the mailer that brings the membership: the action's, else that of the event."""
    return action.mailer_id or str(dispatch.event.properties.get("mailer_id", ""))


def missing_address(kind: ContainerKind, contact: Contact) -> SkipReason | None:
    """Say which address a contact lacks that the container holds; None where it lacks none."""
    if kind.contact_kind == EMAIL and not contact.email:
        return SkipReason.NO_EMAIL
    if kind.contact_kind == PHONE and not contact.phone_number:
        return SkipReason.NO_PHONE
    return None
