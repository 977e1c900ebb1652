"""`signalbox lists`: lists of contacts, and opt-out lists with their groups."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.errors import UsageError
from cli.paging import everything
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.container import ContainerStatus

group = typer.Typer(help="Lists of contacts, and opt-out lists.", no_args_is_help=True)


class Address(StrEnum):
    """What an opt-out list holds."""

    EMAIL = "email"
    PHONE = "phone"


ListId = Annotated[str, typer.Argument(metavar="LIST_ID", help="As `lists list` shows it.")]
OptOut = Annotated[
    Address | None,
    typer.Option("--opt-out", help="An opt-out list, of e-mail addresses or phone numbers."),
]
Notes = Annotated[str | None, typer.Option(help="What is to be known of it.")]
Status = Annotated[
    ContainerStatus | None, typer.Option(help="An archived opt-out list takes nobody in.")
]
Members = Annotated[
    list[str] | None,
    typer.Option(
        "--member", metavar="ID", help="A single opt-out list of the group; also several."
    ),
]


@command(group, open_session, name="list")
def list_lists(session: Session, *, opt_out: OptOut = None) -> None:
    """List the lists, or the opt-out lists, oldest first."""
    found = everything(session.api, _path(opt_out), "containers")
    rows = [(one["container_id"], one["status"], _holds(one), one["name"]) for one in found]
    headings = ("LIST ID", "STATUS", "CONTACTS", "NAME")
    session.screen.table({"lists": found}, headings, rows, "There are no lists.")


@command(group, open_session)
def show(session: Session, list_id: ListId, *, opt_out: OptOut = None) -> None:
    """Show a list, and how many are on it."""
    found = session.api.call("GET", _path(opt_out, list_id))
    facts = [
        ("id", found["container_id"]),
        ("name", found["name"]),
        ("status", found["status"]),
        ("contacts", _holds(found)),
        ("members", ", ".join(found["members"])),
        ("notes", found["notes"]),
        ("version", str(found["version"])),
        ("created", moment(found["created_ms"])),
        ("updated", moment(found["updated_ms"])),
    ]
    session.screen.facts(found, facts)


@command(group, open_session)
def add(
    session: Session,
    *,
    name: Annotated[str, typer.Option(help="Its name.")],
    notes: Notes = None,
    member: Members = None,
    opt_out: OptOut = None,
) -> None:
    """Make a list; an opt-out list with members is a group of them."""
    wanted = _given(name=name, notes=notes, members=member)
    if member:
        wanted["grouped"] = True
    made = session.api.call("POST", _path(opt_out), body=wanted)
    session.screen.say(made, f"Made list {made['container_id']}.")


@command(group, open_session)
def change(  # noqa: PLR0913 what can change of a list
    session: Session,
    list_id: ListId,
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    notes: Notes = None,
    status: Status = None,
    member: Members = None,
    opt_out: OptOut = None,
) -> None:
    """Change what is given of a list; the rest stays."""
    changes = _given(name=name, notes=notes, status=status, members=member)
    if not changes:
        raise UsageError("Say what shall change: --name, --notes, --status or --member.")
    changed = session.api.call("PATCH", _path(opt_out, list_id), body=changes)
    session.screen.say(changed, f"List {list_id} is changed.")


@command(group, open_session)
def delete(session: Session, list_id: ListId, *, opt_out: OptOut = None) -> None:
    """Delete a list; the contacts on it stay."""
    session.api.call("DELETE", _path(opt_out, list_id))
    session.screen.say({"deleted": list_id}, f"List {list_id} is deleted.")


def _path(opt_out: Address | None, list_id: str = "") -> str:
    if list_id and not list_id.isdecimal():
        raise UsageError(f"{list_id!r} is no id of a list.")
    path = f"/api/{opt_out}-opt-out-lists" if opt_out else "/api/lists"
    return f"{path}/{list_id}" if list_id else path


def _given(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _holds(found: dict[str, Any]) -> str:
    return f"group of {len(found['members'])}" if found["grouped"] else str(found["contacts"])
