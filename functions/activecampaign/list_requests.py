"""What the endpoints of lists and tags read of their requests, and how they refuse them."""

import re
from collections.abc import Callable, Iterable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model.contact_list import ID
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.tag import compared

from .answers import answer
from .requests import query
from .schemas import TEXT, Schema, asked, word

Named = TypeVar("Named")
Entry = TypeVar("Entry")

# Of `filters[name][<operator>]`: from what a thing is called and what was asked to whether it fits.
OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": eq,
    "neq": ne,
    "lt": lt,
    "lte": le,
    "gt": gt,
    "gte": ge,
    "contains": lambda name, asked: asked in name,
    "starts_with": str.startswith,
}
DIRECTIONS = {"", "asc", "desc", "weight"}
_FILTER = re.compile(r"filters\[(\w+)\](?:\[(\w+)\])?")
_PAIR_ID = re.compile(r"[1-9][0-9]{16,31}", re.ASCII)


def own_id(noun: str, shown: str) -> str:
    """Return the id of a list or tag as a caller wrote it; raise `NotFoundError` for no such id."""
    if not ID.fullmatch(shown):
        raise NotFoundError(noun, shown)
    return shown


def pair_id(noun: str, shown: str) -> str:
    """Return the id of a contact on a list, or with a tag; raise `NotFoundError` for no such id."""
    if not _PAIR_ID.fullmatch(shown):
        raise NotFoundError(noun, shown)
    return shown


def reference(part: Mapping[str, Any], name: str) -> str:
    """Return the id that a body refers to, a text or a number; empty where it cannot be one."""
    value = part.get(name)
    shown = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return shown if ID.fullmatch(shown) else ""


def flag(part: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    """Return a yes or no of a body: true, false, 1, 0 or the texts of these numbers."""
    value = part.get(name, otherwise)
    if value in ("0", "1", 0, 1):
        return bool(int(value))
    raise InvalidError(name, "must be true or false")


def filter_of(router: Router, name: str) -> str:
    """Return what `filters[name]` asks for; empty where it does not."""
    return query(router, f"filters[{name}]")


def choosing(field: str) -> dict[str, Schema]:
    """Return the parameters of the query string that `chosen` reads."""
    return {
        "search": asked(TEXT, "A part of the name"),
        f"orders[{field}]": asked(word(*sorted(DIRECTIONS - {""}))),
        f"filters[{field}]": asked(TEXT, "The name in whole"),
        **{f"filters[{field}][{operator}]": asked(TEXT) for operator in OPERATORS},
    }


def chosen(
    router: Router, things: Iterable[Named], called: Callable[[Named], str], field: str
) -> list[Named]:
    """Return the things whose name fits `filters[field][operator]`, as `orders[field]` wants them.

    `filters[field]` asks for a name in whole, `search` for a part of one. Names are compared without
    case. The order `weight` has whole matches first, then beginnings, then the rest.
    """
    tests = _tests(router, field)
    fitting = [
        thing
        for thing in things
        if all(fits(compared(called(thing)), asked) for fits, asked in tests)
    ]
    direction = query(router, f"orders[{field}]").lower()
    if direction not in DIRECTIONS:
        raise InvalidError(f"orders[{field}]", "must be asc, desc or weight")
    if direction == "weight":
        sought = [asked for _, asked in tests]
        return sorted(fitting, key=lambda thing: _weight(compared(called(thing)), sought))
    if direction:
        fitting.sort(key=lambda thing: compared(called(thing)), reverse=direction == "desc")
    return fitting


def across(
    numbers: Mapping[str, int],
    offset: int,
    limit: int,
    page: Callable[[str, int, int], list[Entry]],
) -> list[Entry]:
    """Return a page of what several containers hold, one container after the other.

    `numbers` says how many each holds, so that those before the offset are not read; `page` reads
    one from an offset on, up to a limit.
    """
    found: list[Entry] = []
    for container_id, number in numbers.items():
        if offset >= number:
            offset -= number
            continue
        if len(found) >= limit:
            break
        found += page(container_id, offset, limit - len(found))
        offset = 0
    return found


def absent(part: Mapping[str, Any], *names: str) -> list[str]:
    """Return the names that a body's object lacks or leaves empty."""
    return [name for name in names if part.get(name) in (None, "")]


def refuse_absent(names: Iterable[str]) -> Response[str]:
    """Return the refusal of a body that lacks something."""
    return answer({"errors": [_fault(name, "is missing", "field_missing") for name in names]}, 422)


def refuse_unrelated(name: str) -> Response[str]:
    """Return the refusal of a body that refers to what does not exist."""
    return answer({"errors": [_fault(name, "does not exist", "related_missing")]}, 422)


def _fault(name: str, said: str, code: str) -> dict[str, Any]:
    return {
        "title": f"{name} {said}",
        "detail": "",
        "code": code,
        "source": {"pointer": f"/data/attributes/{name}"},
    }


def _tests(router: Router, field: str) -> list[tuple[Callable[[str, str], bool], str]]:
    """Return the questions of the query string, each with the name that it asks about."""
    sent = router.current_event.query_string_parameters
    tests = [(OPERATORS["contains"], compared(sent["search"]))] if sent.get("search") else []
    for name, value in sent.items():
        found = _FILTER.fullmatch(name)
        if found is None or found[1] != field:
            continue
        operator = found[2] or "eq"
        if operator not in OPERATORS:
            raise InvalidError(name, f"must have one of the operators {', '.join(OPERATORS)}")
        tests.append((OPERATORS[operator], compared(value)))
    return tests


def _weight(name: str, sought: list[str]) -> tuple[int, str]:
    if name in sought:
        return 0, name
    return (1 if any(name.startswith(asked) for asked in sought) else 2), name
