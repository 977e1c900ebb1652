"""The action `send_email`."""

import secrets
import time
from collections.abc import Callable
from functools import partial

from signalbox.channels import mail
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.action import SendEmail
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome
from signalbox.model.performing import unsendable
from signalbox.model.personalisation import Values, personalise, personalise_header
from signalbox.model.retries import Answer, Fault, RetryAt, judge

from .result import Later, Result, Settled
from .values import values_of


def prepared(
    action: SendEmail, dispatch: Dispatch, account: Account, contact: Contact
) -> Callable[[], Result]:
    """Write the mail to the contact and return what sends it, once.

    All reading is done here, so that a dispatch is claimed for nothing but the sending: what goes
    wrong before is known to have sent nothing.
    """
    reason = unsendable(action, account, contact)
    if reason:
        return partial(Settled, Outcome.SKIPPED, reason)
    values = values_of(account, contact, dispatch, action.subject, action.html, action.text)
    return partial(_send, _write(action, dispatch, account, contact, values), dispatch)


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
        return _deferred(dispatch, str(error))
    return Settled(Outcome.DONE, message_id)


def _deferred(dispatch: Dispatch, detail: str) -> Result:
    """Wait as a webhook does whose receiver is busy."""
    verdict = judge(
        dispatch.attempt,
        Answer(fault=Fault.CONNECTION, detail=detail),
        now_ms=time.time_ns() // 1_000_000,
        jitter=secrets.randbelow(1000) / 1000,
    )
    if isinstance(verdict, RetryAt):
        return Later(verdict.at_ms, detail)
    return Settled(Outcome.FAILED, detail)


def _write(
    action: SendEmail, dispatch: Dispatch, account: Account, contact: Contact, values: Values
) -> mail.Mail:
    return mail.Mail(
        message_id=dispatch.dispatch_id,
        sender=action.sender or account.mail_from,
        sender_name=action.sender_name or account.mail_from_name,
        recipient=contact.email,
        reply_to=action.reply_to,
        subject=personalise_header(action.subject, values),
        html=personalise(action.html, values, escape=True),
        text=personalise(action.text, values, escape=False),
    )
