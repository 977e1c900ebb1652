"""Custom fields: what an account knows of its contacts beyond their names and addresses."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from signalbox.model.contact_index import PLACE_DIGITS, place
from signalbox.model.errors import InvalidError

LONGEST_TAG = 64
LONGEST_VALUE = 4096
LARGEST_VALUES = 100_000  # characters of all values of a contact together
EVERY_LIST = "0"

# Facts that every contact has; `model.personalisation` knows their tags.
OWN_TAGS = frozenset(
    {"EMAIL", "FIRSTNAME", "LASTNAME", "FULLNAME", "PHONE", "CONTACTID", "SUBSCRIBERID"}
)
_TAG = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_OUTSIDE_TAG = re.compile(r"[^A-Z0-9]+", re.ASCII)


class FieldType(StrEnum):
    """What a form shows for a field; the value is a text in every case."""

    TEXT = "text"
    TEXTAREA = "textarea"
    DATE = "date"
    DATETIME = "datetime"
    DROPDOWN = "dropdown"
    LISTBOX = "listbox"
    CHECKBOX = "checkbox"
    RADIO = "radio"
    HIDDEN = "hidden"
    NUMBER = "number"
    CURRENCY = "currency"
    NULL = "NULL"


@dataclass(frozen=True, slots=True)
class FieldOption:
    """One of the values that a field offers."""

    option_id: str
    value: str
    label: str
    order: int = 0
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field.

    `tag` is what contacts carry the value under and what mails name it by (`COMPANY` in
    `%COMPANY%`); it never changes. `lists` are the ids of the lists that show it, `0` for all.
    """

    account_id: str
    field_id: str
    title: str
    tag: str
    kind: FieldType = FieldType.TEXT
    description: str = ""
    default: str = ""
    required: bool = False
    show_in_list: bool = False
    visible: bool = True
    rows: int = 0
    columns: int = 0
    order: int = 0
    service: str = ""
    options: tuple[FieldOption, ...] = ()
    lists: tuple[str, ...] = (EVERY_LIST,)
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 1


def tag_from(text: str) -> str:
    """Return the tag that a title gives: `Company name` is `COMPANY_NAME`.

    Percent signs around it are no part of it; letters lose their accents; what is left must begin
    with a letter, so `2nd phone` is `FIELD_2ND_PHONE`.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(mark for mark in plain if not unicodedata.combining(mark)).upper()
    tag = _OUTSIDE_TAG.sub("_", letters).strip("_")
    if not tag[:1].isalpha():
        tag = f"FIELD_{tag}".rstrip("_")
    return tag[:LONGEST_TAG].rstrip("_")


def numbered(tag: str, number: int) -> str:
    """Return another tag for a title that is used more than once: `COMPANY`, `COMPANY_2`, …."""
    if number == 1:
        return tag
    end = f"_{number}"
    return tag[: LONGEST_TAG - len(end)] + end


def is_free(tag: str) -> bool:
    """Tell whether a custom field may have this tag."""
    return bool(_TAG.fullmatch(tag)) and tag not in OWN_TAGS


def checked_value(text: str, *, field: str = "value") -> str:
    """Return the value as it is kept; raise `InvalidError` where it is too long.

    Several values of a checkbox or a listbox are one text, `||red||green||`.
    """
    if len(text) > LONGEST_VALUE:
        raise InvalidError(field, f"is longer than {LONGEST_VALUE} characters")
    return text


def value_id(contact_id: str, field_id: str) -> str:
    """Return the id of a contact's value: the contact's id, then the field's in 16 digits."""
    return f"{contact_id}{place(field_id)}"


def parts_of(shown: str) -> tuple[str, str]:
    """Return the ids of the contact and the field that an id of a value names.

    Both may be empty or nobody's: an id comes from outside.
    """
    return shown[:-PLACE_DIGITS], shown[-PLACE_DIGITS:].lstrip("0")
