"""What happened with a contact, as one list: /activities with `contact` in the query."""

from datetime import UTC, datetime

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.store import accounts, contacts, tracking

from .answers import answer
from .requests import base_url, caller, page, query
from .shapes import activity_shape, tracking_log_shape

router = Router()
DIRECTIONS = {"": False, "ASC": False, "DESC": True}


@router.get("/activities")
def of_contact() -> Response[str]:
    """List a contact's activities, oldest first unless `orders[tstamp]=DESC`.

    `after` leaves out what happened until then. `meta.total` counts what the question covers.
    """
    key = caller(router, Permission.READ_PEOPLE)
    contact_id = query(router, "contact")
    if not contact_id:
        raise InvalidError("contact", "must be given")
    contacts.fetch(key.account_id, contact_id)
    direction = query(router, "orders[tstamp]").upper()
    if direction not in DIRECTIONS:
        raise InvalidError("orders[tstamp]", "must be ASC or DESC")
    zone = accounts.fetch(key.account_id).time_zone
    limit, offset = page(router)
    since_ms = _after(query(router, "after"))
    entries = tracking.window(
        key.account_id,
        contact_id,
        limit=limit,
        offset=offset,
        newest_first=DIRECTIONS[direction],
        since_ms=since_ms,
    )
    base = base_url(router)
    total = tracking.count(key.account_id, contact_id, since_ms=since_ms)
    return answer(
        {
            "trackingLogs": [tracking_log_shape(entry, base, zone) for entry in entries],
            "activities": [activity_shape(entry, base, zone) for entry in entries],
            "meta": {"total": str(total)},
        }
    )


def _after(text: str) -> int:
    """Return the first millisecond after a time, 0 for no time."""
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise InvalidError("after", "must be an ISO 8601 time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000) + 1
