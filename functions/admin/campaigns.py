"""What campaigns say and to whom: content, previews, tests, and the protected mode.

The campaigns themselves, with name and mailer, are containers (`containers`).
"""

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox import mailing_runs
from signalbox.environment import environment
from signalbox.model.campaign import Campaign
from signalbox.model.contact import Contact
from signalbox.model.container import ContainerKind
from signalbox.model.credential import Key
from signalbox.model.errors import NotFoundError
from signalbox.model.permission import Permission
from signalbox.model.sms import size_of
from signalbox.store import accounts, campaigns, contacts, containers

from .campaign_bodies import (
    CampaignId,
    EmailContentSent,
    EmailContentShown,
    EmailPreview,
    LinkShown,
    PreviewWanted,
    Protection,
    SmsContentSent,
    SmsContentShown,
    SmsPreview,
    TestMailWanted,
    TestsSent,
    attachments_shown,
    shown_email,
    shown_sms,
    warnings_shown,
)
from .campaign_rendering import (
    counted_text,
    nobody,
    test_mails,
    test_texts,
    text_for,
    written_for,
)
from .campaign_writing import standing_content, warnings_for, write_email, write_sms
from .requests import answers, caller

router = Router()
EMAIL = ContainerKind.EMAIL_CAMPAIGN
SMS = ContainerKind.SMS_CAMPAIGN


@router.get("/email-campaigns/<campaign_id>/content", responses=answers("The content", 404))
def read_email(campaign_id: CampaignId) -> EmailContentShown:
    """Return what an e-mail campaign says, and to whom."""
    key = caller(router, Permission.READ_SETUP)
    found = standing_content(key.account_id, EMAIL, campaign_id)
    return shown_email(found, campaigns.work_list(found), warnings_for(found))


@router.put("/email-campaigns/<campaign_id>/content", responses=answers("The content", 404, 409))
def change_email(campaign_id: CampaignId, wanted: EmailContentSent) -> EmailContentShown:
    """Write the next version of what an e-mail campaign says; the ones before stay as they are.

    In protected mode it is refused: leave that first (`unprotect`).
    """
    key = caller(router, Permission.WRITE_RULES)
    standing = standing_content(key.account_id, EMAIL, campaign_id)
    written = write_email(key, standing, wanted)
    return shown_email(written, campaigns.work_list(written), warnings_for(written))


@router.post(
    "/email-campaigns/<campaign_id>/preview", responses=answers("The mail, for a contact", 404)
)
def preview_email(campaign_id: CampaignId, wanted: PreviewWanted) -> EmailPreview:
    """Show the mail as a contact would get it. Nothing is sent, and nothing tracked."""
    key = caller(router, Permission.READ_PEOPLE)
    campaign, contact = _asked(key, EMAIL, campaign_id, wanted.contact_id)
    account = accounts.fetch(key.account_id)
    without_files = replace(campaign, attachments=())
    issue, filled = written_for(without_files, account, contact, _base())
    return EmailPreview(
        sender=campaign.sender or account.mail_from,
        sender_name=campaign.sender_name or account.mail_from_name,
        reply_to=campaign.reply_to,
        to=contact.email,
        subject=filled.subject,
        html=filled.html,
        text=filled.text,
        links=[
            LinkShown(
                number=one.number, target=one.target, label=one.label, personal=one.is_personal
            )
            for one in issue.content.links
        ],
        attachments=attachments_shown(campaign),
        warnings=warnings_shown(warnings_for(campaign)),
    )


@router.post("/email-campaigns/<campaign_id>/test", responses=answers("What came of it", 404))
def test_email(campaign_id: CampaignId, wanted: TestMailWanted) -> TestsSent:
    """Send the mail as a test, which its subject says; it is neither tracked nor counted.

    A contact who opted out, or whose address is suppressed, is not written to.
    """
    key = caller(router, Permission.SEND_MAILINGS)
    campaign, contact = _asked(key, EMAIL, campaign_id, wanted.contact_id)
    account = accounts.fetch(key.account_id)
    return TestsSent(sent=[*test_mails(campaign, account, contact, wanted.to, _base())])


@router.post(
    "/email-campaigns/<campaign_id>/unprotect", responses=answers("How it stands now", 404, 409)
)
def unprotect_email(campaign_id: CampaignId) -> Protection:
    """Leave the protected mode, to change the content; mailings that run are paused."""
    return _unprotected(EMAIL, campaign_id)


@router.post("/email-campaigns/<campaign_id>/protect", responses=answers("How it stands now", 404))
def protect_email(campaign_id: CampaignId) -> Protection:
    """Go back to protected mode; paused mailings stay paused."""
    return _protected(EMAIL, campaign_id)


