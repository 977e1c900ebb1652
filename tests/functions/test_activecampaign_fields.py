"""Custom fields of the ActiveCampaign dialect, and contacts' values of them."""

import pytest

from tests.functions.activecampaign_contacts import field, listed, pointer


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
