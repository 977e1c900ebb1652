"""Lists: named groups that contacts belong to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from signalbox.model.credential import ACCOUNT_ID
from signalbox.model.errors import NotFoundError

EMAIL_CHANNEL = "email"
SMS_CHANNEL = "sms"
ID = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContactList:
    """A list.

    `string_id` is its name in URLs, `channel` what its members are written to over (`email` or
    `sms`), `settings` what the account keeps with it (`sender_url`, `to_name`, …) by name. With
    `double_opt_in`, who signs up in public belongs to it only after a confirmation by mail.
    """

    account_id: str
    list_id: str
    name: str
    string_id: str = ""
    channel: str = EMAIL_CHANNEL
    double_opt_in: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 1

    @property
    def public_id(self) -> str:
        """Return the id under which the public signs up: `<account>-<list>`."""
        return f"{self.account_id}-{self.list_id}"


def from_public_id(public_id: str) -> tuple[str, str]:
    """Return the ids of the account and the list; raise `NotFoundError` where it is no such id."""
    account_id, _, list_id = public_id.partition("-")
    if not ACCOUNT_ID.fullmatch(account_id) or not ID.fullmatch(list_id):
        raise NotFoundError("list", public_id)
    return account_id, list_id
