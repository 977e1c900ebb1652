"""What can become of a row of an import that is not written in whole, as code and as text."""

from enum import StrEnum


class ImportFault(StrEnum):
    """Why a row is not imported, or not in whole; programs go by this, people by the text."""

    INVALID = "invalid"
    ADDRESS_TAKEN = "address_taken"
    UNKNOWN = "unknown"
    NOT_WRITTEN = "not_written"
    NOT_IN_WHOLE = "not_in_whole"

    @property
    def passes(self) -> bool:
        """Tell whether the same row may well be imported when it is sent again."""
        return self in {ImportFault.NOT_WRITTEN, ImportFault.NOT_IN_WHOLE}
