"""`signalbox export`: all contacts with everything that is known of them, as CSV or as lines of JSON."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from cli import checkpoints, columns, csv_files
from cli.api import Api
from cli.errors import CommandError, UsageError
from cli.patience import patiently
from cli.progress import progress
from cli.session import Session

PAGE = 100
STANDARD_OUTPUT = "-"
# The columns of lists, and the status that a contact has on those in each.
STANDING = {
    "lists": "active",
    "unsubscribed": "unsubscribed",
    "unconfirmed": "unconfirmed",
    "bounced": "bounced",
}

File = Annotated[str, typer.Argument(metavar="[FILE]", help="Where to; else standard output.")]
ListName = Annotated[str, typer.Option("--list", metavar="LIST", help="Who was ever on this list.")]
TagName = Annotated[str, typer.Option("--tag", metavar="NAME", help="Who has this tag.")]
After = Annotated[str, typer.Option(metavar="ID", help="Contacts with greater ids only.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Begin anew, whatever an earlier try has written.")
]


def export(  # noqa: PLR0913 each is an option of the command
    session: Session,
    file: File = "",
    *,
    list_name: ListName = "",
    tag_name: TagName = "",
    after: After = "",
    restart: Restart = False,
) -> None:
    """Write contacts, oldest first, as CSV that `import` reads, or with --json one object a line."""
    if list_name and tag_name:
        raise UsageError("Say either --list or --tag.")
    if after and not (after.isascii() and after.isdigit()):
        raise UsageError(f"--after {after!r} is not the id of a contact.")
    chosen = _chosen(session.api, list_name, tag_name)
    form: Form = JsonLines()
    if not session.screen.is_json:
        known = columns.setup(columns.listed(session.api, "lists"), ())
        tags = [field["perstag"] for field in columns.listed(session.api, "fields")]
        form = CsvRows(known, tags)
    order = Order(session, chosen, form)
    if file in ("", STANDARD_OUTPUT):
        _to_standard_output(order, after)
        return
    asked = checkpoints.fingerprint(session.api.stack, chosen, after, form.header)
    _to_file(order, Path(file), _state(Path(file), asked, after, restart=restart))


class JsonLines:
    """A contact a line, in the shape of the API."""

    header: Sequence[str] = ()

    def begin(self, to: IO[str]) -> None:
        """Write what comes before the first contact."""

    def write(self, to: IO[str], contact: dict[str, Any]) -> None:
        """Write a contact."""
        to.write(json.dumps(contact) + "\n")

    def end(self) -> None:
        """Tell what could not be written."""


class CsvRows:
    """A contact a row, in columns that `import` reads."""

    def __init__(self, known: columns.Setup, tags: Sequence[str]) -> None:
        self._known = known
        self._tags = tags
        self._left_out: set[str] = set()
        self.header: Sequence[str] = (
            "contact_id",
            *columns.TEXTS,
            "tags",
            *STANDING,
            *map(columns.column, tags),
            "created_at",
            "updated_at",
        )

    def begin(self, to: IO[str]) -> None:
        """Write what comes before the first contact."""
        csv_files.write_row(to, self.header)

    def write(self, to: IO[str], contact: dict[str, Any]) -> None:
        """Write a contact."""
        fields = contact["fields"]
        self._left_out |= fields.keys() - set(self._tags)
        cells = [
            contact["contact_id"],
            *(contact[name] for name in columns.TEXTS),
            csv_files.joined(contact["tags"]),
            *(self._lists(contact, status) for status in STANDING.values()),
            *(fields.get(tag, "") for tag in self._tags),
            _moment(contact["created_ms"]),
            _moment(contact["updated_ms"]),
        ]
        csv_files.write_row(to, cells)

    def end(self) -> None:
        """Tell what could not be written."""
        if self._left_out:
            names = ", ".join(sorted(self._left_out))
            csv_files.warn(
                f"Left out, as no custom field has these tags: {names} (--json has all)."
            )

    def _lists(self, contact: dict[str, Any], status: str) -> str:
        there = [one for one in contact["lists"] if one["status"] == status]
        return csv_files.joined(self._named(one["list_id"], one["name"]) for one in there)

    def _named(self, list_id: str, name: str) -> str:
        """Return a list's name; its id where the name does not lead back to it."""
        try:
            return name if self._known.list_id(name) == list_id else list_id
        except columns.RowError:
            return list_id


