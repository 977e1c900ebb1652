"""`signalbox permission` and `signalbox consents`: what a contact says to being tracked, and the log."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import Api
from cli.errors import UsageError
from cli.screen import moment
from cli.session import Session

PAGE = 100
PURPOSES = {"open": "opens", "click": "clicks"}
YES_OR_NO = ("yes", "no")

ContactId = Annotated[str, typer.Argument(metavar="CONTACT_ID", help="The contact's id.")]


def permission(
    session: Session,
    contact_id: ContactId,
    opens: Annotated[str, typer.Option(metavar="yes|no", help="To being seen opening.")] = "",
    clicks: Annotated[str, typer.Option(metavar="yes|no", help="To being seen clicking.")] = "",
    note: Annotated[str, typer.Option(help="For the log: how you know.")] = "",
) -> None:
    """Show what a contact says to being tracked, or write down what it says."""
    said = {"open": opens, "click": clicks}
    for name, answer in zip(("--opens", "--clicks"), said.values(), strict=True):
        if answer not in ("", *YES_OR_NO):
            raise UsageError(f"{name} {answer!r} is neither yes nor no.")
    wanted = {purpose: answer for purpose, answer in said.items() if answer}
    if note and not wanted:
        raise UsageError("--note goes with --opens or --clicks.")
    path = f"/api/contacts/{quote(contact_id, safe='')}/tracking-permission"
    if wanted:
        answer = session.api.call("PUT", path, body=wanted | {"note": note})
    else:
        answer = session.api.call("GET", path)
    session.screen.facts(answer, [(PURPOSES[one], _told(answer[one])) for one in PURPOSES])


def consents(
    session: Session,
    contact_id: ContactId,
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 50,
) -> None:
    """Show what a contact said to being tracked and when, latest first."""
    found = list(islice(_latest_first(session.api, contact_id, min(limit, PAGE)), limit))
    rows = [
        (
            moment(one["at_ms"]),
            PURPOSES[one["purpose"]],
            one["answer"],
            one["source"],
            one["actor"],
            one["note"],
        )
        for one in found
    ]
    headings = ("WHEN", "OF", "ANSWER", "SOURCE", "ACTOR", "NOTE")
    session.screen.table({"consents": found}, headings, rows, "The contact has said nothing.")


def _latest_first(api: Api, contact_id: str, limit: int) -> Iterator[dict[str, Any]]:
    after = ""
    while True:
        path = f"/api/contacts/{quote(contact_id, safe='')}/consents"
        page = api.call("GET", path, query={"limit": limit, "after": after})
        yield from page["consents"]
        after = page["next"]
        if not after:
            return


def _told(statement: dict[str, Any]) -> str:
    if not statement["source"]:
        return str(statement["answer"])
    return f"{statement['answer']}, since {moment(statement['at_ms'])} by {statement['source']}"
