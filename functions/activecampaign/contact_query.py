"""Which contacts a request asks for, and finding them.

Listing is done by keys and indexes alone (`model.contact_query`): a page costs what it holds and
what it skips, whatever the number of contacts. Beginnings of words are found, not parts of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from urllib.parse import parse_qsl

from signalbox.environment import environment
from signalbox.model.address import email_address
from signalbox.model.contact import Contact
from signalbox.model.contact_index import Order, digits
from signalbox.model.contact_query import (
    LAST_ID,
    MOST_LOOKED_AT,
    MOST_SKIPPED,
    ContactQuery,
    Driver,
    Sorting,
    driver,
    driving_word,
    first_word,
    fits,
    id_fits,
    in_order,
    needs_contacts,
    sort_key,
)
from signalbox.model.errors import InvalidError
from signalbox.model.membership import Subscription
from signalbox.store import (
    contact_listing,
    contact_tags,
    contacts,
    counters,
    memberships,
    table,
    tags,
)

from .requests import LARGEST_PAGE, PAGE, USUAL_PAGE
from .schemas import DIGITS, TEXT, asked, word

Sent = Sequence[tuple[str, str]]
Values = Mapping[str, str]

READ_AT_ONCE = 100
MOST_STATUSES = 200  # contacts whose lists are read one by one
MOST_IDS = 1_000
END_OF_TIME_MS = 10**13 - 1  # as far as 13 digits reach
ID = re.compile(r"[0-9]{1,16}", re.ASCII)
PHONE = re.compile(r"\+[\d\s()./-]+|\d[\d\s()./-]{5,}", re.ASCII)
IDS = re.compile(r"ids(\[\d*\])?", re.ASCII)

# What each of the original's orders is here; `name` is the first name, and nobody has a score.
ORDERS = {
    "orders[id]": Sorting.ID,
    "orders[cdate]": Sorting.ID,
    "orders[udate]": Sorting.UPDATED,
    "orders[email]": Sorting.EMAIL,
    "orders[first_name]": Sorting.FIRST_NAME,
    "orders[last_name]": Sorting.LAST_NAME,
    "orders[name]": Sorting.FIRST_NAME,
    "orders[score]": Sorting.ID,
}
DIRECTIONS = {"ASC": False, "DESC": True}
# What contacts can belong to in the original but not here: whoever asks for it gets nobody.
BELONGINGS = ("formid", "segmentid", "seriesid", "waitid", "organization")
NOTHING = {"", "0"}
ANY_STATUS = {"", "-1"}

_TIME = "An ISO 8601 time, in UTC unless it says"
PARAMETERS = {
    **PAGE,
    "ids": asked(TEXT, f"Ids with commas between them, {MOST_IDS} at most"),
    "email": asked(TEXT),
    "email_like": asked(TEXT, "The beginning of a word of the address"),
    "phone": asked(TEXT, "The beginning of the number"),
    "search": asked(TEXT, "The beginning of a word of address, name or phone number"),
    "listid": asked(DIGITS),
    "tagid": asked(DIGITS),
    "status": asked(word("-1", *(str(int(status)) for status in Subscription)), "On any list"),
    "exclude": asked(DIGITS),
    "id_greater": asked(DIGITS),
    "id_less": asked(DIGITS),
    "filters[created_after]": asked(TEXT, _TIME),
    "filters[created_before]": asked(TEXT, _TIME),
    "filters[updated_after]": asked(TEXT, _TIME),
    "filters[updated_before]": asked(TEXT, _TIME),
    **{name: asked(word(*DIRECTIONS)) for name in ORDERS},
    **{name: asked(TEXT, "Nobody has one but 0") for name in BELONGINGS},
}


class Found(NamedTuple):
    """A page of contacts, and how many there are in all, as far as was looked."""

    contacts: list[Contact]
    total: int


def query_of(raw: str) -> ContactQuery:
    """Read the query string of a list of contacts.

    A plus sign in an address that was not encoded arrives as a space; no address has one.

    Raises:
        InvalidError: a parameter cannot be what it is; it is named.
    """
    sent = parse_qsl(raw, keep_blank_values=True)
    values = {name: value.strip() for name, value in reversed(sent)}  # the first one counts
    sorting, descending = _order(sent)
    return ContactQuery(
        limit=min(_number(values, "limit", USUAL_PAGE), LARGEST_PAGE),
        offset=_number(values, "offset", 0, most=MOST_SKIPPED),
        ids=_ids(sent),
        email=values.get("email", "").replace(" ", "+"),
        email_like=values.get("email_like", "").replace(" ", "+"),
        phone=values.get("phone", ""),
        search=_searched(values.get("search", "")),
        list_id=_id(values, "listid"),
        tag_id=_id(values, "tagid"),
        status=_status(values),
        exclude=_id(values, "exclude"),
        above=_number(values, "id_greater", 0, most=LAST_ID),
        below=_number(values, "id_less", LAST_ID, most=LAST_ID),
        created_after_ms=_time(values, "filters[created_after]"),
        created_before_ms=_time(values, "filters[created_before]"),
        updated_after_ms=_time(values, "filters[updated_after]"),
        updated_before_ms=_time(values, "filters[updated_before]"),
        sorting=sorting,
        descending=descending,
        nobody=any(values.get(name, "") not in NOTHING for name in BELONGINGS)
        or bool(values.get("phone") and not digits(values["phone"])),
    )


def find(account_id: str, query: ContactQuery) -> Found:
    """Return the page of contacts that a question asks for."""
    candidates = _candidates(account_id, query)
    if _judges(query):
        return _looked_at(account_id, query, candidates)
    fitting = (one for one in candidates if id_fits(one, query))
    page = list(islice(fitting, query.offset, query.offset + query.limit))
    total = _exact_total(account_id, query)
    if total is None:
        seen = query.offset + len(page)
        total = seen + sum(1 for _ in islice(fitting, max(MOST_LOOKED_AT - seen, 0)))
    return Found(contacts.fetch_many(account_id, page), total)


def _judges(query: ContactQuery) -> bool:
    """Tell whether more than its id has to be known of a contact to say whether it fits."""
    by = driver(query)
    belongs = (query.list_id and by is not Driver.LIST) or (query.tag_id and by is not Driver.TAG)
    return query.status is not None or bool(belongs) or needs_contacts(query)


def _looked_at(account_id: str, query: ContactQuery, candidates: Iterator[str]) -> Found:
    """Judge the first 2,000 candidates, and sort those that fit where the driver did not."""
    by_lists = query.status is not None and not query.list_id
    most = MOST_STATUSES if by_lists else MOST_LOOKED_AT
    ids = (one for one in islice(candidates, most) if id_fits(one, query))
    fitting: list[Contact] = []
    while batch := list(islice(ids, READ_AT_ONCE)):
        belonging = _belonging(account_id, query, batch)
        fitting += [one for one in contacts.fetch_many(account_id, belonging) if fits(one, query)]
    if not in_order(query):
        fitting.sort(key=lambda one: sort_key(one, query.sorting), reverse=query.descending)
    return Found(fitting[query.offset : query.offset + query.limit], len(fitting))


def _belonging(account_id: str, query: ContactQuery, ids: list[str]) -> list[str]:
    """Return those of the ids that are on the list, with the status and the tag asked for."""
    if query.tag_id:
        places = [contact_tags.key(account_id, one, query.tag_id) for one in ids]
        tagged = table.get_many({environment().contacts_table: places})
        ids = [one for one, place in zip(ids, places, strict=True) if place in tagged]
    if query.list_id:
        joined = memberships.on_list(account_id, query.list_id, ids)
        return [one for one in ids if one in joined and _status_fits(joined[one].status, query)]
    if query.status is not None:
        return [one for one in ids if _has_status(account_id, one, query)]
    return ids


def _has_status(account_id: str, contact_id: str, query: ContactQuery) -> bool:
    """Tell whether the contact has the status on any list."""
    joined = memberships.of_contact(account_id, contact_id)
    return any(_status_fits(one.status, query) for one in joined)


def _status_fits(status: Subscription, query: ContactQuery) -> bool:
    return query.status is None or status is query.status


def _exact_total(account_id: str, query: ContactQuery) -> int | None:
    """Return how many fit where a number is kept of them; None where nobody counted."""
    match _counted(query):
        case Driver.ALL:
            return counters.total(account_id, contact_listing.ALL)
        case Driver.LIST:
            return memberships.counts(account_id, [query.list_id])[query.list_id]
        case Driver.TAG:
            return counters.total(account_id, tags.counted(query.tag_id))
    return None


def _counted(query: ContactQuery) -> Driver | None:
    """Return what a number is kept of that answers the question; None for nothing."""
    by = driver(query)
    if query.exclude or query.bounded or _judges(query):
        return None
    return Driver.ALL if by is Driver.SORTED else by


def _candidates(account_id: str, query: ContactQuery) -> Iterator[str]:
    """Yield the ids that the driver of a question finds."""
    expected = query.offset + query.limit
    if _counted(query) not in {Driver.ALL, Driver.LIST, Driver.TAG}:
        expected = max(expected, MOST_LOOKED_AT)
    beginnings = {
        Driver.PHONE: digits(query.phone),
        Driver.SEARCH: driving_word(query.search),
        Driver.EMAIL_LIKE: first_word(query.email_like),
    }
    by = driver(query)
    if by is Driver.NOBODY:
        return iter(())
    if by is Driver.IDS:
        return iter(sorted(set(query.ids or ()), key=int))
    if by is Driver.EMAIL:
        return _with_email(account_id, query.email)
    if by in beginnings:
        word = beginnings[by]
        return contact_listing.beginning(account_id, Order.WORD, word, expected=expected)
    return _listed(account_id, query, expected)


def _with_email(account_id: str, email: str) -> Iterator[str]:
    try:
        found = contacts.id_at(account_id, email_address(email))
    except InvalidError:
        return
    if found is not None:
        yield found


def _listed(account_id: str, query: ContactQuery, expected: int) -> Iterator[str]:
    """Yield the ids of a list that is kept in the order of id, of a value, or of the last change."""
    if driver(query) is Driver.UPDATED:
        after, before = query.updated_after_ms, query.updated_before_ms
        low = 0 if after is None else after + 1
        high = END_OF_TIME_MS if before is None else before
        return contact_listing.since(
            account_id, Order.UPDATED, f"{low:013d}", f"{high:013d}", expected=expected
        )
    if driver(query) is Driver.SORTED:
        order = Order(query.sorting or Sorting.EMAIL)
        return contact_listing.ordered(
            account_id, order, newest_first=query.descending, expected=expected
        )
    kind, container_id = _container(query)
    return contact_listing.within(
        account_id,
        kind,
        container_id,
        above=str(query.first_id) if query.first_id else "",
        below=str(query.last_id) if query.last_id < LAST_ID else "",
        newest_first=query.descending and in_order(query),
        expected=expected,
    )


def _container(query: ContactQuery) -> tuple[str, str]:
    match driver(query):
        case Driver.TAG:
            return contact_tags.KIND, query.tag_id
        case Driver.LIST:
            return memberships.KIND, query.list_id
    return contact_listing.ALL, ""


def _order(sent: Sent) -> tuple[Sorting | None, bool]:
    """Read the first order that is asked for."""
    for name, value in sent:
        if not name.startswith("orders[") or not value:
            continue
        if name not in ORDERS:
            raise InvalidError(name, f"is not one of {', '.join(ORDERS)}")
        if value.upper() not in DIRECTIONS:
            raise InvalidError(name, f"must be one of {', '.join(DIRECTIONS)}")
        return ORDERS[name], DIRECTIONS[value.upper()]
    return None, False


def _ids(sent: Sent) -> tuple[str, ...] | None:
    """Read `ids=1,2`, `ids[]=1&ids[]=2` and `ids[0]=1`; None where none are sent."""
    values = [value for name, value in sent if IDS.fullmatch(name)]
    shown = [one.strip() for value in values for one in value.split(",") if one.strip()]
    if not shown:
        return None
    if len(shown) > MOST_IDS or not all(ID.fullmatch(one) for one in shown):
        raise InvalidError("ids", f"must be at most {MOST_IDS} ids of contacts")
    return tuple(one.lstrip("0") or "0" for one in shown)


def _id(values: Values, name: str) -> str:
    value = values.get(name, "")
    if value and not ID.fullmatch(value):
        raise InvalidError(name, "must be an id")
    return value.lstrip("0")


def _number(values: Values, name: str, otherwise: int, *, most: int = LAST_ID) -> int:
    value = values.get(name, "")
    if not value:
        return otherwise
    if not ID.fullmatch(value) or int(value) > most:
        raise InvalidError(name, f"must be a whole number from 0 to {most}")
    return int(value)


def _status(values: Values) -> Subscription | None:
    value = values.get("status", "")
    if value in ANY_STATUS:
        return None
    if value not in {str(int(status)) for status in Subscription}:
        raise InvalidError("status", "must be -1, 0, 1, 2 or 3")
    return Subscription(int(value))


def _time(values: Values, name: str) -> int | None:
    """Read a time; one without a zone is in UTC."""
    value = values.get(name, "")
    if not value:
        return None
    try:
        # A plus sign that was not encoded arrives as a space.
        moment = datetime.fromisoformat(value.replace(" ", "+") if "T" in value else value)
    except ValueError as error:
        raise InvalidError(name, "must be an ISO 8601 time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(int(moment.timestamp() * 1000), 0), END_OF_TIME_MS)


def _searched(text: str) -> str:
    """Return what to search for: a phone number's digits, or the text."""
    return digits(text) if PHONE.fullmatch(text) else text
