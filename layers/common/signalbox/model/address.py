"""Addresses: how a contact is named from outside.

An address is written `kind:value`, as in `email:ada@example.com` or `contact:1234`.
Two spellings that reach the same person give the same address.
"""

from signalbox.model.errors import InvalidError

LONGEST_EMAIL = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321 section 4.5.3.1.1


def email_address(text: str, *, field: str = "email") -> str:
    """Return the address of an e-mail; raise `InvalidError` where nobody could have it.

    Letters are compared without case on both sides of the @ (no provider in use tells them apart),
    the domain in its ASCII form (`model.domain_name`). This is the quick look of the event path; a contact's
    address was checked in full when the contact was written.
    """
    email = _composed(text.strip())
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain:
        raise InvalidError(field, "is not an e-mail address")
    if len(local) > LONGEST_LOCAL_PART or len(email.split()) > 1 or min(email) < " ":
        raise InvalidError(field, "is not an e-mail address")
    lower = _composed(local.lower())  # some letters compose in lower case only
    normal = f"{lower}@{_ascii_domain(domain, field)}"
    if len(normal) > LONGEST_EMAIL:
        raise InvalidError(field, f"is longer than {LONGEST_EMAIL} characters")
    return f"email:{normal}"


def is_mailable(email: str) -> bool:
    """Tell whether SES can write to an address: before the @ it knows ASCII alone.

    That takes SMTPUTF8 (RFC 6531), which it does not speak
    (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).
    """
    return email.rpartition("@")[0].isascii()


def contact_address(contact_id: str, *, field: str = "contact_id") -> str:
    """Return the address that is a contact's own id; raise `InvalidError` for no number."""
    if not (contact_id.isascii() and contact_id.isdigit() and len(contact_id) <= 16):  # noqa: PLR2004 2^53 has 16
        raise InvalidError(field, "is not a contact id")
    return f"contact:{contact_id}"


def _composed(text: str) -> str:
    """Return the text in Unicode's normal form C, in which ASCII stands already."""
    if text.isascii():
        return text
    import unicodedata  # noqa: PLC0415 most addresses need no table of Unicode

    return unicodedata.normalize("NFC", text)


def _ascii_domain(domain: str, field: str) -> str:
    if domain.isascii():
        return domain.lower()
    # Hot functions start faster without what hardly an address needs.
    from signalbox.model.domain_name import DomainError, ascii_domain  # noqa: PLC0415

    try:
        return ascii_domain(domain)
    except DomainError as error:
        raise InvalidError(field, "has a domain that cannot exist") from error
