"""Campaigns' content as it is sent and shown."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field, model_validator

from signalbox.model.audience import MOST_CONTAINERS, MOST_LISTED
from signalbox.model.campaign import (
    LARGEST_AT_ONCE,
    LONGEST_HTML,
    LONGEST_NAME,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    MOST_ATTACHMENTS,
    Attachment,
    Campaign,
)
from signalbox.model.campaign_warnings import Warned
from signalbox.model.sms import LONGEST_TEXT as LONGEST_SMS
from signalbox.model.sms import Encoding, Size
from signalbox.model.tracking_permission import Mode

from .requests import Sent, Shown

LONGEST_BASE64 = -(-LARGEST_AT_ONCE // 3) * 4
LONGEST_ADDRESS = 254
MOST_TESTED = 5

CampaignId = Annotated[str, Path(pattern="^[1-9][0-9]{0,15}$")]
Id = Annotated[str, Field(pattern="^[1-9][0-9]{0,15}$")]
MaybeContact = Annotated[str, Field(pattern="^([1-9][0-9]{0,15})?$")]
MaybeAddress = Annotated[str, Field(max_length=LONGEST_ADDRESS)]
Containers = Annotated[list[Id], Field(max_length=MOST_CONTAINERS, default_factory=list)]
TrackingMode = Annotated[
    Mode | None, Field(description="Null for the account's own mode; see docs/permission.md")
]
Switch = Annotated[bool, Field(strict=True)]
Version = Annotated[
    int | None, Field(ge=0, description="Refused where this is not the newest version")
]


class AttachmentSent(Sent):
    """A file: its `content` in base64, or the `sha256` of one that the account attached before."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    media_type: Annotated[str, Field(max_length=129)]
    content: Annotated[str, Field(max_length=LONGEST_BASE64)] = ""
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    size: Annotated[int | None, Field(description="Is shown, and not read")] = None

    @model_validator(mode="after")
    def _has_one(self) -> "AttachmentSent":
        if bool(self.content) == bool(self.sha256):
            raise ValueError("give either a content or a sha256")
        return self


class AudienceSent(Sent):
    """Whom it goes to: who is active on a list, or a work list of contacts; all, without either.

    Of these, who passes the `filter`, an event pattern on the contact as conditions of rules see it;
    nobody who is on one of the opt-out lists.
    """

    lists: Containers
    contact_ids: Annotated[list[Id], Field(max_length=MOST_LISTED, default_factory=list)]
    filter: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="An event pattern; see docs/patterns.md"),
    ]
    opt_out_lists: Containers

    @model_validator(mode="after")
    def _names_one(self) -> "AudienceSent":
        if self.lists and self.contact_ids:
            raise ValueError("give either lists or contact_ids")
        return self


class SmsContentSent(Sent):
    """What an SMS campaign says, and to whom."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_SMS)]
    audience: Annotated[AudienceSent, Field(default_factory=AudienceSent)]
    tracking_mode: TrackingMode = None
    marketing: Switch = True
    track_clicks: Switch = True
    version: Version = None


class EmailContentSent(Sent):
    """What an e-mail campaign says, and to whom; it needs a subject, and HTML or text."""

    subject: Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT)]
    html: Annotated[str, Field(max_length=LONGEST_HTML)] = ""
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    sender: MaybeAddress = ""
    sender_name: Annotated[str, Field(max_length=128)] = ""
    reply_to: MaybeAddress = ""
    attachments: Annotated[
        list[AttachmentSent], Field(max_length=MOST_ATTACHMENTS, default_factory=list)
    ]
    audience: Annotated[AudienceSent, Field(default_factory=AudienceSent)]
    tracking_mode: TrackingMode = None
    marketing: Switch = True
    track_clicks: Switch = True
    honeypot: Switch = True
    version: Version = None


class WarningShown(Shown):
    """Something to look at; `field` is empty where it may be in any of the texts."""

    field: str
    message: str


class AttachmentShown(Shown):
    """A file that goes with each mail."""

    name: str
    media_type: str
    size: int
    sha256: str


class AudienceShown(Shown):
    """Whom it goes to."""

    lists: list[str]
    contact_ids: list[str]
    filter: dict[str, Any]
    opt_out_lists: list[str]


class ContentShown(Shown):
    """What every campaign's content has; `version` is 0 while nothing was written yet.

    `protected`: it cannot be changed, for a mailing of it is scheduled, running or paused.
    """

    campaign_id: str
    version: int
    protected: bool
    active_mailings: int
    text: str
    audience: AudienceShown
    tracking_mode: Mode | None
    marketing: bool
    track_clicks: bool
    author: str
    updated_ms: int
    warnings: list[WarningShown]


class SmsContentShown(ContentShown):
    """An SMS campaign's content, and what its text comes to before tags are filled in."""

    segments: int
    encoding: Encoding


