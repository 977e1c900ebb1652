"""Tags, and contacts that have them, as clients of the ActiveCampaign API know them."""

import pytest

from signalbox.people import add_contact

BASE = "https://api.example"
SHOWN = {"tagType", "tag", "description", "cdate", "subscriber_count", "links", "id"}


def make(account, name="My Tag", **more) -> dict:
    """Create a tag and return it."""
    status, answer = account.call("POST", "/api/3/tags", {"tag": {"tag": name, **more}})

    assert 201 == status, answer
    return answer["tag"]


def tag(account, contact_id, tag_id) -> tuple[int, dict]:
    """Put a tag on a contact."""
    body = {"contactTag": {"contact": contact_id, "tag": tag_id}}
    return account.call("POST", "/api/3/contactTags", body)


def test_a_tag_is_made_read_and_changed(account):
    made = make(account, tagType="template", description="Description")

    assert set(made) >= SHOWN
    assert ("My Tag", "template", "Description", "0") == (
        made["tag"],
        made["tagType"],
        made["description"],
        made["subscriber_count"],
    )
    path = f"/api/3/tags/{made['id']}"
    assert (200, {"tag": made}) == account.call("GET", path)
    for link in made["links"].values():
        assert 200 == account.call("GET", link.removeprefix(BASE))[0]

    status, answer = account.call("PUT", path, {"tag": {"tag": "MY TAG", "description": ""}})
    assert (200, "MY TAG", "", "template") == (
        status,
        answer["tag"]["tag"],
        answer["tag"]["description"],
        answer["tag"]["tagType"],
    )
    assert (200, answer) == account.call("GET", path)


@pytest.mark.parametrize("name", ["my tag", "MY TAG", " My Tag ", "My Tag"])
def test_a_name_belongs_to_one_tag(account, name):
    """A second tag of the name is refused, in whatever case, as is a tag renamed to it."""
    made, other = make(account), make(account, "Other")

    for method, path in [("POST", "/api/3/tags"), ("PUT", f"/api/3/tags/{other['id']}")]:
        status, answer = account.call(method, path, {"tag": {"tag": name}})

        assert (422, "duplicate", "/data/attributes/tag") == (
            status,
            answer["errors"][0]["code"],
            answer["errors"][0]["source"]["pointer"],
        )
    assert (200, {}) == account.call("DELETE", f"/api/3/tags/{made['id']}")
    assert made["id"] != make(account, name)["id"]


def test_a_renamed_tag_frees_its_name(account):
    made = make(account)
    account.call("PUT", f"/api/3/tags/{made['id']}", {"tag": {"tag": "Renamed"}})

    make(account)

    assert 422 == account.call("POST", "/api/3/tags", {"tag": {"tag": "renamed"}})[0]


def test_what_no_tag_can_be_is_refused(account):
    for sent, code in [
        ({}, "field_missing"),
        ({"tag": ""}, "field_missing"),
        ({"tag": "  "}, "field_invalid"),
        ({"tag": 7}, "field_invalid"),
        ({"tag": "t" * 256}, "field_invalid"),
        ({"tag": "\ud800"}, "field_invalid"),
        ({"tag": "t", "tagType": "deal"}, "field_invalid"),
        ({"tag": "t", "description": "d" * 4097}, "field_invalid"),
    ]:
        status, answer = account.call("POST", "/api/3/tags", {"tag": sent})

        assert (422, code) == (status, answer["errors"][0]["code"])
    assert "0" == account.call("GET", "/api/3/tags")[1]["meta"]["total"]


@pytest.mark.parametrize(
    "name", ["größe 尺寸 🎉", "a/b?c=d&e", "<script>", "ΐ" * 255, "' OR 1=1", "\x00"]
)
def test_a_name_may_hold_any_character(account, name):
    made = make(account, name)

    _, answer = account.call("GET", "/api/3/tags")
    assert [(made["id"], name)] == [(one["id"], one["tag"]) for one in answer["tags"]]


def test_tags_are_found_by_name(account):
    for name in ("one", "Two", "twofold", "network"):
        make(account, name)

    def names(query):
        status, answer = account.call("GET", "/api/3/tags", query=query)
        assert 200 == status, answer
        return [one["tag"] for one in answer["tags"]], answer["meta"]["total"]

    assert (["one", "Two", "twofold", "network"], "4") == names("")
    assert (["Two", "twofold", "network"], "3") == names("search=tw")
    assert (["Two", "twofold", "network"], "3") == names("filters[search][contains]=TW")
    weighed = "filters[search][contains]=two&orders[search]=weight"
    assert (["Two", "twofold", "network"], "3") == names(weighed)
    assert (["Two"], "1") == names("filters[search][eq]=two")
    assert (["Two", "twofold"], "2") == names("filters[search][starts_with]=two")
    assert (["network", "one"], "4") == names("orders[search]=asc&limit=2")
    assert (["one"], "4") == names("orders[search]=ASC&limit=1&offset=1")
    assert ([], "0") == names("search=nothing")


