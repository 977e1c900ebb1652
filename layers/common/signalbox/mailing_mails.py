"""The messages of a mailing: what a campaign says to one contact, by mail with its pixel and links.

What is the same for all contacts is made once for each version of a campaign and kept in memory.
Nothing is written or sent here.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import quote

from signalbox.channels.mail import Attachment, Mail
from signalbox.channels.sms import Sms
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.campaign import Campaign
from signalbox.model.contact import Contact
from signalbox.model.container import ContainerKind
from signalbox.model.feedback import ACCOUNT_TAG, CONTACT_TAG, MAILING_TAG
from signalbox.model.linked_text import LinkedText, linked
from signalbox.model.mail_content import MailContent, WrapLink, compiled
from signalbox.model.mail_text import UNSUBSCRIBE_LINK, UPDATE_LINK, html_of
from signalbox.model.mailing import Mailing
from signalbox.model.performing import values_for
from signalbox.model.personalisation import Values
from signalbox.model.tracking_permission import Mode, Purpose, message_mode
from signalbox.model.tracking_token import (
    HONEYPOT,
    KeyRing,
    Token,
    TokenKind,
    signed,
    signed_short,
    unsigned_short,
)
from signalbox.model.tracking_url import click_url, is_target, open_url, person_url, text_url
from signalbox.store import campaigns, content, fields, tracking

KEPT_ISSUES: Final = 50
NONCE_BYTES: Final = 8
# What stands in codes that are only looked at, as long as what goes out.
SOME_MAILING: Final = "1000000000000000"
SOME_CONTACT: Final = "100000000000000"

_issues: "OrderedDict[tuple[str, str, int, Mode], Issue]" = OrderedDict()


class Modes(NamedTuple):
    """How one message is tracked: its opens, and its clicks."""

    open: Mode
    click: Mode


@dataclass(frozen=True, slots=True)
class Issue:
    """A version of a campaign as it goes out in a tracking mode: all that is the same in its mails.

    `text` is what its text messages say, nothing where it is one by e-mail.
    """

    campaign: Campaign
    mode: Mode
    content: MailContent
    text: LinkedText
    attachments: tuple[Attachment, ...]


def issue_of(account_id: str, campaign_id: str, version: int, mode: Mode) -> Issue:
    """Return a version of a campaign, made ready; it is read and compiled once in a process.

    Raises:
        NotFoundError: there is no such version, or its files are gone.
    """
    named = (account_id, campaign_id, version, mode)
    if named not in _issues:
        campaign = campaigns.fetch_version(account_id, campaign_id, version)
        _issues[named] = made_of(campaign, mode)
        if len(_issues) > KEPT_ISSUES:
            _issues.popitem(last=False)
    return _issues[named]


def made_of(campaign: Campaign, mode: Mode) -> Issue:
    """Make content ready that may not be stored yet.

    A mail is tracked in its HTML alone, so content that has only text gets one where it is tracked.
    """
    html, texts = campaign.html, campaign.kind is ContainerKind.SMS_CAMPAIGN
    if not html.strip() and mode is not Mode.OFF and not texts:
        html = html_of(campaign.text)
    files = tuple(
        Attachment(one.name, one.media_type, content.fetch(campaign.account_id, one.sha256))
        for one in campaign.attachments
    )
    return Issue(
        campaign=campaign,
        mode=mode,
        content=compiled(html, campaign.text, campaign.subject),
        text=linked(campaign.text if texts else ""),
        attachments=files,
    )


def modes_of(issue: Issue, contact: Contact) -> Modes:
    """Return how the message to a contact is tracked, by what the contact says to it now.

    Nobody learns that a text was opened, and one without links cannot be clicked.
    """
    permission = contact.permission
    texts = issue.campaign.kind is ContainerKind.SMS_CAMPAIGN
    tracked = issue.campaign.tracks_clicks(issue.mode) and (bool(issue.text.links) or not texts)
    return Modes(
        message_mode(Mode.OFF if texts else issue.mode, permission, Purpose.OPEN),
        message_mode(issue.mode if tracked else Mode.OFF, permission, Purpose.CLICK),
    )


def mail_of(
    issue: Issue, mailing_id: str, account: Account, contact: Contact, modes: Modes
) -> Mail:
    """Return the mail to a contact; `mailing_id` is `NO_MAILING` for one that is none of a mailing.

    Raises:
        KeyRingError: the stack has no keys that sign links.
    """
    campaign = issue.campaign
    links = _Links(account.account_id, mailing_id, contact.contact_id, modes, issue.content)
    filled = issue.content.filled(
        values_of(issue.content, account, contact),
        wrap_link=links.wrapped if modes.click is not Mode.OFF else None,
        pixel_url=links.pixel() if modes.open is not Mode.OFF else "",
        honeypot_url=links.honeypot() if campaign.honeypot and modes.click is not Mode.OFF else "",
        pages=dict.fromkeys((UNSUBSCRIBE_LINK, UPDATE_LINK), links.person),
    )
    return Mail(
        message_id=f"{mailing_id}-{contact.contact_id}",
        sender=campaign.sender or account.mail_from,
        sender_name=campaign.sender_name or account.mail_from_name,
        recipient=contact.email,
        reply_to=campaign.reply_to,
        subject=filled.subject,
        html=filled.html,
        text=filled.text,
        unsubscribe_url=links.person if campaign.marketing else "",
        unsubscribe_mailto=links.mailbox() if campaign.marketing else "",
        feedback_ids=(campaign.campaign_id, account.account_id),
        attachments=issue.attachments,
        tags=(
            (ACCOUNT_TAG, account.account_id),
            (MAILING_TAG, mailing_id),
            (CONTACT_TAG, contact.contact_id),
        ),
    )


def text_of(
    issue: Issue, mailing: Mailing, account: Account, contact: Contact, modes: Modes
) -> Sms:
    """Return the text to a contact's phone.

    Short are those links alone of which the mailing says where they lead.

    Raises:
        KeyRingError: the stack has no keys that sign links.
    """
    wrap_link = _short_links(mailing, contact.contact_id, modes.click)
    text = issue.text.filled(values_of(issue.content, account, contact), wrap_link)
    return Sms(
        message_id=f"{mailing.mailing_id}-{contact.contact_id}",
        sender=environment().sms_origination_identity,
        recipient=contact.phone_number,
        text=text.strip(),
        is_promotional=issue.campaign.marketing,
    )


def text_shown(issue: Issue, account: Account, contact: Contact, base: str) -> str:
    """Return the text to a contact as long as it goes out, with short links that lead nowhere."""
    wrap_link = _shown_links(account.account_id, modes_of(issue, contact).click, base)
    return issue.text.filled(values_of(issue.content, account, contact), wrap_link).strip()


def text_counted(campaign: Campaign, mode: Mode, base: str) -> str:
    """Return the text of a campaign with its tags as they are, and links as in `text_shown`."""
    click = mode if campaign.tracks_clicks(mode) else Mode.OFF
    shown = linked(campaign.text).unfilled(_shown_links(campaign.account_id, click, base))
    return shown.strip()


def values_of(asked: MailContent, account: Account, contact: Contact) -> Values:
    """Return what the tags of content stand for; what costs a question is asked where it is named."""
    last = {
        name: tracking.last_value(account.account_id, contact.contact_id, name)
        for name in asked.events
    }
    known = fields.tags(account.account_id, account.version) if asked.fields else frozenset[str]()
    said = {tag: contact.fields.get(tag, "") for tag in asked.fields & known}
    return replace(values_for(contact, last), fields=said)


def forget() -> None:
    """Empty the memory of this process."""
    _issues.clear()


class _Links:
    """The addresses in one mail. All of its anonymous ones share a nonce that is kept nowhere else."""

    def __init__(
        self, account_id: str, mailing_id: str, contact_id: str, modes: Modes, asked: MailContent
    ) -> None:
        env = environment()
        self._base = env.public_url
        self._ring = _ring(env.token_keys)
        self._mailbox = env.unsubscribe_mailbox
        self._whose = Token(TokenKind.PERSON, account_id, mailing_id, contact_id)
        self._nobody = self._whose._replace(contact_id="", nonce=secrets.token_hex(NONCE_BYTES))
        self._modes = modes
        self._links = asked.links
        self._person = signed(self._whose, self._ring)
        self.person = person_url(self._base, self._person)

    def pixel(self) -> str:
        """Return the pixel's address."""
        return open_url(self._base, self._signed(TokenKind.OPEN, self._modes.open))

    def wrapped(self, number: int, target: str) -> str:
        """Return the tracked address of a link; empty where it has to stay as it is.

        A target with a contact's facts in it would tell who clicked, though nobody is to know.
        """
        anonymous = self._modes.click is not Mode.PERSONAL
        if not is_target(target) or (anonymous and self._links[number].is_personal):
            return ""
        token = self._signed(TokenKind.CLICK, self._modes.click, number, target)
        return click_url(self._base, token, target)

    def honeypot(self) -> str:
        """Return the address of the link that no person sees; it leads nowhere."""
        target = f"{self._base}/"
        token = self._signed(TokenKind.CLICK, self._modes.click, HONEYPOT, target)
        return click_url(self._base, token, target)

    def mailbox(self) -> str:
        """Return the address for unsubscribing by mail; empty where the stack has no mailbox."""
        if not self._mailbox:
            return ""
        return f"mailto:{self._mailbox}?subject={quote(f'unsubscribe {self._person}')}"

    def _signed(self, kind: TokenKind, mode: Mode, link: int = 0, target: str = "") -> str:
        token = self._whose if mode is Mode.PERSONAL else self._nobody
        return signed(token._replace(kind=kind, link=link), self._ring, target)


