"""Who did what in a mailing, as far as it was tracked in person; everybody else is counted only."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from signalbox.model.contact import Contact
from signalbox.model.mailing_person import Person, Seen, What
from signalbox.model.permission import Permission
from signalbox.store import contacts, mailing_people, mailings

from .evaluation_shapes import as_csv, csv_file
from .requests import Limit, Shown, answers, caller

router = Router()
MailingId = Annotated[str, Path(pattern="^[0-9]{16}$")]
AfterPerson = Annotated[
    str,
    Query(
        pattern="^([0-9]{1,2}-[0-9]{1,16})?$",
        description="The `next` of the page before",
    ),
]


class PersonShown(Shown):
    """A contact that did something in a mailing, or whose message became something.

    `first_ms` and `last_ms` are the hours of the first and the last hit, or when it happened to the
    message. `times` and `machine_times` count hits, `links` are the numbers of the links followed.
    `reason` says why a message was skipped or failed. Of who was erased, the id is left.
    """

    contact_id: str
    email: str
    first_name: str
    last_name: str
    first_ms: int
    last_ms: int
    times: int
    machine_times: int
    links: list[int]
    reason: str


class People(Shown):
    """A page of people, in no order that means anything; `next` asks for the page after it."""

    people: list[PersonShown]
    next: str


@router.get("/mailings/<mailing_id>/people", responses=answers("A page of people", 404))
def people(
    mailing_id: MailingId,
    what: What = What.OPENED,
    seen: Seen = Seen.HUMAN,
    limit: Limit = 50,
    after: AfterPerson = "",
) -> People:
    """List who did what; `seen` narrows who opened or clicked to people, or to machines.

    A page looks at 2,000 entries at most, so it may be short, or empty, while `next` says that there
    are more.
    """
    key = caller(router, Permission.READ_PEOPLE)
    mailings.fetch(key.account_id, mailing_id)
    found, more = mailing_people.page(
        key.account_id, mailing_id, what, seen=seen, after=after, limit=limit
    )
    ids = [one.contact_id for one in found]
    known = {one.contact_id: one for one in contacts.fetch_many(key.account_id, ids)} if ids else {}
    return People(people=[_shown(one, known.get(one.contact_id)) for one in found], next=more)


@router.get("/mailings/<mailing_id>/people.csv", responses=as_csv("A page of people"))
def people_file(
    mailing_id: MailingId,
    what: What = What.OPENED,
    seen: Seen = Seen.HUMAN,
    limit: Limit = 100,
    after: AfterPerson = "",
) -> Response[str]:
    """List who did what as a CSV file; the header `Next-Page` has the `after` of the next."""
    page = people(mailing_id, what, seen, limit, after)
    return csv_file(PersonShown, page.people, page.next)


def _shown(person: Person, contact: Contact | None) -> PersonShown:
    return PersonShown(
        contact_id=person.contact_id,
        email=contact.email if contact else "",
        first_name=contact.first_name if contact else "",
        last_name=contact.last_name if contact else "",
        first_ms=person.first_ms,
        last_ms=person.last_ms,
        times=person.times,
        machine_times=person.machine_times,
        links=list(person.links),
        reason=person.reason,
    )
