"""How far an import or export came, kept beside its file, so that the same command goes on there."""

import hashlib
import json
from pathlib import Path
from typing import Any

from cli.errors import CommandError, UsageError
from cli.stack import Stack

SUFFIX = ".signalbox-state"
HEAD_BYTES = 65_536


def beside(path: Path) -> Path:
    """Return where the state of a file stands."""
    return path.with_name(path.name + SUFFIX)


def identity(path: Path) -> list[Any]:
    """Return what tells a file from another, and from itself after a change."""
    facts = path.stat()
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(HEAD_BYTES)).hexdigest()
    return [facts.st_size, facts.st_mtime_ns, head]


def fingerprint(stack: Stack, *settings: Any) -> str:
    """Return what a state belongs to: an account of a stack, and everything that was asked for."""
    from signalbox.model.credential import account_of  # noqa: PLC0415 only here

    whole = json.dumps([stack.api_url, account_of(stack.token), *settings], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def load(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the state that was kept for the same thing; None where there is none."""
    try:
        kept = json.loads(beside(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("fingerprint") != fingerprint:
        return None
    return kept


def keep(path: Path, state: dict[str, Any]) -> None:
    """Keep a state, whole or not at all.

    Raises:
        CommandError: it cannot be written.
    """
    file = beside(path)
    new = file.with_name(file.name + ".new")
    try:
        new.write_text(json.dumps(state) + "\n", encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from error


def forget(path: Path) -> None:
    """Remove the state of a file, where there is one."""
    try:
        beside(path).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{beside(path)} cannot be removed: {error.strerror}.") from error
