"""What requests say of custom fields and their values."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model.errors import InvalidError
from signalbox.model.field import LARGEST_VALUES, LONGEST_VALUE, Field, checked_value
from signalbox.model.item_size import check_size

from .answers import answer
from .schemas import LOOSE_TEXT, NULL, TEXT, either, many

MOST_VALUES = 500
SEPARATOR = "||"
SENT_VALUE = either(TEXT, {"type": "number"}, many(LOOSE_TEXT), NULL)


class UnknownFieldError(Exception):
    """A body names a custom field that the account does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def answer(self) -> Response[str]:
        """Return the refusal."""
        fault = {
            "title": "The related field does not exist.",
            "detail": self.name[:64],
            "code": "related_missing",
            "source": {"pointer": "/data/attributes/fieldValues"},
        }
        return answer({"errors": [fault]}, 422)


def whole_body(router: Router) -> dict[str, Any]:
    """Return the JSON object that is the whole body of a request."""
    try:
        body = router.current_event.json_body
    except (ValueError, RecursionError) as error:
        raise InvalidError("body", "is not valid JSON") from error
    if not isinstance(body, dict):
        raise InvalidError("body", "must be an object")
    return body


def values_of(sent: Any, known: Sequence[Field], *, id_name: str = "field") -> dict[str, str]:
    """Return the values of `[{field, value}]` by tag; a field is named by its id or its tag.

    Raises:
        InvalidError: it is no such list, or too much.
        UnknownFieldError: the account has no such field.
    """
    if not isinstance(sent, list) or len(sent) > MOST_VALUES:
        raise InvalidError("fieldValues", f"must be a list of at most {MOST_VALUES} values")
    values = dict(_named_value(one, known, id_name) for one in sent)
    if sum(map(len, values.values())) > LARGEST_VALUES:
        raise InvalidError("fieldValues", f"are longer than {LARGEST_VALUES} characters together")
    check_size(values, "fieldValues")
    return values


def field_named(name: str, known: Sequence[Field]) -> Field:
    """Return the field of this id, or of this tag (`COMPANY`, `%COMPANY%`).

    Raises:
        UnknownFieldError: the account has no such field.
    """
    tag = name.strip("%").upper()
    for field in known:
        if name == field.field_id or tag == field.tag:
            return field
    raise UnknownFieldError(name)


def value_text(value: Any, *, field: str = "value") -> str:
    """Return the value of a field as it is kept; several are one text, `||red||green||`."""
    if isinstance(value, list):
        texts = [loose_text({field: one}, field, LONGEST_VALUE) for one in value]
        return checked_value(SEPARATOR + SEPARATOR.join(texts) + SEPARATOR if texts else "")
    return loose_text({field: value}, field, LONGEST_VALUE)


def loose_text(part: Mapping[str, Any], name: str, longest: int) -> str:
    """Return a text of a body's object, where a number counts as its digits; empty for null."""
    value = part.get(name)
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidError(name, "must be a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(name, "is not valid Unicode") from error
    if len(value) > longest:
        raise InvalidError(name, f"is longer than {longest} characters")
    return value


def loose_flag(part: Mapping[str, Any], name: str) -> bool:
    """Return a yes or no of a body's object: a boolean, 0 or 1, also as text; no where it is absent."""
    value = part.get(name)
    if value in (None, 0, "0", "false"):
        return False
    if value in (1, "1", "true"):
        return True
    raise InvalidError(name, "must be true or false")


def _named_value(sent: Any, known: Sequence[Field], id_name: str) -> tuple[str, str]:
    if not isinstance(sent, dict):
        raise InvalidError("fieldValues", "must hold objects of a field and its value")
    name = loose_text(sent, id_name, LONGEST_VALUE).strip()
    if not name:
        raise InvalidError("fieldValues", f"must name a {id_name} each")
    return field_named(name, known).tag, value_text(sent.get("value"))
