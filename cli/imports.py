"""`signalbox import`: contacts from a CSV file, in batches, several at once, and from where it stopped."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import checkpoints, columns, csv_files
from cli.columns import RowError, Setup
from cli.deliveries import Courier, Plan, Run, State, batches
from cli.errors import CommandError, UsageError
from cli.progress import progress
from cli.screen import printable
from cli.session import Session

MOST_PARALLEL = 16
REASONS_SHOWN = 20

File = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file.", show_default=False)]
Mapped = Annotated[
    list[str],
    typer.Option("--map", metavar="COLUMN=FIELD", help="What a column is; COLUMN=- leaves it out."),
]
ToLists = Annotated[
    list[str], typer.Option("--list", metavar="LIST", help="Put everybody on this list too.")
]
ToTags = Annotated[
    list[str], typer.Option("--tag", metavar="NAME", help="Give everybody this tag too.")
]
Quietly = Annotated[bool, typer.Option("--quietly", help="Let no rule hear of it.")]
Encoding = Annotated[str, typer.Option(help="Of the file; else UTF-8.", show_default=False)]
Delimiter = Annotated[
    str, typer.Option(help="One of , ; | TAB; else found out.", show_default=False)
]
Parallel = Annotated[int, typer.Option(min=1, max=MOST_PARALLEL, help="Calls at once.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row, but send nothing.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with 1 where a row is rejected.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Begin at the first row again, whatever was done before.")
]


def import_contacts(  # noqa: PLR0913 each is an option of the command
    session: Session,
    file: File,
    *,
    mapped: Mapped = [],  # noqa: B006 Typer copies it
    to_lists: ToLists = [],  # noqa: B006 see above
    to_tags: ToTags = [],  # noqa: B006 see above
    quietly: Quietly = False,
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    parallel: Parallel = 4,
    dry_run: DryRun = False,
    strict: Strict = False,
    restart: Restart = False,
) -> None:
    """Create or update the contact of every row; rows that cannot be go to FILE.rejected.csv."""
    layout = csv_files.examine(file, encoding, delimiter)
    known = columns.setup(
        columns.listed(session.api, "lists"), columns.listed(session.api, "fields")
    )
    plan = Plan(
        file,
        layout,
        columns.match(layout.header, known, mapped),
        known,
        [{"listid": _list_id(known, named)} for named in to_lists],
        to_tags,
        quietly,
    )
    if plan.columns.ignored:
        names = ", ".join(printable(name) for name in plan.columns.ignored)
        csv_files.warn(f"Not imported: {names} (--map says what a column is).")
    wishes = [mapped, to_lists, to_tags, quietly, layout.encoding, layout.delimiter]
    asked = checkpoints.fingerprint(session.api.stack, checkpoints.identity(file), wishes)
    if dry_run:
        rejected = _check(session, plan)
    else:
        state = _state(plan, asked, restart=restart)
        _run(session, plan, state, parallel)
        rejected = state.rejected
    if strict and rejected:
        raise typer.Exit(1)


def _list_id(known: Setup, named: str) -> str:
    try:
        return known.list_id(named)
    except RowError as error:
        raise UsageError(f"--list: {error}.") from error


def _state(plan: Plan, asked: str, *, restart: bool) -> State:
    """Return where to begin; what was asked for before, of the same file, goes on."""
    kept = None if restart else checkpoints.load(plan.file, asked)
    state = State(**kept) if kept else State(asked)
    if state.is_finished:
        return state
    if csv_files.size(plan.rejected_file) < state.rejected_bytes:
        raise UsageError(
            f"{plan.rejected_file} was changed meanwhile; --restart begins at the first row."
        )
    if state.row > 1:
        csv_files.warn(f"Goes on after row {state.row}; --restart begins at the first row.")
    return state


def _run(session: Session, plan: Plan, state: State, parallel: int) -> None:
    """Import what is not imported yet, and show what came of it."""
    was_finished = state.is_finished
    if not was_finished:
        run = Run(plan, state, Courier(session.api.stack), parallel)
        with progress("Importing", is_json=session.screen.is_json) as advance:
            try:
                run.go(advance)
            except (CommandError, KeyboardInterrupt):
                csv_files.warn(f"Stopped after row {state.row}; the same command goes on there.")
                raise
    answer = {
        "rows": state.imported + state.rejected,
        "imported": state.imported,
        "rejected": state.rejected,
        "rejected_file": str(plan.rejected_file) if state.rejected else "",
        "seconds": state.seconds,
        "was_finished": was_finished,
    }
    if was_finished:
        csv_files.warn("This file was imported before; --restart imports it again.")
    _tell(session, answer)


def _check(session: Session, plan: Plan) -> int:
    """Show what would be done, and return how many rows would be rejected."""
    rows, rejected = 0, 0
    shown: list[dict[str, Any]] = []
    size = csv_files.size(plan.file)
    with progress("Checking", is_json=session.screen.is_json) as advance:
        for batch in batches(plan, 1):
            rows += len(batch.records)
            rejected += len(batch.reasons)
            found = [{"row": row, "reason": reason} for row, reason in batch.reasons.items()]
            shown += found[: REASONS_SHOWN - len(shown)]
            advance(batch.records[-1].read_bytes, size)
    answer = {
        "dry_run": True,
        "rows": rows,
        "imported": 0,
        "rejected": rejected,
        "first_reasons": shown,
        "columns": plan.columns.named(plan.layout.header),
    }
    _tell(session, answer)
    return rejected


def _tell(session: Session, answer: dict[str, Any]) -> None:
    facts = [
        ("rows", str(answer["rows"])),
        ("imported", str(answer["imported"])),
        ("rejected", str(answer["rejected"])),
        ("rejected rows", answer.get("rejected_file", "")),
        ("seconds", f"{answer['seconds']:.1f}" if "seconds" in answer else ""),
        *((f"column {name}", target) for name, target in answer.get("columns", {}).items()),
        *((f"row {one['row']}", one["reason"]) for one in answer.get("first_reasons", [])),
    ]
    session.screen.facts(answer, facts)
