"""Mailings: one run of a campaign to its audience, and what may become of it when.

    draft -> scheduled -> running -> finished
                  |    <->   |   paused   |
                  +------ cancelled ------+

Each decision here is pure: it takes a mailing as it stands and returns it as it is to stand, the same
where what was asked for is so already, since who got no answer asks again. `run` tells apart the times
at which sending began: a worker whose message names another run than the mailing's does nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple, NoReturn

from signalbox.model.container import ContainerKind
from signalbox.model.errors import ConflictError
from signalbox.model.personalisation import split

LONGEST_SUBJECT: Final = 200


class MailingState(StrEnum):
    """Where a mailing stands.

    `finished`: everybody of its audience was written to, or left out for a reason. `cancelled`: who
    was not written to by then will not be.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


_ARRIVED: Final = ("delivered", "hard_bounced", "soft_bounced")

ACTIVE: Final = frozenset({MailingState.SCHEDULED, MailingState.RUNNING, MailingState.PAUSED})
"""The states in which a mailing keeps its campaign in protected mode."""

_INSTEAD: Final[Mapping[MailingState, str]] = {
    MailingState.DRAFT: "start it, or delete it",
    MailingState.SCHEDULED: "it can be started now, paused or cancelled",
    MailingState.RUNNING: "it can be paused or cancelled",
    MailingState.PAUSED: "it can be resumed or cancelled",
    MailingState.FINISHED: "what failed can be retried, and another mailing be made",
    MailingState.CANCELLED: "make another mailing",
}


class MoveRefusedError(ConflictError):
    """The mailing is in a state in which that cannot be done; the text says what can."""


class Limits(NamedTuple):
    """When a mailing pauses itself: at which share of its deliveries, after how many of them.

    Both are counted from when it was resumed last.
    A share of 0 is no limit. Amazon reviews senders above 5 % and 0.1 %, Google asks for less than
    0.1 % complaints.
    """

    hard_bounce_percent: float = 2.0
    complaint_percent: float = 0.08
    after: int = 500


class Returns(NamedTuple):
    """What came back of a mailing: `deliveries` are the mails that were delivered or bounced."""

    deliveries: int = 0
    hard_bounces: int = 0
    complaints: int = 0

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> "Returns":
        """Read them off what was counted of a mailing (see `model.mailing_count`)."""
        return cls(
            deliveries=sum(numbers.get(name, 0) for name in _ARRIVED),
            hard_bounces=numbers.get("hard_bounced", 0),
            complaints=numbers.get("complained", 0),
        )

    def since(self, before: "Returns") -> "Returns":
        """Return what came in addition to what there was before."""
        return Returns(*(now - was for now, was in zip(self, before, strict=True)))


