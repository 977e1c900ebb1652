"""The bar that shows how far a long command is: on a terminal's standard error, and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(label: str, *, is_json: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a bar meanwhile; what is yielded takes how much is done by now, and of how much."""
    if is_json or not sys.stderr.isatty():
        yield _nowhere
        return
    from rich.console import Console  # noqa: PLC0415 90 ms that only a terminal pays
    from rich.progress import Progress  # noqa: PLC0415 see above

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _nowhere(done: int, total: int) -> None:
    """Show nothing."""
