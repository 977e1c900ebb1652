"""Writing down the people we know: the checks that every way in shares."""

import random
import time
from collections.abc import Mapping

from email_validator import EmailNotValidError, validate_email

from signalbox.model.contact import ENTROPY_BITS, Contact, new_contact_id
from signalbox.model.errors import InvalidError
from signalbox.store import contacts

TRIES = 5  # of ids, where another contact was made in the same millisecond


def add_contact(  # noqa: PLR0913 the facts of a person
    account_id: str,
    *,
    email: str,
    first_name: str = "",
    last_name: str = "",
    phone: str = "",
    fields: Mapping[str, str] | None = None,
) -> Contact:
    """Create a contact and return it.

    Raises:
        InvalidError: the e-mail address cannot exist.
        ConflictError: another contact has it.
    """
    checked = checked_email(email)
    for attempt in range(1, TRIES + 1):
        now_ms = time.time_ns() // 1_000_000
        entropy = random.getrandbits(ENTROPY_BITS)
        contact = Contact(
            account_id=account_id,
            contact_id=new_contact_id(now_ms, entropy),
            email=checked,
            first_name=first_name,
            last_name=last_name,
            phone=phone,
            fields=fields or {},
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        try:
            contacts.create(contact)
        except contacts.IdTakenError:
            if attempt == TRIES:
                raise
        else:
            break
    return contact


def checked_email(email: str, *, field: str = "email") -> str:
    """Return the address as it is written down; raise `InvalidError` where it cannot exist."""
    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidError(field, f"is not valid: {error}") from error
    return found.normalized
