"""Containers: what a contact can be added to or deleted from.

A list is a container, too; what only lists have stands in `model.contact_list`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EMAIL: Final = "email"
PHONE: Final = "phone"


class ContainerKind(StrEnum):
    """The five kinds; ids are unique across them."""

    LIST = "list"
    EMAIL_CAMPAIGN = "email_campaign"
    SMS_CAMPAIGN = "sms_campaign"
    EMAIL_OPT_OUT_LIST = "email_opt_out_list"
    PHONE_OPT_OUT_LIST = "phone_opt_out_list"

    @property
    def is_campaign(self) -> bool:
        """Tell whether it holds those whom something is sent to."""
        return self in (ContainerKind.EMAIL_CAMPAIGN, ContainerKind.SMS_CAMPAIGN)

    @property
    def is_opt_out_list(self) -> bool:
        """Tell whether it holds addresses that are not to be written to, rather than contacts."""
        return self in (ContainerKind.EMAIL_OPT_OUT_LIST, ContainerKind.PHONE_OPT_OUT_LIST)

    @property
    def contact_kind(self) -> str:
        """Return by which address a contact is in it, `email` or `phone`; empty for either."""
        return "" if self is ContainerKind.LIST else _CONTACT_KINDS[self.partition("_")[0]]


_CONTACT_KINDS: Final = {"email": EMAIL, "sms": PHONE, "phone": PHONE}

CAMPAIGNS: Final = tuple(kind for kind in ContainerKind if kind.is_campaign)
OPT_OUT_LISTS: Final = tuple(kind for kind in ContainerKind if kind.is_opt_out_list)


class ContainerStatus(StrEnum):
    """Whether a container takes contacts in; who is in an archived one stays there."""

    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Container:
    """A container of any kind.

    A grouped opt-out list holds nothing itself: an address is on it while it is on one of `members`,
    the ids of single lists of the same kind. `mailer_id` is the mailer of a campaign, empty for none.
    """

    account_id: str
    kind: ContainerKind
    container_id: str
    name: str
    notes: str = ""
    status: ContainerStatus = ContainerStatus.ACTIVE
    mailer_id: str = ""
    grouped: bool = False
    members: tuple[str, ...] = ()
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 1
