"""An account with as many contacts as wanted, half of them on a list, a tenth with a tag.

Items are what the store itself would write, put where they belong without asking.
"""

from collections import Counter
from typing import Any

from bench.shelves import Shelves
from bench.world import ACCOUNT_ID, VARIABLES
from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.contact_index import SHARDS, Order, shard
from signalbox.model.contact_list import ContactList
from signalbox.model.credential import Key, Role, api_token, fingerprint
from signalbox.model.membership import Membership, Subscription
from signalbox.model.tag import ContactTag, Tag
from signalbox.store import accounts, api_keys, keys, lists, tags
from signalbox.store.newcomers import Newcomer

TOKEN = api_token(ACCOUNT_ID, "b" * 43)
LIST_ID, TAG_ID = "3000000000000000", "4000000000000000"
FIRST_ID = 10**15
NAMES = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov", "Ken Thompson")
CREATED_MS = 1_795_254_840_000
LISTED, TAGGED = 2, 10  # of so many blocks of contacts, one; a block has one of each share


def settle(world: Shelves, count: int) -> None:
    """Write the account, the token of an analyst, the list, the tag and the contacts."""
    accounts.create(Account(ACCOUNT_ID, "Bench"))
    api_keys.add(Key(ACCOUNT_ID, fingerprint(TOKEN), Role.ANALYST, "bench", TOKEN[-4:], 1))
    lists.create(ContactList(ACCOUNT_ID, LIST_ID, "News"))
    tags.create(Tag(ACCOUNT_ID, TAG_ID, "vip"))
    counts: Counter[tuple[str, int]] = Counter()
    for number in range(count):
        one = newcomer(number)
        for write in one.writes():
            if _is_asked_for(write["Put"]["Item"]):
                world.put(VARIABLES["CONTACTS_TABLE"], write["Put"]["Item"])
        counts.update((what, shard(one.contact.contact_id)) for what in one.counted())
    for (what, number), n in counts.items():
        world.put(VARIABLES["CONTACTS_TABLE"], _count(what, number, n))


def newcomer(number: int) -> Newcomer:
    """Return the contact of a number, with its list and its tag."""
    contact_id = str(FIRST_ID + number)
    first, last = NAMES[number % len(NAMES)].split()
    contact = Contact(
        account_id=ACCOUNT_ID,
        contact_id=contact_id,
        email=f"p{number:06d}@shop{number % 50}.example",
        first_name=first,
        last_name=last,
        created_ms=CREATED_MS + number,
        updated_ms=CREATED_MS + number,
    )
    joined = Membership(
        ACCOUNT_ID,
        contact_id,
        LIST_ID,
        status=Subscription.ACTIVE,
        subscribed_ms=CREATED_MS,
        created_ms=CREATED_MS,
        updated_ms=CREATED_MS,
        version=1,
    )
    tagged = ContactTag(ACCOUNT_ID, contact_id, TAG_ID, CREATED_MS)
    block = number // SHARDS
    return Newcomer(
        contact,
        () if block % TAGGED else (tagged,),
        () if block % LISTED else (joined,),
    )


def _is_asked_for(item: dict[str, Any]) -> bool:
    """Tell whether a question can come to an item; the others would only take room."""
    order = item["pk"]["S"].partition("#by#")[2].partition("#")[0]
    return item["sk"]["S"] != "address" and order in {"", Order.EMAIL, Order.WORD}


def _count(what: str, number: int, n: int) -> dict[str, Any]:
    return {
        "pk": {"S": keys.count(ACCOUNT_ID, what)},
        "sk": {"S": str(number)},
        "n": {"N": str(n)},
    }
