"""The `signalbox` command: its groups and commands, and how they end."""

import os
import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from cli import (
    campaigns,
    dead_letters,
    document,
    dropped_events,
    evaluations,
    events,
    exports,
    imports,
    init,
    keys,
    lists,
    mailers,
    mailings,
    permissions,
    presets,
    relay,
    rule_log,
    rules,
    status,
    suppressions,
    tail,
)
from cli.deployment import open_deployment
from cli.errors import CommandError
from cli.screen import printable
from cli.session import command, open_session


class Commands(TyperGroup):
    """Ends every command with one of the documented codes, and a fault with one sentence."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and end the process."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # what a terminal cannot show must not end us
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except CommandError as error:
            code = _told(str(error), error.exit_code)
        except TyperException as error:
            code = _told(error.format_message(), error.exit_code)
        sys.exit(code)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a reader who leaves early (`signalbox tail | head`) is no fault."""
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What Python would still write at its end goes nowhere ("Note on SIGPIPE", signal).
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from None


def _told(sentence: str, code: int) -> int:
    """Tell a fault; help that was printed in place of one has no sentence."""
    if sentence:
        print(f"signalbox: {printable(' '.join(sentence.split()))}", file=sys.stderr)
    return code


app = typer.Typer(
    cls=Commands,
    help="Contact events in, actions out: look into a stack of Signalbox and operate it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(version("signalbox"))
        raise typer.Exit


@app.callback()
def main(
    is_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


command(app, open_deployment)(init.init)
command(app, open_session)(status.status)
command(app, open_session)(events.send)
command(app, open_session)(tail.tail)
app.add_typer(dropped_events.group, name="dropped")
command(app, open_session)(dropped_events.replay)
command(app, open_session)(dead_letters.redrive)
app.add_typer(rules.group, name="rules")
app.add_typer(presets.group, name="presets")
command(app, open_session, name="log")(rule_log.show_log)
app.add_typer(lists.group, name="lists")
app.add_typer(mailers.group, name="mailers")
app.add_typer(campaigns.group, name="campaigns")
app.add_typer(mailings.group, name="mailings")
app.add_typer(keys.group, name="keys")
command(app, open_session, name="import")(imports.import_contacts)
command(app, open_session)(exports.export)
command(app, open_session)(permissions.permission)
command(app, open_session)(permissions.consents)
app.add_typer(suppressions.group, name="suppressions")
command(app, open_session)(relay.relay)
command(app, open_session, name="evaluation")(evaluations.evaluate)
command(app, open_session)(evaluations.rebuild)
command(app, open_session)(document.openapi)
