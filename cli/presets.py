"""`signalbox presets`: templates of rules."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import Api
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.trigger import Level

group = typer.Typer(help="Templates of rules.", no_args_is_help=True)

PAGE = 100
PresetId = Annotated[str, typer.Argument(metavar="PRESET_ID", help="As `presets list` shows it.")]


@command(group, open_session, name="list")
def list_presets(session: Session) -> None:
    """List the presets that every account has, then the account's own."""
    found = list(_all(session.api))
    rows = [
        (one["preset_id"], one["content"]["trigger"], _actions(one), one["name"]) for one in found
    ]
    headings = ("PRESET ID", "TRIGGER", "ACTIONS", "NAME")
    session.screen.table({"presets": found}, headings, rows, "There are no presets.")


@command(group, open_session)
def show(session: Session, preset_id: PresetId) -> None:
    """Show a preset; `--json` shows its content in full."""
    preset = session.api.call("GET", _path(preset_id))
    facts = [
        ("id", preset["preset_id"]),
        ("name", preset["name"]),
        ("", preset["description"]),
        ("level", preset["level"]),
        ("trigger", preset["content"]["trigger"]),
        ("actions", _actions(preset)),
        ("author", preset["author"]),
        ("created", moment(preset["created_ms"])),
    ]
    session.screen.facts(preset, facts)


@command(group, open_session)
def keep(
    session: Session,
    rule_id: Annotated[str, typer.Argument(metavar="RULE_ID", help="As `rules list` shows it.")],
    name: Annotated[str, typer.Option(help="What the preset is called.")],
    description: Annotated[str, typer.Option(help="What its rules are good for.")] = "",
) -> None:
    """Keep a rule as it stands as a preset."""
    wanted = {"name": name, "description": description, "rule_id": rule_id}
    kept = session.api.call("POST", "/api/presets", body=wanted)
    session.screen.say(kept, f"Kept as preset {kept['preset_id']}.")


@command(group, open_session)
def use(
    session: Session,
    preset_id: PresetId,
    name: Annotated[str, typer.Option(help="What the rule is called.")],
    level: Annotated[
        Level | None, typer.Option(help="Where the rule is set; else where the preset says.")
    ] = None,
    container: Annotated[
        str, typer.Option(metavar="ID", help="The campaign or opt-out list of the rule.")
    ] = "",
) -> None:
    """Make a rule of a preset; it is disabled until somebody switches it on."""
    wanted = {"name": name, "container_id": container} | ({"level": level} if level else {})
    made = session.api.call("POST", f"{_path(preset_id)}/rules", body=wanted)
    session.screen.say(made, f"Made rule {made['rule_id']}, disabled.")


@command(group, open_session)
def delete(session: Session, preset_id: PresetId) -> None:
    """Delete a preset; the rules that were made of it stay."""
    session.api.call("DELETE", _path(preset_id))
    session.screen.say({"deleted": preset_id}, f"Preset {preset_id} is deleted.")


def _all(api: Api) -> Iterator[dict[str, Any]]:
    after = ""
    while True:
        page = api.call("GET", "/api/presets", query={"limit": PAGE, "after": after})
        yield from page["presets"]
        after = page["next"]
        if not after:
            return


def _actions(preset: dict[str, Any]) -> str:
    return ", ".join(action["kind"] for action in preset["content"]["actions"])


def _path(preset_id: str) -> str:
    return f"/api/presets/{quote(preset_id, safe='')}"
