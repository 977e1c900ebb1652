"""Which column of a file is which fact of a contact."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.api import Api
from cli.csv_files import parted
from cli.errors import UsageError

FACTS = {
    "email": ("email", "e mail", "mail", "email address", "e mail address", "mail address"),
    "first_name": ("first name", "firstname", "given name", "forename"),
    "last_name": ("last name", "lastname", "surname", "family name"),
    "phone": ("phone", "phone number", "telephone", "tel", "mobile", "mobile phone"),
    "external_id": ("external id", "externalid", "customer id", "user id"),
    "tags": ("tags", "tag"),
    "lists": ("lists", "list", "subscribed"),
    "unsubscribed": ("unsubscribed", "unsubscribed lists"),
    "tracking_opens": ("tracking opens",),
    "tracking_clicks": ("tracking clicks",),
}
TEXTS = ("email", "first_name", "last_name", "phone", "external_id")
PERMISSIONS = ("tracking_opens", "tracking_clicks")
ANSWERS = ("yes", "no")
FIELD = "field "  # before the tag of a custom field that is called like a fact
NOTHING = "-"
PAGE = 100
MEANING = {alias: fact for fact, aliases in FACTS.items() for alias in aliases}


class RowError(Exception):
    """A row cannot be imported; the text says why."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an account has: ids of lists by id and by name, ids of fields by tag and by title."""

    lists: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    def list_id(self, named: str) -> str:
        """Return the id of a list named by its id or name; raise `RowError` where there is none."""
        found = self.lists.get(named) or self.lists.get(folded(named))
        if not found:
            raise RowError(f"there is no list {named!r}, or more than one")
        return found


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of facts and of custom fields (by id) in a row, and the names of what is left."""

    facts: Mapping[str, int]
    fields: Mapping[str, int]
    ignored: Sequence[str]

    def named(self, header: Sequence[str]) -> dict[str, str]:
        """Return what each column is that is used: a fact, or `field <id>`."""
        known = {place: fact for fact, place in self.facts.items()}
        known |= {place: f"field {field_id}" for field_id, place in self.fields.items()}
        return {header[place]: known[place] for place in sorted(known)}


def folded(name: str) -> str:
    """Return a name as names are compared: `E-Mail` and `e_mail` are `e mail`."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def column(tag: str) -> str:
    """Return the heading that a custom field has in a file."""
    return FIELD + tag if folded(tag) in MEANING else tag


def listed(api: Api, noun: str) -> list[dict[str, Any]]:
    """Return all of the account's `lists` or `fields`, as the API shows them."""
    found: list[dict[str, Any]] = []
    while True:
        query = {"limit": PAGE, "offset": len(found)}
        page = api.call("GET", f"/api/3/{noun}", query=query)[noun]
        found += page
        if len(page) < PAGE:
            return found


def setup(lists: Sequence[Mapping[str, Any]], fields: Sequence[Mapping[str, Any]]) -> Setup:
    """Return what an account has, from what the API lists; a name of two things is nobody's."""
    names = _unambiguous((folded(one["name"]), one["id"]) for one in lists)
    titles = _unambiguous((folded(one["title"]), one["id"]) for one in fields)
    tags = {folded(one["perstag"]): one["id"] for one in fields}
    return Setup(
        lists=names | {one["id"]: one["id"] for one in lists},
        fields=titles | tags | {one["id"]: one["id"] for one in fields},
    )


def match(header: Sequence[str], known: Setup, given: Sequence[str]) -> Columns:
    """Return what each column is; `given` are the words of `--map`, `COLUMN=field`.

    Raises:
        UsageError: a wish cannot be met, two columns are the same fact, or none is the address.
    """
    wishes = _wishes(header, known, given)
    facts: dict[str, int] = {}
    fields: dict[str, int] = {}
    ignored: list[str] = []
    for place, name in enumerate(header):
        target = wishes[place] if place in wishes else _target(name, known)
        kind, _, key = target.partition(":")
        if kind not in ("fact", "field"):
            ignored += [name] if name and place not in wishes else []
            continue
        places = facts if kind == "fact" else fields
        if key in places:
            first = header[places[key]]
            raise UsageError(f"{first!r} and {name!r} are the same; --map {name}=- leaves one out.")
        places[key] = place
    if "email" not in facts:
        raise UsageError("No column is the e-mail address; name it with --map COLUMN=email.")
    return Columns(facts, fields, ignored)


def contact(cells: Sequence[str], columns: Columns, known: Setup) -> dict[str, Any]:
    """Return the contact of a row, in the shape of the API; raise `RowError` for none.

    Empty cells say nothing: they take away no value that the contact has.
    """
    said = {name: cells[place].strip() for name, place in columns.facts.items()}
    made: dict[str, Any] = {name: said[name] for name in TEXTS if said.get(name)}
    if not made.get("email"):
        raise RowError("has no e-mail address")
    if said.get("tags"):
        made["tags"] = parted(said["tags"])
    for name, key in (("lists", "subscribe"), ("unsubscribed", "unsubscribe")):
        if said.get(name):
            made[key] = [{"listid": known.list_id(one)} for one in parted(said[name])]
    made |= _permissions(said)
    values = {field_id: cells[place] for field_id, place in columns.fields.items()}
    if any(values.values()):
        made["fields"] = [
            {"id": field_id, "value": value} for field_id, value in values.items() if value
        ]
    return made


def _permissions(said: Mapping[str, str]) -> dict[str, str]:
    """Return what a row says of tracking; raise `RowError` for a word that is neither yes nor no."""
    made = {name: said[name].lower() for name in PERMISSIONS if said.get(name)}
    for name, answer in made.items():
        if answer not in ANSWERS:
            raise RowError(f"{name} is {answer!r}, which is neither yes nor no")
    return made


def _wishes(header: Sequence[str], known: Setup, given: Sequence[str]) -> dict[int, str]:
    wishes: dict[int, str] = {}
    for wish in given:
        column, equals, target = wish.rpartition("=")
        if not equals or column not in header:
            raise UsageError(f"--map {wish!r} is not COLUMN=field with a column of the file.")
        found = NOTHING if target == NOTHING else _target(target, known)
        if not found:
            raise UsageError(f"--map {wish!r}: there is no field {target!r}.")
        wishes[header.index(column)] = found
    return wishes


def _target(name: str, known: Setup) -> str:
    """Return what a name means: `fact:email`, `field:1234`, or nothing."""
    plain = folded(name)
    if plain in MEANING:
        return f"fact:{MEANING[plain]}"
    found = known.fields.get(plain) or known.fields.get(plain.removeprefix(FIELD))
    return f"field:{found}" if found else ""


def _unambiguous(pairs: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    twice = set()
    for name, thing_id in pairs:
        if found.setdefault(name, thing_id) != thing_id:
            twice.add(name)
    return {name: thing_id for name, thing_id in found.items() if name not in twice}
