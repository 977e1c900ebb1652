"""The one JSON form of what Signalbox stores and queues.

Everything outside ASCII is escaped: SQS refuses some characters (NUL, U+FFFE, …) that a caller may
well send, and an escaped text passes every store unchanged.
"""

import hashlib
import json
from typing import Any

# Kept, because `json.dumps` would make another encoder for each text. What comes from JSON or is put
# together here holds no circle.
_encode = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False).encode
_decode = json.JSONDecoder().decode


def packed(value: Any) -> str:
    """Return the compact text of a JSON value; equal values give equal texts."""
    return _encode(value)


def unpacked(text: str) -> Any:
    """Return the value of a packed text; raise `ValueError` where it is no JSON."""
    return _decode(text)


def digest(*parts: str) -> str:
    """Return the SHA-256 of the parts as hex, unambiguous about where one part ends."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
