"""Contacts: the people we know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from signalbox.model.address import email_address
from signalbox.model.tracking_permission import NOTHING_SAID, Permission, Statements

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
ENTROPY_BITS = 12
REACHED_BY: Final = frozenset({"email", "phone"})
"""The kinds of addresses that mail and texts go to."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A person.

    `fields` are custom fields by their tag (`COMPANY`); times are milliseconds; `phone` is as it
    was written, `phone_number` in E.164 (`+4930123456`) where it is one. `statements` are the
    contact's last words on being tracked. `unsubscribed` are the kinds of addresses at which it wants
    no marketing mail, whatever they are: all of `REACHED_BY`, or those that are left of them since
    it allowed some again. `version` moves with every change.
    """

    account_id: str
    contact_id: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    phone_number: str = ""
    external_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0
    updated_ms: int = 0
    statements: Statements = NOTHING_SAID
    unsubscribed: frozenset[str] = frozenset()
    version: int = 1

    @property
    def permission(self) -> Permission:
        """Return what the contact says to being tracked."""
        return self.statements.permission


def addresses(contact: Contact) -> list[str]:
    """Return the addresses by which the contact is known, `kind:value`; each is its alone."""
    owned = [email_address(contact.email)] if contact.email else []
    if contact.phone_number:
        owned.append(f"phone:{contact.phone_number}")
    if contact.external_id:
        owned.append(f"external:{contact.external_id}")
    return owned


def reached_by(contact: Contact) -> list[str]:
    """Return the addresses of a contact that mail and texts go to."""
    return [one for one in addresses(contact) if one.partition(":")[0] in REACHED_BY]


def new_contact_id(now_ms: int, entropy: int) -> str:
    """Return an id: digits that grow with time and that JavaScript reads without loss.

    Milliseconds since 2026 followed by 12 random bits stay below 2^53 until the year 2095. No
    counter has to be asked, so a thousand contacts can be made at once; the write's condition
    settles the rare double.
    """
    return str(((now_ms - EPOCH_MS) << ENTROPY_BITS) | (entropy & ((1 << ENTROPY_BITS) - 1)))
