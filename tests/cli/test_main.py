"""The command as a whole: its help, its codes, what it loads."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app
from signalbox.model.credential import Role

HEAVY = {"boto3", "botocore", "rich", "urllib3", "aws_lambda_powertools", "signalbox.aws"}


def paths(command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the words that call each group and command."""
    below = getattr(command, "commands", {})
    return [path, *(found for name, one in below.items() for found in paths(one, (*path, name)))]


@pytest.mark.parametrize("path", paths(get_command(app)), ids=" ".join)
def test_every_command_has_help(path):
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="signalbox")

    assert (0, "") == (result.exit_code, result.stderr)
    assert f"Usage: {' '.join(('signalbox', *path))} " in result.stdout


@pytest.mark.parametrize("group", [[], ["keys"], ["dropped"], ["rules"]])
def test_a_group_without_a_command_shows_its_help(group):
    result = CliRunner().invoke(app, group, prog_name="signalbox")

    assert (2, "") == (result.exit_code, result.stderr)
    assert "Commands" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stauts"], "No such command 'stauts'. Did you mean 'status'?"),
        (["status", "--jsn"], "No such option: --jsn (Possible options: --json)"),
        (["keys", "revoke"], "Missing argument 'KEY_ID'."),
        (
            ["keys", "create", "--name", "Mia"],
            "Missing argument 'ROLE'. Choose from: " + ", ".join(Role),
        ),
        (["status", "--url"], "Option '--url' requires an argument."),
    ],
)
def test_a_wrong_call_is_one_sentence(arguments, told):
    result = CliRunner().invoke(app, arguments)

    assert (2, "") == (result.exit_code, result.stdout)
    assert f"signalbox: {told}\n" == result.stderr


def test_the_version_is_told():
    result = CliRunner().invoke(app, ["--version"])

    assert (0, f"{version('signalbox')}\n") == (result.exit_code, result.stdout)


def test_a_command_loads_only_what_it_needs():
    """What AWS, HTTP and coloured tables need is loaded by the commands that use it."""
    code = "import cli.main, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set() == HEAVY & set(told.stdout.split())


def test_a_terminal_gets_bold_headings_and_folded_lines(stand, account, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    lines = stand.run("keys", "list").stdout.splitlines()

    assert lines[0].startswith("\x1b[1mKEY ID")
    assert len(lines) > 1 + len(account.tokens)


def test_what_the_terminal_cannot_write_is_escaped(stand):
    """An old encoding does not end the command."""
    code = "from cli.main import app; app()"
    told = subprocess.run(
        [sys.executable, "-c", code, "keys", "list"],
        env={
            "PYTHONIOENCODING": "ascii",
            "SIGNALBOX_URL": stand.server.url,
            "SIGNALBOX_TOKEN": stand.account.tokens["global_admin"],
        },
        capture_output=True,
        check=True,
    )

    assert rb"\u2026xxx0" in told.stdout
