"""How the contacts of a file reach a stack: in batches, several at once, each until it is settled."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from cli import checkpoints, columns, csv_files
from cli.api import Api
from cli.columns import Columns, RowError, Setup
from cli.csv_files import Layout, Record
from cli.errors import Fault, RefusedError
from cli.patience import patiently
from cli.stack import Stack
from signalbox.model.import_fault import ImportFault

if TYPE_CHECKING:
    import urllib3

MOST_CONTACTS = 250  # of one call of the API
MOST_CHARACTERS = 400_000  # which are at most 2.4 MB of JSON; Lambda takes 6
MOST_ROWS = 1_000
REFUSALS = (400, 422)
TRIES = 3  # of a contact that others were changing, or that AWS had no time for
IMPORT = "/api/3/import/bulk_import"
PASSING = frozenset(fault for fault in ImportFault if fault.passes)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is imported, and how."""

    file: Path
    layout: Layout
    columns: Columns
    known: Setup
    lists: Sequence[dict[str, str]]
    tags: Sequence[str]
    quietly: bool = False

    @property
    def rejected_file(self) -> Path:
        """Return where the rows go that cannot be imported."""
        return self.file.with_name(f"{self.file.name}.rejected.csv")

    def contact(self, record: Record) -> dict[str, Any]:
        """Return the contact of a row, as the API takes it; raise `RowError` for none."""
        from signalbox.model.errors import InvalidError  # noqa: PLC0415 only here
        from signalbox.people import checked_email  # noqa: PLC0415 100 ms

        if record.fault:
            raise RowError(record.fault)
        made = columns.contact(record.cells, self.columns, self.known)
        try:
            made["email"] = checked_email(made["email"])
        except InvalidError as error:
            raise RowError(str(error)) from error
        if self.tags:
            made["tags"] = [*made.get("tags", []), *self.tags]
        if self.lists:
            made["subscribe"] = [*made.get("subscribe", []), *self.lists]
        if self.quietly:
            made["exclude_automations"] = True
        return made


@dataclass(slots=True)
class State:
    """How far an import came: everything up to `row` is done, and told of in these numbers.

    `rejected_bytes` is how long the file of rejected rows was then.
    """

    fingerprint: str
    row: int = 1
    imported: int = 0
    rejected: int = 0
    rejected_bytes: int = 0
    seconds: float = 0
    is_finished: bool = False


