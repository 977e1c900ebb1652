"""What an action of a rule must be to be written, and the action that it then is."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from signalbox.channels import outbound, webhook
from signalbox.environment import environment
from signalbox.model import action as model
from signalbox.model import placeholder
from signalbox.model.action import OWN_FACTS, Action
from signalbox.model.container import CAMPAIGNS, OPT_OUT_LISTS, Container, ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.placeholder import Form
from signalbox.model.tag import Tag, checked_name
from signalbox.model.wire import packed
from signalbox.people import checked_email
from signalbox.store import containers, event_names, fields, lists, mailers, tags

from .action_bodies import (
    AnyAction,
    CallAction,
    CampaignAction,
    EmailAction,
    FieldAction,
    HandingOver,
    ListAction,
    MembershipAction,
    MessageAction,
    NotifyAction,
    OptOutAction,
    PingAction,
    PutEventAction,
    RecordEventAction,
    SmsAction,
    StartExecutionAction,
    TagAction,
    WebhookAction,
)

__all__ = ["AnyAction", "action_from"]

# Beside those that frame every request (`channels.outbound`).
OUR_HEADERS = frozenset({"user-agent", "content-type", "signalbox-dispatch-id"})
LARGEST_PROPERTIES = 32_000
JSON = "application/json"


def action_from(sent: AnyAction, where: str, account_id: str) -> Action:
    """Return the action; `where` is its path in what was sent, as in `actions.0`.

    Raises:
        InvalidError: it can never be performed, or names what does not exist in the account.
    """
    match sent:
        case EmailAction() | SmsAction() | NotifyAction():
            return _message(sent, where)
        case WebhookAction() | PingAction():
            return _call(sent, where, account_id)
        case ListAction() | OptOutAction() | CampaignAction():
            return _membership(sent, where, account_id)
        case TagAction():
            return _tagging(sent, where, account_id)
        case FieldAction():
            if sent.field not in OWN_FACTS:
                _check_fields(account_id, [sent.field], f"{where}.field")
            return model.SetField(field=sent.field, value=sent.value)
        case _:
            return _handing_over(sent, where)


def _message(sent: MessageAction, where: str) -> Action:
    match sent:
        case EmailAction():
            return _email(sent, where)
        case SmsAction():
            if not sent.text.strip():
                raise InvalidError(f"{where}.text", "must not be empty")
            return model.SendSms(text=sent.text, respect_opt_outs=sent.respect_opt_outs)
        case NotifyAction():
            to = checked_email(sent.to, field=f"{where}.to")
            return model.Notify(to=to, subject=sent.subject, text=sent.text)


def _email(sent: EmailAction, where: str) -> Action:
    if not (sent.html or sent.text):
        raise InvalidError(f"{where}.text", "must not be empty where there is no html either")
    addresses = {
        name: checked_email(address, field=f"{where}.{name}") if address else ""
        for name, address in (("sender", sent.sender), ("reply_to", sent.reply_to))
    }
    return model.SendEmail(
        subject=sent.subject,
        html=sent.html,
        text=sent.text,
        sender_name=sent.sender_name,
        respect_opt_outs=sent.respect_opt_outs,
        **addresses,
    )


def _call(sent: CallAction, where: str, account_id: str) -> Action:
    allowed_hosts = environment().webhook_allowed_hosts
    if isinstance(sent, WebhookAction):
        webhook.check(sent.url, sent.headers, allowed_hosts, field=where)
        return model.CallWebhook(url=sent.url, headers=sent.headers)
    _check_host(sent.url, f"{where}.url")
    for name in sent.headers:
        if name.lower() in OUR_HEADERS:
            raise InvalidError(f"{where}.headers.{name}", "is set by Signalbox")
    _check_names(sent.url, f"{where}.url", account_id)
    for name, text in sent.headers.items():
        _check_names(text, f"{where}.headers.{name}", account_id)
    url = placeholder.in_url(sent.url, {})
    outbound.check(url, sent.headers, allowed_hosts, field=where)
    return model.PingUrl(
        url=sent.url,
        method=sent.method,
        headers=sent.headers,
        body=sent.body,
        content_type=_checked_body(sent, where, account_id),
    )


def _checked_body(sent: PingAction, where: str, account_id: str) -> str:
    """Look at the body and return what it is."""
    if not sent.body:
        return ""
    if sent.method != "POST":
        raise InvalidError(f"{where}.body", f"must be empty, for it is a {sent.method}")
    _check_names(sent.body, f"{where}.body", account_id)
    content_type = sent.content_type or JSON
    if placeholder.form_of(content_type) is Form.JSON and not placeholder.is_json(sent.body):
        raise InvalidError(f"{where}.body", "is not JSON once its placeholders are filled")
    return content_type


def _check_host(url: str, field: str) -> None:
    """Refuse a host that contacts' data could choose."""
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise InvalidError(field, "is not a URL") from error
    if re.search("[{}]", split.scheme + split.netloc):
        raise InvalidError(field, "must not have placeholders before its path")


