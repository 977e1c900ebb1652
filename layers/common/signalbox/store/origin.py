"""Who is behind the changes that are being written, as far as their items have to say it.

`model.change` reads it off the items of contacts, memberships and tags: `source` where it is not the
API, `quiet` where nobody shall be told, and `rule` and `depth` where a rule did it (the depth of the
event that the change is, one more than that of the event that woke the rule).

What deletes an item for good leaves nothing that could say so. The item says it before it goes, as
`leaving_source`, `leaving_rule` and `leaving_depth`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from signalbox.store.table import Item

_marks: ContextVar[Item | None] = ContextVar("marks", default=None)


@contextmanager
def caused_by(source: str) -> Iterator[None]:
    """Let what is written within be of this source (`public`, `admin`, `import`, `system`)."""
    with _marking({"source": source}):
        yield


@contextmanager
def by_rule(rule_id: str, depth: int) -> Iterator[None]:
    """Let what is written within be an action of this rule, as an event of this depth."""
    with _marking({"source": "system", "rule": rule_id, "depth": depth}):
        yield


@contextmanager
def quietly() -> Iterator[None]:
    """Let nobody be told of what is written within, as imports want it."""
    with _marking({"quiet": 1}):
        yield


def marked(item: Item) -> Item:
    """Return the item of a contact, a membership or a tag with what it has to say."""
    return item | (_marks.get() or {})


def leaving() -> Item:
    """Return what an item has to say before it is deleted; nothing where no rule deletes it."""
    marks = _marks.get() or {}
    return {f"leaving_{name}": value for name, value in marks.items()} if "depth" in marks else {}


@contextmanager
def _marking(marks: Item) -> Iterator[None]:
    token = _marks.set(marked(marks))
    try:
        yield
    finally:
        _marks.reset(token)
