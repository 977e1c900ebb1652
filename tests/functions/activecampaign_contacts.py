"""Contacts of the ActiveCampaign dialect, as its tests write and list them."""

from signalbox.model.contact import Contact, new_contact_id
from signalbox.model.contact_index import entries
from signalbox.store import contact_listing, contacts, counters, table

FULL = {
    *("cdate", "email", "phone", "firstName", "lastName", "orgid", "orgname", "segmentio_id"),
    *("bounced_hard", "bounced_soft", "bounced_date", "ip", "ua", "hash", "socialdata_lastcheck"),
    *("email_local", "email_domain", "sentcnt", "rating_tstamp", "gravatar", "deleted"),
    *("anonymized", "adate", "udate", "edate", "deleted_at", "created_utc_timestamp"),
    *("updated_utc_timestamp", "created_timestamp", "updated_timestamp", "created_by"),
    *("updated_by", "email_empty", "mpp_tracking", "links", "id", "organization"),
}
SHORT = {
    *("email", "phone", "firstName", "lastName", "email_empty", "cdate", "udate", "orgid"),
    *("orgname", "links", "hash", "id", "organization"),
}


def post(account, path, **contact):
    """Send a contact."""
    return account.call("POST", f"/api/3/{path}", {"contact": contact})


def made(account, email, **contact):
    """Create a contact and return its id."""
    status, answer = post(account, "contacts", email=email, **contact)
    assert 201 == status, answer
    return answer["contact"]["id"]


def listed(account, query=""):
    """Return the ids of a list of contacts and its total."""
    status, answer = account.call("GET", "/api/3/contacts", query=query)
    assert 200 == status, answer
    return [one["id"] for one in answer["contacts"]], answer["meta"]["total"]


def field(account, title="Company", **facts):
    """Create a field and return it."""
    status, answer = account.call(
        "POST", "/api/3/fields", {"field": {"title": title, "type": "text"} | facts}
    )
    assert 201 == status, answer
    return answer["field"]


def pointer(answer):
    """Return what a refusal points to."""
    return answer["errors"][0]["source"]["pointer"].removeprefix("/data/attributes/")


def write_many(account_id, count, *, wanted=lambda *_: True):
    """Write contacts as `contacts.create` does, many at once, with the entries wanted."""
    people = [person(account_id, number) for number in range(count)]
    items = []
    for number, one in enumerate(people):
        items.append(contacts._item(one))
        if number < 60:
            pk, sk = contacts.address_key(account_id, f"email:{one.email}")
            items.append({"pk": pk, "sk": sk, "contact": one.contact_id})
        places = [
            contact_listing.entry_key(account_id, one.contact_id, entry)
            for entry in entries(one)
            if wanted(*entry)
        ]
        items += [{"pk": pk, "sk": sk} for pk, sk in places]
    table.put_many("ContactsTable", items)
    for one in people[:8]:
        table.transact([counters.changing(account_id, contact_listing.ALL, one.contact_id, 1)])
    count -= min(count, 8)
    if count:
        counted = counters.changing(account_id, contact_listing.ALL, people[0].contact_id, count)
        table.transact([counted])
    return people


def person(account_id, number):
    """Return contact number so and so; many share a first name, some have none."""
    at = 1_795_254_840_000 + number * 1000
    return Contact(
        account_id,
        new_contact_id(at, number * 37),
        f"p{number * 7 % 60:02d}.x{number}@signalbox.example",
        first_name=["Ann", "Жанна", "", "bob", "Zed"][number % 5],
        last_name=f"L{number % 9}",
        created_ms=at,
        updated_ms=at + (number * 11 % 60) * 100_000,
    )
