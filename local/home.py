"""Where the local stack keeps what it writes.

`.signalbox/` in the repository, or the folder that `SIGNALBOX_HOME` names. Builds are shared by all
homes, as they depend on the sources only.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one local stack.

    Attributes:
        folder: the folder itself; everything in it is readable by its owner only.
    """

    folder: Path

    @property
    def stack_file(self) -> Path:
        """Tells programs where the running stack is; there only while it runs."""
        return self.folder / "stack.json"

    @property
    def demo_file(self) -> Path:
        """The ids and keys of the demo account, kept from run to run."""
        return self.folder / "demo.json"

    @property
    def ports_file(self) -> Path:
        """The ports that the kept data was made with: queue URLs carry one."""
        return self.folder / "ports.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the process that runs the stack; holds its id."""
        return self.folder / "lock"

    @property
    def state(self) -> Path:
        """The emulator's data, written when it ends."""
        return self.folder / "state"

    @property
    def saving_mark(self) -> Path:
        """There while the emulator writes its data; left over, the data is half written."""
        return self.folder / "state" / ".saving"

    @property
    def mailbox(self) -> Path:
        """The mails that were sent, a file a mail."""
        return self.folder / "mailbox"

    @property
    def functions(self) -> Path:
        """The unpacked functions that the emulator runs; emptied at each start."""
        return self.folder / "functions"

    def log(self, name: str) -> Path:
        """The output of one program that the stack starts."""
        return self.folder / f"{name}.log"

    def create(self) -> None:
        """Make the folder, and empty what must not be carried over from the last run.

        Data that was being written when a run was killed is given up: half of it is worse than none.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.stack_file.unlink(missing_ok=True)
        shutil.rmtree(self.functions, ignore_errors=True)
        if self.saving_mark.exists():
            shutil.rmtree(self.state)
        for folder in (self.functions, self.state, self.mailbox):
            folder.mkdir(exist_ok=True)

    def clear(self) -> None:
        """Remove the data, the mails and the demo account; builds stay."""
        for folder in (self.state, self.mailbox, self.functions):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.stack_file, self.demo_file, self.ports_file):
            file.unlink(missing_ok=True)


def find(environ: Mapping[str, str]) -> Home:
    """The home that the environment names, or that of this repository."""
    return Home(Path(environ.get("SIGNALBOX_HOME") or REPOSITORY / ".signalbox").absolute())


def builds() -> Path:
    """The folder of the builds that all homes share."""
    return REPOSITORY / ".signalbox" / "builds"


def write_json(file: Path, value: Any) -> None:
    """Write a file that only its owner can read, in one step."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=2)
        stream.write("\n")
    half.rename(file)


def read_json(file: Path) -> Any:
    """What `write_json` wrote, or None when there is nothing or it is broken."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
