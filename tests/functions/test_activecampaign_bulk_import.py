"""A bulk import is answered as the original answers it, and refused whole where it cannot be."""

import json

import pytest

from functions.activecampaign import importing
from signalbox.model.contact_list import ContactList
from signalbox.store import lists, memberships
from tests.functions.activecampaign_contacts import field, listed, made


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
