"""What can go wrong in Signalbox's own terms.

Code below the handlers raises these; each HTTP dialect turns them into its answers in one place.
"""


class SignalboxError(Exception):
    """The base of every error that Signalbox raises on purpose."""


class InvalidError(SignalboxError):
    """A value that came from outside is not acceptable.

    `field` is the path of the value in what was sent (`visit.email`, `actions.0.url`).
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class NotFoundError(SignalboxError):
    """What was asked for does not exist in this account.

    `noun` is the word of the thing (`contact`, `rule`), `key` what was looked for.
    """

    def __init__(self, noun: str, key: str) -> None:
        super().__init__(f"there is no {noun} {key}")
        self.noun = noun
        self.key = key


class ConflictError(SignalboxError):
    """The change contradicts what is stored: it exists already, or it moved meanwhile."""


class ForbiddenError(SignalboxError):
    """The caller is not known, or its role does not allow this."""
