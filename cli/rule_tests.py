"""`signalbox rules test`: what a rule would do, shown or done."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.errors import UsageError
from cli.rule_log import steps
from cli.screen import moment
from cli.session import Session

SHOWN = 300  # characters of what an action would say

Contact = Annotated[
    str, typer.Option(metavar="ID", help="The contact; else one made up of --give.")
]


def try_out(  # noqa: PLR0913 what a rule can be tried with
    session: Session,
    rule_id: Annotated[str, typer.Argument(metavar="RULE_ID", help="As `rules list` shows it.")],
    *,
    contact: Contact = "",
    entry: Annotated[
        str, typer.Option(metavar="ID", help="`entry_id` of a past event of the contact.")
    ] = "",
    value: Annotated[str, typer.Option(help="The data of an event that never happened.")] = "",
    give: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="A value in place of a fact, as often as needed."),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Perform the actions, marked as a test in the log.")
    ] = False,
) -> None:
    """Say whether a rule would fire, and show what each action would send or change."""
    body: dict[str, Any] = {"contact_id": contact, "entry_id": entry, "send": send}
    body["values"] = dict(_given(one) for one in give or ())
    if value:
        body["event"] = {"value": value}
    tried = session.api.call("POST", f"/api/rules/{quote(rule_id, safe='')}/test", body=body)
    session.screen.say(tried, *_sentences(tried))


def _given(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"--give takes NAME=TEXT, not {text!r}")
    return name, value


def _sentences(tried: dict[str, Any]) -> Iterator[str]:
    name = tried["event"]["name"]
    yield f"The rule {'would fire' if tried['would_fire'] else 'would not fire'} for {name!r}."
    yield from steps(tried["steps"], "  ")
    for action in tried["actions"]:
        done = "queued as a test" if tried["sent"] else f"would be {action['outcome']}"
        detail = f": {action['detail']}" if action["detail"] else ""
        due = moment(action["due_ms"])
        yield f"action {action['action']}  {action['summary']}  {done}{detail}, due {due}"
        for what, shown in action["shown"].items():
            if shown not in ("", None, {}, []):
                yield f"  {what:<12}{_short(shown)}"


def _short(shown: Any) -> str:
    text = str(shown)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
