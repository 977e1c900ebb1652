"""Tags: labels on contacts."""

import unicodedata
from dataclasses import dataclass

from signalbox.model.contact_index import PLACE_DIGITS, place
from signalbox.model.errors import InvalidError

LONGEST_NAME = 255
LONGEST_DESCRIPTION = 4096


@dataclass(frozen=True, slots=True)
class Tag:
    """A label. `kind` says what it is meant for, `contact` or `template`; both label contacts."""

    account_id: str
    tag_id: str
    name: str
    kind: str = "contact"
    description: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class ContactTag:
    """A tag on a contact."""

    account_id: str
    contact_id: str
    tag_id: str
    created_ms: int = 0

    @property
    def contact_tag_id(self) -> str:
        """Return its id: the contact's, then the tag's in 16 digits."""
        return f"{self.contact_id}{place(self.tag_id)}"


def parts_of(contact_tag_id: str) -> tuple[str, str]:
    """Return the ids of the contact and the tag that an id of a `ContactTag` names.

    Both may be empty or nobody's: an id comes from outside.
    """
    return contact_tag_id[:-PLACE_DIGITS], contact_tag_id[-PLACE_DIGITS:].lstrip("0")


def checked_name(text: str, *, field: str = "tag") -> str:
    """Return a tag's name without space around it; raise `InvalidError` where it cannot be one."""
    name = text.strip()
    if not name:
        raise InvalidError(field, "must not be empty")
    if len(name) > LONGEST_NAME:
        raise InvalidError(field, f"is longer than {LONGEST_NAME} characters")
    return name


def compared(name: str) -> str:
    """Return a name as names are compared: without case, and in one spelling of each letter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
