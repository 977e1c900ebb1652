"""Mailings set going and stopped: their states, and what is queued and scheduled for them.

What must not be lost comes before what relies on it: a schedule is made before a mailing waits for
it, and finds nothing to do if that was never written. The pages of a run are queued after the mailing
runs, for before they would be stale; whoever is cut off in between does the same again, which queues
them again. Pages that are queued twice send nothing twice.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from signalbox import schedules
from signalbox.environment import environment
from signalbox.model import mailing as model
from signalbox.model.account import Account
from signalbox.model.campaign import Campaign
from signalbox.model.container import ContainerKind, ContainerStatus
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.linked_text import linked
from signalbox.model.mailing import Mailing, MailingState, Returns, Snapshot, named
from signalbox.model.sending import Start, first_pages
from signalbox.model.tracking_permission import Mode, resolved
from signalbox.queues import SENDS
from signalbox.store import (
    accounts,
    audiences,
    campaigns,
    containers,
    mailing_counts,
    mailing_pages,
    mailings,
)

UNBEGUN: Final = frozenset({MailingState.DRAFT, MailingState.SCHEDULED})
TRIES: Final = 10  # to leave a protected mode while others start mailings
NOTHING: Final = Snapshot("", 0, "")  # for what does not start
UNPROTECTED: Final = "somebody left the protected mode of its campaign"
LEFT_OPEN: Final = (
    "when it was due its campaign was not in protected mode: somebody may be changing it"
)


class NotReadyError(ConflictError):
    """The mailing could send nothing as things are; the text says what is missing."""


def start(account_id: str, mailing_id: str, *, now_ms: int) -> Mailing:
    """Start a mailing now and return it.

    Raises:
        NotFoundError: there is no such mailing.
        NotReadyError: its campaign is archived, gone or without content, has no sender, or names
            a list that is gone.
        MoveRefusedError: it is in a state in which it cannot be started.
        MovedError: others changed it all the while.
    """

    def decide(mailing: Mailing) -> Mailing:
        if mailing.state not in UNBEGUN:
            return model.started(mailing, NOTHING, now_ms)
        unscheduled = replace(mailing, at_ms=0)  # a schedule that was made finds it moved
        return model.started(unscheduled, snapshot_of(mailing, now_ms), now_ms)

    before = mailings.fetch(account_id, mailing_id)
    after = _queued(mailings.change(account_id, mailing_id, decide))
    if before.state is MailingState.SCHEDULED:
        schedules.drop_start(_start_of(before))
    return after


def schedule(account_id: str, mailing_id: str, at_ms: int, *, now_ms: int) -> Mailing:
    """Have a mailing start at a time, a minute from now at the soonest, and return it.

    Raises:
        NotFoundError, NotReadyError, MoveRefusedError, MovedError: as for `start`.
    """

    def decide(mailing: Mailing) -> Mailing:
        if mailing.state not in UNBEGUN:
            return model.scheduled(mailing, at_ms, mailing.name)
        return model.scheduled(mailing, at_ms, snapshot_of(mailing, at_ms).name)

    before = mailings.fetch(account_id, mailing_id)
    decide(before)
    schedules.put_start(Start(account_id, mailing_id, at_ms), now_ms=now_ms)
    after = mailings.change(account_id, mailing_id, decide)
    if before.state is MailingState.SCHEDULED and before.at_ms != at_ms:
        schedules.drop_start(_start_of(before))
    return after


def start_due(due: Start, *, now_ms: int) -> Mailing | None:
    """Start the mailing whose time has come and return it; None where there is nothing to do.

    It may come twice, late, and for a mailing that was moved, started, paused or cancelled since. A
    mailing that cannot start pauses itself.

    Raises:
        MovedError: others changed it all the while.
    """

    def decide(mailing: Mailing) -> Mailing:
        if mailing.state is not MailingState.SCHEDULED or mailing.at_ms != due.at_ms:
            return mailing
        campaign = campaigns.find(mailing.account_id, mailing.campaign_id)
        if campaign is not None and campaign.unprotected:
            return model.paused(mailing, LEFT_OPEN)
        try:
            return model.started(mailing, snapshot_of(mailing, now_ms), now_ms)
        except NotReadyError as error:
            return model.paused(mailing, str(error))

    try:
        after = mailings.change(due.account_id, due.mailing_id, decide)
    except NotFoundError:
        return None
    if after.at_ms != due.at_ms or not after.sends_in(1):
        return None
    return _queued(after)


def pause(account_id: str, mailing_id: str, reason: str) -> Mailing:
    """Pause a mailing, one that waits for its time too, and return it.

    Raises:
        NotFoundError, MoveRefusedError, MovedError: as for `start`.
    """
    return mailings.change(account_id, mailing_id, lambda one: model.paused(one, reason))


def resume(account_id: str, mailing_id: str, *, now_ms: int) -> Mailing:
    """Let a paused mailing go on and return it.

    What came back until now, as far as it is counted, is forgiven.

    Raises:
        NotFoundError, NotReadyError, MoveRefusedError, MovedError: as for `start`.
    """

    def decide(mailing: Mailing) -> Mailing:
        if mailing.state is not MailingState.PAUSED:
            return model.resumed(mailing, NOTHING, now_ms)
        if mailing.run:
            _check_named(
                campaigns.fetch_version(account_id, mailing.campaign_id, mailing.campaign_version)
            )
            returns = Returns.of(mailing_counts.totals(account_id, [mailing_id]))
            return model.resumed(mailing, NOTHING, now_ms, returns)
        return model.resumed(mailing, snapshot_of(mailing, now_ms), now_ms)

    waits = mailings.fetch(account_id, mailing_id)
    if waits.state is MailingState.PAUSED and not waits.run and waits.at_ms > now_ms:
        schedules.put_start(_start_of(waits), now_ms=now_ms)  # the first may have fired in vain
    return _queued(mailings.change(account_id, mailing_id, decide))


def cancel(account_id: str, mailing_id: str, *, now_ms: int) -> Mailing:
    """End a mailing for good and return it; its audience is then what was listed until now.

    Raises:
        NotFoundError, MoveRefusedError, MovedError: as for `start`.
    """

    def decide(mailing: Mailing) -> Mailing:
        ended = model.cancelled(mailing, now_ms)
        if not ended.run or ended.audience_size >= 0:
            return ended
        return replace(ended, audience_size=mailing_pages.listed(account_id, mailing_id, ended.run))

    after = mailings.change(account_id, mailing_id, decide)
    if after.at_ms and not after.run:
        schedules.drop_start(_start_of(after))
    return after


def retry(account_id: str, mailing_id: str) -> Mailing:
    """Try again what failed of a mailing and return it.

    Raises:
        NotFoundError, MoveRefusedError, MovedError: as for `start`.
    """
    return _queued(mailings.change(account_id, mailing_id, model.retried))


def unprotect(account_id: str, campaign_id: str) -> list[Mailing]:
    """Leave the protected mode of a campaign; return the mailings that were paused for it.

    One that starts meanwhile is paused, too, or protects the campaign again.

    Raises:
        NotFoundError: the campaign has no content.
        BegunError: others started and resumed its mailings all the while.
        MovedError: others changed a mailing all the while.
    """
    found: dict[str, Mailing] = {}
    for attempt in range(1, TRIES + 1):
        campaign = campaigns.fetch(account_id, campaign_id)
        running = [one for one in mailings.active_of(campaign) if one.state is MailingState.RUNNING]
        for one in running:
            found[one.mailing_id] = mailings.pause(account_id, one.mailing_id, UNPROTECTED)
        try:
            campaigns.leave_protection(campaign)
        except campaigns.BegunError:  # and may be none of those that were paused
            if attempt == TRIES:
                raise
        else:
            break
    return [one for one in found.values() if one.pause_reason == UNPROTECTED]


def snapshot_of(mailing: Mailing, at_ms: int) -> Snapshot:
    """Return what is fixed of a mailing's campaign when it starts at that time.

    Raises:
        NotReadyError: it could send nothing as things are.
    """
    campaign = campaigns.find(mailing.account_id, mailing.campaign_id)
    container = containers.find(mailing.account_id, mailing.container, mailing.campaign_id)
    if container is None:
        raise NotReadyError("the campaign is gone")
    if container.status is ContainerStatus.ARCHIVED:
        raise NotReadyError("the campaign is archived")
    if campaign is None:
        raise NotReadyError("the campaign has no content: write it first (PUT …/content)")
    _check_named(campaign)
    account = accounts.fetch(mailing.account_id)
    _check_sender(campaign, account)
    mode = _mode(mailing, campaign, account)
    return Snapshot(
        name=name_of(campaign, account, at_ms),
        version=campaign.version,
        mode=mode,
        mailer_id=container.mailer_id,
        lists=campaign.audience.lists,
        targets=_targets(campaign, mode),
    )


def name_of(campaign: Campaign, account: Account, at_ms: int) -> str:
    """Return the name of a mailing that starts at that time, by the account's calendar."""
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(account.time_zone))
    return named(campaign.subject or campaign.text, at.date().isoformat())


