"""`signalbox rules`: what happens when an event is recorded."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import Api
from cli.screen import moment
from cli.session import Session, command, open_session

group = typer.Typer(help="The account's rules.", no_args_is_help=True)

PAGE = 100


@command(group, open_session, name="list")
def list_rules(session: Session) -> None:
    """List the rules, oldest first."""
    found = _all(session.api)
    rows = [
        (
            rule["rule_id"],
            _status(rule),
            rule["trigger_settings"]["event_name"],
            ", ".join(action["kind"] for action in rule["actions"]),
            rule["name"],
        )
        for rule in found
    ]
    headings = ("RULE ID", "STATUS", "ON EVENT", "ACTIONS", "NAME")
    session.screen.table({"rules": found}, headings, rows, "There are no rules.")


@command(group, open_session)
def show(
    session: Session,
    rule_id: Annotated[str, typer.Argument(metavar="RULE_ID", help="As `rules list` shows it.")],
) -> None:
    """Show a rule, and why it rests if it does."""
    rule = session.api.call("GET", f"/api/rules/{quote(rule_id, safe='')}")
    facts = [
        ("id", rule["rule_id"]),
        ("name", rule["name"]),
        ("status", _status(rule)),
        *(("", reason) for reason in rule["resting_because"]),
        ("level", rule["level"]),
        ("trigger", f"{rule['trigger']} {rule['trigger_settings']['event_name']!r}"),
        *((f"action {number}", _told(action)) for number, action in enumerate(rule["actions"])),
        ("version", str(rule["version"])),
        ("author", rule["author"]),
        ("created", moment(rule["created_ms"])),
        ("updated", moment(rule["updated_ms"])),
    ]
    session.screen.facts(rule, facts)


def _all(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = api.call("GET", "/api/rules", query={"limit": PAGE, "after": after})
        found += page["rules"]
        after = page["next"]
        if not after:
            return found


def _status(rule: dict[str, Any]) -> str:
    """Return the status that its author set, unless something else keeps it from firing."""
    return "resting" if rule["resting_because"] and rule["status"] == "active" else rule["status"]


def _told(action: dict[str, Any]) -> str:
    """Return what an action does, in short."""
    return f"{action['kind']} {action.get('subject') or action.get('url', '')!s}".strip()
