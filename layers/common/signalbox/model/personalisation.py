"""Personalisation tags: a contact's facts in the texts of mails and webhooks.

The tags are ActiveCampaign's: `%EMAIL%`, `%FIRSTNAME%`, `%LASTNAME%`, `%FULLNAME%`, `%PHONE%`,
`%CONTACTID%` (also `%SUBSCRIBERID%`), a custom field by its tag (`%COMPANY%`), and the data of the
last event of a name (`%EVENT: file download request%`). Tags are upper case; an event's name is
compared as it is written, without the space around it.

A tag that nobody knows stays in the text, so that `50% OFF and 20%` is safe. A known tag without a
value becomes nothing. A value is never read again, so a contact who is called `%EMAIL%` stays so.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

LONGEST_HEADER = 998
"""RFC 5322 section 2.1.1: no line of a mail is longer."""

# An event's name ends at the next percent sign, so it holds none. Angle brackets end the search,
# since a tag does not reach across HTML elements.
_TAG: Final = re.compile(r"%(?:EVENT:(?P<event>[^%<>]{1,256})|(?P<tag>[A-Z][A-Z0-9_]*))%")

# C0, DEL and C1 control characters, and Unicode's line and paragraph separators.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Values:
    """What the tags of one text stand for.

    `fields` are custom fields by their tag; a field that the account has and the contact lacks is
    there as an empty text, else its tag counts as unknown. `events` is the data of the last event
    of each name.
    """

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    contact_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)


def tags_in(text: str) -> frozenset[str]:
    """Return the names of the events whose data the text asks for.

    Beside the name as it is written stands the one that an HTML editor may have meant by it:
    `Q&amp;A` is `Q&A`, and a line break or a non-breaking space is a space.
    """
    written = (found["event"] for found in _TAG.finditer(text) if found["event"])
    return frozenset(name for tag in written for name in _names(tag) if name)


def fields_in(text: str) -> frozenset[str]:
    """Return the tags that may be those of custom fields, being none that every contact has."""
    written = frozenset(found["tag"] for found in _TAG.finditer(text) if found["tag"])
    return written - _facts(Values()).keys()


def split(text: str) -> tuple[str, ...]:
    """Return the text in pieces; every second one, from the second on, is what values can change.

    Such a piece is a tag, or several that share percent signs, as `%OFF%EMAIL%`: which of these are
    tags depends on the values. Personalising these pieces alone and joining all gives what
    personalising the text gives, so a text for many contacts is searched once.
    """
    pieces: list[str] = []
    start = 0
    while found := _TAG.search(text, start):
        end = found.end()
        while shared := _TAG.match(text, end - 1):
            end = shared.end()
        pieces += (text[start : found.start()], text[found.start() : end])
        start = end
    return (*pieces, text[start:])


def personalise(text: str, values: Values, *, escape: bool) -> str:
    """Replace the tags of a body; `escape` makes the values plain text within HTML.

    Escaped values are safe between elements and within quoted attributes.
    """
    return replaced(text, values, html.escape if escape else str)


def personalise_header(text: str, values: Values) -> str:
    """Replace the tags of a subject or header; the result is one line of at most 998 characters.

    Control characters and line breaks become one space, so no value can begin a header.
    """
    return one_line(replaced(text, values, str))


def one_line(text: str) -> str:
    """Return a text as a header can hold it: one line of at most 998 characters."""
    return _CONTROLS.sub(" ", text)[:LONGEST_HEADER].strip()


def personalise_url(url: str, values: Values) -> str:
    """Replace the tags of a URL; each value is percent-encoded whole, slashes too (RFC 3986)."""
    return replaced(url, values, percent_encoded)


def percent_encoded(value: str) -> str:
    """Return a value as it can stand anywhere in a URL."""
    return quote(value, safe="", errors="replace")


def replaced(text: str, values: Values, encode: Callable[[str], str]) -> str:
    """Replace the tags of a text by their values, each as `encode` makes it fit."""
    facts = _facts(values)
    pieces: list[str] = []
    start = 0
    while found := _TAG.search(text, start):
        value = _value(found, values, facts)
        if value is None:
            # The closing sign may open the next tag, as in `50%OFF%EMAIL%`.
            pieces.append(text[start : found.end() - 1])
            start = found.end() - 1
        else:
            pieces += (text[start : found.start()], encode(value))
            start = found.end()
    return "".join((*pieces, text[start:]))


def _value(found: re.Match[str], values: Values, facts: Mapping[str, str]) -> str | None:
    if found["event"]:
        return _event_data(found["event"], values.events)
    return facts.get(found["tag"], values.fields.get(found["tag"]))


def _event_data(written: str, events: Mapping[str, str]) -> str | None:
    names = _names(written)
    if not any(names):
        return None
    return next((events[name] for name in names if name in events), "")


def _names(written: str) -> tuple[str, str]:
    return written.strip(), " ".join(html.unescape(written).split())


def _facts(values: Values) -> dict[str, str]:
    return {
        "EMAIL": values.email,
        "FIRSTNAME": values.first_name,
        "LASTNAME": values.last_name,
        "FULLNAME": f"{values.first_name} {values.last_name}".strip(),
        "PHONE": values.phone,
        "CONTACTID": values.contact_id,
        "SUBSCRIBERID": values.contact_id,
    }
