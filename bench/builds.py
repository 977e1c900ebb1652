"""The artefacts that are measured: those that would be deployed."""

import os
from dataclasses import dataclass
from pathlib import Path

from local.build import build, parameters
from local.home import REPOSITORY, builds

FUNCTIONS = {"ingest": "IngestFunction", "pixel": "PixelFunction", "track": "TrackFunction"}


@dataclass(frozen=True, slots=True)
class Artefacts:
    """A folder that `sam build` wrote."""

    folder: Path

    def search_path(self, name: str) -> str:
        """Return the `PYTHONPATH` that Lambda gives a function."""
        return f"{self.folder / 'CommonLayer' / 'python'}:{self.function(name)}"

    def function(self, name: str) -> Path:
        """Return the folder of a function."""
        return self.folder / FUNCTIONS[name]


def artefacts() -> Artefacts:
    """Return the build that `SIGNALBOX_BUILD` names, else one of the sources as they are."""
    named = os.environ.get("SIGNALBOX_BUILD")
    if named:
        return Artefacts(Path(named).absolute())
    builds().parent.mkdir(exist_ok=True)
    return Artefacts(build(REPOSITORY / ".signalbox" / "bench-build.log", parameters()))
