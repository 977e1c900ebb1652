"""Patterns: conditions on a JSON document, in the language of Amazon EventBridge.

A pattern is an object of fields. Each is a list of values and matchers (`matcher.py`), any of which
must be met, or again an object of fields; all fields must be met. `$or` is a list of at least two
such objects, one of which must be met, and may stand in any of them.

A field has a value when it is a text, a number, true, false or null, or a list with one of these
somewhere in it; any value of a list may meet. An object, and a list without values, count as
absent: `{"exists": true}` holds for leaves only, as EventBridge has it.

An object of a pattern that meets a list in the document asks for one element of the list that meets
all of it. When it asks for nothing but `{"exists": false}`, no element may have those fields.

Three things differ from EventBridge, beside those of the matchers. The dot in a name is part of
that name: `{"a.b": …}` never means `{"a": {"b": …}}`. A field must not stand both beside `$or` and
within it, where EventBridge takes one of the two; it is written in each alternative. And whether
`{"exists": false}` is asked of the chosen element of a list never depends on the order of names.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from signalbox.model.errors import InvalidError
from signalbox.model.matcher import MATCHERS, RESERVED, Matcher, matcher, phrase

__all__ = [
    "MATCHERS",
    "MOST_BYTES",
    "MOST_LEVELS",
    "OR",
    "Finding",
    "Pattern",
    "check",
    "compiled",
    "explained",
    "phrase",
]

Pattern = Mapping[str, Any]
"""A pattern as it is stored and sent: JSON."""

Document = Mapping[str, Any]
Met = Callable[[Document], bool]

OR: Final = "$or"

MOST_BYTES: Final = 8192
"""The size of a pattern as packed JSON in UTF-8."""

MOST_LEVELS: Final = 12
"""How deep objects stand in each other, alternatives of `$or` included."""

_OBJECTS: Final = (dict, MappingProxyType)
_LISTS: Final = (list, tuple)
_NESTED: Final = (*_OBJECTS, *_LISTS)
_NOTHING: Final = object()
_EMPTY: Final[Document] = MappingProxyType({})


class Finding(NamedTuple):
    """What a pattern asks in one place, and what a document has there.

    `path` is dotted; `wanted` is for people, after the path. `found` is the document's value, a
    list of values where the path leads through a list, and None where there is none; `present`
    tells that None from a null. The finding of a `$or` has those of each of its `alternatives`, and
    is met when all findings of one of them are.
    """

    path: str
    wanted: str
    found: Any
    present: bool
    met: bool
    alternatives: tuple[tuple["Finding", ...], ...] = ()


class _Node(NamedTuple):
    """An object of a pattern. `absences`: it asks for nothing but that fields are absent."""

    fields: tuple[tuple[str, "Matcher | _Node"], ...]
    alternatives: tuple["_Node", ...]
    absences: bool


def check(pattern: Pattern, *, field: str) -> None:
    """Accept a pattern, whose own path is `field`.

    Raises:
        InvalidError: it is malformed, larger than `MOST_BYTES` or deeper than `MOST_LEVELS`; its
            `field` is the path of what is wrong, such as `conditions.event.amount.0.numeric`.

    """
    _read(pattern, field)


def compiled(pattern: Pattern) -> Callable[[Mapping[str, Any]], bool]:
    """Return what tells whether a document meets the pattern.

    It never raises for a JSON document, and takes time in proportion to the sizes of both.

    Raises:
        InvalidError: `check` does not accept the pattern.

    """
    return _met(_read(pattern, ""))


def explained(pattern: Pattern, document: Mapping[str, Any]) -> list[Finding]:
    """Say field by field what the pattern asks and the document has, in the pattern's order.

    A document meets the pattern when all findings are met.

    Raises:
        InvalidError: `check` does not accept the pattern.

    """
    return list(_findings(_read(pattern, ""), _Place(document, (document,))))


# --- reading -------------------------------------------------------------------------------------


def _read(pattern: Pattern, field: str) -> _Node:
    node = _node(dict(pattern) if isinstance(pattern, _OBJECTS) else pattern, field, 1)
    packed = json.dumps(dict(pattern), separators=(",", ":"), ensure_ascii=False)
    try:
        size = len(packed.encode())
    except UnicodeEncodeError as error:
        raise InvalidError(field, "is not Unicode text") from error
    if size > MOST_BYTES:
        raise InvalidError(field, f"is larger than {MOST_BYTES} bytes")
    return node


def _node(pattern: Any, field: str, level: int, reserved: frozenset[str] = frozenset()) -> _Node:
    if not isinstance(pattern, dict) or not pattern:
        raise InvalidError(field, "must be an object of at least one field")
    if level > MOST_LEVELS:
        raise InvalidError(field, f"is deeper than {MOST_LEVELS} levels")
    fields: list[tuple[str, Matcher | _Node]] = []
    for name, wanted in pattern.items():
        if name == OR:
            continue
        at = _joined(field, name)
        if name in reserved:
            raise InvalidError(at, "is a matcher, and must not be a field's name within $or")
        if isinstance(wanted, dict):
            fields.append((name, _node(wanted, at, level + 1, reserved)))
        else:
            fields.append((name, matcher(wanted, field=at)))
    alternatives = _alternatives(pattern, _joined(field, OR), level)
    absences = all(_absence(wanted) for _, wanted in fields) and all(
        one.absences for one in alternatives
    )
    return _Node(tuple(fields), alternatives, absences)


def _absence(wanted: Matcher | _Node) -> bool:
    return wanted.absences if isinstance(wanted, _Node) else not wanted.present


def _alternatives(pattern: Pattern, field: str, level: int) -> tuple[_Node, ...]:
    if OR not in pattern:
        return ()
    wanted = pattern[OR]
    if not isinstance(wanted, list) or len(wanted) < 2:  # noqa: PLR2004 one is no alternative
        raise InvalidError(field, "must be a list of at least two objects")
    nodes = tuple(
        _node(one, f"{field}.{number}", level + 1, RESERVED) for number, one in enumerate(wanted)
    )
    for number, node in enumerate(nodes):
        for name in _names(node):
            if name in pattern:
                raise InvalidError(
                    f"{field}.{number}.{name}",
                    "stands beside $or too; write all of it in each alternative instead",
                )
    return nodes


def _names(node: _Node) -> Iterator[str]:
    """Return the fields that an object asks about, those of its alternatives included."""
    for name, _ in node.fields:
        yield name
    for one in node.alternatives:
        yield from _names(one)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# --- telling -------------------------------------------------------------------------------------


def _met(node: _Node) -> Met:
    tests = [_field_met(name, wanted) for name, wanted in node.fields]
    if node.alternatives:
        tests.append(_any_met([_met(one) for one in node.alternatives]))
    return _all_met(tests)


def _all_met(tests: list[Met]) -> Met:
    if len(tests) == 1:
        return tests[0]

    def met(document: Document) -> bool:
        for test in tests:  # noqa: SIM110 a generator costs more than the tests
            if not test(document):
                return False
        return True

    return met


def _any_met(tests: list[Met]) -> Met:
    def met(document: Document) -> bool:
        for test in tests:  # noqa: SIM110 a generator costs more than the tests
            if test(document):
                return True
        return False

    return met


def _field_met(name: str, wanted: Matcher | _Node) -> Met:
    if isinstance(wanted, _Node):
        return _within(name, _met(wanted), everywhere=wanted.absences)
    return _leaf_met(name, wanted)


def _leaf_met(name: str, wanted: Matcher) -> Met:
    test, absent = wanted.test, wanted.absent

    def met(document: Document) -> bool:
        value = document.get(name, _NOTHING)
        if value is _NOTHING:
            return absent
        if isinstance(value, _NESTED):
            values = _values(value)
            return any(map(test, values)) if values else absent
        return test(value)

    return met


def _within(name: str, test: Met, *, everywhere: bool) -> Met:
    """Return what tells whether the object in a field, or one of a list of them, passes a test.

    `everywhere` asks it of each object of the list.
    """
    quantified = all if everywhere else any

    def met(document: Document) -> bool:
        value = document.get(name, _NOTHING)
        if isinstance(value, dict):
            return test(value)
        return quantified(map(test, _objects(value)))

    return met


def _flat(value: Any) -> Iterator[Any]:
    """Return what stands in lists within lists, in order; without recursion, for hostile ones."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, _LISTS):
            pending.extend(reversed(one))
        else:
            yield one


