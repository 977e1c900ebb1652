"""Lists, and contacts on them, as clients of the ActiveCampaign API know them."""

import json

import pytest

from signalbox.model.credential import Role
from signalbox.people import add_contact
from signalbox.store import memberships
from signalbox.store.lists import counted
from tests.cloud import client

BASE = "https://api.example"
WANTED = {
    "name": "Name of List",
    "stringid": "Name-of-list",
    "sender_url": "http://www.example.com",
    "sender_reminder": "You signed up.",
    "send_last_broadcast": 0,
    "carboncopy": "",
    "subscription_notify": "",
    "unsubscription_notify": "",
    "user": 1,
}
# The keys of the answers that the reference shows.
LIST_KEYS = {
    "stringid",
    "userid",
    "name",
    "cdate",
    "p_use_tracking",
    "p_use_analytics_read",
    "p_use_analytics_link",
    "p_use_twitter",
    "p_use_facebook",
    "p_embed_image",
    "p_use_captcha",
    "send_last_broadcast",
    "private",
    "analytics_domains",
    "analytics_source",
    "analytics_ua",
    "twitter_token",
    "twitter_token_secret",
    "facebook_session",
    "carboncopy",
    "subscription_notify",
    "unsubscription_notify",
    "require_name",
    "get_unsubscribe_reason",
    "to_name",
    "optinoptout",
    "sender_name",
    "sender_addr1",
    "sender_addr2",
    "sender_city",
    "sender_state",
    "sender_zip",
    "sender_country",
    "sender_phone",
    "sender_url",
    "sender_reminder",
    "fulladdress",
    "optinmessageid",
    "optoutconf",
    "deletestamp",
    "udate",
    "links",
    "id",
    "user",
}
MEMBERSHIP_KEYS = {
    "contact",
    "list",
    "form",
    "seriesid",
    "sdate",
    "udate",
    "status",
    "responder",
    "sync",
    "unsubreason",
    "campaign",
    "message",
    "first_name",
    "last_name",
    "ip4Sub",
    "sourceid",
    "autosyncLog",
    "ip4_last",
    "ip4Unsub",
    "created_timestamp",
    "updated_timestamp",
    "created_by",
    "updated_by",
    "unsubscribeAutomation",
    "links",
    "id",
    "automation",
}


def make(account, **changes) -> dict:
    """Create a list and return it."""
    status, answer = account.call("POST", "/api/3/lists", {"list": WANTED | changes})

    assert 201 == status, answer
    return answer["list"]


def put_on(account, contact_id, list_id, **more) -> tuple[int, dict]:
    """Ask for a change of a membership."""
    body = {"contactList": {"contact": contact_id, "list": list_id, **more}}
    return account.call("POST", "/api/3/contactLists", body)


def test_a_list_has_every_documented_key(account):
    made = make(account)

    assert set(made) >= LIST_KEYS
    assert ("Name of List", "Name-of-list", "1", "1", "0", "", "Subscriber", None) == tuple(
        made[name]
        for name in (
            "name",
            "stringid",
            "user",
            "userid",
            "send_last_broadcast",
            "carboncopy",
            "to_name",
            "analytics_domains",
        )
    )
    assert (200, {"list": made}) == account.call("GET", f"/api/3/lists/{made['id']}")
    for link in made["links"].values():
        assert 200 == account.call("GET", link.removeprefix(BASE))[0]


def test_a_list_without_a_stringid_gets_one_from_its_name(account):
    """The vendor's own client sends none."""
    wanted = {name: value for name, value in WANTED.items() if name != "stringid"}
    _, answer = account.call("POST", "/api/3/lists", {"list": wanted})

    assert "name-of-list" == answer["list"]["stringid"]


