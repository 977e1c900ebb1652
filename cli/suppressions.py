"""`signalbox suppressions`: addresses that nothing is sent to."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.screen import moment
from cli.session import Session, command, open_session

group = typer.Typer(help="Addresses that nothing is sent to.", no_args_is_help=True)
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")]


@command(group, open_session)
def show(session: Session, address: Address) -> None:
    """Say whether an address is suppressed, and why."""
    _tell(session, session.api.call("GET", _path(address)))


@command(group, open_session)
def add(session: Session, address: Address) -> None:
    """Let nothing be sent to an address any more."""
    _tell(session, session.api.call("PUT", _path(address)))


@command(group, open_session)
def remove(session: Session, address: Address) -> None:
    """Let mails go to an address again, whatever the reason was that none did."""
    session.api.call("DELETE", _path(address))
    session.screen.say({"lifted": address}, f"Mails may go to {address} again.")


def _path(address: str) -> str:
    return f"/api/suppressions/{quote(address, safe='')}"


def _tell(session: Session, answer: dict[str, Any]) -> None:
    if not answer["suppressed"]:
        session.screen.say(answer, f"{answer['address']} is not suppressed.")
        return
    facts = [
        ("address", answer["address"]),
        ("suppressed", moment(answer["at_ms"])),
        ("reason", answer["reason"]),
        ("detail", answer["detail"]),
    ]
    session.screen.facts(answer, [(name, text) for name, text in facts if text])
