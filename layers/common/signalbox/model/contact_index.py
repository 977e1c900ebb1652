"""How contacts are found: the values under which each of them is listed.

A pure function of the contact, so that a change writes the difference, and a repair writes all.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from signalbox.model.contact import Contact
from signalbox.model.wire import digest

MOST_WORDS = 12
LONGEST_VALUE = 64
SHARDS = 8
PLACE_DIGITS = 16  # 2^53 has as many

_SPLIT = re.compile(r"[^\w]+|_+")


class Order(StrEnum):
    """What a list of contacts can be sorted by, beside the id."""

    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    UPDATED = "updated"
    WORD = "word"


Entry = tuple[Order, str]


def entries(contact: Contact) -> set[Entry]:
    """Return the entries that list a contact: its values, folded, and the words of its names."""
    return {
        (Order.EMAIL, folded(contact.email)),
        (Order.FIRST_NAME, folded(contact.first_name)),
        (Order.LAST_NAME, folded(contact.last_name)),
        (Order.UPDATED, f"{contact.updated_ms:013d}"),
        *((Order.WORD, word) for word in words(contact)),
    }


def words(contact: Contact) -> list[str]:
    """Return the words that a search finds the contact by, those of the address first.

    A search finds the beginning of the address, of each part of it (`grace`, `hopper`, `navy` of
    grace.hopper@navy.example), of each word of the names, and of the phone's digits.
    """
    whole = [folded(contact.email), digits(contact.phone)]
    named = [contact.email, contact.first_name, contact.last_name]
    split = [part for text in named for part in parts(text)]
    return [word for word in dict.fromkeys([*whole, *split]) if word][:MOST_WORDS]


def parts(text: str) -> list[str]:
    """Return the words of a text, folded: what stands between spaces and punctuation."""
    return [part for part in _SPLIT.split(folded(text)) if part]


def digits(phone: str) -> str:
    """Return the digits of a phone, however it is written."""
    return "".join(mark for mark in phone if mark.isdecimal())[:LONGEST_VALUE]


def folded(text: str) -> str:
    """Return a text as it is compared: without case and accents, cut at 64 characters."""
    import unicodedata  # noqa: PLC0415 the tracking worker lists nobody, and starts without it

    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    plain = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return plain[:LONGEST_VALUE]


def place(member: str) -> str:
    """Return a contact's id so that text sorts as number, or an address (`email:…`) as it is."""
    return member.rjust(PLACE_DIGITS, "0") if member.isdecimal() else member


def contact_id_at(where: str) -> str:
    """Return the id, or the address, that a place stands for."""
    return where.lstrip("0")


def shard(member: str) -> int:
    """Return the share of every list that a contact's id or an address stands in.

    The last bits of an id are random; an address is spread by its digest.
    """
    number = int(member) if member.isdecimal() else int(digest(member)[:8], 16)
    return number % SHARDS


def difference(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[set[Entry], set[Entry]]:
    """Return the entries to add and those to remove."""
    old, new = set(before), set(after)
    return new - old, old - new
