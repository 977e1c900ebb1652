"""Placeholders: names in curly brackets in what a URL is called with, as in `{email}`.

Of the contact: `{email}`, `{first_name}`, `{last_name}`, `{full_name}`, `{phone}`, `{external_id}`,
`{contact_id}` and its custom fields by their tags, `{fields.COMPANY}`; each also with `contact.`
before it. Of the event: `{event.name}`, `{event.value}`, `{event.id}`, `{event.kind}`, `{event.at}`
(RFC 3339) and its properties by their path, `{event.properties.basket.0.price}`. Of the cause:
`{timestamp}` (when the event happened, in seconds since 1970), `{list_id}`, `{mailer_id}`, `{tag_id}`,
`{rule_id}`, `{rule_name}`, `{account_id}` and `{dispatch_id}`.

A value that is not there becomes nothing. Every value is encoded for the place where it stands, so
that none can change the meaning of what is around it, and is never read again. What is no name in
brackets, as the brackets of JSON, stays as it is.
"""

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch
from signalbox.model.performing import iso
from signalbox.model.rule import Rule

OF_CONTACT: Final = (
    *("email", "first_name", "last_name", "full_name", "phone", "external_id", "contact_id"),
)
OF_EVENT: Final = ("event.name", "event.value", "event.id", "event.kind", "event.at")
OF_CAUSE: Final = (
    *("timestamp", "list_id", "mailer_id", "tag_id"),
    *("rule_id", "rule_name", "account_id", "dispatch_id"),
)
KNOWN: Final = (*OF_CONTACT, "fields.TAG", *OF_EVENT, "event.properties.NAME", *OF_CAUSE)
"""What rules may name; `TAG` and `NAME` stand for any."""

_NAME: Final = r"\{(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)\}"
_PLACEHOLDER: Final = re.compile(_NAME)
_JSON_PART: Final = re.compile(rf'\\.|"|{_NAME}', re.DOTALL)

# C0, DEL and C1 control characters, and Unicode's line and paragraph separators.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NOT_IN_XML: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

INDEX_DIGITS: Final = 9  # of a place in a list; no event carries so long a list

Scene = Mapping[str, Any]
"""What the names stand for: nested as their paths are."""


class Form(StrEnum):
    """What a body is, and so how values are encoded within it."""

    JSON = "json"
    FORM = "form"
    XML = "xml"
    TEXT = "text"


def form_of(content_type: str) -> Form:
    """Return what a body of this media type is; parameters as `charset` do not count."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return Form.JSON
    if media_type == "application/x-www-form-urlencoded":
        return Form.FORM
    if media_type in {"application/xml", "text/xml", "text/html"} or media_type.endswith("+xml"):
        return Form.XML
    return Form.TEXT


def names_in(template: str) -> frozenset[str]:
    """Return the names that stand in curly brackets."""
    return frozenset(found["name"] for found in _PLACEHOLDER.finditer(template))


def is_known(name: str) -> bool:
    """Tell whether a rule may use the name; which custom fields there are is not asked."""
    plain = name.removeprefix("contact.")
    if plain in OF_CONTACT or plain.startswith("fields."):
        return True
    return name in OF_EVENT or name in OF_CAUSE or name.startswith("event.properties.")


def field_named(name: str) -> str:
    """Return the tag of the custom field that the name asks for; empty where it asks for none."""
    plain = name.removeprefix("contact.")
    return plain.removeprefix("fields.") if plain.startswith("fields.") else ""


def scene_of(dispatch: Dispatch, contact: Contact, rule: Rule) -> Scene:
    """Return what the names stand for when a dispatch is performed."""
    event = dispatch.event
    person = {
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "full_name": f"{contact.first_name} {contact.last_name}".strip(),
        "phone": contact.phone_number or contact.phone,
        "external_id": contact.external_id,
        "contact_id": contact.contact_id,
        "fields": contact.fields,
    }
    about = {name: event.properties.get(name) for name in ("list_id", "mailer_id", "tag_id")}
    return person | {
        "contact": person,
        "event": {
            "name": event.name,
            "value": event.value,
            "id": event.event_id,
            "kind": event.kind,
            "at": iso(event.at_ms),
            "properties": event.properties,
        },
        "timestamp": event.at_ms // 1000,
        **about,
        "rule_id": rule.rule_id,
        "rule_name": rule.name,
        "account_id": dispatch.account_id,
        "dispatch_id": dispatch.dispatch_id,
    }


def in_url(template: str, scene: Scene) -> str:
    """Fill a URL; each value is percent-encoded whole, slashes too (RFC 3986)."""
    return _filled(template, scene, _percent_encoded)


def in_header(template: str, scene: Scene) -> str:
    """Fill a header's value; control characters and line breaks become one space."""
    line = _CONTROLS.sub(" ", _filled(template, scene, str)).strip()
    return line.encode("utf-8", "replace").decode()


def in_body(template: str, scene: Scene, form: Form) -> str:
    """Fill a body.

    In JSON a value within quotation marks is the text between them, and one outside is a whole
    JSON value: `{"who": "{email}", "price": {event.properties.price}}`; there what is missing is
    null. In a form values are percent-encoded, in XML and HTML escaped, in a text raw.
    """
    match form:
        case Form.JSON:
            return _filled_json(template, lambda name: _value(name, scene))
        case Form.FORM:
            return _filled(template, scene, _percent_encoded)
        case Form.XML:
            return _filled(template, scene, _escaped)
        case Form.TEXT:
            return _filled(template, scene, str)


def is_json(template: str) -> bool:
    """Tell whether the template is JSON once its placeholders are filled, whatever they stand for."""
    try:
        json.loads(_filled_json(template, lambda _: None))
    except (ValueError, RecursionError):
        return False
    return True


def _filled(template: str, scene: Scene, encode: Callable[[str], str]) -> str:
    def filled(found: re.Match[str]) -> str:
        if not is_known(found["name"]):
            return found[0]
        return encode(_text(_value(found["name"], scene)))

    return _PLACEHOLDER.sub(filled, template)


def _filled_json(template: str, value_of: Callable[[str], Any]) -> str:
    quoted = False

    def filled(found: re.Match[str]) -> str:
        nonlocal quoted
        if found[0] == '"':
            quoted = not quoted
        name = found["name"]
        if name is None or not is_known(name):
            return found[0]
        value = value_of(name)
        return json.dumps(_text(value))[1:-1] if quoted else json.dumps(value)

    return _JSON_PART.sub(filled, template)


def _value(name: str, scene: Scene) -> Any:
    """Return what a path leads to; None where it leads nowhere."""
    value: Any = scene
    for step in name.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return dict(value) if isinstance(value, Mapping) else value


def _is_index(step: str) -> bool:
    """Tell whether a step of a path is a place in a list; Python reads no more than 4,300 digits."""
    return step.isdecimal() and len(step) <= INDEX_DIGITS


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _percent_encoded(value: str) -> str:
    """Encode a value; one of nothing but dots, too, for as a part of a path it would lead elsewhere.

    RFC 3986, 5.2.4: `.` and `..` are taken out of a path, the latter with the part before it.
    """
    if value and not value.strip("."):
        return "%2E" * len(value)
    return quote(value, safe="", errors="replace")


def _escaped(value: str) -> str:
    return escape(_NOT_IN_XML.sub(" ", value), {'"': "&quot;", "'": "&#39;"})
