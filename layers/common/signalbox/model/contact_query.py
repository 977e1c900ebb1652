"""Questions for contacts: what is asked, which key answers it, and who fits.

One part of a question, the *driver*, is answered by a key or an index and yields ids; the other
parts are judged on what the driver yields. So no question ever looks at all contacts, and one whose
driver yields many looks at the first 2,000 only.
"""

from dataclasses import dataclass
from enum import StrEnum

from signalbox.model.contact import ENTROPY_BITS, EPOCH_MS, Contact
from signalbox.model.contact_index import digits, folded, parts, words
from signalbox.model.membership import Subscription

MOST_LOOKED_AT = 2_000
MOST_SKIPPED = 100_000
LAST_ID = (1 << 53) - 1


class Sorting(StrEnum):
    """What contacts can be sorted by. `name` is the first name; `id` is also the time of creation."""

    ID = "id"
    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    UPDATED = "updated"


class Driver(StrEnum):
    """The part of a question that a key or an index answers."""

    NOBODY = "nobody"
    IDS = "ids"
    EMAIL = "email"
    PHONE = "phone"
    SEARCH = "search"
    EMAIL_LIKE = "email_like"
    TAG = "tag"
    LIST = "list"
    UPDATED = "updated"
    SORTED = "sorted"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """A question for contacts; what is empty or None asks nothing.

    `above` and `below` are ids that are themselves left out; times are milliseconds, exclusive too.
    `nobody`: it asks for something that no contact has. `sorting` None: as the driver yields them.
    """

    limit: int = 20
    offset: int = 0
    ids: tuple[str, ...] | None = None
    email: str = ""
    email_like: str = ""
    phone: str = ""
    search: str = ""
    list_id: str = ""
    tag_id: str = ""
    status: Subscription | None = None
    exclude: str = ""
    above: int = 0
    below: int = LAST_ID
    created_after_ms: int | None = None
    created_before_ms: int | None = None
    updated_after_ms: int | None = None
    updated_before_ms: int | None = None
    sorting: Sorting | None = None
    descending: bool = False
    nobody: bool = False

    @property
    def first_id(self) -> int:
        """Return the id above which every contact asked for stands."""
        if self.created_after_ms is None:
            return self.above
        return max(self.above, first_id_at(self.created_after_ms + 1) - 1)

    @property
    def last_id(self) -> int:
        """Return the id below which every contact asked for stands."""
        if self.created_before_ms is None:
            return self.below
        return min(self.below, first_id_at(self.created_before_ms))

    @property
    def bounded(self) -> bool:
        """Tell whether the ids are limited."""
        return self.first_id > 0 or self.last_id < LAST_ID


def first_id_at(time_ms: int) -> int:
    """Return the smallest id of a contact made at this time: an id begins with its time."""
    return max(time_ms - EPOCH_MS, 0) << ENTROPY_BITS


def driver(query: ContactQuery) -> Driver:
    """Return the part of a question to begin with: the one that yields the fewest."""
    if query.nobody or query.first_id + 1 >= query.last_id:
        return Driver.NOBODY
    asked = {
        Driver.IDS: query.ids is not None,
        Driver.EMAIL: query.email,
        Driver.PHONE: query.phone,
        Driver.SEARCH: query.search,
        Driver.EMAIL_LIKE: query.email_like,
        Driver.TAG: query.tag_id,
        Driver.LIST: query.list_id,
        Driver.UPDATED: _updated(query),
        Driver.ALL: query.bounded,
        Driver.SORTED: query.sorting not in {None, Sorting.ID},
    }
    return next((part for part, value in asked.items() if value), Driver.ALL)


def in_order(query: ContactQuery) -> bool:
    """Tell whether the driver yields contacts in the order asked for."""
    match driver(query):
        case Driver.NOBODY | Driver.SORTED:
            return True
        case Driver.TAG | Driver.LIST | Driver.ALL:
            return query.sorting in {None, Sorting.ID}
    return query.sorting is None and not query.descending


def driving_word(text: str) -> str:
    """Return the beginning of a word by which contacts are looked up for a text: its longest."""
    return max(parts(text), key=len, default=folded(text))


def first_word(text: str) -> str:
    """Return the beginning of a word by which an address is looked up: the first of the text."""
    return next(iter(parts(text)), folded(text))


def id_fits(contact_id: str, query: ContactQuery) -> bool:
    """Tell whether the id alone speaks for the contact."""
    if not query.first_id < int(contact_id) < query.last_id or contact_id == query.exclude:
        return False
    return query.ids is None or contact_id in query.ids


def needs_contacts(query: ContactQuery) -> bool:
    """Tell whether contacts have to be read to know who fits: more is asked than the driver says."""
    by = driver(query)
    judged = {
        Driver.EMAIL: query.email,
        Driver.PHONE: query.phone,
        Driver.SEARCH: query.search,
        Driver.EMAIL_LIKE: query.email_like,
        Driver.UPDATED: _updated(query),
    }
    if by is Driver.IDS:
        return True
    settled = by in {Driver.EMAIL, Driver.UPDATED}
    settled = settled or (by is Driver.SEARCH and parts(query.search) == [folded(query.search)])
    if settled:
        judged.pop(by)
    return any(judged.values()) or not in_order(query)


def fits(contact: Contact, query: ContactQuery) -> bool:
    """Tell whether a contact is one that is asked for, as far as its own facts say."""
    return (
        _names_fit(contact, query)
        and _phone_fits(contact, query.phone)
        and _time_fits(contact.updated_ms, query)
    )


def sort_key(contact: Contact, sorting: Sorting | None) -> tuple[str, int]:
    """Return what contacts are sorted by; the id settles who comes first among equals."""
    value = {
        Sorting.EMAIL: contact.email,
        Sorting.FIRST_NAME: contact.first_name,
        Sorting.LAST_NAME: contact.last_name,
        Sorting.UPDATED: f"{contact.updated_ms:013d}",
    }.get(sorting or Sorting.ID, "")
    return folded(value), int(contact.contact_id)


def _updated(query: ContactQuery) -> bool:
    return query.updated_after_ms is not None or query.updated_before_ms is not None


def _names_fit(contact: Contact, query: ContactQuery) -> bool:
    if query.email and folded(query.email) != folded(contact.email):
        return False
    if query.email_like and folded(query.email_like) not in folded(contact.email):
        return False
    known = words(contact) if query.search else []
    whole = any(word.startswith(folded(query.search)) for word in known)
    return whole or all(
        any(word.startswith(part) for word in known) for part in parts(query.search)
    )


def _phone_fits(contact: Contact, asked: str) -> bool:
    phones = (contact.phone, contact.phone_number)
    return any(digits(phone).startswith(digits(asked)) for phone in phones)


def _time_fits(updated_ms: int, query: ContactQuery) -> bool:
    after, before = query.updated_after_ms, query.updated_before_ms
    return (after is None or updated_ms > after) and (before is None or updated_ms < before)
