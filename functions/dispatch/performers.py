"""Who performs an action of which kind.

What only some kinds need is loaded when the first of them comes.
"""

from collections.abc import Callable
from functools import partial

from signalbox.model.account import Account
from signalbox.model.action import (
    Action,
    CallWebhook,
    Notify,
    PingUrl,
    PostForm,
    PutEvent,
    RecordEvent,
    SendEmail,
    SendSms,
    StartExecution,
)
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch
from signalbox.model.rule import Rule

from . import forms, mails, pings, webhooks
from .result import Result

Act = Callable[[], Result]


def repeatable(action: Action) -> bool:
    """Tell whether an interrupted action may be done again.

    Receivers of calls know the dispatch by its id, and a change made again changes nothing; a mail
    or a text would come twice.
    """
    return not isinstance(action, SendEmail | SendSms | Notify)


def prepared(
    action: Action, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Act:
    """Return what performs the action; what must not be repeated is made ready before."""
    match action:
        case SendEmail():
            return mails.prepared(action, dispatch, account, contact)
        case CallWebhook():
            return partial(webhooks.call, action, dispatch, rule, account, contact)
        case PingUrl():
            return partial(pings.call, action, dispatch, rule, contact)
        case PostForm():
            return forms.prepared(action, dispatch, rule, account, contact)
        case _:
            return _seldom(action, dispatch, rule, account, contact)


def _seldom(
    action: Action, dispatch: Dispatch, rule: Rule, account: Account, contact: Contact
) -> Act:
    from . import events, handovers, notes, texts  # noqa: PLC0415 see above

    match action:
        case SendSms():
            return texts.prepared(action, dispatch, account, contact)
        case Notify():
            return notes.prepared(action, dispatch, account, contact)
        case RecordEvent():
            return partial(events.record, action, dispatch, rule, account, contact)
        case PutEvent():
            return partial(handovers.put_event, action, dispatch, rule, contact)
        case StartExecution():
            return partial(handovers.start_execution, action, dispatch, rule, contact)
        case SendEmail() | CallWebhook() | PingUrl() | PostForm():
            raise AssertionError("performed above")
        case _:
            from . import contact_changes  # noqa: PLC0415 50 ms for the checks of addresses

            return partial(contact_changes.change, action, dispatch, account, contact)