@pytest.mark.parametrize("name", ["name", "sender_url", "sender_reminder"])
def test_a_list_without_what_it_needs_is_refused(account, name):
    """A field that is absent, null or empty is missing, and nothing is written."""
    for value in (None, ""):
        status, answer = account.call("POST", "/api/3/lists", {"list": WANTED | {name: value}})

        (fault,) = answer["errors"]
        assert (422, "field_missing", f"/data/attributes/{name}") == (
            status,
            fault["code"],
            fault["source"]["pointer"],
        )
    assert "0" == account.call("GET", "/api/3/lists")[1]["meta"]["total"]


def test_what_no_list_can_have_is_refused(account):
    for name, value in [
        ("name", 7),
        ("name", "n" * 256),
        ("name", "   "),
        ("sender_url", ["x"]),
        ("to_name", "\ud800"),
        ("channel", "fax"),
        ("double_opt_in", "perhaps"),
        ("user", {"id": 1}),
    ]:
        status, answer = account.call("POST", "/api/3/lists", {"list": WANTED | {name: value}})

        assert (422, "field_invalid") == (status, answer["errors"][0]["code"])
    assert 422 == account.call("POST", "/api/3/lists", {"list": []})[0]
    assert 422 == account.call("POST", "/api/3/lists", "{")[0]


def test_a_list_changes_in_what_is_named(account):
    made = make(account)

    status, answer = account.call(
        "PUT",
        f"/api/3/lists/{made['id']}",
        {"list": {"name": "New", "to_name": "Reader", "double_opt_in": True}},
    )

    changed = answer["list"]
    assert (200, "New", "Reader", True) == (
        status,
        changed["name"],
        changed["to_name"],
        changed["double_opt_in"],
    )
    same = LIST_KEYS - {"name", "to_name", "udate"}
    assert {name: made[name] for name in same} == {name: changed[name] for name in same}
    assert (200, answer) == account.call("GET", f"/api/3/lists/{made['id']}")


def test_lists_are_found_by_name(account):
    for name in ("Alpha", "beta", "Alphabet", "Gamma"):
        make(account, name=name)

    def names(query):
        status, answer = account.call("GET", "/api/3/lists", query=query)
        assert 200 == status, answer
        found = [one["name"] for one in answer["lists"]]
        assert answer["meta"]["total"].isdigit()
        return found

    assert ["Alpha", "beta", "Alphabet", "Gamma"] == names("")
    assert ["Alpha"] == names("filters[name]=alpha")
    assert ["Alpha"] == names("filters[name][eq]=ALPHA")
    assert ["beta", "Alphabet", "Gamma"] == names("filters[name][neq]=Alpha")
    assert ["beta", "Alphabet"] == names("filters[name][contains]=bet")
    assert ["Alpha", "Alphabet"] == names("filters[name][starts_with]=alph")
    assert ["beta", "Gamma"] == names("filters[name][gt]=alphabet")
    assert ["Alpha"] == names("filters[name][lt]=alphabet")
    assert ["beta", "Alphabet"] == names("filters[name][contains]=bet&orders[name]=desc")
    assert ["Alpha", "Alphabet"] == names("filters[name][contains]=alpha&orders[name]=weight")
    assert ["beta", "Alphabet"] == names("limit=2&offset=1")
    assert 422 == account.call("GET", "/api/3/lists", query="filters[name][like]=a")[0]
    assert 422 == account.call("GET", "/api/3/lists", query="orders[name]=DASC")[0]


def test_a_list_that_is_not_there(account):
    for list_id in ("3", "0", "x", "%00", "9" * 17, "1" * 400):
        missing = (404, {"message": f"No Result found for _List with id {list_id}"})
        path = f"/api/3/lists/{list_id}"

        assert missing == account.call("GET", path)
        assert missing == account.call("PUT", path, {"list": {"name": "x"}})
        assert missing == account.call("DELETE", path)


