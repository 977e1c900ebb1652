"""Actions: what a rule does. A closed set of kinds.

Texts of mails, SMS, notes and values may hold personalisation tags (`model.personalisation`), what a
URL is called with placeholders (`model.placeholder`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

LONGEST_SUMMARY = 60


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Write an e-mail to the contact; texts may hold personalisation tags.

    `respect_opt_outs` is False for what the contact needs whatever it opted out of, as a receipt.
    """

    subject: str
    html: str = ""
    text: str = ""
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    respect_opt_outs: bool = True


@dataclass(frozen=True, slots=True)
class SendSms:
    """Write a text message to the contact's phone; `respect_opt_outs` as for a mail."""

    text: str
    respect_opt_outs: bool = True


@dataclass(frozen=True, slots=True)
class Notify:
    """Write an e-mail to a fixed address of the account's own people about the contact."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Tell another system, by a signed POST of the event as JSON (Standard Webhooks 1.0.0)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PingUrl:
    """Call a URL in the form that its owner wants; nothing is signed.

    URL, values of headers and body may hold placeholders. `content_type` is the body's.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class PostForm:
    """Tell another system, by a signed POST of a form: what a webhook of `model.webhook` does.

    With `list_id` it is told of updates of that list's members only.
    """

    url: str
    list_id: str = ""


@dataclass(frozen=True, slots=True)
class AddToList:
    """Make the contact an active member of a list; one that opted out of it, too."""

    list_id: str
    mailer_id: str = ""


@dataclass(frozen=True, slots=True)
class RemoveFromList:
    """Take the contact off a list."""

    list_id: str
    mailer_id: str = ""


@dataclass(frozen=True, slots=True)
class AddToOptOutList:
    """Put the contact's address on an opt-out list; `container` says of which kind the list is."""

    list_id: str
    container: str
    mailer_id: str = ""


@dataclass(frozen=True, slots=True)
class RemoveFromOptOutList:
    """Take the contact's address off an opt-out list."""

    list_id: str
    container: str
    mailer_id: str = ""


@dataclass(frozen=True, slots=True)
class AddToCampaign:
    """Add the contact to a campaign; `container` says whether it is one of e-mail or of SMS."""

    campaign_id: str
    container: str
    mailer_id: str = ""


@dataclass(frozen=True, slots=True)
class RemoveFromCampaign:
    """Delete the contact from a campaign."""

    campaign_id: str
    container: str
    mailer_id: str = ""


@dataclass(frozen=True, slots=True)
class AddTag:
    """Put a tag on the contact; `tag` is what it was called when the rule was written."""

    tag_id: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """Take a tag off the contact."""

    tag_id: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class SetField:
    """Set a fact of the contact: a custom field by its tag, or one of `OWN_FACTS`.

    The value may hold personalisation tags; an empty one takes the fact away.
    """

    field: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Record another event of the same contact; `value` and texts in `properties` may hold tags."""

    name: str
    value: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PutEvent:
    """Put what a webhook says on a bus of EventBridge; without `detail_type` the event's name is it."""

    bus: str = "default"
    source: str = "signalbox"
    detail_type: str = ""


@dataclass(frozen=True, slots=True)
class StartExecution:
    """Start an execution of a state machine of Step Functions with what a webhook says."""

    state_machine_arn: str


Membership = (
    AddToList
    | RemoveFromList
    | AddToOptOutList
    | RemoveFromOptOutList
    | AddToCampaign
    | RemoveFromCampaign
)
ContactChange = Membership | AddTag | RemoveTag | SetField
Action = (
    SendEmail
    | SendSms
    | Notify
    | CallWebhook
    | PingUrl
    | PostForm
    | ContactChange
    | RecordEvent
    | PutEvent
    | StartExecution
)

OWN_FACTS: Final = ("first_name", "last_name", "phone")
FORM_KIND: Final = "webhook_form"  # no rule can have it

KINDS: Final[Mapping[str, type[Action]]] = {
    "ping_url": PingUrl,
    "webhook": CallWebhook,
    "send_email": SendEmail,
    "send_sms": SendSms,
    "notify": Notify,
    "add_to_list": AddToList,
    "remove_from_list": RemoveFromList,
    "add_to_opt_out_list": AddToOptOutList,
    "remove_from_opt_out_list": RemoveFromOptOutList,
    "add_to_campaign": AddToCampaign,
    "remove_from_campaign": RemoveFromCampaign,
    "add_tag": AddTag,
    "remove_tag": RemoveTag,
    "set_field": SetField,
    "record_event": RecordEvent,
    "put_event": PutEvent,
    "start_execution": StartExecution,
}
_NAMES: Final = {shape: kind for kind, shape in KINDS.items()} | {PostForm: FORM_KIND}


def kind_of(action: Action) -> str:
    """Return the kind's name in rules and logs."""
    return _NAMES[type(action)]


def action_from(stored: Mapping[str, Any]) -> Action:
    """Read an action as it stands in a rule: its fields and its `kind`."""
    fields = {name: value for name, value in stored.items() if name != "kind"}
    return KINDS[stored["kind"]](**fields)


def stored_action(action: Action) -> dict[str, Any]:
    """Return what `action_from` reads."""
    return {"kind": kind_of(action), **asdict(action)}


def summary(action: Action) -> str:
    """Return what the action does in one line for people, as in `send e-mail 'Your file'`."""
    return " ".join(_said(action).split())


def _said(action: Action) -> str:
    match action:
        case PingUrl():
            return f"ping {action.method} {_short(action.url)}"
        case CallWebhook() | PostForm():
            return f"call webhook {_short(action.url)}"
        case SendEmail() | SendSms() | Notify():
            return _writing(action)
        case PutEvent() | StartExecution() | RecordEvent():
            return _handing_over(action)
        case _:
            return _changing(action)


def _writing(action: SendEmail | SendSms | Notify) -> str:
    match action:
        case SendEmail():
            return f"send e-mail '{_short(action.subject)}'"
        case SendSms():
            return f"send SMS '{_short(action.text)}'"
        case Notify():
            return f"notify {action.to} '{_short(action.subject)}'"


def _handing_over(action: PutEvent | StartExecution | RecordEvent) -> str:
    match action:
        case RecordEvent():
            return f"record event '{_short(action.name)}'"
        case PutEvent():
            return f"put event on bus {_short(action.bus)}"
        case StartExecution():
            return f"start execution of {_short(action.state_machine_arn.rpartition(':')[2])}"


def _changing(action: ContactChange) -> str:
    words = kind_of(action).replace("_", " ")
    match action:
        case SetField():
            return f"{words} {action.field} to '{_short(action.value)}'"
        case AddTag() | RemoveTag():
            return f"{words} '{_short(action.tag or action.tag_id)}'"
        case AddToCampaign() | RemoveFromCampaign():
            return f"{words} {action.campaign_id}"
        case _:
            return f"{words} {action.list_id}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SUMMARY else f"{line[: LONGEST_SUMMARY - 1]}…"