class EmailContentShown(ContentShown):
    """An e-mail campaign's content."""

    subject: str
    html: str
    sender: str
    sender_name: str
    reply_to: str
    attachments: list[AttachmentShown]
    honeypot: bool


class Protection(Shown):
    """Whether content can be changed; `paused` are the mailings that were paused for it."""

    campaign_id: str
    protected: bool
    active_mailings: int
    paused: list[str]


class PreviewWanted(Sent):
    """Whose facts stand in it; without a contact, nobody's."""

    contact_id: MaybeContact = ""


class LinkShown(Shown):
    """A link that can be tracked; `personal` where a click on it tells who clicked."""

    number: int
    target: str
    label: str
    personal: bool


class EmailPreview(Shown):
    """A mail as the contact would get it, without pixel and with the links as they are written."""

    sender: str
    sender_name: str
    reply_to: str
    to: str
    subject: str
    html: str
    text: str
    links: list[LinkShown]
    attachments: list[AttachmentShown]
    warnings: list[WarningShown]


class SmsPreview(Shown):
    """A text message as the contact would get it; short links in it lead nowhere yet."""

    to: str
    text: str
    segments: int
    encoding: Encoding
    warnings: list[WarningShown]


class TestMailWanted(Sent):
    """To whom a test goes: addresses of your own people; without any, to the contact."""

    to: Annotated[list[MaybeAddress], Field(max_length=MOST_TESTED, default_factory=list)]
    contact_id: MaybeContact = ""

    @model_validator(mode="after")
    def _names_one(self) -> "TestMailWanted":
        if not self.to and not self.contact_id:
            raise ValueError("give addresses (to) or a contact_id")
        return self


class Tested(Shown):
    """What came of one test: `sent`, `skipped`, `failed` or `uncertain`, and why."""

    to: str
    outcome: str
    detail: str
    message_id: str


class TestsSent(Shown):
    """What came of the tests."""

    sent: list[Tested]


def attachments_shown(campaign: Campaign) -> list[AttachmentShown]:
    """Return the files of a campaign as they are shown."""
    return [_attachment_shown(one) for one in campaign.attachments]


def shown_email(
    campaign: Campaign, contact_ids: tuple[str, ...], warnings: list[Warned]
) -> EmailContentShown:
    """Return the content of an e-mail campaign, in the form in which it can be sent again."""
    return EmailContentShown(
        subject=campaign.subject,
        html=campaign.html,
        sender=campaign.sender,
        sender_name=campaign.sender_name,
        reply_to=campaign.reply_to,
        attachments=attachments_shown(campaign),
        honeypot=campaign.honeypot,
        **_shared(campaign, contact_ids, warnings),
    )


def shown_sms(
    campaign: Campaign, contact_ids: tuple[str, ...], warnings: list[Warned], size: Size
) -> SmsContentShown:
    """Return the content of an SMS campaign, in the form in which it can be sent again."""
    return SmsContentShown(
        segments=size.segments,
        encoding=size.encoding,
        **_shared(campaign, contact_ids, warnings),
    )


def warnings_shown(warnings: list[Warned]) -> list[WarningShown]:
    """Return warnings as they are shown."""
    return [WarningShown(field=one.field, message=one.message) for one in warnings]


def _shared(
    campaign: Campaign, contact_ids: tuple[str, ...], warnings: list[Warned]
) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id,
        "version": campaign.version,
        "protected": campaign.protected,
        "active_mailings": campaign.active,
        "text": campaign.text,
        "audience": AudienceShown(
            lists=list(campaign.audience.lists),
            contact_ids=list(contact_ids),
            filter=dict(campaign.audience.filter),
            opt_out_lists=list(campaign.audience.opt_out_lists),
        ),
        "tracking_mode": Mode(campaign.tracking_mode) if campaign.tracking_mode else None,
        "marketing": campaign.marketing,
        "track_clicks": campaign.track_clicks,
        "author": campaign.author,
        "updated_ms": campaign.updated_ms,
        "warnings": warnings_shown(warnings),
    }


def _attachment_shown(one: Attachment) -> AttachmentShown:
    return AttachmentShown(
        name=one.name, media_type=one.media_type, size=one.size, sha256=one.sha256
    )
