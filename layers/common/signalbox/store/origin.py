"""Who is behind the changes that are being written, as far as their items have to say it.

`model.change` reads it off the items of contacts, memberships and tags: `source` where it is not the
API, and `quiet` where nobody shall be told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from signalbox.store.table import Item

_marks: ContextVar[Item | None] = ContextVar("marks", default=None)


@contextmanager
def caused_by(source: str) -> Iterator[None]:
    """Let what is written within be of this source (`public`, `admin`, `system`)."""
    with _marking({"source": source}):
        yield


@contextmanager
def quietly() -> Iterator[None]:
    """Let nobody be told of what is written within, as imports want it."""
    with _marking({"quiet": 1}):
        yield


def marked(item: Item) -> Item:
    """Return the item of a contact, a membership or a tag with what it has to say."""
    return item | (_marks.get() or {})


@contextmanager
def _marking(marks: Item) -> Iterator[None]:
    token = _marks.set(marked(marks))
    try:
        yield
    finally:
        _marks.reset(token)
