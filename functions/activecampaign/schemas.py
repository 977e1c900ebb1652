"""The words that the OpenAPI document describes bodies and parameters with (JSON Schema 2020-12)."""

from collections.abc import Collection, Mapping
from typing import Any

Schema = dict[str, Any]
Properties = Mapping[str, Schema]

TEXT: Schema = {"type": "string"}
WHOLE_NUMBER: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}
DIGITS: Schema = {"type": "string", "pattern": "^[0-9]+$"}
FLAG: Schema = {"type": "string", "enum": ["0", "1"]}
STAMP: Schema = {"type": "string", "format": "date-time"}
PLAIN_STAMP: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
}
EMAIL: Schema = {"type": "string", "format": "email"}
LINK: Schema = {"type": "string", "format": "uri"}


def filled(longest: int) -> Schema:
    """Return the schema of a text with more than white space in it."""
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": r"\S"}


def constant(value: str | int) -> Schema:
    """Return the schema of what is always the same."""
    return {"const": value, "type": "string" if isinstance(value, str) else "integer"}


def word(*words: str) -> Schema:
    """Return the schema of one of these words."""
    return {"type": "string", "enum": list(words)}


def either(*schemas: Schema) -> Schema:
    """Return the schema of what fits at least one of several."""
    return {"anyOf": list(schemas)}


def maybe(schema: Schema) -> Schema:
    """Return the schema of what may also be null."""
    return either(schema, NULL)


def many(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def limited(schema: Schema, least: int, most: int) -> Schema:
    """Return the schema of a list of at least and at most so many."""
    return many(schema) | {"minItems": least, "maxItems": most}


def shape(properties: Properties, *, lacks: Collection[str] = (), title: str = "") -> Schema:
    """Return the schema of an object that we answer: it has all properties but for those it `lacks`.

    One with a title stands once in the document, and everything refers to it there.
    """
    required = [name for name in properties if name not in lacks]
    named: Schema = {"title": title} if title else {}
    return named | {"type": "object", "properties": dict(properties), "required": required}


def asked(schema: Schema, told: str = "", *, needed: bool = False) -> Schema:
    """Return the description of a parameter of the query string."""
    return {"required": needed, "schema": schema} | ({"description": told} if told else {})


def wanted(properties: Properties, *, needs: Collection[str] = ()) -> Schema:
    """Return the schema of an object that a caller sends: it has at least what it `needs`."""
    return {"type": "object", "properties": dict(properties), "required": list(needs)}


def wrapped(name: str, properties: Properties, *, needs: Collection[str] = ()) -> Schema:
    """Return the schema of a body that holds one object under a name, as the original has it."""
    return wanted({name: wanted(properties, needs=needs)}, needs=(name,))


TOTAL = shape({"total": DIGITS})
NUMBERED = shape({"total": WHOLE_NUMBER})  # where the original counts with a number
NONE = many(NULL) | {"maxItems": 0}  # what the original has and Signalbox has not

# What callers send: the original's clients write numbers and flags as they please.
SENT_TEXT = maybe(TEXT)
LOOSE_TEXT = either(TEXT, {"type": "number"}, NULL)
SENT_FLAG = {"enum": ["0", "1", 0, 1, False, True]}
LOOSE_FLAG = maybe({"enum": ["0", "1", 0, 1, False, True, "false", "true"]})
REFERENCE = either(DIGITS, WHOLE_NUMBER)
