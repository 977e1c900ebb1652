"""Whether a mailing is finished: all pages were listed, and each contact's message is settled."""

import time
from dataclasses import replace
from typing import Final

from signalbox.model.sending import MOST_CONTACTS, Finish
from signalbox.queues import LONGEST_DELAY_S, SENDS
from signalbox.store import keys, mailing_pages, mailings, messages

from . import pacing

SOONEST_S: Final = 5
MOST_DOUBLED: Final = 8


def finish(check: Finish, until: float) -> None:
    """Finish a mailing of which no part is open; else ask again when that may be so.

    It is asked after the last page of the run, so all parts there are were noted. The audience is
    then counted by its messages, once: after a pause some are of contacts who are on no list any
    more. Counting very many goes on in the next message.
    """
    account_id, mailing_id = check.account_id, check.mailing_id
    mailing = mailings.find(account_id, mailing_id)
    if mailing is None or not mailing.sends_in(check.run):
        return
    left = 0 if check.shard else mailing_pages.still_open(account_id, mailing_id, check.run)
    if left:
        again = replace(check, asked=check.asked + 1)
        SENDS.put([again], delay_s=_delay(pacing.rate(mailing.container), left, check.asked))
        return
    if not mailing.is_complete and not _count_audience(check, until):
        return
    mailings.finish(account_id, mailing_id, check.run, time.time_ns() // 1_000_000)


def _count_audience(check: Finish, until: float) -> bool:
    """Count the messages of a mailing; False where that goes on in the next message."""
    counted = check.counted
    for shard in range(check.shard, keys.MAILING_SHARDS):
        if time.monotonic() >= until:
            SENDS.put([replace(check, shard=shard, counted=counted)])
            return False
        counted += messages.count(check.account_id, check.mailing_id, shard)
    mailings.note_audience(check.account_id, check.mailing_id, counted)
    return True


def _delay(per_second: float, parts: int, asked: int) -> int:
    """Return in how many seconds so many parts may be done, at most as long as a queue can wait.

    Each question in vain doubles the wait, so that a part that is stuck costs little.
    """
    seconds = max(parts * MOST_CONTACTS / per_second, SOONEST_S * 2 ** min(asked, MOST_DOUBLED))
    return int(min(seconds, LONGEST_DELAY_S))
