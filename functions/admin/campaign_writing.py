"""What content must be to be written: whom and what it names exists, and it can be sent."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from signalbox.model import pattern
from signalbox.model.audience import Audience
from signalbox.model.campaign import (
    LARGEST_AT_ONCE,
    Attachment,
    Campaign,
    check_attachment,
    check_attachments,
    check_email,
)
from signalbox.model.campaign_warnings import Known, Warned, check_links, warnings_of
from signalbox.model.container import ContainerKind
from signalbox.model.credential import Key
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.tracking_permission import Mode, resolved
from signalbox.people import checked_email
from signalbox.store import accounts, campaigns, containers, content, event_names, fields

from .campaign_bodies import AttachmentSent, AudienceSent, EmailContentSent, SmsContentSent
from .requests import now_ms

OPT_OUT_LISTS = {
    ContainerKind.EMAIL_CAMPAIGN: ContainerKind.EMAIL_OPT_OUT_LIST,
    ContainerKind.SMS_CAMPAIGN: ContainerKind.PHONE_OPT_OUT_LIST,
}
OF_VERSION = ("author", "updated_ms", "version", "active", "unprotected")


def standing_content(account_id: str, kind: ContainerKind, campaign_id: str) -> Campaign:
    """Return a campaign's newest content, empty where none was written yet.

    Raises:
        NotFoundError: there is no such campaign.
    """
    containers.fetch(account_id, kind, campaign_id)
    found = campaigns.find(account_id, campaign_id)
    return found or Campaign(account_id, campaign_id, kind)


def write_email(key: Key, standing: Campaign, sent: EmailContentSent) -> Campaign:
    """Write what an e-mail campaign says as its next version, unless it says so already.

    Raises:
        InvalidError: it names the field and what is wrong with it.
        ConflictError: the campaign is in protected mode, or has another version by now.
    """
    _check_version(standing, sent.version)
    wanted = replace(
        _shared(key, standing, sent),
        subject=sent.subject,
        html=sent.html,
        sender=checked_email(sent.sender, field="sender") if sent.sender else "",
        sender_name=sent.sender_name,
        reply_to=checked_email(sent.reply_to, field="reply_to") if sent.reply_to else "",
        honeypot=sent.honeypot,
    )
    check_email(wanted)
    check_links(sent.html)
    files = _files(sent.attachments)
    attachments = _attachments(key.account_id, sent.attachments, files)
    check_attachments(attachments)
    _check_open(standing)
    for data, one in zip(files, attachments, strict=True):
        if data:
            content.put(key.account_id, data, media_type=one.media_type)
    return _written(replace(wanted, attachments=attachments), standing, sent.audience)


def write_sms(key: Key, standing: Campaign, sent: SmsContentSent) -> Campaign:
    """Write what an SMS campaign says as its next version, unless it says so already.

    Raises:
        InvalidError, ConflictError: as for `write_email`.
    """
    _check_version(standing, sent.version)
    if not sent.text.strip():
        raise InvalidError("text", "must not be empty")
    _check_open(standing)
    return _written(_shared(key, standing, sent), standing, sent.audience)


def warnings_for(campaign: Campaign, counted: str = "") -> list[Warned]:
    """Return what an author should look at; nothing where nothing was written yet.

    `counted` is the text of an SMS campaign with short links in it.
    """
    if not campaign.version:
        return []
    account = accounts.fetch(campaign.account_id)
    known = Known(
        fields.tags(account.account_id, account.version), event_names.names(account.account_id)
    )
    own = Mode(campaign.tracking_mode) if campaign.tracking_mode else None
    return warnings_of(campaign, known, resolved(None, own, account.tracking_mode), counted)


def _shared(key: Key, standing: Campaign, sent: EmailContentSent | SmsContentSent) -> Campaign:
    return replace(
        standing,
        text=sent.text,
        audience=_audience(key.account_id, standing.kind, sent.audience),
        tracking_mode=str(sent.tracking_mode or ""),
        marketing=sent.marketing,
        track_clicks=sent.track_clicks,
        author=key.name,
        updated_ms=now_ms(),
    )


def _written(wanted: Campaign, standing: Campaign, audience: AudienceSent) -> Campaign:
    listed = tuple(dict.fromkeys(audience.contact_ids))
    as_before = {name: getattr(standing, name) for name in OF_VERSION}
    sized = replace(wanted.audience, work_size=len(listed), work_list=standing.audience.work_list)
    same = replace(wanted, audience=sized, **as_before) == standing
    if standing.version and same and campaigns.work_list(standing) == listed:
        return standing
    return campaigns.save(wanted, since=standing, work_list=listed)


def _check_version(standing: Campaign, version: int | None) -> None:
    if version is not None and version != standing.version:
        said = f"the content has version {standing.version} by now; read it again"
        raise ConflictError(said)


def _check_open(standing: Campaign) -> None:
    """Refuse early what writing would refuse, before anything is kept in the bucket."""
    if standing.protected:
        raise campaigns.ProtectedError(campaigns.PROTECTED)


# --- audience ------------------------------------------------------------------------------------


def _audience(account_id: str, kind: ContainerKind, sent: AudienceSent) -> Audience:
    lists = tuple(dict.fromkeys(sent.lists))
    opt_out_lists = tuple(dict.fromkeys(sent.opt_out_lists))
    _check_containers(account_id, ContainerKind.LIST, lists, "audience.lists")
    _check_containers(account_id, OPT_OUT_LISTS[kind], opt_out_lists, "audience.opt_out_lists")
    if sent.filter:
        pattern.check(sent.filter, field="audience.filter")
    return Audience(lists, opt_out_lists, sent.filter)


def _check_containers(account_id: str, kind: ContainerKind, ids: Sequence[str], field: str) -> None:
    found = containers.find_many(account_id, [(kind, one) for one in ids])
    for number, one in enumerate(ids):
        if (kind, one) not in found:
            raise InvalidError(f"{field}.{number}", f"there is no {containers.noun(kind)} {one}")


# --- attachments ---------------------------------------------------------------------------------


def _files(sent: Sequence[AttachmentSent]) -> list[bytes]:
    """Return the bytes of each file, none of one that was attached before."""
    files = [_decoded(one, f"attachments.{number}") for number, one in enumerate(sent)]
    if sum(map(len, files)) > LARGEST_AT_ONCE:
        said = f"are larger than {LARGEST_AT_ONCE} bytes in one request; send them one by one"
        raise InvalidError("attachments", said)
    return files


def _decoded(sent: AttachmentSent, field: str) -> bytes:
    check_attachment(sent.name, sent.media_type, field)
    try:
        return base64.b64decode(sent.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(f"{field}.content", "is not base64") from error


def _attachments(
    account_id: str, sent: Sequence[AttachmentSent], files: Sequence[bytes]
) -> tuple[Attachment, ...]:
    found = []
    for number, (one, data) in enumerate(zip(sent, files, strict=True)):
        if one.sha256:
            size = _size_of(account_id, one.sha256, f"attachments.{number}.sha256")
        else:
            size = len(data)
        sha256 = one.sha256 or hashlib.sha256(data).hexdigest()
        found.append(Attachment(one.name, one.media_type, size, sha256))
    return tuple(found)


def _size_of(account_id: str, sha256: str, field: str) -> int:
    try:
        return content.size(account_id, sha256)
    except NotFoundError as error:
        raise InvalidError(field, "the account attached no such file before") from error
