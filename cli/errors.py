"""What ends a command early: one sentence for people, one exit code for scripts.

0 done, 1 refused, 2 used wrongly, 3 not reachable, 130 interrupted; `docs/cli.md` has the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class CommandError(Exception):
    """The command ends with `exit_code`; its text is one sentence that says why and what to do."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request; `field` is empty where it is not one field's."""

    field: str
    message: str


class RefusedError(CommandError):
    """The API refused the request, with an HTTP status and its reasons."""

    def __init__(self, status: int, faults: Sequence[Fault]) -> None:
        told = [f"{fault.field}: {fault.message}" for fault in faults if fault.field]
        told += [fault.message for fault in faults if not fault.field]
        super().__init__("; ".join(told) or f"The stack answered {status}.")
        self.status = status
        self.faults = tuple(faults)

    @property
    def is_lockout(self) -> bool:
        """Tell whether the token itself was refused, not what was asked with it."""
        return any(fault.field == "Api-Token" for fault in self.faults)


class UsageError(CommandError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class UnreachableError(CommandError):
    """The stack gave no answer, not one of its own, or only that it is busy; later it may."""

    exit_code = 3
