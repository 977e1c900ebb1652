"""What a campaign says to one contact, to look at and as a test: nothing is tracked or counted."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from signalbox.channels import mail, sms
from signalbox.environment import environment
from signalbox.mailing_mails import Issue, made_of, text_counted, text_shown, values_of
from signalbox.model.account import Account
from signalbox.model.address import email_address
from signalbox.model.campaign import Campaign
from signalbox.model.contact import Contact
from signalbox.model.container import EMAIL, PHONE
from signalbox.model.dispatch import SkipReason
from signalbox.model.errors import InvalidError
from signalbox.model.mail_content import Filled
from signalbox.model.mail_text import PAGE_LINKS
from signalbox.model.personalisation import LONGEST_HEADER
from signalbox.model.sms import LONGEST_TEXT
from signalbox.model.tracking_permission import Mode, resolved
from signalbox.people import checked_email, phone_number
from signalbox.store import suppressions, unsubscribes

from .campaign_bodies import Tested

TEST = "[Test] "
NOBODY = "0"
OUTCOMES: dict[type[Exception], str] = {
    mail.MailRejectedError: "failed",
    mail.MailDeferredError: "failed",
    mail.MailUncertainError: "uncertain",
    sms.SmsRejectedError: "failed",
    sms.SmsDeferredError: "failed",
    sms.SmsUncertainError: "uncertain",
}


class Written(NamedTuple):
    """A campaign's content, made ready, and filled for one contact."""

    issue: Issue
    filled: Filled


def nobody(account_id: str) -> Contact:
    """Return a contact of whom nothing is known."""
    return Contact(account_id, NOBODY)


def written_for(campaign: Campaign, account: Account, contact: Contact, base: str) -> Written:
    """Return what a campaign says to a contact.

    `base` is the URL under which people's own pages are; the links to these lead nowhere, for there
    is no message that they could be of.
    """
    issue = made_of(campaign, _mode(campaign, account))
    values = values_of(issue.content, account, contact)
    pages = dict.fromkeys(PAGE_LINKS, f"{base}/u/test")
    return Written(issue, issue.content.filled(values, pages=pages))


def text_for(campaign: Campaign, account: Account, contact: Contact, base: str) -> str:
    """Return the text of a campaign to a contact, as long as it goes out.

    `base` is the URL under which short links are; those in it lead nowhere.
    """
    issue = made_of(campaign, _mode(campaign, account))
    return text_shown(issue, account, contact, base)


def counted_text(campaign: Campaign, account: Account, base: str) -> str:
    """Return the text of a campaign with short links, and with its tags as they are."""
    return text_counted(campaign, _mode(campaign, account), base)


def test_mails(
    campaign: Campaign, account: Account, contact: Contact, to: list[str], base: str
) -> Iterator[Tested]:
    """Send the mail to each address, and say what came of it; raise `InvalidError` for no address."""
    recipients = [checked_email(one, field=f"to.{number}") for number, one in enumerate(to)]
    sender = campaign.sender or account.mail_from
    issue, filled = written_for(campaign, account, contact, base)
    one = mail.Mail(
        message_id="",
        sender=sender,
        sender_name=campaign.sender_name or account.mail_from_name,
        recipient="",
        reply_to=campaign.reply_to,
        subject=(TEST + filled.subject)[:LONGEST_HEADER],
        html=filled.html,
        text=filled.text,
        attachments=issue.attachments,
    )
    for recipient in recipients or [contact.email]:
        if reason := _barred(contact, EMAIL, sender, to_contact=not recipients):
            yield Tested(to=recipient, outcome="skipped", detail=reason, message_id="")
        else:
            yield _mailed(replace(one, recipient=recipient, message_id=_new_id(campaign)))


def test_texts(
    campaign: Campaign, account: Account, contact: Contact, to: list[str], base: str
) -> Iterator[Tested]:
    """Send the text to each phone, and say what came of it; raise `InvalidError` for no number."""
    phones = [_phone(one, f"to.{number}") for number, one in enumerate(to)]
    sender = environment().sms_origination_identity
    text = (TEST + written_for(campaign, account, contact, base).filled.text).strip()
    for phone in phones or [contact.phone_number]:
        if reason := _barred(contact, PHONE, sender, to_contact=not phones):
            yield Tested(to=phone, outcome="skipped", detail=reason, message_id="")
        else:
            yield _texted(sms.Sms(_new_id(campaign), sender, phone, text[:LONGEST_TEXT]))


def _mode(campaign: Campaign, account: Account) -> Mode:
    own = Mode(campaign.tracking_mode) if campaign.tracking_mode else None
    return resolved(None, own, account.tracking_mode)


def _barred(contact: Contact, kind: str, sender: str, *, to_contact: bool) -> str:
    """Say why nothing goes out, to a contact itself or at all; empty where something may."""
    if not sender:
        return SkipReason.NO_SENDER
    if not to_contact:
        return ""
    if not (contact.phone_number if kind == PHONE else contact.email):
        return SkipReason.NO_PHONE if kind == PHONE else SkipReason.NO_EMAIL
    address = f"phone:{contact.phone_number}" if kind == PHONE else email_address(contact.email)
    bars = suppressions.bars(contact.account_id, address)
    if bars.suppression:
        return bars.suppression.reason
    unwanted = bars.opt_outs or unsubscribes.find_many(contact.account_id, [address])
    return SkipReason.OPTED_OUT if unwanted else ""


def _mailed(one: mail.Mail) -> Tested:
    try:
        mail.send(one, configuration_set=environment().mail_configuration_set)
    except (mail.MailRejectedError, mail.MailDeferredError, mail.MailUncertainError) as error:
        return _failed(one.recipient, error)
    return Tested(to=one.recipient, outcome="sent", detail="", message_id=one.message_id)


def _texted(one: sms.Sms) -> Tested:
    try:
        sms.send(one)
    except (sms.SmsRejectedError, sms.SmsDeferredError, sms.SmsUncertainError) as error:
        return _failed(one.recipient, error)
    return Tested(to=one.recipient, outcome="sent", detail="", message_id=one.message_id)


def _failed(to: str, error: Exception) -> Tested:
    outcome = next(word for kind, word in OUTCOMES.items() if isinstance(error, kind))
    return Tested(to=to, outcome=outcome, detail=str(error), message_id="")


def _phone(written: str, field: str) -> str:
    number = phone_number(written.strip())
    if not number:
        raise InvalidError(field, "is no phone number with its country, as in +4930123456")
    return number


def _new_id(campaign: Campaign) -> str:
    return f"test-{campaign.campaign_id}-{secrets.token_hex(8)}"
