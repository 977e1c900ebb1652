"""What an action would do and say, without doing or saying it."""

from dataclasses import dataclass, field
from typing import Any

from signalbox import containing, rendering
from signalbox.channels import mail, outbound
from signalbox.channels.sms import Sms
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.action import (
    Action,
    AddTag,
    CallWebhook,
    Membership,
    Notify,
    PingUrl,
    PostForm,
    PutEvent,
    RecordEvent,
    RemoveTag,
    SendEmail,
    SendSms,
    SetField,
    StartExecution,
)
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome, SkipReason
from signalbox.model.errors import InvalidError
from signalbox.model.event import Event
from signalbox.model.rule import Rule
from signalbox.model.sms import size_of
from signalbox.model.wire import unpacked
from signalbox.rendering import Call, Unsaid
from signalbox.store import containers, mailers, tags

SIGNED_IN = "webhook-signature"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would come of an action: `shown` is what it says or changes, by the kind of action."""

    outcome: Outcome = Outcome.DONE
    detail: str = ""
    shown: dict[str, Any] = field(default_factory=dict)


def rehearsed(
    action: Action, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Rehearsed:
    """Return what would come of an action, as far as can be known without doing it."""
    if dispatch.action in rule.gone_actions:
        return Rehearsed(Outcome.SKIPPED, SkipReason.ENDPOINT_GONE)
    match action:
        case SendEmail() | Notify() | SendSms():
            return _message(action, dispatch, account, contact)
        case CallWebhook():
            return _webhook(action, dispatch, rule, account, contact)
        case PingUrl():
            return _call(rendering.ping_of(action, dispatch, rule, contact))
        case PutEvent() | StartExecution() | RecordEvent():
            return _handing_over(action, dispatch, rule, account, contact)
        case PostForm():
            raise AssertionError("no rule has it")
        case _:
            return _changing(action, dispatch, account, contact)


# --- messages and calls --------------------------------------------------------------------------


def _message(
    action: SendEmail | Notify | SendSms, dispatch: Dispatch, account: Account, contact: Contact
) -> Rehearsed:
    match action:
        case SendEmail():
            return _mail(rendering.mail_of(action, dispatch, account, contact))
        case Notify():
            return _mail(rendering.note_of(action, dispatch, account, contact))
        case SendSms():
            return _text(rendering.text_of(action, dispatch, account, contact))


def _mail(written: mail.Mail | Unsaid) -> Rehearsed:
    if isinstance(written, Unsaid):
        return Rehearsed(written.outcome, written.detail)
    shown = {
        "from": written.sender,
        "from_name": written.sender_name,
        "to": written.recipient,
        "reply_to": written.reply_to,
        "subject": written.subject,
        "html": written.html,
        "text": written.text or mail.text_of(written.html),
    }
    try:
        mail.build(written)
    except mail.MailRejectedError as error:
        return Rehearsed(Outcome.FAILED, str(error), shown)
    return Rehearsed(shown=shown)


def _text(written: Sms | Unsaid) -> Rehearsed:
    if isinstance(written, Unsaid):
        return Rehearsed(written.outcome, written.detail)
    size = size_of(written.text)
    return Rehearsed(
        shown={
            "from": written.sender,
            "to": written.recipient,
            "text": written.text,
            "segments": size.segments,
            "encoding": str(size.encoding),
        }
    )


def _webhook(
    action: CallWebhook, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Rehearsed:
    """Show the call; its signature is made anew for each try, so only the header is named."""
    call = rendering.webhook_of(action, dispatch, rule, account, contact)
    signed = [("Content-Type", JSON), ("webhook-id", dispatch.dispatch_id), *call.headers]
    found = _call(call._replace(headers=signed))
    found.shown["signed_in"] = SIGNED_IN
    if not account.signing_secrets(dispatch.event.received_ms):
        return Rehearsed(Outcome.FAILED, "the account has no webhook secret", found.shown)
    return found


def _call(call: Call) -> Rehearsed:
    shown = {
        "method": call.method,
        "url": call.url,
        "headers": dict(call.headers),
        "body": call.body.decode("utf-8", "replace"),
    }
    try:
        allowed_hosts = environment().webhook_allowed_hosts
        outbound.check(call.url, dict(call.headers), allowed_hosts, field="request")
    except InvalidError as error:
        return Rehearsed(Outcome.FAILED, str(error), shown)
    return Rehearsed(shown=shown)


def _handing_over(
    action: PutEvent | StartExecution | RecordEvent,
    dispatch: Dispatch,
    rule: Rule,
    account: Account,
    contact: Contact,
) -> Rehearsed:
    match action:
        case RecordEvent():
            return _recording(rendering.event_of(action, dispatch, rule, account, contact))
        case PutEvent():
            entry = rendering.bus_entry(action, dispatch, rule, contact)
            shown = {
                "bus": entry["EventBusName"],
                "source": entry["Source"],
                "detail_type": entry["DetailType"],
                "detail": unpacked(entry["Detail"]),
            }
        case StartExecution():
            started = rendering.execution_of(action, dispatch, rule, contact)
            shown = {
                "state_machine_arn": started["stateMachineArn"],
                "name": started["name"],
                "input": unpacked(started["input"]),
            }
    return Rehearsed(shown=shown)


def _recording(event: Event | Unsaid) -> Rehearsed:
    if isinstance(event, Unsaid):
        return Rehearsed(event.outcome, event.detail)
    shown = {name: getattr(event, name) for name in ("event_id", "name", "value")}
    return Rehearsed(shown=shown | {"properties": dict(event.properties)})


# --- changes -------------------------------------------------------------------------------------


def _changing(
    action: Membership | AddTag | RemoveTag | SetField,
    dispatch: Dispatch,
    account: Account,
    contact: Contact,
) -> Rehearsed:
    match action:
        case SetField():
            return _setting(action, dispatch, account, contact)
        case AddTag() | RemoveTag():
            return _tagging(action, contact)
        case _:
            return _moving(action, dispatch, contact)


def _setting(action: SetField, dispatch: Dispatch, account: Account, contact: Contact) -> Rehearsed:
    try:
        facts = rendering.facts_of(action, dispatch, account, contact)
    except InvalidError as error:
        return Rehearsed(Outcome.FAILED, str(error))
    value = str(facts.get("fields", facts)[action.field] or "")
    change = f"set {action.field} to {value!r}" if value else f"take {action.field} away"
    return Rehearsed(shown={"change": change, "field": action.field, "value": value})


def _tagging(action: AddTag | RemoveTag, contact: Contact) -> Rehearsed:
    found = tags.find(contact.account_id, action.tag_id)
    adding = isinstance(action, AddTag)
    if found is None and adding:
        return Rehearsed(Outcome.SKIPPED, SkipReason.TAG_GONE)
    name = found.name if found else action.tag
    change = f"put the tag {name!r} on" if adding else f"take the tag {name!r} off"
    return Rehearsed(shown={"change": change, "tag_id": action.tag_id, "tag": name})


def _moving(action: Membership, dispatch: Dispatch, contact: Contact) -> Rehearsed:
    kind, container_id = rendering.container_of(action)
    reason = rendering.missing_address(kind, contact)
    if reason:
        return Rehearsed(Outcome.SKIPPED, reason)
    found = containers.find(contact.account_id, kind, container_id)
    if found is None:
        return Rehearsed(Outcome.SKIPPED, SkipReason.CONTAINER_GONE)
    adding = rendering.is_adding(action)
    mailer_id = rendering.mailer_of(action, dispatch)
    asked = adding and not kind.is_opt_out_list
    if asked and mailers.is_disabled(contact.account_id, mailer_id):
        return Rehearsed(Outcome.SKIPPED, SkipReason.MAILER_DISABLED)
    words = "add to the" if adding else "delete from the"
    shown = {
        "change": f"{words} {containers.noun(kind)} {found.name!r}",
        "container": str(kind),
        "container_id": container_id,
        "mailer_id": mailer_id,
    }
    try:
        (containing.check_open if adding else containing.check_single)(found)
    except InvalidError as error:
        return Rehearsed(Outcome.FAILED, str(error), shown)
    return Rehearsed(shown=shown)
