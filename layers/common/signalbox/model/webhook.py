"""Webhooks in ActiveCampaign's manner: an address that is told of certain events, as a form.

The form is the original's ("Webhooks" in ActiveCampaign's developer documentation): nested names are
written with brackets, as PHP reads them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from signalbox.model.account import Account
from signalbox.model.action import PostForm
from signalbox.model.change import KINDS as CHANGES
from signalbox.model.change import TAG_ADDED, TAG_REMOVED, UNSUBSCRIBE, UPDATE
from signalbox.model.contact import Contact
from signalbox.model.event import Event
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.trigger import Level, Trigger, TriggerSettings

EVERY_LIST: Final = "0"
SOURCES: Final = ("public", "admin", "api", "system")
REPORTED: Final = "event:"  # before the registered name of an event that applications report

# What the original offers; those outside `change.KINDS` can be asked for and do not happen yet.
DOCUMENTED: Final = (
    *("bounce", "click", "contact_tag_added", "contact_tag_removed", "deal_add"),
    *("deal_note_add", "deal_pipeline_add", "deal_stage_add", "deal_task_add"),
    *("deal_task_complete", "deal_tasktype_add", "deal_update", "forward", "list_add", "open"),
    *("reply", "sent", "share", "sms_reply", "sms_sent", "sms_unsub", "subscribe"),
    *("subscriber_note", "unsubscribe", "update"),
)
# What it takes without offering it.
TAKEN: Final = frozenset(DOCUMENTED) | {
    *("account_add", "account_update", "account_contact_add", "account_contact_update"),
    "contact_task_add",
}
ON_LISTS: Final = frozenset(CHANGES) - {TAG_ADDED, TAG_REMOVED, UPDATE}


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address and the events that it is told of.

    `events` are kinds (`subscribe`) and registered names (`event:download`); `sources` who may have
    caused them; `list_id` the only list that counts, `0` for every one. It is no longer `active`
    once its receiver answered 410 Gone.
    """

    account_id: str
    webhook_id: str
    name: str
    url: str
    events: tuple[str, ...]
    sources: tuple[str, ...]
    list_id: str = EVERY_LIST
    active: bool = True
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 1


def rule_of(webhook: Webhook, rule_id: str) -> Rule:
    """Return the webhook as the rule that it is to a worker: one action, which rests after 410."""
    return Rule(
        account_id=webhook.account_id,
        rule_id=rule_id,
        name=webhook.name,
        level=Level.PROJECT,
        trigger=Trigger.EVENT_RECORDED,
        settings=TriggerSettings(),
        actions=(PostForm(webhook.url, "" if webhook.list_id == EVERY_LIST else webhook.list_id),),
        status=RuleStatus.ACTIVE,
        author="",
        created_ms=webhook.created_ms,
        updated_ms=webhook.updated_ms,
        version=webhook.version,
        gone_actions=frozenset() if webhook.active else frozenset({0}),
    )


def limit_of(webhook: Webhook, event: str) -> str:
    """Return the list on which alone this event counts; empty where it is no matter of a list.

    An update is none either, but only that of a member counts, which is looked at later.
    """
    return webhook.list_id if event in ON_LISTS and webhook.list_id != EVERY_LIST else ""


def form(
    event: Event, contact: Contact, account: Account, *, tags: Iterable[str], tag: str
) -> bytes:
    """Return what the receiver is told.

    Args:
        event: A change, or an event that an application reported.
        contact: Whom it happened to, as it is now.
        account: Its time zone writes the time.
        tags: The names of the tags that the contact has now.
        tag: The name of the tag that the event is about; empty for none.
    """
    zone = ZoneInfo(account.time_zone)
    moment = datetime.fromtimestamp(event.at_ms / 1000, tz=zone)
    fields = {
        "type": event.kind or "event",
        "date_time": moment.isoformat(timespec="seconds"),
        "initiated_from": event.initiated_from,
        "initiated_by": event.initiated_from,
        "list": event.properties.get("list_id", EVERY_LIST) if event.kind else EVERY_LIST,
        **_of_contact(contact, tags),
        "customer_acct_name": "",
        "customer_acct_id": "0",
        "orgname": "",
        **_of_event(event, tag),
    }
    return urlencode(fields, errors="replace").encode()  # a half of a surrogate cannot be sent


def _of_contact(contact: Contact, tags: Iterable[str]) -> Mapping[str, str]:
    return {
        "contact[id]": contact.contact_id,
        "contact[email]": contact.email,
        "contact[first_name]": contact.first_name,
        "contact[last_name]": contact.last_name,
        "contact[phone]": contact.phone,
        "contact[ip]": "0.0.0.0",  # noqa: S104 the original's word for "not known"  # nosec B104 no address is bound
        "contact[tags]": ", ".join(tags),
        "contact[customer_acct_name]": "",
        "contact[orgname]": "",
        **{
            f"contact[fields][{name.lower()}]": value
            for name, value in sorted(contact.fields.items())
        },
    }


def _of_event(event: Event, tag: str) -> Mapping[str, str]:
    if not event.kind:
        return {"event[name]": event.name, "event[value]": event.value}
    if event.kind in (TAG_ADDED, TAG_REMOVED):
        return {"tag": tag}
    if event.kind == UNSUBSCRIBE:
        return {"unsubscribe[reason]": ""}
    return {}
