"""The action `send_sms`."""

from collections.abc import Callable
from functools import partial

from signalbox import rendering
from signalbox.channels import sms
from signalbox.model.account import Account
from signalbox.model.action import SendSms
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, Outcome, SkipReason
from signalbox.model.sms import Size, size_of
from signalbox.rendering import Unsaid

from .deferring import deferred
from .result import Result, Settled


def prepared(
    action: SendSms, dispatch: Dispatch, account: Account, contact: Contact
) -> Callable[[], Result]:
    """Write the text to the contact's phone and return what sends it, once."""
    written = rendering.text_of(action, dispatch, account, contact)
    if isinstance(written, Unsaid):
        return partial(Settled, written.outcome, written.detail)
    return partial(_send, written, size_of(written.text), dispatch)


def _send(written: sms.Sms, size: Size, dispatch: Dispatch) -> Result:
    """Hand the text to AWS; what AWS may have taken is never sent again by itself."""
    try:
        message_id = sms.send(written)
    except sms.SmsOptedOutError:
        return Settled(Outcome.SKIPPED, SkipReason.OPTED_OUT)
    except sms.SmsRejectedError as error:
        return Settled(Outcome.FAILED, str(error))
    except sms.SmsUncertainError as error:
        return Settled(Outcome.UNCERTAIN, str(error))
    except sms.SmsDeferredError as error:
        return deferred(dispatch, str(error))
    return Settled(Outcome.DONE, f"{message_id} ({size})")
