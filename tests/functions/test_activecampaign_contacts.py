"""Contacts of the ActiveCampaign dialect: written, listed, searched, imported, erased."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from functions.activecampaign import importing
from signalbox import aws
from signalbox.model.contact import Contact, new_contact_id
from signalbox.model.contact_index import Order, entries
from signalbox.model.contact_list import ContactList
from signalbox.model.credential import Role
from signalbox.store import contact_listing, contacts, counters, lists, memberships, table
from tests.people import work

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
BESIDE = {"contactAutomations", "contactLists", "deals", "fieldValues", "geoIps", "accountContacts"}


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


def test_a_created_contact_is_answered_in_short(account):
    status, answer = post(
        account, "contacts", email="Zoe@signalbox.example", firstName="Zoe", phone=4930123456
    )

    zoe = answer["contact"]
    assert (201, [], SHORT | {"fieldValues"}) == (status, answer["fieldValues"], set(zoe))
    assert ("Zoe@signalbox.example", "Zoe", "", "4930123456", "", "", False) == (
        zoe["email"],
        zoe["firstName"],
        zoe["lastName"],
        zoe["phone"],
        zoe["orgid"],
        zoe["organization"],
        zoe["email_empty"],
    )
    assert zoe["id"].isdigit()
    assert 32 == len(zoe["hash"])


def test_a_phone_belongs_to_one_contact(account):
    """However it is written; also where a contact is changed."""
    made(account, "one@signalbox.example", phone="+49 30 123456")
    two = made(account, "two@signalbox.example")

    for status, answer in [
        post(account, "contacts", email="three@signalbox.example", phone="+4930-123456"),
        account.call("PUT", f"/api/3/contacts/{two}", {"contact": {"phone": "+4930123456"}}),
        post(account, "contact/sync", email="two@signalbox.example", phone="+49(30)123456"),
    ]:
        assert (422, "duplicate", "phone") == (
            status,
            answer["errors"][0]["code"],
            pointer(answer),
        )


def test_a_phone_may_stand_for_an_email_that_is_missing(account):
    status, answer = post(account, "contacts", phone="+4930123456", allowNullEmail=True)
    assert (201, "", True) == (status, answer["contact"]["email"], answer["contact"]["email_empty"])

    assert 422 == post(account, "contacts", phone="+4930123457")[0]
    assert 422 == post(account, "contacts", phone="nothing", allowNullEmail=True)[0]
    empty = account.call(
        "PUT", f"/api/3/contacts/{answer['contact']['id']}", {"contact": {"phone": ""}}
    )
    assert (422, "email") == (empty[0], pointer(empty[1]))


def test_sync_creates_once_and_then_changes(account):
    """201 with the short body for a new contact, 200 with the long one for a known one."""
    created, first = post(account, "contact/sync", email="Zoe@signalbox.example", firstName="Z")
    changed, second = post(account, "contact/sync", email="zoe@SIGNALBOX.example", lastName="Q")

    assert (201, SHORT | {"fieldValues"}) == (created, set(first["contact"]))
    assert (200, FULL | {"fieldValues"}) == (changed, set(second["contact"]))
    assert first["contact"]["id"] == second["contact"]["id"]
    assert ("Z", "Q") == (second["contact"]["firstName"], second["contact"]["lastName"])
    assert (2, "2") == (len(listed(account)[0]), listed(account)[1])


def test_a_contact_is_read_with_what_hangs_on_it(account):
    """All documented keys, the side-loads, and every link resolves."""
    company = field(account)
    zoe = made(
        account, "zoe@signalbox.example", fieldValues=[{"field": company["id"], "value": "Acme"}]
    )

    status, answer = account.call("GET", f"/api/3/contacts/{zoe}")

    contact = answer["contact"]
    assert 200 == status
    assert BESIDE | {"geoAddresses", "contact"} == set(answer)
    assert FULL | BESIDE == set(contact)
    assert contact["fieldValues"] == [answer["fieldValues"][0]["id"]]
    assert "Acme" == answer["fieldValues"][0]["value"]
    assert {"0"} == {contact[flag] for flag in ("bounced_hard", "deleted", "mpp_tracking")}
    assert 18 == len(contact["links"])
    for name, link in contact["links"].items():
        status, linked = account.call("GET", link.removeprefix("https://api.example"))
        assert (200, [name]) == (status, list(linked)), name
        unknown = link.replace(zoe, "100").removeprefix("https://api.example")
        missing = {"message": "No Result found for Subscriber with id 100"}
        assert (404, missing) == account.call("GET", unknown), name


def test_a_change_leaves_what_it_does_not_name(account):
    company = field(account)
    size = field(account, "Size")
    zoe = made(
        account,
        "zoe@signalbox.example",
        firstName="Zoe",
        fieldValues=[{"field": company["id"], "value": "Acme"}],
    )

    status, answer = account.call(
        "PUT",
        f"/api/3/contacts/{zoe}",
        {"contact": {"lastName": "Q", "fieldValues": [{"field": size["id"], "value": 9}]}},
    )

    contact = answer["contact"]
    assert (200, "Zoe", "Q") == (status, contact["firstName"], contact["lastName"])
    assert {"Acme", "9"} == {one["value"] for one in answer["fieldValues"]}
    assert (200, {"contact"}) == (
        account.call("PUT", f"/api/3/contacts/{zoe}", {"contact": {"email": "q@q.example"}})[0],
        {"contact"},
    )
    assert [zoe] == listed(account, "email=q@q.example")[0]
    assert [] == listed(account, "email=zoe@signalbox.example")[0]
    missing = {"message": "No Result found for Subscriber with id 100"}
    assert (404, missing) == account.call("PUT", "/api/3/contacts/100", {"contact": {}})


def test_a_deleted_contact_is_gone(account):
    zoe = made(account, "zoe@signalbox.example")

    assert (200, {}) == account.call("DELETE", f"/api/3/contacts/{zoe}")

    missing = {"message": f"No Result found for Subscriber with id {zoe}"}
    assert (404, missing) == account.call("GET", f"/api/3/contacts/{zoe}")
    assert (404, missing) == account.call("DELETE", f"/api/3/contacts/{zoe}")
    assert ([account.ada.contact_id], "1") == listed(account)
    made(account, "zoe@signalbox.example")


@pytest.fixture(name="many")
def _many(account):
    """Sixty contacts, ids by number; Ada, who comes with the account, is gone."""
    account.call("DELETE", f"/api/3/contacts/{account.ada.contact_id}")
    return write_many(account.account_id, 60)


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


@pytest.mark.parametrize("limit", [13, 59])
@pytest.mark.parametrize(
    "order", ["", "id", "cdate", "udate", "email", "first_name", "last_name", "name", "score"]
)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_pages_give_each_contact_once(account, many, limit, order, direction):
    """In every order, forwards and backwards."""
    asked = f"&orders[{order}]={direction}" if order else ""
    found = []
    for offset in range(0, 60, limit):
        ids, total = listed(account, f"limit={limit}&offset={offset}{asked}")
        assert "60" == total
        found += ids

    values = {
        "email": lambda one: one.email,
        "first_name": lambda one: one.first_name.casefold(),
        "name": lambda one: one.first_name.casefold(),
        "last_name": lambda one: one.last_name,
        "udate": lambda one: one.updated_ms,
    }.get(order, lambda one: int(one.contact_id))
    by_id = {one.contact_id: one for one in many}
    assert 60 == len(set(found))
    shown = [values(by_id[one]) for one in found]
    assert shown == sorted(shown, reverse=bool(order) and direction == "DESC")


@pytest.mark.parametrize("limit", [17, 100])
def test_ids_lead_from_page_to_page(account, many, limit):
    """`id_greater` and `id_less` give each contact once, and leave out the one they name."""
    found, last = [], "0"
    while True:
        ids, _ = listed(account, f"limit={limit}&id_greater={last}")
        if not ids:
            break
        found, last = found + ids, ids[-1]

    assert [one.contact_id for one in many] == found
    middle = many[30].contact_id
    assert found[:30] == listed(account, f"limit=100&id_less={middle}")[0]
    between = f"id_greater={many[3].contact_id}&id_less={many[6].contact_id}"
    assert (found[4:6], "2") == listed(account, between)


def test_a_page_says_what_was_asked(account, many):
    status, answer = account.call("GET", "/api/3/contacts", query="limit=500&offset=3&search=ann")

    meta = answer["meta"]
    assert (200, []) == (status, answer["scoreValues"])
    assert ("12", 100, 3, "ann", 0) == (
        meta["total"],
        meta["page_input"]["limit"],
        meta["page_input"]["offset"],
        meta["page_input"]["search"],
        meta["page_input"]["segmentid"],
    )
    assert 9 == len(answer["contacts"])
    assert FULL | {"scoreValues"} == set(answer["contacts"][0])


@pytest.fixture(name="people")
def _people(account):
    """Some people by what they are called here; the order of the ids is theirs."""
    return {
        "grace": made(
            account,
            "grace.hopper@navy.example",
            firstName="Grace",
            lastName="Hopper",
            phone="+49 30 123456",
        ),
        "greta": made(account, "greta+news@opera.example", firstName="Gréta", lastName="Garbo"),
        "hopper": made(account, "painter@opera.example", firstName="Edward", lastName="Hopper"),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("email=GRACE.hopper@navy.example", ["grace"]),
        ("email=greta+news@opera.example", ["greta"]),
        ("email=greta%2Bnews@opera.example", ["greta"]),
        ("email=nobody@navy.example", []),
        ("email=nonsense", []),
        ("email_like=grace", ["grace"]),
        ("email_like=grace.hop", ["grace"]),
        ("email_like=hopper@na", ["grace"]),
        ("email_like=@opera.example", ["greta", "hopper"]),
        ("email_like=race", []),
        ("phone=%2B4930", ["grace"]),
        ("phone=49301", ["grace"]),
        ("phone=%2B49 30 123456", ["grace"]),
        ("phone=30", []),
        ("phone=none", []),
        ("search=gr", ["grace", "greta"]),
        ("search=GRETA", ["greta"]),
        ("search=hopper", ["grace", "hopper"]),
        ("search=edward hop", ["hopper"]),
        ("search=hopper edward", ["hopper"]),
        ("search=painter@opera.example", ["hopper"]),
        ("search=%2B49 (30) 12", ["grace"]),
        ("search=opper", []),
        ("search=hopper&email_like=grace", ["grace"]),
        ("search=hopper&orders[email]=DESC", ["hopper", "grace"]),
        ("email_like=opera&orders[id]=DESC", ["hopper", "greta"]),
        ("segmentid=5", []),
        ("seriesid=1&search=gr", []),
        ("formid=0&search=gr", ["grace", "greta"]),
        ("in_group_lists=true&forceQuery=1&search=gr", ["grace", "greta"]),
    ],
)
def test_contacts_are_found_by_the_beginnings_of_words(account, people, query, names):
    ids, total = listed(account, query)

    assert ([people[name] for name in names], str(len(names))) == (
        ids if "orders" in query else sorted(ids, key=int),
        total,
    )


@pytest.mark.parametrize(
    "form", ["ids={0},{1}", "ids[]={0}&ids[]={1}", "ids[0]={0}&ids[1]={1}", "ids={0}&ids={1}"]
)
def test_contacts_are_asked_for_by_id(account, people, form):
    wanted = [people["grace"], people["hopper"]]

    assert (wanted, "2") == listed(account, form.format(*reversed(wanted)))
    excluding = form.format(*wanted) + f"&exclude={wanted[0]}"
    assert (wanted[1:], "1") == listed(account, excluding)
    assert ([wanted[1]], "1") == listed(account, f"ids={wanted[1]},100")


def test_one_contact_is_left_out(account, people):
    ids, total = listed(account, f"exclude={people['greta']}")

    wanted = [account.ada.contact_id, people["grace"], people["hopper"]]
    assert (wanted, "3") == (ids, total)


def test_times_narrow_a_list(account, many):
    """Created by bounds of the id, updated by the index; both ends are left out."""
    third = datetime.fromtimestamp(many[3].created_ms / 1000, tz=UTC)
    text = third.isoformat()
    ids = [one.contact_id for one in many]

    assert (ids[:3], "3") == listed(account, f"filters[created_before]={quote(text)}")
    assert ids[4:] == listed(account, f"limit=100&filters[created_after]={text}")[0]
    sixth = (third + timedelta(seconds=3)).isoformat()
    both = f"filters[created_after]={quote(text)}&filters[created_before]={quote(sixth)}"
    assert (ids[4:6], "2") == listed(account, both)
    by_email = [one.contact_id for one in sorted(many[4:6], key=lambda one: one.email)]
    assert (by_email, "2") == listed(account, both + "&orders[email]=ASC")
    by_change = sorted(many, key=lambda one: one.updated_ms)
    since = datetime.fromtimestamp(by_change[50].updated_ms / 1000, tz=UTC).isoformat()
    until = datetime.fromtimestamp(by_change[53].updated_ms / 1000, tz=UTC).isoformat()
    after = [one.contact_id for one in by_change[51:]]
    assert (after, "9") == listed(account, f"filters[updated_after]={quote(since)}")
    window = f"filters[updated_after]={quote(since)}&filters[updated_before]={quote(until)}"
    assert (after[:2], "2") == listed(account, window)
    assert (sorted(after[:2], key=int), "2") == listed(account, window + "&orders[id]=ASC")
    assert 60 == len(listed(account, "limit=100&filters[created_after]=2001-01-01")[0])
    assert ([], "0") == listed(account, "filters[created_after]=2040-01-01 10:00:00")


def test_lists_tags_and_status_narrow_a_list(account, many):
    lists.create(ContactList(account.account_id, "5", "News"))
    on_list = [many[number].contact_id for number in (3, 9, 27)]
    for contact_id in on_list:
        memberships.subscribe(account.account_id, contact_id, "5", now_ms=1)
    memberships.unsubscribe(account.account_id, on_list[1], "5", now_ms=2)
    tag = account.call("POST", "/api/3/tags", {"tag": {"tag": "vip", "tagType": "contact"}})[1]
    tag_id = tag["tag"]["id"]
    for contact_id in on_list[1:]:
        sent = {"contactTag": {"contact": contact_id, "tag": tag_id}}
        assert 201 == account.call("POST", "/api/3/contactTags", sent)[0]

    assert (on_list, "3") == listed(account, "listid=5")
    assert (on_list[::-1], "3") == listed(account, "listid=5&orders[cdate]=DESC&status=-1")
    assert ([on_list[0], on_list[2]], "2") == listed(account, "listid=5&status=1")
    assert ([on_list[1]], "1") == listed(account, "listid=5&status=2")
    assert (on_list[1:], "2") == listed(account, f"tagid={tag_id}")
    assert ([on_list[2]], "1") == listed(account, f"tagid={tag_id}&listid=5&status=1")
    assert (on_list[1:], "2") == listed(account, f"tagid={tag_id}&listid=5")
    assert ([on_list[1]], "1") == listed(account, "status=2")
    assert ([], "0") == listed(account, "listid=6")
    assert ([], "0") == listed(account, "tagid=6")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("offset=100001", "offset"),
        ("offset=-5", "offset"),
        ("id_greater=x", "id_greater"),
        ("id_less=" + "9" * 20, "id_less"),
        ("ids[]=1&ids[]=a", "ids"),
        ("ids=" + ",".join(["1"] * 1001), "ids"),
        ("listid=%00", "listid"),
        ("tagid=1;2", "tagid"),
        ("exclude=me", "exclude"),
        ("status=4", "status"),
        ("status=active", "status"),
        ("orders[email]=DASC", "orders[email]"),
        ("orders[shoe]=ASC", "orders[shoe]"),
        ("filters[created_after]=yesterday", "filters[created_after]"),
        ("filters[updated_before]=2026-13-01", "filters[updated_before]"),
    ],
)
def test_a_question_that_cannot_be_is_refused(account, query, named):
    """422 with a pointer to the parameter."""
    status, answer = account.call("GET", "/api/3/contacts", query=query)

    assert (422, named) == (status, pointer(answer))


@pytest.mark.parametrize(
    "query",
    [
        "search=%00",
        "search=" + "a" * 3000,
        "search=@@@",
        "search=%ED%A0%80",
        "email_like=%F0%9F%8E%89",
        "email=" + "a" * 3000 + "@b.example",
        "phone=" + "1" * 3000,
        "limit=0",
        "filters[created_after]=9999-12-31",
        "filters[created_before]=0001-01-01",
        "filters[updated_after]=9999-12-31T23:59:59-12:00",
        "id_greater=9007199254740991",
        "id_less=0",
        "ids=0",
        "ids=",
        "orders[email]=",
        "nonsense=1&&=&",
    ],
)
def test_an_odd_question_has_an_answer(account, query):
    assert 200 == account.call("GET", "/api/3/contacts", query=query)[0]


@pytest.fixture(name="reads")
def _reads(monkeypatch):
    """The number of items that each call to DynamoDB returned."""
    real, returned = aws.call, []

    def counting(service, operation, **request):
        answer = real(service, operation, **request)
        many = sum(map(len, answer.get("Responses", {}).values()))
        returned.append(len(answer.get("Items", [])) + many + ("Item" in answer))
        return answer

    monkeypatch.setattr(aws, "call", counting)
    return returned


def test_a_page_costs_the_same_out_of_any_number(account, reads):
    """Out of 100 and out of 3,000: in items that are read, and calls."""
    orders = {Order.EMAIL, Order.FIRST_NAME}
    costs = []
    questions = ["", "orders[id]=DESC", "orders[email]=ASC", "orders[first_name]=DESC", "email={}"]
    for count in (100, 3_000):
        people = write_many(account.account_id, count, wanted=lambda order, _: order in orders)
        found = []
        for question in questions:
            reads.clear()
            ids, _ = listed(account, "limit=20&" + question.format(people[1].email))
            assert ids
            found.append((len(reads), sum(reads)))
        costs.append(found)

    small, large = costs
    # A share that holds more than its part of a page is asked once more.
    for (few_calls, few), (many_calls, many) in zip(small, large, strict=True):
        assert many_calls <= few_calls + 4
        assert many <= few + 4 * 8
    assert max(items for _, items in large) < 150


def test_a_search_looks_at_no_more_than_it_says(account, reads):
    """However many contacts a word finds, at most 2,000 are looked at, and counted."""
    write_many(account.account_id, 2_100, wanted=lambda _, value: value == "signalbox")
    reads.clear()

    ids, total = listed(account, "search=signalbox&limit=20")

    assert (20, "2000") == (len(ids), total)
    assert sum(reads) < 2_100 + 100


def test_fields_are_made_changed_and_deleted(account):
    status, answer = account.call(
        "POST",
        "/api/3/fields",
        {"field": {"title": "Größe (cm)", "type": "dropdown", "show_in_list": 1, "ordernum": "3"}},
    )
    made_field = answer["field"]
    assert 201 == status
    assert ("GROSSE_CM", "dropdown", "1", "0", "3", []) == (
        made_field["perstag"],
        made_field["type"],
        made_field["show_in_list"],
        made_field["isrequired"],
        made_field["ordernum"],
        made_field["options"],
    )
    assert {
        *("title", "type", "descript", "isrequired", "perstag", "defval", "show_in_list", "rows"),
        *("cols", "visible", "service", "ordernum", "cdate", "udate", "options", "relations"),
        *("links", "id"),
    } <= set(made_field)
    at = f"/api/3/fields/{made_field['id']}"
    assert (200, made_field) == (200, account.call("GET", at)[1]["field"])
    status, changed = account.call("PUT", at, {"field": {"title": "Height", "isrequired": True}})
    assert (200, "Height", "1", "GROSSE_CM") == (
        status,
        changed["field"]["title"],
        changed["field"]["isrequired"],
        changed["field"]["perstag"],
    )
    status, known = account.call("GET", "/api/3/fields")
    assert (200, ["Height"], {"total": "1"}) == (
        status,
        [one["title"] for one in known["fields"]],
        known["meta"],
    )
    options = [{"field": made_field["id"], "value": v, "label": v} for v in ("S", "M")]
    status, offered = account.call("POST", "/api/3/fieldOption/bulk", {"fieldOptions": options})
    assert (201, ["S", "M"]) == (status, [one["value"] for one in offered["fieldOptions"]])
    for link in changed["field"]["links"].values():
        assert 200 == account.call("GET", link.removeprefix("https://api.example"))[0]
    assert ["S", "M"] == [one["value"] for one in account.call("GET", at)[1]["fieldOptions"]]
    assert (200, {}) == account.call("DELETE", at)
    missing = {"message": f"No Result found for Field with id {made_field['id']}"}
    assert (404, missing) == account.call("GET", at)
    assert (404, missing) == account.call("DELETE", at)


def test_tags_of_fields_are_unique(account):
    """A title that is used again gets the next number; a tag that is asked for is refused."""
    tags = [field(account, "Company")["perstag"] for _ in range(3)]
    assert ["COMPANY", "COMPANY_2", "COMPANY_3"] == tags
    assert "EMAIL_2" == field(account, "Email")["perstag"]
    assert "FIELD_2ND_PHONE" == field(account, "2nd phone")["perstag"]
    assert "FIELD" == field(account, "???")["perstag"]
    assert "BRANCH" == field(account, "Anything", perstag="%branch%")["perstag"]

    for tag, code in (("Company", "duplicate"), ("EMAIL", "field_invalid")):
        sent = {"field": {"title": "x", "type": "text", "perstag": tag}}
        status, answer = account.call("POST", "/api/3/fields", sent)
        assert (422, code, "perstag") == (status, answer["errors"][0]["code"], pointer(answer))


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": ["x"]}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "x", "type": "shoe"}, "type"),
        ({"title": "x", "type": []}, "type"),
        ({"title": "x", "isrequired": "maybe"}, "isrequired"),
        ({"title": "x", "rows": -1}, "rows"),
        ({"title": "x", "ordernum": 1e309}, "ordernum"),
    ],
)
def test_a_field_that_cannot_be_is_refused(account, sent, named):
    status, answer = account.call("POST", "/api/3/fields", {"field": sent})

    assert (422, named) == (status, pointer(answer))


def test_values_have_ids_of_their_own(account):
    """Created, changed, listed, linked and deleted by them; each is kept as it was sent."""
    company, colours = field(account), field(account, "Colours", type="checkbox")
    ada = account.ada.contact_id

    def value(**sent):
        return account.call("POST", "/api/3/fieldValues", {"fieldValue": sent})

    status, answer = value(contact=int(ada), field=int(company["id"]), value="Acme")
    acme = answer["fieldValue"]
    assert (200, [ada]) == (status, [one["id"] for one in answer["contacts"]])
    assert ("Acme", company["id"], ada, ada) == (
        acme["value"],
        acme["field"],
        acme["contact"],
        acme["owner"],
    )
    value(contact=ada, field=colours["id"], value="||red||green||")
    assert (
        acme["id"] == value(contact=ada, field="%COMPANY%", value="Acme 2")[1]["fieldValue"]["id"]
    )
    at = f"/api/3/fieldValues/{acme['id']}"
    assert "Acme 2" == account.call("GET", at)[1]["fieldValue"]["value"]
    status, changed = account.call("PUT", at, {"fieldValue": {"value": "Acme 3"}})
    assert (200, "Acme 3") == (status, changed["fieldValue"]["value"])
    assert ada == account.call("GET", at + "/owner")[1]["contact"]["id"]
    assert company["id"] == account.call("GET", at + "/field")[1]["field"]["id"]
    own = account.call("GET", f"/api/3/contacts/{ada}/fieldValues")[1]["fieldValues"]
    assert ["Acme 3", "||red||green||"] == [one["value"] for one in own]
    listed_values = account.call("GET", "/api/3/fieldValues")[1]
    assert (own, {"total": "2"}) == (listed_values["fieldValues"], listed_values["meta"])
    narrowed = account.call("GET", "/api/3/fieldValues", query=f"filters[fieldid]={company['id']}")
    assert own[:1] == narrowed[1]["fieldValues"]
    assert (200, {}) == account.call("DELETE", at)
    missing = {"message": f"No Result found for FieldValue with id {acme['id']}"}
    assert (404, missing) == account.call("GET", at)
    for unknown in ("1", "x", "9" * 40, ada + "0" * 16):
        assert 404 == account.call("GET", f"/api/3/fieldValues/{unknown}")[0]
    assert "||red||blue||" == value(contact=ada, field=colours["id"], value=["red", "blue"])[1][
        "fieldValue"
    ]["value"].replace("||||", "||")


@pytest.mark.parametrize(
    ("sent", "code", "named"),
    [
        ({"field": "1", "value": "x"}, "field_missing", "contact"),
        ({"contact": "1", "field": "1", "value": "x"}, "related_missing", "field"),
        ({"contact": "1", "field": "COMPANY", "value": "x"}, "related_missing", "contact"),
        ({"contact": {}, "field": "COMPANY", "value": "x"}, "related_missing", "contact"),
        ({"contact": "1", "field": "COMPANY", "value": {}}, "field_invalid", "value"),
        ({"contact": "1", "field": "COMPANY", "value": "x" * 4097}, "field_invalid", "value"),
    ],
)
def test_a_value_that_cannot_be_is_refused(account, sent, code, named):
    field(account)

    status, answer = account.call("POST", "/api/3/fieldValues", {"fieldValue": sent})

    assert (422, code, named) == (status, answer["errors"][0]["code"], pointer(answer))


def test_a_value_of_an_unknown_field_is_refused(account):
    """In every way to write a contact; nothing is written."""
    wrong = {"email": "zoe@signalbox.example", "fieldValues": [{"field": "7", "value": "x"}]}
    ada = f"/api/3/contacts/{account.ada.contact_id}"

    for method, path in (
        ("POST", "/api/3/contacts"),
        ("POST", "/api/3/contact/sync"),
        ("PUT", ada),
    ):
        status, answer = account.call(method, path, {"contact": wrong})
        assert (422, "related_missing", "fieldValues") == (
            status,
            answer["errors"][0]["code"],
            pointer(answer),
        )
    assert "1" == listed(account)[1]


def test_an_import_writes_contacts_tags_and_lists(account, monkeypatch):
    monkeypatch.setattr(importing, "FEW", 250)
    company = field(account)
    for list_id in ("5", "6"):
        lists.create(ContactList(account.account_id, list_id, "News"))
    rows = [
        {
            "email": f"row{number}@signalbox.example",
            "first_name": "Row",
            "last_name": str(number),
            "phone": "123-456-7890",
            "customer_acct_name": "Acme",
            "tags": ["new", "aliquam"],
            "fields": [{"id": int(company["id"]), "value": "Acme"}],
            "subscribe": [{"listid": 5}],
            "unsubscribe": [{"listid": "6"}],
        }
        for number in range(12)
    ]
    rows[11] |= {"subscribe": [{"listid": 9}]}

    for _ in range(2):  # the second time changes nothing
        status, answer = account.call(
            "POST", "/api/3/import/bulk_import", {"contacts": rows, "callback": {}}
        )
        assert (200, 1, 12, "Contact import queued") == (
            status,
            answer["Success"],
            answer["queued_contacts"],
            answer["message"],
        )
        batch = f"batchId={answer['batchId']}"
        status, told = account.call("GET", "/api/3/import/info", query=batch)
        assert (200, "completed", 12, ["11"]) == (
            status,
            told["status"],
            len(told["success"]),
            told["failure"],
        )
        assert "There is no list 9" == told["failureReasons"][0]["failureReason"]
        assert "13" == listed(account)[1]

    status, row = account.call("GET", f"/api/3/contacts/{told['success'][0]}")
    assert ("row0@signalbox.example", "Row", "0", "123-456-7890") == (
        row["contact"]["email"],
        row["contact"]["firstName"],
        row["contact"]["lastName"],
        row["contact"]["phone"],
    )
    assert ["Acme"] == [one["value"] for one in row["fieldValues"]]
    assert {("5", "1"), ("6", "2")} == {(one["list"], one["status"]) for one in row["contactLists"]}
    tags = account.call("GET", row["contact"]["links"]["contactTags"].partition("example")[2])[1]
    assert 2 == len(tags["contactTags"])
    status, days = account.call("GET", "/api/3/import/bulk_import")
    assert (200, [], ("2", "24")) == (
        status,
        days["outstanding"],
        (days["recentlyCompleted"][0]["batches"], days["recentlyCompleted"][0]["contacts"]),
    )
    assert 404 == account.call("GET", "/api/3/import/info", query="batchId=x")[0]
    assert 404 == account.call("GET", "/api/3/import/info")[0]


def test_an_import_subscribes_nobody_who_left(account):
    """Neither a member who unsubscribed nor the address of an erased contact that did."""
    lists.create(ContactList(account.account_id, "5", "News"))
    row = {"email": "leaver@signalbox.example", "subscribe": [{"listid": 5}]}
    leaver = made(account, row["email"])
    memberships.unsubscribe(account.account_id, leaver, "5", now_ms=1)

    def imported():
        assert 200 == account.call("POST", "/api/3/import/bulk_import", {"contacts": [row]})[0]
        (contact_id,), _ = listed(account, f"email={row['email']}")
        shown = account.call("GET", f"/api/3/contacts/{contact_id}/contactLists")[1]
        return [one["status"] for one in shown["contactLists"]]

    assert ["2"] == imported()
    account.call("DELETE", f"/api/3/contacts/{leaver}")
    assert [] == imported()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "contacts must be a list of 1 to 250 contacts"),
        ({"contacts": []}, "contacts must be a list of 1 to 250 contacts"),
        ({"contacts": [{"email": "a@b.example"}] * 251}, "contacts must be a list"),
        ({"contacts": ["x"]}, "contact: must be an object"),
        ({"contacts": [{"email": "good@b.example"}, {"email": "bad"}]}, "email: is not valid"),
        ({"contacts": [{}]}, "email: must not be empty"),
        ({"contacts": [{"email": "a@b.example", "fields": [{"id": 9}]}]}, "There is no field 9"),
        ({"contacts": [{"email": "a@b.example", "fields": "x"}]}, "fieldValues: must be a list"),
        ({"contacts": [{"email": "a@b.example", "tags": "x"}]}, "tags: must be a list"),
        ({"contacts": [{"email": "a@b.example", "tags": [" "]}]}, "tag: must not be empty"),
        ({"contacts": [{"email": "a@b.example", "subscribe": [5]}]}, "subscribe: must hold"),
        ({"contacts": [{"email": "a@b.example"}], "callback": {"url": "http://[::1"}}, "callback"),
        ({"contacts": [{"email": "a@b.example"}], "callback": {"url": "ftp://x"}}, "callback"),
    ],
)
def test_an_import_that_cannot_be_is_refused_whole(account, body, reason):
    status, answer = account.call("POST", "/api/3/import/bulk_import", body)

    assert (400, 0) == (status, answer["success"])
    assert reason in json.dumps(answer["failureReasons"])
    assert "1" == listed(account)[1]


def test_the_caller_is_a_user(account):
    status, answer = account.call("GET", "/api/3/users/me", role=Role.MARKETER)

    user = answer["user"]
    assert (200, "marketer", "1") == (status, user["username"], user["id"])
    assert {
        "username",
        "firstName",
        "lastName",
        "email",
        "phone",
        "signature",
        "links",
        "id",
    } <= set(user)
    for link in user["links"].values():
        assert 200 == account.call("GET", link.removeprefix("https://api.example"))[0]
    assert [user["id"]] == [one["id"] for one in account.call("GET", "/api/3/users")[1]["users"]]
    assert user["id"] == account.call("GET", "/api/3/users/1")[1]["user"]["id"]
    assert 404 == account.call("GET", "/api/3/users/2")[0]
    assert 404 == account.call("GET", "/api/3/users/1/shoes")[0]


def test_an_erased_contact_can_be_read_nowhere(account, cloud):
    """After events, dispatches, dropped events, tags, lists: no table holds address or name."""
    address = "zoefriedrich@erased.example"
    early = account.report(visit=json.dumps({"email": address}))
    assert 200 == early[0]
    work(cloud)
    company = field(account)
    zoe = made(
        account,
        address,
        firstName="Zoefriedrich",
        lastName="Quastel",
        phone="+49 30 98765432",
        fieldValues=[{"field": company["id"], "value": "Quastelwerk"}],
    )
    account.rule({"kind": "send_email", "subject": "Hi", "html": "", "text": "Hi"})
    account.call("GET", "/api/tail")
    account.report(visit=json.dumps({"email": address}), eventdata="quastel.pdf")
    work(cloud)
    lists.create(ContactList(account.account_id, "5", "News"))
    memberships.subscribe(account.account_id, zoe, "5", now_ms=1)
    assert "zoefriedrich" in everything(cloud)

    assert (200, {}) == account.call("DELETE", f"/api/3/contacts/{zoe}")

    left = everything(cloud)
    for trace in ("zoefriedrich", "quastel", "98765432", "erased.example"):
        assert trace not in left
    assert ([account.ada.contact_id], "1") == listed(account)
    assert {"5": 0} == memberships.counts(account.account_id, ["5"])


def everything(cloud):
    """Return all tables as one text."""
    tables = [cloud.items(name) for name in ("CONTACTS", "RULES", "TRACKING")]
    return json.dumps(tables).casefold()
