"""Mailers: companies that send, in whose name contacts are added and deleted."""

from dataclasses import dataclass
from enum import StrEnum


class MailerStatus(StrEnum):
    """Whether a mailer may add contacts to lists and campaigns; one that is disabled may not."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Mailer:
    """A sending identity or partner.

    `name` is its company, `opt_out_domain` where its recipients opt out, empty for the default.
    Times are milliseconds.
    """

    account_id: str
    mailer_id: str
    name: str
    nick_name: str = ""
    email: str = ""
    url: str = ""
    notes: str = ""
    opt_out_domain: str = ""
    status: MailerStatus = MailerStatus.ACTIVE
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 1
