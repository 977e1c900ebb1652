"""The mail that asks somebody to confirm a sign-up."""

import re
from html import escape

from signalbox.channels import mail
from signalbox.environment import environment
from signalbox.model.account import Account
from signalbox.model.contact_list import ContactList
from signalbox.model.feedback import ACCOUNT_TAG
from signalbox.model.membership import Membership
from signalbox.observability import logger

LONGEST_NAME = 100  # of a list's name in the subject
_NOT_IN_HEADERS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def ask(
    account: Account, contact_list: ContactList, membership: Membership, recipient: str, link: str
) -> bool:
    """Send the mail, once; tell whether SES took it for certain.

    It holds nothing that the form said, for anybody can write anything into a form. What goes wrong
    is logged and not told: the person can sign up again ten minutes later.
    """
    name = _NOT_IN_HEADERS.sub(" ", contact_list.name).strip()[:LONGEST_NAME]
    written = mail.Mail(
        message_id=f"signup-{membership.membership_id}-{membership.mailed_ms}",
        sender=account.mail_from,
        sender_name=account.mail_from_name,
        recipient=recipient,
        subject=f"Please confirm: {name}",
        text=_text(name, link),
        html=_html(name, link),
        headers=(("Auto-Submitted", "auto-generated"),),  # RFC 3834: no out-of-office answers
        tags=((ACCOUNT_TAG, account.account_id),),  # an address that bounces is suppressed
    )
    try:
        mail.send(written, configuration_set=environment().mail_configuration_set or None)
    except (mail.MailRejectedError, mail.MailDeferredError, mail.MailUncertainError) as error:
        logger.error(
            "confirmation not sent for certain",
            error=type(error).__name__,
            list_id=contact_list.list_id,
        )
        return False
    return True


def _text(name: str, link: str) -> str:
    return f"""Somebody, probably you, entered this address to subscribe to {name}.

To confirm, open this page and press the button. The link works for seven days:

{link}

If it was not you, do nothing: you will get nothing from this list.
"""


def _html(name: str, link: str) -> str:
    address = escape(link)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Please confirm</title></head><body>
<p>Somebody, probably you, entered this address to subscribe to <b>{escape(name)}</b>.</p>
<p><a href="{address}">Confirm your subscription</a></p>
<p>The link works for seven days. If it was not you, do nothing: you will get nothing from this
list.</p>
</body></html>
"""
