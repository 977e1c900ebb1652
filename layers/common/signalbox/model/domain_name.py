"""Domains in ASCII, as the domain name system knows them: one form for mails, links and calls.

The form is that of UTS 46 without transitional processing, as the URL Standard ("domain to ASCII")
asks of browsers. Where IDNA 2008 (RFC 5891) allows a domain, it has the same form. IDNA 2003, which is
the codec `idna` of Python's standard library, makes `strasse.de` of `straße.de`: somebody else's.
"""

import re
from functools import lru_cache
from typing import Final

from signalbox.model.errors import SignalboxError

LONGEST: Final = 253  # RFC 1035 section 2.3.4, as text without the dot of the root
LONGEST_LABEL: Final = 63  # the same
_JOINERS: Final = frozenset("\u200c\u200d")

# What else a mapping may make of other letters, as "," or "/", would end a name in a mail or a URL.
_NAME: Final = re.compile(r"(?=.{1,253}\.?$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")


class DomainError(SignalboxError):
    """No domain can have this name."""


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII; one that is in ASCII stays as it is, whatever it is.

    Raises:
        DomainError: it has letters that no domain has, or is too long.
    """
    return domain if domain.isascii() else _converted(domain)


@lru_cache(maxsize=1024)
def _converted(domain: str) -> str:
    import idna  # noqa: PLC0415 40 ms that ASCII domains need not pay

    if len(domain) > LONGEST:
        raise DomainError(f"is longer than {LONGEST} characters")
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False)
        name = ".".join(_label(label) for label in mapped.split("."))
    except ValueError as error:  # an IDNAError is one
        raise DomainError("has letters that no domain has") from error
    if not _NAME.fullmatch(name):
        raise DomainError("is no name of a domain")
    return name


def _label(label: str) -> str:
    """Return a mapped label in ASCII, checked as UTS 46 section 4.1 says."""
    if label.isascii():
        return label
    import idna  # noqa: PLC0415 as above

    if label.startswith("xn--"):
        raise DomainError("is both encoded and not")
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    for at, letter in enumerate(label):
        if letter in _JOINERS and not idna.valid_contextj(label, at):
            raise DomainError("joins letters that cannot be joined")
    return f"xn--{label.encode('punycode').decode('ascii')}"
