"""The action `send_email`."""

from collections.abc import Callable
from functools import partial

from signalbox import rendering
from signalbox.channels import mail
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.action import SendEmail
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.rendering import Unsaid

from .deferring import deferred
from .result import Result, Settled


def prepared(
    action: SendEmail, dispatch: Dispatch, account: Account, contact: Contact
) -> Callable[[], Result]:
    """Write the mail to the contact and return what sends it, once."""
    return sending(rendering.mail_of(action, dispatch, account, contact), dispatch)


def sending(written: mail.Mail | Unsaid, dispatch: Dispatch) -> Callable[[], Result]:
    """Return what sends a mail, once.

    All reading was done to write it, so that a dispatch is claimed for nothing but the sending:
    what goes wrong before is known to have sent nothing.
    """
    if isinstance(written, Unsaid):
        return partial(Settled, written.outcome, written.detail)
    return partial(_send, written, dispatch)


def _send(written: mail.Mail, dispatch: Dispatch) -> Result:
    """Hand the mail to SES.

    A mail that SES may have taken is never sent again by itself: SES knows no idempotency token.
    """
    try:
        message_id = mail.send(
            written, configuration_set=environment().mail_configuration_set or None
        )
    except mail.MailRejectedError as error:
        return Settled(Outcome.FAILED, str(error))
    except mail.MailUncertainError as error:
        return Settled(Outcome.UNCERTAIN, str(error))
    except mail.MailDeferredError as error:
        return deferred(dispatch, str(error))
    return Settled(Outcome.DONE, message_id)
