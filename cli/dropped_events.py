"""`signalbox dropped` and `signalbox replay`: events that were accepted, but not written."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.api import Api
from cli.errors import UsageError
from cli.screen import moment
from cli.session import Session, command, open_session
from signalbox.model.drop import DropReason

group = typer.Typer(
    help="Events that were accepted, but not written, and why.", no_args_is_help=True
)

PAGE = 100
MOST_DAYS = 31

Reason = Annotated[
    DropReason | None,
    typer.Option(metavar="REASON", help=f"Those dropped for one reason: {', '.join(DropReason)}."),
]
Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Days to look back.")]
DroppedId = Annotated[
    str,
    typer.Argument(metavar="DROPPED_ID", help="As `dropped list` shows it.", show_default=False),
]


@command(group, open_session, name="list")
def list_dropped(
    session: Session,
    reason: Reason = None,
    days: Days = 7,
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 50,
) -> None:
    """List dropped events, latest first."""
    found = list(islice(newest_first(session.api, reason, days), limit))
    rows = [
        (
            dropped["dropped_id"],
            moment(dropped["received_ms"]),
            dropped["reason"],
            dropped["name"],
            _who(dropped),
            moment(dropped["replayed_ms"]),
        )
        for dropped in found
    ]
    headings = ("DROPPED ID", "RECEIVED", "REASON", "EVENT", "OF", "REPLAYED")
    nothing = f"No event was dropped in the last {days} days."
    session.screen.table({"dropped_events": found}, headings, rows, nothing)


@command(group, open_session)
def show(session: Session, dropped_id: DroppedId) -> None:
    """Show a dropped event, why it was dropped and what mends that."""
    dropped = session.api.call("GET", _path(dropped_id))
    session.screen.facts(dropped, _facts(dropped))


def replay(
    session: Session,
    dropped_id: DroppedId = "",
    reason: Reason = None,
    days: Days = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, but send nothing.")] = False,
) -> None:
    """Send dropped events back, once their cause is mended; twice does no harm."""
    if bool(dropped_id) == bool(reason):
        raise UsageError("Say what to replay: either the id of a dropped event or --reason.")
    if reason:
        _replay_all(session, reason, days, dry_run=dry_run)
        return
    path = _path(dropped_id)
    dropped = (
        session.api.call("GET", path) if dry_run else session.api.call("POST", f"{path}/replay")
    )
    told = "Would replay" if dry_run else "Replayed"
    session.screen.say(dropped, f"{told} {dropped['name']!r} of {_who(dropped)}.")


def newest_first(api: Api, reason: DropReason | None, days: int) -> Iterator[dict[str, Any]]:
    """Yield the dropped events of the last days, page after page.

    A page's days are counted from where it begins, so later ones reach too far back.
    """
    since = _first_day_ms(days)
    query: dict[str, str | int] = {"limit": PAGE, "days": days, "reason": reason or ""}
    while True:
        page = api.call("GET", "/api/dropped-events", query=query)
        for dropped in page["dropped_events"]:
            if dropped["received_ms"] < since:
                return
            yield dropped
        if not page["next"]:
            return
        query["after"] = page["next"]


def _replay_all(session: Session, reason: DropReason, days: int, *, dry_run: bool) -> None:
    counts = {"found": 0, "replayed": 0, "replayed_before": 0}
    for dropped in newest_first(session.api, reason, days):
        counts["found"] += 1
        if dropped["replayed_ms"]:
            counts["replayed_before"] += 1
            continue
        if not dry_run:
            session.api.call("POST", f"{_path(dropped['dropped_id'])}/replay")
            counts["replayed"] += 1
    found, before = counts["found"], counts["replayed_before"]
    told = f"Would replay {found - before}" if dry_run else f"Replayed {counts['replayed']}"
    session.screen.say(
        {"reason": reason, "dry_run": dry_run, **counts},
        f"{told} of {found} events dropped as {reason}; {before} had been replayed before.",
    )


def _first_day_ms(days: int) -> int:
    """Return when the first of the days began, in UTC, as the API counts them."""
    today = datetime.fromtimestamp(time.time(), UTC).date()
    first = datetime.combine(today - timedelta(days=days - 1), datetime.min.time(), UTC)
    return int(first.timestamp() * 1000)


def _path(dropped_id: str) -> str:
    return f"/api/dropped-events/{quote(dropped_id, safe='')}"


def _who(dropped: dict[str, Any]) -> str:
    """Return whose event it is: `ada@example.com`, or `contact 1234`."""
    kind, _, value = dropped["address"].partition(":")
    return value if kind == "email" else f"{kind} {value}"


def _facts(dropped: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("id", dropped["dropped_id"]),
        ("reason", dropped["reason"]),
        ("", dropped["explanation"]),
        ("event", dropped["name"]),
        ("of", _who(dropped)),
        ("value", dropped["value"]),
        *((f"property {name}", str(value)) for name, value in dropped["properties"].items()),
        ("source", dropped["source"]),
        ("happened", moment(dropped["at_ms"])),
        ("received", moment(dropped["received_ms"])),
        ("replayed", moment(dropped["replayed_ms"])),
    ]
