"""A message that is ready to go, by mail or as a text, and what comes of sending it."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from signalbox import mailing_mails
from signalbox.channels import mail, sms
from signalbox.environment import environment
from signalbox.mailing_mails import Modes
from signalbox.model.contact import Contact
from signalbox.model.container import ContainerKind
from signalbox.model.sms import LONGEST_TEXT
from signalbox.model.tracking_permission import Mode

from .scenes import Scene

OPTED_OUT: Final = sms.SmsOptedOutError
DEFERRED: Final = (mail.MailDeferredError, sms.SmsDeferredError)
REJECTED: Final = (mail.MailRejectedError, sms.SmsRejectedError)
UNCERTAIN: Final = (mail.MailUncertainError, sms.SmsUncertainError)
UNTRACKED: Final = Modes(Mode.OFF, Mode.OFF)


class Letter(NamedTuple):
    """A message that is ready: what sends it and returns the id that AWS gave it, and its tracking."""

    send: Callable[[], str]
    modes: Modes


def letter_to(scene: Scene, contact: Contact) -> Letter:
    """Make the message to a contact ready."""
    mailing_id = scene.mailing.mailing_id
    modes = mailing_mails.modes_of(scene.issue, contact)
    if scene.mailing.container is ContainerKind.SMS_CAMPAIGN:
        modes = modes if scene.mailing.targets else UNTRACKED
        text = mailing_mails.text_of(scene.issue, scene.mailing, scene.account, contact, modes)
        return Letter(partial(_send_text, text), modes)
    written = mailing_mails.mail_of(scene.issue, mailing_id, scene.account, contact, modes)
    configuration_set = environment().mail_configuration_set or None
    return Letter(partial(mail.send, written, configuration_set=configuration_set), modes)


def _send_text(text: sms.Sms) -> str:
    if not 0 < len(text.text) <= LONGEST_TEXT:
        said = f"the text has {len(text.text)} characters; 1 to {LONGEST_TEXT} can be sent"
        raise sms.SmsRejectedError(said)
    return sms.send(text)