@router.get("/sms-campaigns/<sms_campaign_id>/content", responses=answers("The content", 404))
def read_sms(sms_campaign_id: CampaignId) -> SmsContentShown:
    """Return what an SMS campaign says, and to whom."""
    key = caller(router, Permission.READ_SETUP)
    return _sms_shown(standing_content(key.account_id, SMS, sms_campaign_id))


@router.put("/sms-campaigns/<sms_campaign_id>/content", responses=answers("The content", 404, 409))
def change_sms(sms_campaign_id: CampaignId, wanted: SmsContentSent) -> SmsContentShown:
    """Write the next version of what an SMS campaign says; the ones before stay as they are.

    In protected mode it is refused: leave that first (`unprotect`).
    """
    key = caller(router, Permission.WRITE_RULES)
    standing = standing_content(key.account_id, SMS, sms_campaign_id)
    return _sms_shown(write_sms(key, standing, wanted))


@router.post(
    "/sms-campaigns/<sms_campaign_id>/preview", responses=answers("The text, for a contact", 404)
)
def preview_sms(sms_campaign_id: CampaignId, wanted: PreviewWanted) -> SmsPreview:
    """Show the text message as a contact would get it. Nothing is sent, and nothing tracked.

    Short links are as long as those that go out, and lead nowhere.
    """
    key = caller(router, Permission.READ_PEOPLE)
    campaign, contact = _asked(key, SMS, sms_campaign_id, wanted.contact_id)
    account = accounts.fetch(key.account_id)
    text = text_for(campaign, account, contact, _base())
    size, counted = size_of(text), counted_text(campaign, account, _base())
    return SmsPreview(
        to=contact.phone_number,
        text=text,
        segments=size.segments,
        encoding=size.encoding,
        warnings=warnings_shown(warnings_for(campaign, counted)),
    )


@router.post("/sms-campaigns/<sms_campaign_id>/test", responses=answers("What came of it", 404))
def test_sms(sms_campaign_id: CampaignId, wanted: TestMailWanted) -> TestsSent:
    """Send the text message as a test, which it begins with; it is neither tracked nor counted."""
    key = caller(router, Permission.SEND_MAILINGS)
    campaign, contact = _asked(key, SMS, sms_campaign_id, wanted.contact_id)
    account = accounts.fetch(key.account_id)
    return TestsSent(sent=[*test_texts(campaign, account, contact, wanted.to, _base())])


@router.post(
    "/sms-campaigns/<sms_campaign_id>/unprotect", responses=answers("How it stands now", 404, 409)
)
def unprotect_sms(sms_campaign_id: CampaignId) -> Protection:
    """Leave the protected mode, to change the content; mailings that run are paused."""
    return _unprotected(SMS, sms_campaign_id)


@router.post(
    "/sms-campaigns/<sms_campaign_id>/protect", responses=answers("How it stands now", 404)
)
def protect_sms(sms_campaign_id: CampaignId) -> Protection:
    """Go back to protected mode; paused mailings stay paused."""
    return _protected(SMS, sms_campaign_id)


def _sms_shown(campaign: Campaign) -> SmsContentShown:
    counted = counted_text(campaign, accounts.fetch(campaign.account_id), _base())
    warnings = warnings_for(campaign, counted)
    return shown_sms(campaign, campaigns.work_list(campaign), warnings, size_of(counted))


def _asked(
    key: Key, kind: ContainerKind, campaign_id: str, contact_id: str
) -> tuple[Campaign, Contact]:
    """Return the content and the contact that a request is about.

    Raises:
        NotFoundError: there is no such campaign or contact, or no content.
    """
    campaign = standing_content(key.account_id, kind, campaign_id)
    if not campaign.version:
        raise NotFoundError("content of campaign", campaign_id)
    if not contact_id:
        return campaign, nobody(key.account_id)
    return campaign, contacts.fetch(key.account_id, contact_id)


def _unprotected(kind: ContainerKind, campaign_id: str) -> Protection:
    key = caller(router, Permission.SEND_MAILINGS)
    containers.fetch(key.account_id, kind, campaign_id)
    paused = mailing_runs.unprotect(key.account_id, campaign_id)
    return _protection(key, campaign_id, paused=[one.mailing_id for one in paused])


def _protected(kind: ContainerKind, campaign_id: str) -> Protection:
    key = caller(router, Permission.SEND_MAILINGS)
    containers.fetch(key.account_id, kind, campaign_id)
    campaigns.protect(key.account_id, campaign_id)
    return _protection(key, campaign_id, paused=[])


def _protection(key: Key, campaign_id: str, *, paused: list[str]) -> Protection:
    found = campaigns.fetch(key.account_id, campaign_id)
    return Protection(
        campaign_id=campaign_id,
        protected=found.protected,
        active_mailings=found.active,
        paused=paused,
    )


def _base() -> str:
    """Return the URL under which links of messages are: that of this request, if none was given."""
    event: Any = router.current_event
    return environment().public_url or f"https://{event.request_context.domain_name}"