def _short_links(mailing: Mailing, contact_id: str, mode: Mode) -> WrapLink:
    """Return what makes the links of one text short; nobody else's anonymous ones have its nonce."""
    if mode is Mode.OFF:
        return _as_written
    env = environment()
    ring = _ring(env.token_keys)
    whose = _text_token(mailing.account_id, mailing.mailing_id, contact_id, mode)

    def wrapped(number: int, target: str) -> str:
        if mailing.targets[number : number + 1] != (target,):
            return ""
        return text_url(env.public_url, signed_short(whose._replace(link=number), ring))

    return wrapped


def _shown_links(account_id: str, mode: Mode, base: str) -> WrapLink:
    if mode is Mode.OFF:
        return _as_written
    whose = _text_token(account_id, SOME_MAILING, SOME_CONTACT, mode)
    return lambda number, _: text_url(base, unsigned_short(whose._replace(link=number)))


def _text_token(account_id: str, mailing_id: str, contact_id: str, mode: Mode) -> Token:
    if mode is Mode.PERSONAL:
        return Token(TokenKind.TEXT, account_id, mailing_id, contact_id)
    nonce = secrets.token_hex(NONCE_BYTES)
    return Token(TokenKind.TEXT, account_id, mailing_id, nonce=nonce)


def _as_written(_number: int, _target: str) -> str:
    return ""


@cache
def _ring(text: str) -> KeyRing:
    return KeyRing.from_text(text)
