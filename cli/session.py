"""A command's session with a stack, and the options that every command takes for it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

from cli import stack
from cli.api import Api
from cli.screen import Screen

Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="SIGNALBOX_URL",
        help="Base URL of the stack; else the local stack's.",
        rich_help_panel="Which stack",
    ),
]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="SIGNALBOX_TOKEN",
        help="API token; else the local stack's.",
        rich_help_panel="Which stack",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Given = ParamSpec("Given")
Opened = TypeVar("Opened")


@dataclass(frozen=True, slots=True)
class Session:
    """One command's way to the API of a stack, and to its reader."""

    api: Api
    screen: Screen


def open_session(*, url: Url = "", token: Token = "", is_json: Json = False) -> Session:
    """Find the stack that is meant; raise `UsageError` where none is known."""
    return Session(Api(stack.find(url, token, Path.cwd())), Screen(is_json))


def command(
    group: typer.Typer, opening: Callable[..., Opened], name: str | None = None
) -> Callable[[Callable[Concatenate[Opened, Given], None]], Callable[..., None]]:
    """Add a command to a group.

    The function's first argument is what `opening` returns; the command takes the function's other
    arguments, and after them those of `opening`, which are keyword-only.
    """
    shared = inspect.signature(opening).parameters

    def add(perform: Callable[Concatenate[Opened, Given], None]) -> Callable[..., None]:
        @wraps(perform)
        def run(**given: Any) -> None:
            opened = opening(**{option: given.pop(option) for option in shared})
            perform(opened, **given)  # type: ignore[call-arg] # Typer gives what the signature says

        own = list(inspect.signature(perform).parameters.values())[1:]
        taken = [*own, *shared.values()]
        run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined] # PEP 362
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
        group.command(name)(run)
        return run

    return add
