"""Mailings: runs of campaigns, what becomes of them, and their messages."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from signalbox import mailing_runs
from signalbox.model import mailing as model
from signalbox.model.container import CAMPAIGNS, ContainerKind
from signalbox.model.credential import Key
from signalbox.model.errors import InvalidError
from signalbox.model.mailing import Limits, Mailing, MailingState, MoveRefusedError
from signalbox.model.message import Message, State
from signalbox.model.permission import Permission
from signalbox.store import accounts, campaigns, containers, keys, mailings, messages, table

from .mailing_shapes import (
    MailingChanges,
    Mailings,
    MailingShown,
    MailingWanted,
    Messages,
    PauseWanted,
    StartWanted,
    message_shown,
    shown,
)
from .requests import Limit, answers, caller, now_ms
from .rule_writing import new_rule_id

router = Router()
NOW = "now"
EARLIEST_MS = 60_000  # so far a clock of a caller may be behind
LATEST_MS = 366 * 86_400_000
BY_HAND = "by {}"
MOST_READS = 32  # of shares of a mailing, for one page

MailingId = Annotated[str, Path(pattern="^[0-9]{16}$")]
AfterMailing = Annotated[
    str, Query(pattern="^([0-9]{16})?$", description="The `next` of the page before")
]
AfterMessage = Annotated[
    str,
    Query(
        pattern="^([0-9]{1,2}(-[0-9]{1,16}(-[0-9]{1,15})?)?)?$",
        description="The `next` of the page before",
    ),
]


@router.get("/mailings", responses=answers("A page of mailings"))
def of_account(
    campaign_id: Annotated[str, Query(pattern="^([1-9][0-9]{0,15})?$")] = "",
    limit: Limit = 50,
    after: AfterMailing = "",
) -> Mailings:
    """List the mailings, or those of a campaign, newest first."""
    key = caller(router, Permission.READ_SETUP)
    if campaign_id:
        found, last = mailings.of_campaign(key.account_id, campaign_id, limit=limit, after=after)
    else:
        found, last = mailings.of_account(key.account_id, limit=limit, after=after)
    return Mailings(mailings=[shown(one) for one in found], next=last)


@router.post("/mailings", status_code=201, responses=answers("The draft", 404, 409, status=201))
def create(wanted: MailingWanted) -> MailingShown:
    """Prepare a mailing of a campaign that has content; nothing goes out until it is started."""
    key = caller(router, Permission.SEND_MAILINGS)
    now = now_ms()
    at_ms = _moment(wanted.at, now)
    campaign = campaigns.fetch(key.account_id, wanted.campaign_id)
    account = accounts.fetch(key.account_id)
    mailing = Mailing(
        account_id=key.account_id,
        mailing_id=new_rule_id(now),
        campaign_id=wanted.campaign_id,
        container=_kind(key, wanted.campaign_id),
        name=mailing_runs.name_of(campaign, account, at_ms or now),
        author=key.name,
        created_ms=now,
        at_ms=at_ms,
        track_dispatch=wanted.track_dispatch,
        limits=Limits(**wanted.limits.model_dump()) if wanted.limits else Limits(),
    )
    mailings.create(mailing)
    return shown(mailing)


@router.get("/mailings/<mailing_id>", responses=answers("The mailing", 404))
def read(mailing_id: MailingId) -> MailingShown:
    """Return a mailing."""
    key = caller(router, Permission.READ_SETUP)
    return shown(mailings.fetch(key.account_id, mailing_id))


@router.patch("/mailings/<mailing_id>", responses=answers("The mailing", 404, 409))
def change(mailing_id: MailingId, sent: MailingChanges) -> MailingShown:
    """Change at which limits a mailing pauses itself, before it is finished or cancelled."""
    key = caller(router, Permission.SEND_MAILINGS)
    named = sent.limits.model_dump(exclude_none=True)

    def decide(mailing: Mailing) -> Mailing:
        return model.limited(mailing, mailing.limits._replace(**named))

    return shown(mailings.change(key.account_id, mailing_id, decide))


@router.delete(
    "/mailings/<mailing_id>", status_code=204, responses=answers("Deleted", 404, 409, status=204)
)
def delete(mailing_id: MailingId) -> None:
    """Delete a draft; a mailing that was started stays on record."""
    key = caller(router, Permission.SEND_MAILINGS)
    standing = mailings.fetch(key.account_id, mailing_id)
    if standing.state is not MailingState.DRAFT:
        raise MoveRefusedError(f"the mailing is {standing.state}, and only drafts can be deleted")
    mailings.delete(standing)


@router.post("/mailings/<mailing_id>/start", responses=answers("The mailing", 404, 409))
def start(
    mailing_id: MailingId, wanted: Annotated[StartWanted | None, Body()] = None
) -> MailingShown:
    """Start a mailing, or have it start at its time; with an `at`, then.

    It sends the version that its campaign has when it starts, which is protected from then on.
    Asked again, it goes on with what was cut off.
    """
    key = caller(router, Permission.SEND_MAILINGS)
    now = now_ms()
    standing = mailings.fetch(key.account_id, mailing_id)
    asked = wanted.at if wanted else None
    at_ms = standing.at_ms if asked is None else _moment(asked, now)
    if at_ms > now and standing.state is not MailingState.RUNNING:
        return shown(mailing_runs.schedule(key.account_id, mailing_id, at_ms, now_ms=now))
    return shown(mailing_runs.start(key.account_id, mailing_id, now_ms=now))


@router.post("/mailings/<mailing_id>/pause", responses=answers("The mailing", 404, 409))
def pause(
    mailing_id: MailingId, wanted: Annotated[PauseWanted | None, Body()] = None
) -> MailingShown:
    """Stop a mailing until it is resumed; what a worker has in hand at the moment still goes out."""
    key = caller(router, Permission.SEND_MAILINGS)
    reason = (wanted.reason if wanted else "") or BY_HAND.format(key.name)
    return shown(mailing_runs.pause(key.account_id, mailing_id, reason))


@router.post("/mailings/<mailing_id>/resume", responses=answers("The mailing", 404, 409))
def resume(mailing_id: MailingId) -> MailingShown:
    """Let a paused mailing go on where it was, with the content that it was started with."""
    key = caller(router, Permission.SEND_MAILINGS)
    return shown(mailing_runs.resume(key.account_id, mailing_id, now_ms=now_ms()))


@router.post("/mailings/<mailing_id>/cancel", responses=answers("The mailing", 404, 409))
def cancel(mailing_id: MailingId) -> MailingShown:
    """End a mailing for good; who was not written to yet will not be."""
    key = caller(router, Permission.SEND_MAILINGS)
    return shown(mailing_runs.cancel(key.account_id, mailing_id, now_ms=now_ms()))


@router.post("/mailings/<mailing_id>/retry", responses=answers("The mailing", 404, 409))
def retry(mailing_id: MailingId) -> MailingShown:
    """Try again what failed; what is uncertain is not sent again, for it may have gone out."""
    key = caller(router, Permission.SEND_MAILINGS)
    return shown(mailing_runs.retry(key.account_id, mailing_id))


@router.get("/mailings/<mailing_id>/messages", responses=answers("A page of messages", 404))
def messages_of(
    mailing_id: MailingId,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    limit: Limit = 100,
    after: AfterMessage = "",
) -> Messages:
    """List the messages of a mailing: who was written to, who was left out, and why."""
    key = caller(router, Permission.READ_PEOPLE)
    mailings.fetch(key.account_id, mailing_id)
    place = _place(key, mailing_id, state, after)
    found: list[Message] = []
    for _ in range(MOST_READS):
        page, place = messages.of_mailing(
            key.account_id, mailing_id, state=state, limit=limit - len(found), place=place
        )
        found += page
        if place is None or len(found) == limit:
            break
    return Messages(messages=[message_shown(one) for one in found], next=_next(place))


def _place(key: Key, mailing_id: str, state: State | None, after: str) -> messages.Place | None:
    """Return where a page goes on: in a share of the mailing, above a contact of it.

    Raises:
        InvalidError: `after` is not of this list.
    """
    if not after:
        return None
    shard, _, rest = after.partition("-")
    contact_id, _, changed = rest.partition("-")
    if int(shard) >= keys.MAILING_SHARDS or bool(changed) != (state in messages.ATTENTION):
        raise InvalidError("after", "is not the `next` of a page of this list")
    if not contact_id:
        return messages.Place(int(shard))
    pk, sk = messages.key(key.account_id, mailing_id, contact_id)
    last: table.Item = {"pk": pk, "sk": sk}
    if changed:
        last["attention"] = keys.mailing_attention(key.account_id, mailing_id)
        last["changed"] = int(changed)
    return messages.Place(int(shard), last)


def _next(place: messages.Place | None) -> str:
    """Return the text that `_place` reads."""
    if place is None:
        return ""
    last = place.after or {}
    parts = (place.shard, last.get("sk", "").rpartition("#")[2], last.get("changed", ""))
    return "-".join(str(part) for part in parts if part != "")


def _kind(key: Key, campaign_id: str) -> ContainerKind:
    wanted = [(kind, campaign_id) for kind in CAMPAIGNS]
    found = containers.find_many(key.account_id, wanted)
    if not found:
        raise InvalidError("campaign_id", "there is no such campaign")
    (kind, _), *_ = found
    return kind


def _moment(sent: str | int, now: int) -> int:
    """Return when it shall start, 0 for at once.

    Raises:
        InvalidError: it is no time, has no offset, or lies in the past or beyond a year.
    """
    if sent in ("", NOW):
        return 0
    at_ms = int(sent) if isinstance(sent, int) or sent.isdecimal() else _iso(sent)
    if not now - EARLIEST_MS <= at_ms <= now + LATEST_MS:
        raise InvalidError("at", "must lie between now and a year from now")
    return max(at_ms, now)


def _iso(sent: str) -> int:
    try:
        at = datetime.fromisoformat(sent)
        if at.tzinfo is None:
            raise InvalidError(
                "at", "must say its offset from UTC, as in 2026-11-21T09:54:00+01:00"
            )
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InvalidError("at", "is no time, as 2026-11-21T09:54:00Z") from error
