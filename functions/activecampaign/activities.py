"""What happened with a contact, as one list: /activities with `contact` in the query."""

from datetime import UTC, datetime

from aws_lambda_powertools.event_handler import Response

from signalbox.model.errors import InvalidError
from signalbox.model.log import LogEntry
from signalbox.model.permission import Permission
from signalbox.store import accounts, contacts, tracking

from .answers import answer
from .requests import PAGE, base_url, caller, contact_id, page, query
from .routing import OR_NOT_FOUND, DescribedRouter, done
from .schemas import DIGITS, NONE, NULL, TEXT, TOTAL, asked, many, word
from .shapes import ACTIVITY, TRACKING_LOG, activity_shape, tracking_log_shape

router = DescribedRouter()
LATEST_MS = 9_999_999_999_999  # of the year 2286; the log's keys hold no later time
DIRECTIONS = {"": False, "ASC": False, "DESC": True}


@router.serve(
    "GET /activities",
    done(trackingLogs=many(TRACKING_LOG), activities=many(ACTIVITY), meta=TOTAL) | OR_NOT_FOUND,
    query={
        "contact": asked(DIGITS, "Whose", needed=True),
        "after": asked(TEXT, "Only what happened after this ISO 8601 time"),
        "orders[tstamp]": asked(word("ASC", "DESC")),
        **PAGE,
    },
)
def of_contact() -> Response[str]:
    """List a contact's activities, oldest first unless `orders[tstamp]=DESC`.

    `after` leaves out what happened until then. `meta.total` counts what the question covers.
    """
    key = caller(router, Permission.READ_PEOPLE)
    asked = query(router, "contact")
    if not asked:
        raise InvalidError("contact", "must be given")
    contact = contacts.fetch(key.account_id, contact_id(asked))
    direction = query(router, "orders[tstamp]").upper()
    if direction not in DIRECTIONS:
        raise InvalidError("orders[tstamp]", "must be ASC or DESC")
    zone = accounts.fetch(key.account_id).time_zone
    limit, offset = page(router)
    since_ms = _after(query(router, "after"))
    entries = tracking.window(
        key.account_id,
        contact.contact_id,
        limit=limit,
        offset=offset,
        newest_first=DIRECTIONS[direction],
        since_ms=since_ms,
    )
    base = base_url(router)
    total = tracking.count(key.account_id, contact.contact_id, since_ms=since_ms)
    return answer(
        {
            "trackingLogs": [tracking_log_shape(entry, base, zone) for entry in entries],
            "activities": [activity_shape(entry, base, zone) for entry in entries],
            "meta": {"total": str(total)},
        }
    )


@router.serve("GET /activities/<entry_id>/reference", done(trackingLog=TRACKING_LOG))
def reference(entry_id: str) -> Response[str]:
    """Return what an activity refers to: the event of the log."""
    entry, zone = _referred(entry_id)
    return answer({"trackingLog": tracking_log_shape(entry, base_url(router), zone)})


@router.serve("GET /activities/<entry_id>/user", done(user=NULL))
def user(entry_id: str) -> Response[str]:
    """Return the user behind an activity: nobody, for an event that a contact caused."""
    _referred(entry_id)
    return answer({"user": None})


@router.serve("GET /activities/<entry_id>/recipients", done(recipients=NONE))
def recipients(entry_id: str) -> Response[str]:
    """Return whom an activity was addressed to: nobody, for an event."""
    _referred(entry_id)
    return answer({"recipients": []})


@router.serve("GET /activities/<entry_id>/notes", done(notes=NONE))
def notes(entry_id: str) -> Response[str]:
    """Return the notes on an activity: events have none."""
    _referred(entry_id)
    return answer({"notes": []})


def _referred(entry_id: str) -> tuple[LogEntry, str]:
    """Return the event of an activity and the account's time zone."""
    key = caller(router, Permission.READ_PEOPLE)
    entry = tracking.fetch(key.account_id, entry_id)
    return entry, accounts.fetch(key.account_id).time_zone


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
    return min(int(moment.timestamp() * 1000) + 1, LATEST_MS)