@dataclass(slots=True)
class Batch:
    """Rows that stand together in the file: contacts to send, and what is wrong with the others."""

    records: list[Record] = field(default_factory=list)
    contacts: dict[int, dict[str, Any]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    characters: int = 0

    @property
    def addresses(self) -> set[str]:
        """Return whom it is about."""
        return {contact["email"].casefold() for contact in self.contacts.values()}

    @property
    def is_full(self) -> bool:
        """Tell whether no more rows fit in."""
        return (
            len(self.contacts) >= MOST_CONTACTS
            or len(self.records) >= MOST_ROWS
            or self.characters >= MOST_CHARACTERS
        )

    def add(self, record: Record, plan: Plan) -> None:
        """Take a row in."""
        self.records.append(record)
        self.characters += sum(map(len, record.cells))
        try:
            self.contacts[record.row] = plan.contact(record)
        except RowError as error:
            self.reasons[record.row] = str(error)


def batches(plan: Plan, after_row: int) -> Iterator[Batch]:
    """Yield the rows after one in batches."""
    batch = Batch()
    for record in csv_files.records(plan.file, plan.layout):
        if record.row <= after_row:
            continue
        batch.add(record, plan)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.records:
        yield batch


class ImportApi(Api):
    """The API of a stack; a refusal that names contacts is an answer of it, not a fault."""

    def _read(self, answer: "urllib3.BaseHTTPResponse") -> Any:
        if answer.status in REFUSALS:
            try:
                body = json.loads(answer.data)
            except ValueError:
                body = None
            if isinstance(body, dict) and body.get("failureReasons"):
                return body
        return super()._read(answer)


class Courier:
    """Takes batches to a stack, from several threads; each has its own connection."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._own = threading.local()

    def deliver(self, batch: Batch) -> Batch:
        """Send a batch and return it; contacts that cannot be imported are rejected with the reason.

        A batch may be sent again without harm, so one whose answer is lost is.

        Raises:
            UnreachableError: the stack did not answer, again and again.
            RefusedError: it refused the batch, but no contact of it.
        """
        due = dict(batch.contacts)
        for attempt in range(1, TRIES + 1):
            failed = self._failed(due)
            again = {row for row, one in failed.items() if one.code in PASSING}
            if attempt == TRIES:
                again = set()
            batch.reasons |= {row: one.why for row, one in failed.items() if row not in again}
            due = {row: due[row] for row in again}
            if not due:
                break
        for row in batch.reasons:
            batch.contacts.pop(row, None)
        return batch

    def _failed(self, due: dict[int, dict[str, Any]]) -> dict[int, "Failed"]:
        """Send contacts; return the rows of those that were not imported, with the reasons.

        Faulty contacts refuse all that were sent, so the others are sent again without them.
        """
        failed: dict[int, Failed] = {}
        while left := {row: contact for row, contact in due.items() if row not in failed}:
            answer = patiently(partial(self._sent, list(left.values())))
            found = _reasons(answer, list(left))
            failed |= found
            if answer.get("batchId"):
                break
            if not found:
                raise RefusedError(REFUSALS[0], [Fault("", str(answer.get("message", "refused")))])
        return failed

    def _sent(self, contacts: list[dict[str, Any]]) -> Any:
        return self._api().call("POST", IMPORT, body={"contacts": contacts})

    def _api(self) -> Api:
        if not hasattr(self._own, "api"):
            self._own.api = ImportApi(self._stack)
        api: Api = self._own.api
        return api


class Failed(NamedTuple):
    """Why a contact was not imported: for people, and as an `ImportFault` where the API knows one."""

    why: str
    code: str


def _reasons(answer: Any, rows: Sequence[int]) -> dict[int, Failed]:
    """Return the rows that an answer says are not imported, with its reasons."""
    found: dict[int, Failed] = {}
    for fault in answer.get("failureReasons") or []:
        place = fault.get("contact") if isinstance(fault, dict) else None
        if not isinstance(place, int) or not 0 <= place < len(rows):
            raise RefusedError(REFUSALS[0], [Fault("", str(answer.get("message", fault)))])
        told = Failed(str(fault.get("failureReason", "is refused")), str(fault.get("code", "")))
        found.setdefault(rows[place], told)
    return found


class Rejects:
    """The file of rows that could not be imported; without such rows there is none."""

    def __init__(self, path: Path, header: Sequence[str], length: int) -> None:
        """Go on after `length` bytes of it; what stands behind them is written again."""
        self._path = path
        self._header = header
        self._file: IO[str] | None = None
        self.length = length
        if length:
            with path.open("r+b") as file:
                file.truncate(length)
        else:
            path.unlink(missing_ok=True)

    def write(self, batch: Batch) -> None:
        """Write the rows of a batch that were rejected."""
        rows = [
            (str(one.row), batch.reasons[one.row], *one.cells)
            for one in batch.records
            if one.row in batch.reasons
        ]
        if not rows:
            return
        file = self._opened()
        for row in rows:
            csv_files.write_row(file, row)
        file.flush()
        self.length = self._path.stat().st_size

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> IO[str]:
        if self._file is None:
            self._file = self._path.open(
                "a", encoding="utf-8", errors="surrogateescape", newline=""
            )
            if not self.length:
                csv_files.write_row(self._file, ("row", "reason", *self._header))
        return self._file


class Run:
    """One go of an import: batches in flight, and what is settled, in the order of the file."""

    def __init__(self, plan: Plan, state: State, courier: Courier, parallel: int) -> None:
        self._plan = plan
        self._state = state
        self._courier = courier
        self._parallel = parallel
        self._size = csv_files.size(plan.file)
        self._begun = time.monotonic() - state.seconds
        self._flying: deque[tuple[set[str], Future[Batch]]] = deque()
        self._rejects = Rejects(plan.rejected_file, plan.layout.header, state.rejected_bytes)

    def go(self, advance: Callable[[int, int], None]) -> None:
        """Send everything, and tell `advance` how many of the file's bytes are done.

        Two batches about one address never fly at once, so the later row has the last word.
        """
        with ThreadPoolExecutor(self._parallel) as workers:
            try:
                self._go(workers, advance)
            finally:
                for _, future in self._flying:
                    future.cancel()
                self._rejects.close()

    def _go(self, workers: ThreadPoolExecutor, advance: Callable[[int, int], None]) -> None:
        for batch in batches(self._plan, self._state.row):
            wanted = batch.addresses
            while self._must_wait(wanted):
                self._settle(advance)
            self._flying.append((wanted, workers.submit(self._courier.deliver, batch)))
        while self._flying:
            self._settle(advance)
        self._state.is_finished = True
        self._keep()

    def _must_wait(self, wanted: set[str]) -> bool:
        is_full = len(self._flying) >= self._parallel
        return is_full or any(wanted & addresses for addresses, _ in self._flying)

    def _settle(self, advance: Callable[[int, int], None]) -> None:
        batch = self._flying[0][1].result()
        self._flying.popleft()
        self._rejects.write(batch)
        state = self._state
        state.rejected_bytes = self._rejects.length
        state.row = batch.records[-1].row
        state.imported += len(batch.contacts)
        state.rejected += len(batch.reasons)
        self._keep()
        advance(batch.records[-1].read_bytes, self._size)

    def _keep(self) -> None:
        self._state.seconds = round(time.monotonic() - self._begun, 3)
        checkpoints.keep(self._plan.file, asdict(self._state))
