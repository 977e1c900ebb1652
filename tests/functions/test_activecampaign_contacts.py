"""Contacts of the ActiveCampaign dialect: written, read, changed, and erased without a trace."""

import json

from signalbox.model.contact_list import ContactList
from signalbox.store import lists, memberships
from tests.functions.activecampaign_contacts import FULL, SHORT, field, listed, made, pointer, post
from tests.people import work

BESIDE = {"contactAutomations", "contactLists", "deals", "fieldValues", "geoIps", "accountContacts"}


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
