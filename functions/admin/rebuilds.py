"""Rebuilding the counters of a mailing, or of the mail relayed on a day, from its log."""

import time
from collections.abc import Iterator
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from signalbox import counting
from signalbox.model.errors import NotFoundError
from signalbox.model.permission import Permission
from signalbox.model.relay_day import is_day
from signalbox.store import mailings
from signalbox.store.keys import MAILING_SHARDS
from signalbox.store.mailing_rebuild import Rebuilt

from .requests import Shown, answers, caller

router = Router()
MailingId = Annotated[str, Path(pattern="^[0-9]{16}$")]
Day = Annotated[str, Path(pattern="^[0-9]{8}$", description="In UTC, as in `20261121`")]
AfterShard = Annotated[
    str, Query(pattern="^([0-9]|1[0-5])?$", description="The `next` of the answer before")
]
AT_ONCE = 4  # shards that wait for the stream together
WHILE_S = 10.0  # of the 29 that the function has, others are begun; the last wait for 8 more


class ShardRebuilt(Shown):
    """What came of one of the 16 shards of a mailing, or of a day of the relay."""

    shard: int
    outcome: Rebuilt


class MailingRebuilt(Shown):
    """What came of the shards that there was time for; `next` asks for those after them.

    Shards that are `moving` (something was sent, opened or counted meanwhile) or `untold` (the
    stream is behind) are as they were: ask again when it is quieter.
    """

    mailing_id: str
    shards: list[ShardRebuilt]
    next: str


class RelayDayRebuilt(Shown):
    """The same of the mail that was relayed on a day."""

    day: str
    shards: list[ShardRebuilt]
    next: str


@router.post("/mailings/<mailing_id>/rebuild", responses=answers("What came of it", 404))
def rebuild(mailing_id: MailingId, after: AfterShard = "") -> MailingRebuilt:
    """Make a mailing's counters again from its log. Doing so twice does no harm."""
    key = caller(router, Permission.REPLAY)
    mailings.fetch(key.account_id, mailing_id)
    done, last = _rebuilt(key.account_id, mailing_id, after)
    return MailingRebuilt(mailing_id=mailing_id, shards=done, next=last)


@router.post("/relay/days/<day>/rebuild", responses=answers("What came of it", 404))
def rebuild_day(day: Day, after: AfterShard = "") -> RelayDayRebuilt:
    """Make the counters of the mail that was relayed on a day again. Twice does no harm."""
    key = caller(router, Permission.REPLAY)
    if not is_day(day):
        raise NotFoundError("day", day)
    done, last = _rebuilt(key.account_id, day, after)
    return RelayDayRebuilt(day=day, shards=done, next=last)


def _rebuilt(account_id: str, counted_as: str, after: str) -> tuple[list[ShardRebuilt], str]:
    """Rebuild shards while there is time; return what came of them, and the last if more follow."""
    done: list[ShardRebuilt] = []
    last = ""
    for shards in _together(int(after) + 1 if after else 0):
        outcomes = counting.rebuild(account_id, counted_as, shards)
        done += [ShardRebuilt(shard=one, outcome=outcomes[one]) for one in shards]
        last = str(shards[-1])
    return done, last if int(last or MAILING_SHARDS) < MAILING_SHARDS - 1 else ""


def _together(first: int) -> Iterator[range]:
    """Yield shards, some at a time, while there is time."""
    begun = time.monotonic()
    for start in range(first, MAILING_SHARDS, AT_ONCE):
        yield range(start, min(start + AT_ONCE, MAILING_SHARDS))
        if time.monotonic() - begun > WHILE_S:
            return
