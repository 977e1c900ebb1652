"""All contacts with everything that is known of them, page after page, as an export reads them."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.store import (
    contact_listing,
    contact_records,
    contact_tags,
    counters,
    lists,
    memberships,
    tags,
)
from signalbox.store.contact_records import Record

from .requests import Limit, Shown, answers, caller

router = Router()
AfterContact = Annotated[
    str, Query(pattern="^([1-9][0-9]{0,15})?$", description="The `next` of the page before")
]
ContainerId = Annotated[str, Query(pattern="^([1-9][0-9]{0,15})?$")]


class MembershipShown(Shown):
    """A contact's place on a list; `status` is unconfirmed, active, unsubscribed or bounced."""

    list_id: str
    name: str
    status: str


class ContactExported(Shown):
    """A contact with all its facts; `fields` by their tags, `tags` by name."""

    contact_id: str
    email: str
    first_name: str
    last_name: str
    phone: str
    external_id: str
    fields: dict[str, str]
    tags: list[str]
    lists: list[MembershipShown]
    created_ms: int
    updated_ms: int


class ContactsExported(Shown):
    """A page of contacts in the order of their ids; `next` is empty on the last.

    `total` is how many there are on all pages.
    """

    contacts: list[ContactExported]
    next: str
    total: int


@router.get("/contacts", responses=answers("The contacts", 404))
def export(
    after: AfterContact = "",
    limit: Limit = 100,
    list_id: ContainerId = "",
    tag_id: ContainerId = "",
) -> ContactsExported:
    """Return contacts: all, or those who were ever put on a list, or those who have a tag."""
    key = caller(router, Permission.READ_PEOPLE)
    if list_id and tag_id:
        raise InvalidError("tag_id", "cannot be asked for together with list_id")
    ids, total = _chosen(key.account_id, list_id, tag_id, after, limit)
    page = list(islice(ids, limit))
    return ContactsExported(
        contacts=_exported(key.account_id, contact_records.fetch_many(key.account_id, page)),
        next=page[-1] if len(page) == limit else "",
        total=total,
    )


def _chosen(
    account_id: str, list_id: str, tag_id: str, after: str, limit: int
) -> tuple[Iterator[str], int]:
    """Return the ids of the contacts asked for, and how many there are on all pages."""
    kind, container_id = contact_listing.ALL, ""
    if list_id:
        lists.fetch(account_id, list_id)
        kind, container_id = memberships.KIND, list_id
        total = memberships.counts(account_id, [list_id])[list_id]
    elif tag_id:
        tags.fetch(account_id, tag_id)
        kind, container_id = contact_tags.KIND, tag_id
        total = tags.counts(account_id, [tag_id])[tag_id]
    else:
        total = counters.total(account_id, contact_listing.ALL)
    ids = contact_listing.within(account_id, kind, container_id, above=after, expected=limit)
    return ids, total


def _exported(account_id: str, found: list[Record]) -> list[ContactExported]:
    list_names = {one.list_id: one.name for one in lists.of_account(account_id)}
    tag_ids = {one.tag_id for record in found for one in record.tags}
    tag_names = {one.tag_id: one.name for one in tags.existing(account_id, tag_ids).values()}
    return [_shown(record, list_names, tag_names) for record in found]


def _shown(
    record: Record, list_names: dict[str, str], tag_names: dict[str, str]
) -> ContactExported:
    contact = record.contact
    return ContactExported(
        contact_id=contact.contact_id,
        email=contact.email,
        first_name=contact.first_name,
        last_name=contact.last_name,
        phone=contact.phone,
        external_id=contact.external_id,
        fields=dict(contact.fields),
        # Without what is deleted; what was made since the names were read is left to the next export.
        tags=sorted(tag_names[one.tag_id] for one in record.tags if one.tag_id in tag_names),
        lists=[
            MembershipShown(
                list_id=one.list_id, name=list_names[one.list_id], status=one.status.name.lower()
            )
            for one in record.memberships
            if one.list_id in list_names
        ],
        created_ms=contact.created_ms,
        updated_ms=contact.updated_ms,
    )
