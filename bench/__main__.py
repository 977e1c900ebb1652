"""Run every benchmark, print the ratios, and keep them in `.signalbox/bench.json`."""

import platform
import sys
from datetime import UTC, datetime

from bench import (
    figures,
    instructions,
    listing,
    mailing,
    mailing_counts,
    matching,
    memory,
    start,
    warm,
)
from bench.builds import artefacts
from local.errors import StackError
from local.home import REPOSITORY, write_json

KEPT = REPOSITORY / ".signalbox" / "bench.json"


def main() -> int:
    """Measure. A target that is missed is reported, not failed: machines differ and are noisy."""
    try:
        built = artefacts()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(figures.header(), flush=True)
    found = _shown(start.figures(built))
    if instructions.available():
        found += _shown(instructions.figures(built))
    else:
        print("Instructions are not counted: Valgrind is not installed.")
    found += _shown(warm.figures(built))
    found += _shown(matching.figures())
    found += _shown(memory.figures())
    found += _shown(listing.figures())
    found += _shown(mailing_counts.figures())
    found += _shown(mailing.figures())
    KEPT.parent.mkdir(exist_ok=True)
    write_json(
        KEPT,
        {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "figures": figures.plain(found),
        },
    )
    print(f"Kept in {KEPT.relative_to(REPOSITORY)}.")
    return 0


def _shown(measured: list[figures.Figure]) -> list[figures.Figure]:
    for figure in measured:
        print(figures.line(figure), flush=True)
    return measured


if __name__ == "__main__":
    raise SystemExit(main())
