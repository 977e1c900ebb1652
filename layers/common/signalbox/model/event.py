"""Events: what one contact did, or what happened to one, at one time."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from signalbox.model.wire import digest, packed, unpacked

SCHEMA_VERSION = 1
DEFAULT_SOURCE = "api"
_CAUSED_BY = {"form": "public", "rule": "system"}
DEEPEST_CHAIN = 5  # below the about 16 hops after which Lambda itself would cut the loop
LARGEST_EVENT = 245_760  # bytes, within a dispatch; EventBridge Scheduler carries 262,144
TOO_LARGE = "too_large"


class UnknownSchemaError(ValueError):
    """A queue message was written by a newer Signalbox than the one that reads it."""


class Event(NamedTuple):
    """One event as it was accepted.

    `event_id`, `at_ms` (when it happened) and `received_ms` (when it was accepted) are fixed when it
    is accepted, the first two perhaps by the caller, so that writing the event again writes the
    same log entry. `address` names the contact (see `model.address`).
    `value` is the one text of the form API's `eventdata`; `properties` a JSON object.
    `depth` counts the rules that led here: 0 for what came from outside.
    `kind` is empty for what an application reported; else it says what happened to the contact
    (`subscribe`, `contact_tag_added`, …), and so does `name`.
    """

    account_id: str
    event_id: str
    name: str
    at_ms: int
    received_ms: int
    address: str
    value: str = ""
    properties: Mapping[str, Any] = MappingProxyType({})
    source: str = DEFAULT_SOURCE
    depth: int = 0
    kind: str = ""

    @property
    def initiated_from(self) -> str:
        """Return who caused it, in ActiveCampaign's words: public, admin, api or system."""
        if self.kind:
            caused_by: str = self.properties.get("initiated_from", DEFAULT_SOURCE)
            return caused_by
        return _CAUSED_BY.get(self.source, DEFAULT_SOURCE)

    def key_hash(self) -> str:
        """Return the 12 hex digits that tell this event from others of its millisecond.

        An id tells events of one name apart: callers number orders, and then payments of orders.
        """
        return digest(self.account_id, self.event_id, self.name)[:12]

    def to_wire(self) -> str:
        """Return the text that carries this event on a queue."""
        message: dict[str, Any] = {
            "v": SCHEMA_VERSION,
            "account": self.account_id,
            "id": self.event_id,
            "name": self.name,
            "at": self.at_ms,
            "received": self.received_ms,
            "address": self.address,
            "source": self.source,
        }
        if self.value:
            message["value"] = self.value
        if self.properties:
            message["properties"] = self.properties
        if self.depth:
            message["depth"] = self.depth
        if self.kind:
            message["kind"] = self.kind
        return packed(message)

    def is_too_large(self) -> bool:
        """Tell whether this is too large for what it may set off.

        A dispatch carries the event's JSON as a text of its own, in which every mark outside ASCII
        takes 7 or 14 bytes.
        """
        return len(packed(self.to_wire())) > LARGEST_EVENT

    @classmethod
    def from_wire(cls, text: str) -> "Event":
        """Read what `to_wire` wrote.

        Raises:
            UnknownSchemaError: a newer version wrote it.
            KeyError, TypeError, ValueError: it is no event at all.
        """
        message = unpacked(text)
        if message["v"] != SCHEMA_VERSION:
            raise UnknownSchemaError(f"event message of schema {message['v']!r}")
        return cls(
            account_id=message["account"],
            event_id=message["id"],
            name=message["name"],
            at_ms=int(message["at"]),
            received_ms=int(message["received"]),
            address=message["address"],
            value=message.get("value", ""),
            properties=message.get("properties", {}),
            source=message["source"],
            depth=message.get("depth", 0),
            kind=message.get("kind", ""),
        )