def test_deleting_a_list_keeps_its_contacts(account, cloud):
    """The list is gone for every reader, its members are still contacts."""
    made, kept = make(account), make(account, name="Kept")
    for list_id in (made["id"], kept["id"]):
        put_on(account, account.ada.contact_id, list_id)
    membership_id = f"{account.ada.contact_id}{made['id'].rjust(16, '0')}"

    assert (200, {}) == account.call("DELETE", f"/api/3/lists/{made['id']}")

    assert 404 == account.call("DELETE", f"/api/3/lists/{made['id']}")[0]
    assert 404 == account.call("GET", f"/api/3/lists/{made['id']}")[0]
    assert 404 == account.call("GET", f"/api/3/contactLists/{membership_id}")[0]
    path = f"/api/3/contacts/{account.ada.contact_id}"
    assert 200 == account.call("GET", path)[0]
    (left,) = account.call("GET", f"{path}/contactLists")[1]["contactLists"]
    assert kept["id"] == left["list"]
    assert 422 == put_on(account, account.ada.contact_id, made["id"])[0]
    places = [item["pk"]["S"] + item["sk"]["S"] for item in cloud.items("CONTACTS")]
    assert [] == [place for place in places if made["id"] in place]


def test_joining_and_leaving_a_list(account):
    """201 for the first time, 200 from then on; ids as numbers or texts, with or without status."""
    made = make(account)
    ada = account.ada.contact_id

    status, answer = put_on(account, int(ada), int(made["id"]), status=1)

    joined = answer["contactList"]
    assert 201 == status
    assert set(joined) == MEMBERSHIP_KEYS
    assert (ada, made["id"], 1, "Ada", "0", None) == (
        joined["contact"],
        joined["list"],
        joined["status"],
        joined["first_name"],
        joined["sourceid"],
        joined["udate"],
    )
    (contact,) = answer["contacts"]
    assert (ada, "ada@signalbox.example") == (contact["id"], contact["email"])
    for link in joined["links"].values():
        assert 200 == account.call("GET", link.removeprefix(BASE))[0]

    status, answer = put_on(account, ada, made["id"], status="2")
    assert (200, "2") == (status, answer["contactList"]["status"])
    assert answer["contactList"]["udate"]

    status, answer = put_on(account, ada, made["id"], sourceid=4)
    assert (200, 1, "4", None) == (
        status,
        answer["contactList"]["status"],
        answer["contactList"]["sourceid"],
        answer["contactList"]["udate"],
    )
    (listed,) = account.call("GET", f"/api/3/contacts/{ada}/contactLists")[1]["contactLists"]
    assert joined["id"] == listed["id"]
    read = account.call("GET", f"/api/3/contactLists/{joined['id']}")
    assert (200, {"contactList": listed}) == read
    assert "1" == account.call("GET", f"/api/3/lists/{made['id']}")[1]["list"]["active_subscribers"]


def test_a_membership_that_cannot_be_is_refused(account, cloud):
    made = make(account)
    ada = account.ada.contact_id
    before = cloud.items("CONTACTS")

    for body, code, name in [
        ({"list": made["id"]}, "field_missing", "contact"),
        ({"contact": ada}, "field_missing", "list"),
        ({"contact": ada, "list": "7"}, "related_missing", "list"),
        ({"contact": ada, "list": "x"}, "related_missing", "list"),
        ({"contact": "7", "list": made["id"]}, "related_missing", "contact"),
        ({"contact": True, "list": made["id"]}, "related_missing", "contact"),
        ({"contact": ada, "list": made["id"], "status": 3}, "field_invalid", "status"),
        ({"contact": ada, "list": made["id"], "status": [1]}, "field_invalid", "status"),
        ({"contact": ada, "list": made["id"], "sourceid": "x"}, "field_invalid", "sourceid"),
    ]:
        status, answer = account.call("POST", "/api/3/contactLists", {"contactList": body})

        (fault,) = answer["errors"]
        assert (422, code, f"/data/attributes/{name}") == (
            status,
            fault["code"],
            fault["source"]["pointer"],
        )
    assert before == cloud.items("CONTACTS")
    for shown in ("7", "x", ada, f"{ada}{made['id'].rjust(16, '0')}", "9" * 40):
        assert (404, {"message": f"No Result found for SubscriberList with id {shown}"}) == (
            account.call("GET", f"/api/3/contactLists/{shown}")
        )
    assert (404, {"message": "No Result found for Subscriber with id 121"}) == account.call(
        "GET", "/api/3/contacts/121/contactLists"
    )


