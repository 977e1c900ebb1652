"""Contacts in campaigns, addresses on opt-out lists, and every change that these can go through.

Memberships in lists, which have more states, are in `model.membership`. A change is a pure function
from the membership that stands to the one that shall stand; where nothing is to change it returns
the same. Who was never in the container has a membership of version 0.
"""

from dataclasses import dataclass, replace

from signalbox.model.container import ContainerKind


@dataclass(frozen=True, slots=True)
class ContainerMembership:
    """A member of a container.

    `member` is the contact's id in a campaign, and the address, `email:…` or `phone:…`, on an opt-out
    list, where it stays when the contact gets another. `contact_id` is the contact who had the
    address when it was added or, where somebody had it then, deleted. Times are milliseconds, 0 for never; `mailer_id` is who brought it, or
    who took it off.
    """

    account_id: str
    kind: ContainerKind
    container_id: str
    member: str
    contact_id: str = ""
    mailer_id: str = ""
    added_ms: int = 0
    deleted_ms: int = 0
    version: int = 0

    @property
    def stands(self) -> bool:
        """Tell whether the member is in the container now."""
        return bool(self.version) and not self.deleted_ms


def added(
    standing: ContainerMembership, now_ms: int, *, contact_id: str, mailer_id: str = ""
) -> ContainerMembership:
    """Put the member into the container; who is in it stays with the mailer that brought it."""
    if standing.stands:
        return standing
    return replace(
        standing, contact_id=contact_id, mailer_id=mailer_id, added_ms=now_ms, deleted_ms=0
    )


def deleted(
    standing: ContainerMembership, now_ms: int, *, contact_id: str = "", mailer_id: str = ""
) -> ContainerMembership:
    """Take the member out; without a mailer or contact of its own, the deletion is of who was added."""
    if not standing.stands:
        return standing
    return replace(
        standing,
        contact_id=contact_id or standing.contact_id,
        mailer_id=mailer_id or standing.mailer_id,
        deleted_ms=now_ms,
    )
