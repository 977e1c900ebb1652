"""`signalbox rules`: what happens when an event is recorded."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli import rule_log, rule_tests
from cli.api import Api
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.trigger import Level

group = typer.Typer(help="The account's rules.", no_args_is_help=True)

PAGE = 100
RuleId = Annotated[str, typer.Argument(metavar="RULE_ID", help="As `rules list` shows it.")]


@command(group, open_session, name="list")
def list_rules(session: Session) -> None:
    """List the rules, oldest first."""
    found = _all(session.api)
    rows = [
        (
            rule["rule_id"],
            _status(rule),
            _woken_by(rule),
            ", ".join(action["kind"] for action in rule["actions"]),
            rule["name"],
        )
        for rule in found
    ]
    headings = ("RULE ID", "STATUS", "ON", "ACTIONS", "NAME")
    session.screen.table({"rules": found}, headings, rows, "There are no rules.")


@command(group, open_session)
def show(session: Session, rule_id: RuleId) -> None:
    """Show a rule, and why it rests if it does."""
    rule = session.api.call("GET", f"/api/rules/{quote(rule_id, safe='')}")
    facts = [
        ("id", rule["rule_id"]),
        ("name", rule["name"]),
        ("status", _status(rule)),
        *(("", reason) for reason in rule["resting_because"]),
        ("level", f"{rule['level']} {rule['container_id']}".strip()),
        ("trigger", _trigger(rule)),
        *((name.replace("_", " "), _said(value)) for name, value in _narrowing(rule)),
        *((f"action {number}", _told(action)) for number, action in enumerate(rule["actions"])),
        ("version", str(rule["version"])),
        ("author", rule["author"]),
        ("created", moment(rule["created_ms"])),
        ("updated", moment(rule["updated_ms"])),
    ]
    session.screen.facts(rule, facts)


command(group, open_session)(rule_log.why)
command(group, open_session, name="test")(rule_tests.try_out)


@command(group, open_session)
def adjacent(session: Session, rule_id: RuleId) -> None:
    """List the other active rules that the same event can fire."""
    answer = session.api.call("GET", f"/api/rules/{quote(rule_id, safe='')}/adjacent")
    rows = [(one["rule_id"], one["level"], one["trigger"], one["name"]) for one in answer["rules"]]
    headings = ("RULE ID", "LEVEL", "TRIGGER", "NAME")
    session.screen.table(answer, headings, rows, "No other rule can fire with it.")


@command(group, open_session)
def duplicate(
    session: Session,
    rule_id: RuleId,
    name: Annotated[str, typer.Option(help="The duplicate's name.")] = "",
    level: Annotated[Level | None, typer.Option(help="Another level.")] = None,
    container: Annotated[
        str, typer.Option(metavar="ID", help="Another campaign or opt-out list.")
    ] = "",
) -> None:
    """Write a rule like another one; it is disabled until somebody switches it on."""
    wanted = {"name": name, "level": level, "container_id": container}
    body = {key: value for key, value in wanted.items() if value}
    made = session.api.call("POST", f"/api/rules/{quote(rule_id, safe='')}/duplicate", body=body)
    session.screen.say(made, f"Made rule {made['rule_id']}, {made['name']!r}, disabled.")


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


def _woken_by(rule: dict[str, Any]) -> str:
    """Return what lets a rule fire: the event's name, or the trigger and where it happens."""
    if "event_name" in rule["trigger_settings"]:
        return str(rule["trigger_settings"]["event_name"])
    where = f" on {rule['level']} {rule['container_id']}" if rule["container_id"] else ""
    return f"{rule['trigger']}{where}"


def _trigger(rule: dict[str, Any]) -> str:
    name = rule["trigger_settings"].get("event_name")
    return f"{rule['trigger']} {name!r}" if name else str(rule["trigger"])


def _narrowing(rule: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what narrows the trigger down further, and what else must be true."""
    limit = rule["once"]
    settings = {**rule["trigger_settings"]}
    settings.pop("event_name", None)
    found = [*settings.items(), *rule["conditions"].items()]
    if limit is not None:
        period = f"in {limit['period_s']} s" if limit["period_s"] else "for a contact"
        found.append(("once", period))
    return found


def _said(value: Any) -> str:
    """Return a setting or a condition in one line."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def _told(action: dict[str, Any]) -> str:
    """Return what an action does, in short."""
    return f"{action['kind']} {action.get('subject') or action.get('url', '')!s}".strip()