def test_what_is_not_there(account):
    for method in ("GET", "PUT", "DELETE"):
        body = {"tag": {"tag": "x"}} if method == "PUT" else None
        assert (404, {"message": "No Result found for Tag with id 1"}) == account.call(
            method, "/api/3/tags/1", body
        )
    for method in ("GET", "DELETE"):
        for shown in ("1", "x", "1" * 20, "9" * 50):
            missing = {"message": f"No Result found for SubscriberTag with id {shown}"}
            assert (404, missing) == account.call(method, f"/api/3/contactTags/{shown}")
    assert (404, {"message": "No Result found for Subscriber with id 5"}) == account.call(
        "GET", "/api/3/contacts/5/contactTags"
    )


def test_a_tag_goes_on_and_off_a_contact(account):
    made = make(account)
    ada = account.ada.contact_id

    status, answer = tag(account, ada, made["id"])

    put_on = answer["contactTag"]
    assert (201, [ada]) == (status, [one["id"] for one in answer["contacts"]])
    assert (ada, made["id"]) == (put_on["contact"], put_on["tag"])
    assert {"tag", "contact"} == set(put_on["links"])
    path = f"/api/3/contactTags/{put_on['id']}"
    assert (200, {"contactTag": put_on}) == account.call("GET", path)
    _, linked = account.call("GET", put_on["links"]["tag"].removeprefix(BASE))
    assert (made["id"], "1") == (linked["tag"]["id"], linked["tag"]["subscriber_count"])
    _, linked = account.call("GET", put_on["links"]["contact"].removeprefix(BASE))
    assert ada == linked["contact"]["id"]
    of_contact = account.call("GET", f"/api/3/contacts/{ada}/contactTags")
    assert (200, {"contactTags": [put_on]}) == of_contact

    assert (201, answer) == tag(account, int(ada), int(made["id"]))
    counted = account.call("GET", f"/api/3/tags/{made['id']}")[1]["tag"]["subscriber_count"]
    assert "1" == counted

    assert (200, {}) == account.call("DELETE", path)
    missing = {"message": f"No Result found for SubscriberTag with id {put_on['id']}"}
    assert (404, missing) == account.call("DELETE", path)
    assert (404, missing) == account.call("GET", path)
    counted = account.call("GET", f"/api/3/tags/{made['id']}")[1]["tag"]["subscriber_count"]
    assert "0" == counted


def test_a_tag_on_nobody_and_no_tag_are_refused(account):
    made = make(account)
    ada = account.ada.contact_id

    for contact_id, tag_id, detail in [
        ("99", made["id"], "Contact not found"),
        ("x", made["id"], "Contact not found"),
        (ada, "99", "Tag not found"),
        (ada, "x", "Tag not found"),
    ]:
        fault = {"status": 404, "title": "Not Found", "detail": detail}
        assert (404, {"errors": [fault]}) == tag(account, contact_id, tag_id)
    for body, name in [({"tag": made["id"]}, "contact"), ({"contact": ada, "tag": None}, "tag")]:
        fault = {
            "status": 422,
            "title": "Missing attribute",
            "source": {"pointer": f"/data/attributes/{name}"},
        }
        answer = account.call("POST", "/api/3/contactTags", {"contactTag": body})
        assert (422, {"errors": [fault]}) == answer


def test_deleting_a_tag_takes_it_off_contacts(account, cloud):
    made, kept = make(account), make(account, "Kept")
    ada = account.ada.contact_id
    put_on = tag(account, ada, made["id"])[1]["contactTag"]
    tag(account, ada, kept["id"])

    assert (200, {}) == account.call("DELETE", f"/api/3/tags/{made['id']}")

    assert 404 == account.call("GET", f"/api/3/contactTags/{put_on['id']}")[0]
    _, answer = account.call("GET", f"/api/3/contacts/{ada}/contactTags")
    assert [kept["id"]] == [one["tag"] for one in answer["contactTags"]]
    places = [item["pk"]["S"] + item["sk"]["S"] for item in cloud.items("CONTACTS")]
    assert [] == [place for place in places if made["id"] in place]


def test_contact_tags_are_listed_in_pages(account):
    first, second = make(account, "first"), make(account, "second")
    people = [
        add_contact(account.account_id, email=f"p{number}@signalbox.example").contact_id
        for number in range(4)
    ]
    for contact_id in people:
        tag(account, contact_id, first["id"])
    tag(account, people[0], second["id"])

    def pairs(query):
        status, answer = account.call("GET", "/api/3/contactTags", query=query)
        assert 200 == status, answer
        return [(one["contact"], one["tag"]) for one in answer["contactTags"]], answer["meta"]

    whole, meta = pairs("")
    assert ({"total": "5"}, 5) == (meta, len(set(whole)))
    assert whole == [pair for offset in (0, 2, 4) for pair in pairs(f"limit=2&offset={offset}")[0]]
    assert ([(people[0], second["id"])], {"total": "1"}) == pairs(f"filters[tag]={second['id']}")
    of_one = pairs(f"filters[contact]={people[0]}")
    assert ([(people[0], first["id"]), (people[0], second["id"])], {"total": "2"}) == of_one
