"""A contact's events: /contacts/{id}/trackingLogs and /trackingLogs/{id}."""

from aws_lambda_powertools.event_handler import Response

from signalbox.model.permission import Permission
from signalbox.store import accounts, contacts, tracking

from .answers import answer
from .requests import PAGE, base_url, caller, contact_id, page
from .routing import DescribedRouter, done
from .schemas import many
from .shapes import CONTACT, TRACKING_LOG, contact_shape, tracking_log_shape

router = DescribedRouter()


@router.serve(
    "GET /contacts/<shown_id>/trackingLogs", done(trackingLogs=many(TRACKING_LOG)), query=PAGE
)
def of_contact(shown_id: str) -> Response[str]:
    """List a contact's events, oldest first; the original has no `meta` here either."""
    key = caller(router, Permission.READ_PEOPLE)
    contact = contacts.fetch(key.account_id, contact_id(shown_id))
    zone = accounts.fetch(key.account_id).time_zone
    limit, offset = page(router)
    entries = tracking.window(key.account_id, contact.contact_id, limit=limit, offset=offset)
    logs = [tracking_log_shape(entry, base_url(router), zone) for entry in entries]
    return answer({"trackingLogs": logs})


@router.serve("GET /trackingLogs/<entry_id>", done(trackingLog=TRACKING_LOG))
def read(entry_id: str) -> Response[str]:
    """Return one event."""
    key = caller(router, Permission.READ_PEOPLE)
    entry = tracking.fetch(key.account_id, entry_id)
    zone = accounts.fetch(key.account_id).time_zone
    return answer({"trackingLog": tracking_log_shape(entry, base_url(router), zone)})


@router.serve("GET /trackingLogs/<entry_id>/contact", done(contact=CONTACT))
def contact_of(entry_id: str) -> Response[str]:
    """Return the contact that an event belongs to."""
    key = caller(router, Permission.READ_PEOPLE)
    entry = tracking.fetch(key.account_id, entry_id)
    contact = contacts.fetch(key.account_id, entry.contact_id)
    return answer({"contact": contact_shape(contact, base_url(router))})