class Snapshot(NamedTuple):
    """What is fixed when a mailing starts.

    `version` is that of the campaign's content, `mode` how it is tracked: off, anonymous, personal
    or permission. `lists` are the ids of the audience's lists, in their order. `targets` are where
    the tracked links of its texts lead, by their numbers; mails have theirs in the links themselves.
    """

    name: str
    version: int
    mode: str
    mailer_id: str = ""
    lists: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mailing:
    """One run of a campaign.

    `container` is the kind of its campaign. `at_ms` is when it shall start, 0 for at once. Without
    `track_dispatch` nothing of it is tracked. `campaign_version`, `mode`, `mailer_id`, `lists`
    and `targets` are the `Snapshot` of its start. `run` counts the times at which sending began, from 1; messages that
    failed in a run before `retry_run` are tried again. `finished_ms` is when it finished or was
    cancelled. `is_complete` says that it finished once: each contact of its audience has a message,
    and later runs are about these messages alone. `audience_size` is how many contacts its audience
    has, of one that was cancelled before as many as were listed, -1 while that is not known.
    `forgiven` is what had come back when it was resumed last.
    """

    account_id: str
    mailing_id: str
    campaign_id: str
    container: ContainerKind
    name: str
    author: str
    created_ms: int
    state: MailingState = MailingState.DRAFT
    at_ms: int = 0
    track_dispatch: bool = True
    limits: Limits = field(default_factory=Limits)
    campaign_version: int = 0
    mode: str = ""
    mailer_id: str = ""
    lists: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    run: int = 0
    retry_run: int = 0
    started_ms: int = 0
    finished_ms: int = 0
    pause_reason: str = ""
    audience_size: int = -1
    is_complete: bool = False
    forgiven: Returns = field(default_factory=Returns)
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Tell whether it keeps its campaign in protected mode."""
        return self.state in ACTIVE

    def sends_in(self, run: int) -> bool:
        """Tell whether a message of this run may go out now."""
        return self.state is MailingState.RUNNING and self.run == run


def named(subject: str, day: str) -> str:
    """Return the name of a mailing: its campaign's subject and the date, as in `News, 2026-11-21`.

    Tags, which stand for something else in each mail, are left out: `News for …, 2026-11-21`.
    """
    pieces = split(subject)
    words = " ".join("…".join(pieces[::2]).split())
    short = words if len(words) <= LONGEST_SUBJECT else f"{words[: LONGEST_SUBJECT - 1]}…"
    return f"{short}, {day}"


def scheduled(mailing: Mailing, at_ms: int, name: str) -> Mailing:
    """Have a mailing start at a time; one that is scheduled already is moved there.

    Raises:
        MoveRefusedError: it has started.
    """
    if mailing.state not in {MailingState.DRAFT, MailingState.SCHEDULED}:
        _refuse(mailing, "be scheduled")
    return replace(mailing, state=MailingState.SCHEDULED, at_ms=at_ms, name=name)


def started(mailing: Mailing, snapshot: Snapshot, now_ms: int) -> Mailing:
    """Start a mailing now; one that runs stays as it is.

    Raises:
        MoveRefusedError: it is paused, finished or cancelled.
    """
    if mailing.state is MailingState.RUNNING:
        return mailing
    if mailing.state not in {MailingState.DRAFT, MailingState.SCHEDULED}:
        _refuse(mailing, "be started")
    return _begun(mailing, snapshot, now_ms)


def paused(mailing: Mailing, reason: str) -> Mailing:
    """Stop a mailing until it is resumed; one that is paused keeps its reason.

    Raises:
        MoveRefusedError: it neither runs nor waits for its time.
    """
    if mailing.state is MailingState.PAUSED:
        return mailing
    if not mailing.is_active:
        _refuse(mailing, "be paused")
    return replace(mailing, state=MailingState.PAUSED, pause_reason=reason)


def resumed(
    mailing: Mailing, snapshot: Snapshot, now_ms: int, returns: Returns | None = None
) -> Mailing:
    """Let a paused mailing go on where it was; one that runs or waits for its time stays as it is.

    One that was paused before it started waits for its time again, or starts if that has passed;
    the snapshot is for that start. What came back until now, `returns`, is forgiven.

    Raises:
        MoveRefusedError: it is not paused.
    """
    if mailing.state in {MailingState.RUNNING, MailingState.SCHEDULED}:
        return mailing
    if mailing.state is not MailingState.PAUSED:
        _refuse(mailing, "be resumed")
    if mailing.run:
        return replace(_running(mailing), forgiven=returns or mailing.forgiven)
    if mailing.at_ms > now_ms:
        return replace(mailing, state=MailingState.SCHEDULED, pause_reason="")
    return _begun(mailing, snapshot, now_ms)


def cancelled(mailing: Mailing, now_ms: int) -> Mailing:
    """End a mailing for good; one that is cancelled stays as it is.

    Raises:
        MoveRefusedError: it is a draft, or finished.
    """
    if mailing.state is MailingState.CANCELLED:
        return mailing
    if not mailing.is_active:
        _refuse(mailing, "be cancelled")
    return replace(mailing, state=MailingState.CANCELLED, pause_reason="", finished_ms=now_ms)


def finished(mailing: Mailing, run: int, now_ms: int) -> Mailing:
    """Note that nobody is left to write to, as a worker of this run found.

    One that is finished stays as it is, and so does one that has begun another run.

    Raises:
        MoveRefusedError: it does not run.
    """
    if mailing.state is MailingState.FINISHED or mailing.run != run:
        return mailing
    if mailing.state is not MailingState.RUNNING:
        _refuse(mailing, "finish")
    return replace(mailing, state=MailingState.FINISHED, finished_ms=now_ms, is_complete=True)


def retried(mailing: Mailing) -> Mailing:
    """Try again what failed so far; a paused mailing does so once it is resumed.

    One that is not complete yet goes on with the others, too.

    Raises:
        MoveRefusedError: it has not started yet, or is cancelled.
    """
    if mailing.state is MailingState.CANCELLED or not mailing.run:
        _refuse(mailing, "be retried")
    if mailing.state is MailingState.PAUSED:
        return replace(mailing, retry_run=mailing.run + 1)
    again = _running(mailing)
    return replace(again, retry_run=again.run)


def limited(mailing: Mailing, limits: Limits) -> Mailing:
    """Give a mailing other limits.

    Raises:
        MoveRefusedError: it is finished or cancelled.
    """
    if limits == mailing.limits:
        return mailing
    if mailing.state in {MailingState.FINISHED, MailingState.CANCELLED}:
        _refuse(mailing, "be changed")
    return replace(mailing, limits=limits)


def reason_to_pause(limits: Limits, *, deliveries: int, hard_bounces: int, complaints: int) -> str:
    """Say why a mailing with these numbers has to pause itself; empty where it may go on.

    `deliveries` are the mails that were delivered or bounced.
    """
    if deliveries < max(limits.after, 1):
        return ""
    for n, most, what in (
        (hard_bounces, limits.hard_bounce_percent, "hard bounces"),
        (complaints, limits.complaint_percent, "complaints"),
    ):
        if most and n * 100 >= most * deliveries:
            return f"{n} {what} of {deliveries} mails are {most:g} % or more"
    return ""


def _begun(mailing: Mailing, snapshot: Snapshot, now_ms: int) -> Mailing:
    return replace(
        _running(mailing),
        name=snapshot.name,
        campaign_version=snapshot.version,
        mode=snapshot.mode,
        mailer_id=snapshot.mailer_id,
        lists=snapshot.lists,
        targets=snapshot.targets,
        started_ms=now_ms,
    )


def _running(mailing: Mailing) -> Mailing:
    return replace(
        mailing,
        state=MailingState.RUNNING,
        run=mailing.run + 1,
        pause_reason="",
        finished_ms=0,
    )


def _refuse(mailing: Mailing, what: str) -> NoReturn:
    said = f"the mailing is {mailing.state} and cannot {what}: {_INSTEAD[mailing.state]}"
    if mailing.state is MailingState.PAUSED and not mailing.run:
        said = (
            f"the mailing was paused before it started and cannot {what}: resume it, or cancel it"
        )
    raise MoveRefusedError(said)