def _check_names(template: str, field: str, account_id: str) -> None:
    names = placeholder.names_in(template)
    unknown = sorted(name for name in names if not placeholder.is_known(name))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in placeholder.KNOWN)
        raise InvalidError(field, f"{{{unknown[0]}}} is no placeholder; these are: {known}")
    named = sorted(filter(None, map(placeholder.field_named, names)))
    _check_fields(account_id, named, field)


def _check_fields(account_id: str, named: Iterable[str], field: str) -> None:
    named = list(named)
    known = {one.tag for one in fields.of_account(account_id)} if named else set()
    for tag in named:
        if tag not in known:
            raise InvalidError(field, f"there is no custom field {tag}")


def _membership(sent: MembershipAction, where: str, account_id: str) -> Action:
    if sent.mailer_id and mailers.find(account_id, sent.mailer_id) is None:
        raise InvalidError(f"{where}.mailer_id", f"there is no mailer {sent.mailer_id}")
    adding = sent.kind.startswith("add_")
    match sent:
        case ListAction():
            if lists.find(account_id, sent.list_id) is None:
                raise InvalidError(f"{where}.list_id", f"there is no list {sent.list_id}")
            shape = model.AddToList if adding else model.RemoveFromList
            return shape(list_id=sent.list_id, mailer_id=sent.mailer_id)
        case OptOutAction():
            field = f"{where}.list_id"
            found = _container(account_id, OPT_OUT_LISTS, sent.list_id, field, "opt-out list")
            if found.grouped:
                one_of = ", ".join(found.members)
                raise InvalidError(field, f"is a group of lists; choose one of them: {one_of}")
            entry = model.AddToOptOutList if adding else model.RemoveFromOptOutList
            return entry(list_id=sent.list_id, container=found.kind.value, mailer_id=sent.mailer_id)
        case CampaignAction():
            field = f"{where}.campaign_id"
            found = _container(account_id, CAMPAIGNS, sent.campaign_id, field, "campaign")
            part = model.AddToCampaign if adding else model.RemoveFromCampaign
            return part(
                campaign_id=sent.campaign_id, container=found.kind.value, mailer_id=sent.mailer_id
            )


def _container(
    account_id: str, kinds: Iterable[ContainerKind], container_id: str, field: str, noun: str
) -> Container:
    found = containers.find_many(account_id, ((kind, container_id) for kind in kinds))
    if not found:
        raise InvalidError(field, f"there is no {noun} {container_id}")
    return next(iter(found.values()))


def _tagging(sent: TagAction, where: str, account_id: str) -> Action:
    tag = _tag(sent, where, account_id)
    shape = model.AddTag if sent.kind == "add_tag" else model.RemoveTag
    return shape(tag_id=tag.tag_id, tag=tag.name)


def _tag(sent: TagAction, where: str, account_id: str) -> Tag:
    if sent.tag_id:
        found = tags.find(account_id, sent.tag_id)
        if found is None:
            raise InvalidError(f"{where}.tag_id", f"there is no tag {sent.tag_id}")
        return found
    return tags.find_or_create(account_id, checked_name(sent.tag, field=f"{where}.tag"))


def _handing_over(sent: HandingOver, where: str) -> Action:
    match sent:
        case RecordEventAction():
            name = sent.name.strip()  # as every way strips it by which events come in
            try:
                event_names.check(name)
            except InvalidError as error:
                raise InvalidError(f"{where}.name", error.message) from error
            if len(packed(sent.properties)) > LARGEST_PROPERTIES:
                said = f"is larger than {LARGEST_PROPERTIES} bytes as JSON in ASCII"
                raise InvalidError(f"{where}.properties", said)
            return model.RecordEvent(name=name, value=sent.value, properties=sent.properties)
        case PutEventAction():
            if sent.source.startswith("aws."):
                raise InvalidError(
                    f"{where}.source", "must not begin with aws., which is AWS's own"
                )
            return model.PutEvent(bus=sent.bus, source=sent.source, detail_type=sent.detail_type)
        case StartExecutionAction():
            return model.StartExecution(state_machine_arn=sent.state_machine_arn)
