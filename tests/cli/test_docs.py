"""docs/cli.md tells of every command and option that there is, and of no other."""

import re

import pytest
from typer.main import get_command

from cli import errors
from cli.main import app
from signalbox.model.credential import Role
from tests.template import ROOT

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0].strip("# `"): part
    for part in re.split(r"^(?=##? )", PAGE, flags=re.MULTILINE)
}
EVERYWHERE = SECTIONS["Which stack"] + SECTIONS["For scripts"]


def commands(command, path: str = "signalbox") -> dict:
    """Return the commands, but not their groups, by the words that call them."""
    below = getattr(command, "commands", None)
    if below is None:
        return {path: command}
    return {
        words: found
        for name, one in below.items()
        for words, found in commands(one, f"{path} {name}").items()
    }


def options(command) -> set[str]:
    """Return the options of a command."""
    return {option for one in command.params for option in one.opts if option.startswith("--")}


COMMANDS = commands(get_command(app))


def test_each_command_has_its_section_and_each_section_its_command():
    told = {title for title in SECTIONS if title.startswith("signalbox ")}

    assert set(COMMANDS) == told


@pytest.mark.parametrize("words", COMMANDS)
def test_each_option_is_told(words):
    told = re.findall(r"--[a-z-]+", SECTIONS[words] + EVERYWHERE)

    assert set() == options(COMMANDS[words]) - set(told)


@pytest.mark.parametrize("words", COMMANDS)
def test_no_option_is_told_that_is_not_there(words):
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", SECTIONS[words]))

    assert set() == told - options(COMMANDS[words])


def test_the_options_before_a_command_are_told():
    introduction = next(iter(text for text in SECTIONS.values() if text.startswith("# ")))

    assert set() == options(get_command(app)) - set(re.findall(r"--[a-z-]+", introduction))


def test_each_exit_code_is_told():
    own = (errors.CommandError, errors.UsageError, errors.UnreachableError)
    codes = {0, 130, *(error.exit_code for error in own)}

    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE)}


def test_each_role_is_told():
    assert set() == {f"`{role}`" for role in Role} - set(
        re.findall(r"`\w+`", SECTIONS["signalbox keys create"])
    )
