"""Mailings that pause themselves: where too many mails bounce, or too many people complain.

What came back before a mailing was resumed is forgiven, so that it goes on until something bad comes
anew. The numbers are those that `rollup` counts, which come a moment late. So a mailing is looked at
with all its feedback, not with bad news alone: while it sends, there is feedback.
"""

import time
from collections.abc import Iterable
from typing import Final

from signalbox import emf
from signalbox.aws import AwsError
from signalbox.model.errors import ConflictError
from signalbox.model.mailing import MailingState, Returns, reason_to_pause
from signalbox.store import mailing_counts, mailings

EVERY_S: Final = 5.0
MOST_REMEMBERED: Final = 1_000
SINCE: Final = ", since it was resumed"

_looked_at: dict[tuple[str, str], float] = {}


def pause_where_needed(concerned: Iterable[tuple[str, str]]) -> int:
    """Look at mailings (account, id), each once in a while; return how many were paused.

    What fails here fails nothing else: the next feedback comes by again.
    """
    now = time.monotonic()
    due = [one for one in set(concerned) if now >= _looked_at.get(one, 0.0)]
    paused = 0
    for account_id, mailing_id in due:
        if len(_looked_at) >= MOST_REMEMBERED:
            _looked_at.clear()
        try:
            paused += _paused(account_id, mailing_id)
        except (AwsError, ConflictError) as error:
            emf.fault("mailing not looked at", error=type(error).__name__, mailing=mailing_id)
        else:
            _looked_at[account_id, mailing_id] = now + EVERY_S
    return paused


def forget() -> None:
    """Empty the memory of this process."""
    _looked_at.clear()


def _paused(account_id: str, mailing_id: str) -> bool:
    """Pause a mailing that runs where its numbers say so; tell whether it was."""
    mailing = mailings.find(account_id, mailing_id)
    if mailing is None or mailing.state is not MailingState.RUNNING:
        return False
    returns = Returns.of(mailing_counts.totals(account_id, [mailing_id])).since(mailing.forgiven)
    reason = reason_to_pause(mailing.limits, **returns._asdict())
    if not reason:
        return False
    if any(mailing.forgiven):
        reason += SINCE
    mailings.pause(account_id, mailing_id, reason)
    emf.fault("mailing paused itself", account=account_id, mailing=mailing_id, reason=reason)
    return True
