"""`signalbox mailings`: runs of campaigns, and what becomes of them."""

from typing import Annotated, Any

import typer

from cli.errors import UsageError
from cli.paging import everything
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.message import State

group = typer.Typer(help="Runs of campaigns, and what becomes of them.", no_args_is_help=True)

MailingId = Annotated[
    str, typer.Argument(metavar="MAILING_ID", help="As `mailings list` shows it.")
]
At = Annotated[
    str,
    typer.Option(metavar="TIME", help="When it starts: ISO 8601 with an offset, or `now`."),
]
Percent = Annotated[
    float | None,
    typer.Option(
        min=0, max=100, metavar="PERCENT", help="Pauses itself at so many of them; 0 for never."
    ),
]
After = Annotated[
    int | None,
    typer.Option(min=1, metavar="MAILS", help="So many arrived or bounced before a share counts."),
]
UNLIMITED = "never"


@command(group, open_session, name="list")
def list_mailings(
    session: Session,
    *,
    campaign: Annotated[str, typer.Option(metavar="ID", help="Only of this campaign.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 50,
) -> None:
    """List the mailings, newest first."""
    found = everything(session.api, "/api/mailings", "mailings", limit=limit, campaign_id=campaign)
    rows = [
        (one["mailing_id"], one["state"], moment(_when(one)), str(one["run"]), one["name"])
        for one in found
    ]
    headings = ("MAILING ID", "STATE", "STARTS", "RUN", "NAME")
    session.screen.table({"mailings": found}, headings, rows, "There are no mailings.")


@command(group, open_session)
def show(session: Session, mailing_id: MailingId) -> None:
    """Show a mailing, and why it is paused if it is."""
    mailing = session.api.call("GET", _path(mailing_id))
    session.screen.facts(mailing, _facts(mailing))


@command(group, open_session)
def create(  # noqa: PLR0913 the parts of a mailing
    session: Session,
    campaign_id: Annotated[
        str, typer.Argument(metavar="CAMPAIGN_ID", help="As `campaigns list` shows it.")
    ],
    *,
    at: At = "",
    untracked: Annotated[bool, typer.Option("--untracked", help="Track nothing of it.")] = False,
    hard_bounces: Percent = None,
    complaints: Percent = None,
    after: After = None,
) -> None:
    """Prepare a mailing of a campaign; nothing goes out until it is started."""
    wanted = {"campaign_id": campaign_id, "at": at, "track_dispatch": not untracked}
    wanted["limits"] = _limits(hard_bounces, complaints, after) or None
    mailing = session.api.call("POST", "/api/mailings", body=wanted)
    session.screen.say(mailing, f"Mailing {mailing['mailing_id']} is prepared: {mailing['name']}.")


@command(group, open_session)
def change(
    session: Session,
    mailing_id: MailingId,
    *,
    hard_bounces: Percent = None,
    complaints: Percent = None,
    after: After = None,
) -> None:
    """Change the limits at which a mailing pauses itself; the others stay as they are."""
    limits = _limits(hard_bounces, complaints, after)
    if not limits:
        raise UsageError("Say what shall change: --hard-bounces, --complaints or --after.")
    changed = session.api.call("PATCH", _path(mailing_id), body={"limits": limits})
    told = " or ".join(_pauses_at(changed))
    session.screen.say(changed, f"{changed['name']!r} pauses at {told}.")


@command(group, open_session)
def start(
    session: Session,
    mailing_id: MailingId,
    at: At = "",
) -> None:
    """Start a mailing, or have it start at its time; with --at, then."""
    body = {"at": at} if at else {}
    _tell(session, session.api.call("POST", _path(mailing_id, "start"), body=body))


@command(group, open_session)
def pause(
    session: Session,
    mailing_id: MailingId,
    reason: Annotated[str, typer.Option(help="Why, for the others to read.")] = "",
) -> None:
    """Stop a mailing until it is resumed."""
    body = {"reason": reason}
    _tell(session, session.api.call("POST", _path(mailing_id, "pause"), body=body))


@command(group, open_session)
def resume(session: Session, mailing_id: MailingId) -> None:
    """Let a paused mailing go on where it was."""
    _tell(session, session.api.call("POST", _path(mailing_id, "resume")))


@command(group, open_session)
def cancel(session: Session, mailing_id: MailingId) -> None:
    """End a mailing for good; who was not written to yet will not be."""
    _tell(session, session.api.call("POST", _path(mailing_id, "cancel")))


@command(group, open_session)
def retry(session: Session, mailing_id: MailingId) -> None:
    """Try again what failed of a mailing."""
    _tell(session, session.api.call("POST", _path(mailing_id, "retry")))


@command(group, open_session)
def messages(
    session: Session,
    mailing_id: MailingId,
    *,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 50,
) -> None:
    """List who was written to, who was left out, and why."""
    found = everything(
        session.api, _path(mailing_id, "messages"), "messages", limit=limit, state=state or ""
    )
    rows = [
        (one["contact_id"], one["state"], one["reason"], moment(one["sent_ms"]), _came_back(one))
        for one in found
    ]
    headings = ("CONTACT", "STATE", "REASON", "SENT", "CAME BACK")
    nothing = "There are no such messages."
    session.screen.table({"messages": found}, headings, rows, nothing)


def _path(mailing_id: str, verb: str = "") -> str:
    if not mailing_id.isdecimal():
        raise UsageError(f"{mailing_id!r} is no id of a mailing.")
    path = f"/api/mailings/{mailing_id}"
    return f"{path}/{verb}" if verb else path


def _limits(
    hard_bounces: float | None, complaints: float | None, after: int | None
) -> dict[str, float]:
    """Return the limits that were said, as the API names them."""
    said = {
        "hard_bounce_percent": hard_bounces,
        "complaint_percent": complaints,
        "after": after,
    }
    return {name: number for name, number in said.items() if number is not None}


def _tell(session: Session, mailing: dict[str, Any]) -> None:
    """Say how a mailing stands after a command."""
    when = f" and starts {moment(mailing['at_ms'])}" if mailing["state"] == "scheduled" else ""
    session.screen.say(mailing, f"{mailing['name']!r} is {mailing['state']}{when}.")


def _when(mailing: dict[str, Any]) -> int:
    started: int = mailing["started_ms"] or mailing["at_ms"]
    return started


def _facts(mailing: dict[str, Any]) -> list[tuple[str, str]]:
    bounces, complaints = _pauses_at(mailing)
    return [
        ("id", mailing["mailing_id"]),
        ("name", mailing["name"]),
        ("state", mailing["state"]),
        ("", mailing["pause_reason"]),
        ("campaign", f"{mailing['container']} {mailing['campaign_id']}"),
        ("version", str(mailing["campaign_version"] or "")),
        ("tracking", mailing["mode"] or ("" if mailing["track_dispatch"] else "off")),
        ("lists", ", ".join(mailing["lists"])),
        ("audience", str(mailing["audience_size"]) if mailing["audience_size"] >= 0 else ""),
        ("run", str(mailing["run"] or "")),
        ("pauses at", bounces),
        ("", complaints),
        ("author", mailing["author"]),
        ("created", moment(mailing["created_ms"])),
        ("starts", moment(mailing["at_ms"])),
        ("started", moment(mailing["started_ms"])),
        ("ended", moment(mailing["finished_ms"])),
    ]


def _pauses_at(mailing: dict[str, Any]) -> tuple[str, str]:
    """Return at how many bounces a mailing pauses itself, and at how many complaints."""
    limits = mailing["limits"]
    bounces, complaints = limits["hard_bounce_percent"], limits["complaint_percent"]
    least = f"of {limits['after']} or more"
    return f"{_share(bounces)} hard bounces", f"{_share(complaints)} complaints, {least}"


def _share(percent: float) -> str:
    return f"{percent:g} %" if percent else UNLIMITED


def _came_back(message: dict[str, Any]) -> str:
    """Return what is known of a message since it was sent, the gravest last."""
    marks = ("delivered", "soft_bounce", "hard_bounce", "complaint", "unsubscribe")
    return ", ".join(mark.replace("_", " ") for mark in marks if message[f"{mark}_ms"])
