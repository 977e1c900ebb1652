"""Whether the contacts table agrees with itself: nothing is half done and every number counts."""

import json
from collections import Counter
from collections.abc import Iterator

from signalbox.model.contact import Contact, addresses
from signalbox.model.contact_index import entries, place, shard
from tests.faults.stored import Plain

OF_ADDRESSES = ("unsubscribed",)  # what stands with an address, whoever has it
BESIDE = ("#address#", "#by#")  # in the keys of what is written with a contact


def check(found: list[Plain]) -> None:
    """Assert that contacts, addresses, entries, memberships, tags and numbers agree."""
    beside = Counter(
        (item["pk"], item["sk"], item.get("contact", ""))
        for item in found
        if any(mark in item["pk"] for mark in BESIDE) and item["sk"] not in OF_ADDRESSES
    )
    counted = {item["pk"]: 0 for item in found if "#count#" in item["pk"]}
    for item in found:
        if item["pk"] in counted:
            counted[item["pk"]] += int(item["n"])
    numbers = Counter(_numbers(found))
    gone = {item["sk"].lstrip("0") for item in found if "deleted" in item}

    assert Counter(_beside(found)) == beside
    assert [] == list(_ownerless(found))
    assert numbers == Counter(
        {what: n for what, n in counted.items() if n and not gone & set(what.split("#"))}
    )


def contacts_of(found: list[Plain]) -> list[Contact]:
    """Return the contacts among the items."""
    return [
        Contact(item["pk"].split("#")[1], item["pk"].split("#")[3], **json.loads(item["body"]))
        for item in found
        if item["sk"] == "contact"
    ]


def _beside(found: list[Plain]) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of what stands beside each contact, and whose an address is."""
    for one in contacts_of(found):
        account = f"A#{one.account_id}"
        for address in addresses(one):
            yield f"{account}#address#{address}", "address", one.contact_id
        for order, value in entries(one):
            partition = f"{account}#by#{order}#{shard(one.contact_id)}"
            yield partition, f"{value}#{place(one.contact_id)}", ""


def _ownerless(found: list[Plain]) -> Iterator[str]:
    """Yield what hangs on contacts that are gone."""
    owners = {item["pk"] for item in found if item["sk"] == "contact"}
    for item in found:
        hangs = item["sk"].startswith(("list#", "tag#")) and "#contact#" in item["pk"]
        if hangs and item["pk"] not in owners:
            yield f"{item['pk']} {item['sk']}"


def _numbers(found: list[Plain]) -> Iterator[str]:
    """Yield the name of each number that something counts in, as often as it does."""
    standing = {
        item["sk"].lstrip("0")
        for item in found
        if item["pk"].endswith(("#lists", "#tags")) and "deleted" not in item
    }
    for item in found:
        account = "#".join(item["pk"].split("#")[:2])
        kind, _, other = item["sk"].partition("#")
        if item["sk"] == "contact":
            yield f"{account}#count#contacts"
        elif "#contact#" in item["pk"] and other in standing:
            status = f"#{json.loads(item['body'])['status']}" if kind == "list" else ""
            yield f"{account}#count#{kind}#{other}{status}"