def test_memberships_are_listed_in_pages(account):
    """Over all lists, of one list, of one contact; the total counts each membership once."""
    first, second = make(account), make(account, name="Second")
    people = [
        add_contact(account.account_id, email=f"p{number}@signalbox.example").contact_id
        for number in range(5)
    ]
    for contact_id in people:
        put_on(account, contact_id, first["id"])
    for contact_id in people[:2]:
        put_on(account, contact_id, second["id"], status=2)

    def pairs(query):
        status, answer = account.call("GET", "/api/3/contactLists", query=query)
        assert 200 == status, answer
        found = [(one["contact"], one["list"]) for one in answer["contactLists"]]
        return sorted(found), answer["meta"]["total"]

    everything = sorted(
        [(one, first["id"]) for one in people] + [(one, second["id"]) for one in people[:2]]
    )
    assert (everything, "7") == pairs("")
    paged = [pairs(f"limit=3&offset={offset}")[0] for offset in (0, 3, 6, 9)]
    assert [3, 3, 1, 0] == [len(page) for page in paged]
    assert everything == sorted(pair for page in paged for pair in page)
    on_second = sorted((one, second["id"]) for one in people[:2])
    assert (on_second, "2") == pairs(f"filters[list]={second['id']}")
    of_first = sorted([(people[0], first["id"]), (people[0], second["id"])])
    assert (of_first, "2") == pairs(f"filters[contact]={people[0]}")
    both = f"filters[contact]={people[0]}&filters[list]={second['id']}"
    assert ([(people[0], second["id"])], "1") == pairs(both)


def test_a_page_of_a_list_costs_the_same_out_of_any_number(account, cloud):
    """Twenty out of 600 members read no more than twenty out of 30, in capacity units."""
    made = make(account)
    table = cloud.variables["CONTACTS_TABLE"]

    def fill(start, end):
        for number in range(start, end):
            contact_id = str(10**14 + number)
            item = memberships._item(
                memberships.model.subscribed(
                    memberships.Membership(account.account_id, contact_id, made["id"]), 1
                )
            )
            client("dynamodb").put_item(TableName=table, Item=memberships.table._typed(item))

    def cost():
        seen = []
        original = memberships.table.dynamodb

        def metered(operation, **request):
            answer = original(operation, **request)
            seen.append((operation, len(answer.get("Items", []))))
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(memberships.table, "dynamodb", metered)
            found = memberships.of_list(account.account_id, made["id"], limit=20)
        assert 20 == len(found)
        return len(seen), sum(number for _, number in seen)

    fill(0, 80)
    small = cost()
    fill(80, 600)

    assert small == cost()


def test_who_may_only_read_changes_nothing(account, cloud):
    made = make(account)
    before = cloud.items("CONTACTS"), cloud.items("RULES")

    for method, path, body in [
        ("POST", "/api/3/lists", {"list": WANTED}),
        ("PUT", f"/api/3/lists/{made['id']}", {"list": {"name": "x"}}),
        ("DELETE", f"/api/3/lists/{made['id']}", None),
        ("POST", "/api/3/contactLists", {"contactList": {"list": made["id"], "contact": "1"}}),
    ]:
        assert 403 == account.call(method, path, body, role=Role.ANALYST)[0]

    assert before == (cloud.items("CONTACTS"), cloud.items("RULES"))
    assert 403 == account.call("GET", "/api/3/contactLists", role=Role.VIEWER)[0]
    assert counted(made["id"], 1) not in json.dumps(before)
