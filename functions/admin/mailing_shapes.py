"""What the API takes and shows of mailings."""

from typing import Annotated

from pydantic import Field

from signalbox.model.container import ContainerKind
from signalbox.model.mailing import Limits, Mailing, MailingState
from signalbox.model.message import Message, State

from .campaign_bodies import Id
from .requests import Sent, Shown

At = Annotated[
    str | int,
    Field(description="ISO 8601 with an offset, or milliseconds; empty or `now` for at once"),
]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
After = Annotated[int, Field(ge=1, le=1_000_000, description="Mails before which no share counts")]


class LimitsSent(Sent):
    """When it pauses itself: at which share of the mails that arrived or bounced; 0 for never.

    They are counted anew when it is resumed.
    """

    hard_bounce_percent: Percent = Limits().hard_bounce_percent
    complaint_percent: Percent = Limits().complaint_percent
    after: After = Limits().after


class LimitsChanges(Sent):
    """Which of its limits shall be others."""

    hard_bounce_percent: Percent | None = None
    complaint_percent: Percent | None = None
    after: After | None = None


class LimitsShown(Shown):
    """When it pauses itself."""

    hard_bounce_percent: float
    complaint_percent: float
    after: int


class MailingWanted(Sent):
    """A mailing to prepare; it starts at `at` once it is started, at once without one.

    Without `track_dispatch` nothing of it is tracked, whatever the campaign says.
    """

    campaign_id: Id
    at: At = ""
    track_dispatch: Annotated[bool, Field(strict=True)] = True
    limits: LimitsSent | None = None


class MailingChanges(Sent):
    """What shall change of a mailing; a limit that is not named stays as it is."""

    limits: LimitsChanges


class StartWanted(Sent):
    """When to start; left out, when the mailing says."""

    at: At | None = None


class PauseWanted(Sent):
    """Why it is paused, for the others to read."""

    reason: Annotated[str, Field(max_length=300)] = ""


class MailingShown(Shown):
    """A mailing.

    `run` counts the times at which sending began; `mode` is how it is tracked, known once it has
    started; `audience_size` is -1 while the audience is not listed whole, and of a mailing that was
    cancelled before as many as were listed.
    """

    mailing_id: str
    campaign_id: str
    container: ContainerKind
    name: str
    state: MailingState
    pause_reason: str
    at_ms: int
    track_dispatch: bool
    mode: str
    limits: LimitsShown
    campaign_version: int
    mailer_id: str
    lists: list[str]
    run: int
    audience_size: int
    author: str
    created_ms: int
    started_ms: int
    finished_ms: int
    version: int


class Mailings(Shown):
    """A page of mailings, newest first."""

    mailings: list[MailingShown]
    next: str


class MessageShown(Shown):
    """A message to one contact, and what came back of it; a time is 0 where that did not happen."""

    contact_id: str
    state: State
    reason: str
    run: int
    mode: str
    changed_ms: int
    sent_ms: int
    delivered_ms: int
    soft_bounce_ms: int
    hard_bounce_ms: int
    complaint_ms: int
    unsubscribe_ms: int


class Messages(Shown):
    """A page of a mailing's messages."""

    messages: list[MessageShown]
    next: str


def shown(mailing: Mailing) -> MailingShown:
    """Return a mailing as the API shows it."""
    return MailingShown(
        mailing_id=mailing.mailing_id,
        campaign_id=mailing.campaign_id,
        container=mailing.container,
        name=mailing.name,
        state=mailing.state,
        pause_reason=mailing.pause_reason,
        at_ms=mailing.at_ms,
        track_dispatch=mailing.track_dispatch,
        mode=mailing.mode,
        limits=LimitsShown(**mailing.limits._asdict()),
        campaign_version=mailing.campaign_version,
        mailer_id=mailing.mailer_id,
        lists=list(mailing.lists),
        run=mailing.run,
        audience_size=mailing.audience_size,
        author=mailing.author,
        created_ms=mailing.created_ms,
        started_ms=mailing.started_ms,
        finished_ms=mailing.finished_ms,
        version=mailing.version,
    )


def message_shown(message: Message) -> MessageShown:
    """Return a message as the API shows it."""
    names = MessageShown.model_fields
    return MessageShown(**{name: getattr(message, name) for name in names})