Form = JsonLines | CsvRows


@dataclass(frozen=True, slots=True)
class Order:
    """What is exported, and in which form; `chosen` is the query for a list or a tag, if any."""

    session: Session
    chosen: dict[str, str]
    form: Form


@dataclass(slots=True)
class State:
    """How far an export to a file came: so many contacts, up to `after`, in so many bytes."""

    fingerprint: str
    after: str
    contacts: int = 0
    written_bytes: int = 0


def pages(order: Order, after: str) -> Iterator[dict[str, Any]]:
    """Yield the pages of contacts after one; a fault of the first page ends it at once."""
    page = _page(order, after)
    while True:
        yield page
        if not page["next"]:
            return
        page = patiently(partial(_page, order, page["next"]))


def _page(order: Order, after: str) -> Any:
    query: dict[str, str | int] = {**order.chosen, "limit": PAGE, "after": after}
    return order.session.api.call("GET", "/api/contacts", query=query)


def _chosen(api: Api, list_name: str, tag_name: str) -> dict[str, str]:
    """Return the query that asks for the list or the tag."""
    if list_name:
        known = columns.setup(columns.listed(api, "lists"), ())
        try:
            return {"list_id": known.list_id(list_name)}
        except columns.RowError as error:
            raise UsageError(f"--list: {error}.") from error
    if tag_name:
        query: dict[str, str | int] = {"filters[search][eq]": tag_name, "limit": PAGE}
        for tag in api.call("GET", "/api/3/tags", query=query)["tags"]:
            if tag["tag"].casefold() == tag_name.casefold():
                return {"tag_id": tag["id"]}
        raise UsageError(f"--tag: there is no tag {tag_name!r}.")
    return {}


def _to_standard_output(order: Order, after: str) -> None:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    order.form.begin(sys.stdout)
    last = after
    try:
        for page in pages(order, after):
            for contact in page["contacts"]:
                order.form.write(sys.stdout, contact)
                last = contact["contact_id"]
            sys.stdout.flush()
    except (CommandError, KeyboardInterrupt):
        csv_files.warn(f"Stopped after contact {last}; --after {last} goes on there.")
        raise
    order.form.end()


def _state(path: Path, asked: str, after: str, *, restart: bool) -> State:
    """Return where to begin: after what an earlier try of the same has written, if there was one."""
    kept = None if restart else checkpoints.load(path, asked)
    if not kept or csv_files.size(_part(path)) < kept["written_bytes"]:
        return State(asked, after)
    csv_files.warn(f"Goes on after contact {kept['after']}; --restart begins anew.")
    return State(**kept)


def _to_file(order: Order, path: Path, state: State) -> None:
    """Write a file that is there once it is whole."""
    part = _part(path)
    try:
        with part.open("r+" if state.written_bytes else "w", encoding="utf-8", newline="") as file:
            if state.written_bytes:
                file.seek(state.written_bytes)
                file.truncate()
            else:
                order.form.begin(file)
            _fill(order, path, state, file)
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    checkpoints.forget(path)
    order.form.end()
    answer = {"file": str(path), "exported": state.contacts}
    order.session.screen.facts(answer, [(name, str(value)) for name, value in answer.items()])


def _fill(order: Order, path: Path, state: State, file: IO[str]) -> None:
    with progress("Exporting", is_json=order.session.screen.is_json) as advance:
        try:
            for page in pages(order, state.after):
                for contact in page["contacts"]:
                    order.form.write(file, contact)
                file.flush()
                state.written_bytes = csv_files.size(_part(path))
                state.after = page["next"] or state.after
                state.contacts += len(page["contacts"])
                checkpoints.keep(path, asdict(state))
                advance(state.contacts, page["total"])
        except (CommandError, KeyboardInterrupt):
            csv_files.warn("Stopped; the same command goes on from there.")
            raise


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
