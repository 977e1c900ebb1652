"""Campaigns: what a mailing says and to whom, beside the container that has its name and mailer.

Content is kept in versions, none of which ever changes: a mailing sends the version that it was
started with. While a mailing of it is scheduled, running or paused, a campaign is protected, that is,
no new version can be written, until somebody leaves the protected mode.
"""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from signalbox.model.audience import Audience
from signalbox.model.container import ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.tracking_permission import Mode

LONGEST_SUBJECT: Final = 998  # RFC 5322 section 2.1.1
LONGEST_HTML: Final = 1_000_000
LONGEST_TEXT: Final = 200_000
LONGEST_NAME: Final = 255

MOST_ATTACHMENTS: Final = 10
LARGEST_ATTACHMENTS: Final = 10_000_000
"""Bytes of all attachments together; SES takes 40 MB, many mailboxes 20 MB, all in base64."""

LARGEST_AT_ONCE: Final = 4_000_000
"""Bytes of attachments that one request can bring: Lambda takes 6 MB, and base64 adds a third."""

_OPT_OUT_LISTS: Final = {
    ContainerKind.EMAIL_CAMPAIGN: ContainerKind.EMAIL_OPT_OUT_LIST,
    ContainerKind.SMS_CAMPAIGN: ContainerKind.PHONE_OPT_OUT_LIST,
}
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f-\x9f/\\"<>:|?*\u2028\u2029\ud800-\udfff]')

_REFUSED_BY_SES: Final = """
ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js
jse ksh lib lnk mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1
msh2 mshxml msh1xml msh2xml msi msp mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1
ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk
"""
REFUSED_BY_SES: Final = frozenset(_REFUSED_BY_SES.split())
"""Endings of attachments with which SES rejects the mail, "Unsupported attachment types"."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with each mail; its bytes stand in the bucket, under their SHA-256."""

    name: str
    media_type: str
    size: int
    sha256: str


class Named(NamedTuple):
    """A list or an opt-out list that an audience names; `field` is where."""

    field: str
    kind: ContainerKind
    container_id: str

    @property
    def name(self) -> str:
        """Return what tells it apart from containers of other kinds, too."""
        return f"{self.kind}#{self.container_id}"


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign says and to whom; `version` is 0 while nothing was written yet.

    `sender` and `sender_name` are empty for the account's own. `tracking_mode` is empty for the
    account's, else a word of `model.tracking_permission.Mode`. `marketing` mails carry
    `List-Unsubscribe`; the others are transactional. `honeypot` is a link that no person sees.
    A campaign by SMS has `text`, `audience`, `tracking_mode`, `marketing` and `track_clicks` alone.

    `active` is how many of its mailings are scheduled, running or paused, and `unprotected` whether
    somebody left the protected mode since; `begun` is how often one of them was scheduled, started or
    resumed. These are of the campaign, not of the version.
    """

    account_id: str
    campaign_id: str
    kind: ContainerKind
    subject: str = ""
    html: str = ""
    text: str = ""
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    audience: Audience = field(default_factory=Audience)
    tracking_mode: str = ""
    marketing: bool = True
    track_clicks: bool = True
    honeypot: bool = True
    author: str = ""
    updated_ms: int = 0
    version: int = 0
    active: int = 0
    unprotected: bool = False
    begun: int = 0

    def tracks_clicks(self, mode: Mode) -> bool:
        """Tell whether links are tracked in mailings of a mode, where contacts do not object."""
        return self.track_clicks and mode is not Mode.OFF

    @property
    def named(self) -> list[Named]:
        """Return the lists and opt-out lists that the audience names."""
        lists, opt_out_lists = self.audience.lists, self.audience.opt_out_lists
        kind = _OPT_OUT_LISTS[self.kind]
        return [
            *(
                Named(f"audience.lists.{number}", ContainerKind.LIST, one)
                for number, one in enumerate(lists)
            ),
            *(
                Named(f"audience.opt_out_lists.{number}", kind, one)
                for number, one in enumerate(opt_out_lists)
            ),
        ]

    @property
    def protected(self) -> bool:
        """Tell whether no new version can be written now."""
        return bool(self.active) and not self.unprotected


def check_attachment(name: str, media_type: str, where: str) -> None:
    """Accept the name and the type of a file, whose own path in what was sent is `where`.

    Raises:
        InvalidError: no file can be called so, SES would reject it, or it is no media type.
    """
    if not name.strip() or _NOT_IN_NAMES.search(name) or name.startswith("."):
        raise InvalidError(f"{where}.name", "is no name of a file")
    ending = name.rpartition(".")[2].lower()
    if ending in REFUSED_BY_SES:
        raise InvalidError(f"{where}.name", f"SES sends no .{ending} files")
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(("multipart/", "message/")):
        raise InvalidError(f"{where}.media_type", "is no media type of a file, as application/pdf")


def check_attachments(attachments: tuple[Attachment, ...]) -> None:
    """Accept the files that shall go with one mail.

    Raises:
        InvalidError: they are too large together, or two have one name.
    """
    if sum(one.size for one in attachments) > LARGEST_ATTACHMENTS:
        said = f"are larger than {LARGEST_ATTACHMENTS} bytes together"
        raise InvalidError("attachments", said)
    if len({one.name.lower() for one in attachments}) < len(attachments):
        raise InvalidError("attachments", "two of them have one name")


def check_email(campaign: Campaign) -> None:
    """Accept what an e-mail campaign says.

    Raises:
        InvalidError: it has no subject, or neither HTML nor text; its `field` names it.
    """
    if not campaign.subject.strip():
        raise InvalidError("subject", "must not be empty")
    if not (campaign.html.strip() or campaign.text.strip()):
        raise InvalidError("html", "must not be empty where there is no text either")
