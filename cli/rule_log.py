"""`signalbox log` and `signalbox rules why`: what rules did, and why."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import Api
from cli.screen import moment
from cli.session import Session
from signalbox.model.action import KINDS
from signalbox.model.dispatch import Outcome
from signalbox.model.trigger import Level, Trigger

PAGE = 100
LONGEST_FOUND = 60
NOTHING = "No rule has done anything of the kind."

Contact = Annotated[str, typer.Option("--contact", metavar="ID", help="Only of this contact.")]


def show_log(  # noqa: PLR0913 the filters of the log
    session: Session,
    *,
    rule: Annotated[str, typer.Option(metavar="ID", help="Only of this rule.")] = "",
    contact: Contact = "",
    level: Annotated[Level | None, typer.Option(help="Only of rules at this level.")] = None,
    trigger: Annotated[
        Trigger | None, typer.Option(metavar="TRIGGER", help="Only of rules with this trigger.")
    ] = None,
    kind: Annotated[
        str,
        typer.Option(metavar="KIND", help=f"Only of one kind: check, {', '.join(KINDS)}."),
    ] = "",
    outcome: Annotated[Outcome | None, typer.Option(help="Only what came to this.")] = None,
    test: Annotated[
        str, typer.Option(metavar="true|false", help="Only test runs, or none of them.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 50,
) -> None:
    """Show what rules did, latest first, without what is personal."""
    query: dict[str, str | int] = {
        "rule_id": rule,
        "contact_id": contact,
        "level": level or "",
        "trigger": trigger or "",
        "kind": kind,
        "outcome": outcome or "",
        "test": test,
        "limit": min(limit, PAGE),
    }
    found = list(islice(_latest_first(session.api, query), limit))
    headings = ("WHEN", "CONTACT", "RULE", "TRIGGER", "ACTION", "OUTCOME", "STATUS", "DETAIL")
    session.screen.table({"rows": found}, headings, [_row(one) for one in found], NOTHING)


def why(
    session: Session,
    rule_id: Annotated[str, typer.Argument(metavar="RULE_ID", help="As `rules list` shows it.")],
    contact: Annotated[str, typer.Option(metavar="ID", help="The contact.")],
    entry: Annotated[
        str, typer.Option(metavar="ID", help="`entry_id` of the event in its activities.")
    ],
) -> None:
    """Say why a rule fired for an event, or did not, step by step."""
    path = f"/api/rules/{quote(rule_id, safe='')}/explanation"
    query = {"contact_id": contact, "entry_id": entry}
    explained = session.api.call("GET", path, query=query)
    session.screen.say(explained, *_sentences(explained))


def _latest_first(api: Api, query: dict[str, str | int]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the log, page after page."""
    after = ""
    while True:
        page = api.call("GET", "/api/rule-log", query=query | {"after": after})
        yield from page["rows"]
        after = page["next"]
        if not after:
            return


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    outcome = f"{told['outcome']} (test)" if told["test"] else told["outcome"]
    return (
        moment(told["at_ms"]),
        told["contact_id"],
        told["rule_name"] or told["rule_id"],
        told["event_name"] if told["trigger"] == Trigger.EVENT_RECORDED else told["trigger"],
        told["kind"],
        outcome,
        str(told["response_status"] or ""),
        told["detail"],
    )


def _sentences(explained: dict[str, Any]) -> Iterator[str]:
    """Yield what happened, then a line for each step."""
    what = explained["event_name"]
    of = f"for {what!r} of contact {explained['contact_id']}"
    yield f"The rule {'fired' if explained['fired'] else 'did not fire'} {of}."
    for due in explained["dispatches"]:
        detail = f": {due['detail']}" if due["detail"] else ""
        yield f"  {due['kind']} {due['outcome']}{detail}"
    if explained["changed_since"]:
        yield f"It was changed since; this is version {explained['rule_version']}."
    yield "As of now:"
    yield from steps(explained["steps"], "  ")


def steps(told: list[dict[str, Any]], margin: str) -> Iterator[str]:
    """Yield a line for each step, those of the branches of an `$or` further in."""
    for step in told:
        mark = "yes" if step["met"] else "NO "
        found = str(step["found"])
        short = found if len(found) <= LONGEST_FOUND else f"{found[: LONGEST_FOUND - 1]}…"
        yield f"{margin}{mark}  {step['what']}: wanted {step['wanted']}; found {short}"
        for number, branch in enumerate(step["alternatives"], 1):
            yield f"{margin}     alternative {number}"
            yield from steps(branch, f"{margin}       ")