def _mode(mailing: Mailing, campaign: Campaign, account: Account) -> Mode:
    if not mailing.track_dispatch:
        return Mode.OFF
    own = Mode(campaign.tracking_mode) if campaign.tracking_mode else None
    return resolved(None, own, account.tracking_mode)


def _targets(campaign: Campaign, mode: Mode) -> tuple[str, ...]:
    """Return where the links of texts lead whose clicks are tracked."""
    if campaign.kind is not ContainerKind.SMS_CAMPAIGN or not campaign.tracks_clicks(mode):
        return ()
    return linked(campaign.text).targets


def _check_sender(campaign: Campaign, account: Account) -> None:
    if campaign.kind is ContainerKind.SMS_CAMPAIGN:
        if not environment().sms_origination_identity:
            raise NotReadyError("the stack has no number to send text messages from")
    elif not (campaign.sender or account.mail_from):
        raise NotReadyError("neither the campaign nor the account (mail_from) has a sender")


def _check_named(campaign: Campaign) -> None:
    missing = audiences.missing_in(campaign)
    if missing:
        raise NotReadyError(missing)


def _start_of(mailing: Mailing) -> Start:
    return Start(mailing.account_id, mailing.mailing_id, mailing.at_ms)


def _queued(mailing: Mailing) -> Mailing:
    """Queue the first pages of a mailing that runs, perhaps again; return it."""
    if mailing.state is MailingState.RUNNING:
        SENDS.put(first_pages(mailing))
    return mailing
