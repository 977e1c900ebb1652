"""`signalbox mailers`: the companies in whose name contacts are added and deleted."""

from typing import Annotated

import typer

from cli.errors import UsageError
from cli.paging import everything
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.mailer import MailerStatus

group = typer.Typer(
    help="Companies in whose name contacts are added and deleted.", no_args_is_help=True
)

MailerId = Annotated[str, typer.Argument(metavar="MAILER_ID", help="As `mailers list` shows it.")]
NickName = Annotated[str | None, typer.Option(help="What it is called for short.")]
Email = Annotated[str | None, typer.Option(help="Its e-mail address.")]
Website = Annotated[str | None, typer.Option(metavar="URL", help="Its website.")]
Notes = Annotated[str | None, typer.Option(help="What is to be known of it.")]
OptOutDomain = Annotated[
    str | None, typer.Option(metavar="DOMAIN", help="Where its recipients opt out.")
]
Status = Annotated[
    MailerStatus | None,
    typer.Option(help="One that is disabled adds nobody to lists and campaigns."),
]


@command(group, open_session, name="list")
def list_mailers(session: Session) -> None:
    """List the mailers, oldest first."""
    found = everything(session.api, "/api/mailers", "mailers")
    rows = [(one["mailer_id"], one["status"], one["email"], one["name"]) for one in found]
    headings = ("MAILER ID", "STATUS", "E-MAIL", "NAME")
    session.screen.table({"mailers": found}, headings, rows, "There are no mailers.")


@command(group, open_session)
def show(session: Session, mailer_id: MailerId) -> None:
    """Show a mailer."""
    found = session.api.call("GET", _path(mailer_id))
    facts = [
        ("id", found["mailer_id"]),
        ("name", found["name"]),
        ("nick name", found["nick_name"]),
        ("status", found["status"]),
        ("e-mail", found["email"]),
        ("website", found["url"]),
        ("opt-out domain", found["opt_out_domain"]),
        ("notes", found["notes"]),
        ("version", str(found["version"])),
        ("created", moment(found["created_ms"])),
        ("updated", moment(found["updated_ms"])),
    ]
    session.screen.facts(found, facts)


@command(group, open_session)
def add(  # noqa: PLR0913 what is known of a mailer
    session: Session,
    *,
    name: Annotated[str, typer.Option(help="The company's name.")],
    nick_name: NickName = None,
    email: Email = None,
    website: Website = None,
    notes: Notes = None,
    opt_out_domain: OptOutDomain = None,
    status: Status = None,
) -> None:
    """Make a mailer."""
    wanted = {
        "name": name,
        **_given(
            nick_name=nick_name,
            email=email,
            url=website,
            notes=notes,
            opt_out_domain=opt_out_domain,
            status=status,
        ),
    }
    made = session.api.call("POST", "/api/mailers", body=wanted)
    session.screen.say(made, f"Made mailer {made['mailer_id']}.")


@command(group, open_session)
def change(  # noqa: PLR0913 what can change of a mailer
    session: Session,
    mailer_id: MailerId,
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    nick_name: NickName = None,
    email: Email = None,
    website: Website = None,
    notes: Notes = None,
    opt_out_domain: OptOutDomain = None,
    status: Status = None,
) -> None:
    """Change what is given of a mailer; the rest stays."""
    changes = _given(
        name=name,
        nick_name=nick_name,
        email=email,
        url=website,
        notes=notes,
        opt_out_domain=opt_out_domain,
        status=status,
    )
    if not changes:
        raise UsageError("Say what shall change, as --name or --status.")
    changed = session.api.call("PATCH", _path(mailer_id), body=changes)
    session.screen.say(changed, f"Mailer {mailer_id} is changed.")


@command(group, open_session)
def delete(session: Session, mailer_id: MailerId) -> None:
    """Delete a mailer; what it brought keeps its id."""
    session.api.call("DELETE", _path(mailer_id))
    session.screen.say({"deleted": mailer_id}, f"Mailer {mailer_id} is deleted.")


def _path(mailer_id: str) -> str:
    if not mailer_id.isdecimal():
        raise UsageError(f"{mailer_id!r} is no id of a mailer.")
    return f"/api/mailers/{mailer_id}"


def _given(**facts: str | None) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value is not None}
