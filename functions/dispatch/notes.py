"""The action `notify`."""

from collections.abc import Callable

from signalbox import rendering
from signalbox.model.account import Account
from signalbox.model.action import Notify
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch

from .mails import sending
from .result import Result


def prepared(
    action: Notify, dispatch: Dispatch, account: Account, contact: Contact
) -> Callable[[], Result]:
    """Write the note and return what sends it, once."""
    return sending(rendering.note_of(action, dispatch, account, contact), dispatch)
