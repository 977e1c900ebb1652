"""How much one item of a table can hold."""

from typing import Any

from signalbox.model.errors import InvalidError
from signalbox.model.wire import packed

LARGEST = 350_000  # of the 400 KB that DynamoDB takes; keys and the rest need the remainder


def check_size(sent: Any, field: str) -> None:
    """Raise `InvalidError` where this is too much for an item, in the form in which it is stored."""
    if len(packed(sent)) > LARGEST:
        raise InvalidError(field, f"is larger than {LARGEST} bytes as JSON in ASCII")
