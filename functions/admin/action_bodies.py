"""Actions of rules as they are sent."""

from typing import Annotated, Any, Literal

from pydantic import Field

from signalbox.model.sms import LONGEST_TEXT
from signalbox.model.waiting import LONGEST_S
from signalbox.store.event_names import LONGEST_NAME

from .requests import Sent

Content = Annotated[str, Field(max_length=100_000)]
Value = Annotated[str, Field(max_length=4096)]
Url = Annotated[str, Field(min_length=8, max_length=2048)]
Headers = Annotated[dict[str, Value], Field(max_length=20, default_factory=dict)]
Id = Annotated[str, Field(pattern="^[0-9]{1,16}$")]
PerhapsId = Annotated[str, Field(pattern="^[0-9]{0,16}$")]
Subject = Annotated[str, Field(min_length=1, max_length=998)]
Respect = Annotated[
    bool,
    Field(strict=True, description="False for what the contact needs whatever it opted out of"),
]
Known = Annotated[str, Field(max_length=64, description="Looked up; need not be sent")]


class WaitSent(Sent):
    """What an action waits for: some seconds, then a time of day; either may be absent.

    `until` is `HH:MM` in the zone of the account, or in that of the contact.
    """

    seconds: Annotated[int, Field(strict=True, ge=0, le=LONGEST_S)] = 0
    until: Annotated[str, Field(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = ""
    zone: Literal["account", "contact"] = "account"


class ActionSent(Sent):
    """What every action may have."""

    wait: WaitSent | None = None


class EmailAction(ActionSent):
    """Write an e-mail to the contact; the texts may hold personalisation tags."""

    kind: Literal["send_email"]
    subject: Subject
    html: Content = ""
    text: Content = ""
    sender: Annotated[str, Field(description="Else the account's `mail_from`")] = ""
    sender_name: Annotated[str, Field(max_length=128)] = ""
    reply_to: str = ""
    respect_opt_outs: Respect = True


class SmsAction(ActionSent):
    """Write a text message to the contact's phone; the text may hold personalisation tags."""

    kind: Literal["send_sms"]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    respect_opt_outs: Respect = True


class NotifyAction(ActionSent):
    """Write an e-mail to one of your own people; subject and text may hold tags."""

    kind: Literal["notify"]
    to: Annotated[str, Field(min_length=3, max_length=254)]
    subject: Subject
    text: Annotated[Content, Field(min_length=1)]


class WebhookAction(ActionSent):
    """Tell another system by a signed POST; the URL may hold personalisation tags."""

    kind: Literal["webhook"]
    url: Url
    headers: Headers


class PingAction(ActionSent):
    """Call a URL; it, values of headers and the body may hold placeholders, as in `{email}`.

    The host may hold none. A body is encoded as its `content_type` says, JSON where it says nothing.
    """

    kind: Literal["ping_url"]
    url: Url
    method: Literal["GET", "POST"] = "GET"
    headers: Headers
    body: Content = ""
    content_type: Annotated[
        str, Field(max_length=128, pattern="^([A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(;[ -~]*)?)?$")
    ] = ""


class ListAction(ActionSent):
    """Make the contact an active member of a list, or take it off."""

    kind: Literal["add_to_list", "remove_from_list"]
    list_id: Id
    mailer_id: PerhapsId = ""


class OptOutAction(ActionSent):
    """Put the contact's address on an opt-out list of e-mail or phones, or take it off."""

    kind: Literal["add_to_opt_out_list", "remove_from_opt_out_list"]
    list_id: Id
    mailer_id: PerhapsId = ""
    container: Known = ""


class CampaignAction(ActionSent):
    """Add the contact to an e-mail or SMS campaign, or delete it from one."""

    kind: Literal["add_to_campaign", "remove_from_campaign"]
    campaign_id: Id
    mailer_id: PerhapsId = ""
    container: Known = ""


class TagAction(ActionSent):
    """Put a tag on the contact, or take it off: by its id, else by its name.

    A name that no tag has makes one when the rule is written.
    """

    kind: Literal["add_tag", "remove_tag"]
    tag_id: PerhapsId = ""
    tag: Annotated[str, Field(max_length=255)] = ""


class FieldAction(ActionSent):
    """Set a custom field by its tag, or `first_name`, `last_name`, `phone`; empty takes it away."""

    kind: Literal["set_field"]
    field: Annotated[str, Field(min_length=1, max_length=64)]
    value: Value = ""


class RecordEventAction(ActionSent):
    """Record another event of the contact; the value and texts in the properties may hold tags."""

    kind: Literal["record_event"]
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    value: Value = ""
    properties: Annotated[dict[str, Any], Field(max_length=50, default_factory=dict)]


class PutEventAction(ActionSent):
    """Put what a webhook says on a bus of EventBridge; `detail_type` else is the event's name."""

    kind: Literal["put_event"]
    bus: Annotated[str, Field(pattern="^[A-Za-z0-9._/-]{1,256}$")] = "default"
    source: Annotated[str, Field(pattern="^[A-Za-z0-9._/-]{1,256}$")] = "signalbox"
    detail_type: Annotated[str, Field(max_length=128)] = ""


class StartExecutionAction(ActionSent):
    """Start an execution of a state machine of Step Functions with what a webhook says."""

    kind: Literal["start_execution"]
    state_machine_arn: Annotated[
        str,
        Field(
            pattern="^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_:-]{1,160}$"
        ),
    ]


MessageAction = EmailAction | SmsAction | NotifyAction
CallAction = WebhookAction | PingAction
MembershipAction = ListAction | OptOutAction | CampaignAction
HandingOver = RecordEventAction | PutEventAction | StartExecutionAction

AnyAction = Annotated[
    MessageAction | CallAction | MembershipAction | TagAction | FieldAction | HandingOver,
    Field(discriminator="kind"),
]