def _values(value: Any) -> list[Any]:
    return [one for one in _flat(value) if not isinstance(one, _OBJECTS)]


def _objects(value: Any) -> list[Document]:
    """Return the objects that a value is or holds; where there is none, one without fields."""
    return [one for one in _flat(value) if isinstance(one, _OBJECTS)] or [_EMPTY]


# --- explaining ----------------------------------------------------------------------------------


def _same(test: Met) -> Met:
    return test


class _Place(NamedTuple):
    """Where in a document an object of a pattern is compared.

    `objects` is what it is compared with, any number of them where the path leads through a list
    (`listed`); `lift` turns a test of one of them into the test of the document.
    """

    document: Document
    objects: tuple[Document, ...]
    path: str = ""
    listed: bool = False
    lift: Callable[[Met], Met] = _same

    def within(self, name: str, node: _Node) -> "_Place":
        """Return the place of the object in a field."""
        raw = self.raw(name)
        lift = self.lift
        return _Place(
            self.document,
            tuple(one for value in raw for one in _objects(value)),
            _joined(self.path, name),
            self.listed or any(isinstance(value, _LISTS) for value in raw),
            lambda test: lift(_within(name, test, everywhere=node.absences)),
        )

    def raw(self, name: str) -> list[Any]:
        """Return what the objects have in a field."""
        return [one[name] for one in self.objects if name in one]

    def met(self, test: Met) -> bool:
        """Tell whether the document passes the test of an object here."""
        return self.lift(test)(self.document)


def _findings(node: _Node, place: _Place) -> Iterator[Finding]:
    for name, wanted in node.fields:
        if isinstance(wanted, _Node):
            yield from _together(wanted, place.within(name, wanted))
        else:
            yield _leaf_finding(name, wanted, place)
    if node.alternatives:
        yield _or_finding(node.alternatives, place)


def _together(node: _Node, place: _Place) -> list[Finding]:
    """Return the findings of an object, and one more where they hold, but of different elements."""
    findings = list(_findings(node, place))
    if all(one.met for one in findings) and not place.met(_met(node)):
        wanted = "has one element that meets all of this"
        findings.append(Finding(place.path, wanted, list(place.objects), present=True, met=False))
    return findings


def _leaf_finding(name: str, wanted: Matcher, place: _Place) -> Finding:
    raw = place.raw(name)
    return Finding(
        _joined(place.path, name),
        wanted.phrase,
        raw if place.listed and raw else next(iter(raw), None),
        present=any(_values(value) for value in raw),
        met=place.met(_leaf_met(name, wanted)),
    )


def _or_finding(nodes: tuple[_Node, ...], place: _Place) -> Finding:
    return Finding(
        _joined(place.path, OR),
        f"meets one of {len(nodes)} alternatives",
        None,
        present=False,
        met=place.met(_any_met([_met(one) for one in nodes])),
        alternatives=tuple(tuple(_together(one, place)) for one in nodes),
    )
