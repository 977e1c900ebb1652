"""Mailers, containers and who is in them, over the native API."""

import json
from urllib.parse import quote

import pytest

from functions.activecampaign import lists as dialect_lists
from functions.admin import containers as admin_containers
from functions.admin.containers import KINDS
from signalbox.aws import AwsError
from signalbox.model.container import ContainerKind
from signalbox.model.credential import Role
from signalbox.store import accounts, container_memberships, memberships
from tests.people import ACCOUNT_ID
from tests.streams import Stream, announce

PATHS = tuple(KINDS)
OPT_OUTS = ("email-opt-out-lists", "phone-opt-out-lists")
CAMPAIGNS = ("email-campaigns", "sms-campaigns")


def made(account, path, **facts):
    """Create a container and return its id."""
    status, answer = account.call("POST", f"/api/{path}", {"name": "one"} | facts)
    assert 201 == status, answer
    return answer["container_id"]


def mailer(account, **facts):
    """Create a mailer and return its id."""
    return account.call("POST", "/api/mailers", {"name": "Acme"} | facts)[1]["mailer_id"]


def somebody(path):
    """Return a contact that a container takes."""
    phone = KINDS[path].contact_kind == "phone"
    return {"phone": "+4930123456"} if phone else {"email": "grace@signalbox.example"}


def fault(answer):
    """Return the status, and the field that a refusal names."""
    status, body = answer
    return status, body["errors"][0]["field"]


# Mailers


def test_a_mailer_is_created_changed_and_deleted(account):
    wanted = {
        "name": "Acme",
        "nick_name": "a",
        "email": "A@acme.example",
        "url": "https://acme.example/x",
        "notes": "n",
        "opt_out_domain": "out.acme.example",
    }
    status, shown = account.call("POST", "/api/mailers", wanted)
    path = f"/api/mailers/{shown['mailer_id']}"

    assert (201, "active", 1) == (status, shown["status"], shown["version"])
    assert wanted.items() <= shown.items()
    assert {"mailers": [shown], "next": ""} == account.call("GET", "/api/mailers")[1]
    _, changed = account.call("PATCH", path, {"status": "disabled"})
    assert shown | {"status": "disabled", "version": 2} == changed | {
        "updated_ms": shown["updated_ms"]
    }
    assert changed == account.call("PATCH", path, {"status": "disabled"})[1]
    assert (204, None) == account.call("DELETE", path)
    assert 404 == account.call("GET", path)[0] == account.call("DELETE", path)[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("email", "x"),
        ("url", "ftp://acme.example"),
        ("url", "https://a b"),
        ("opt_out_domain", "a/b.example"),
        ("status", "deleted"),
        ("nonsense", 1),
    ],
)
def test_a_mailer_that_cannot_be_is_refused(account, field, value):
    assert (422, field) == fault(account.call("POST", "/api/mailers", {"name": "A", field: value}))


# Containers


@pytest.mark.parametrize("path", PATHS)
def test_a_container_is_created_renamed_and_deleted(account, path):
    container_id = made(account, path, notes="n")
    where = f"/api/{path}/{container_id}"
    _, shown = account.call("GET", where)

    assert (str(KINDS[path]), "one", "n", 0) == (
        shown["kind"],
        shown["name"],
        shown["notes"],
        shown["contacts"],
    )
    assert {"containers": [shown], "next": ""} == account.call("GET", f"/api/{path}")[1]
    _, changed = account.call("PATCH", where, {"name": "two"})
    assert ("two", "n", 2) == (changed["name"], changed["notes"], changed["version"])
    assert (204, None) == account.call("DELETE", where)
    assert 404 == account.call("GET", where)[0] == account.call("DELETE", where)[0]
    assert {"containers": [], "next": ""} == account.call("GET", f"/api/{path}")[1]


def test_a_list_is_the_same_in_both_apis(account):
    container_id = made(account, "lists")

    _, shown = account.call("GET", f"/api/3/lists/{container_id}")
    assert "one" == shown["list"]["name"]
    account.call("PUT", f"/api/3/lists/{container_id}", {"list": {"name": "new"}})
    assert "new" == account.call("GET", f"/api/lists/{container_id}")[1]["name"]


@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        ("lists", "status", {"status": "archived"}),
        ("lists", "mailer_id", {"mailer_id": "7"}),
        ("email-campaigns", "mailer_id", {"mailer_id": "7"}),
        ("email-campaigns", "mailer_id", {"mailer_id": "x"}),
        ("sms-campaigns", "grouped", {"grouped": True, "members": ["1"]}),
        ("email-opt-out-lists", "mailer_id", {"mailer_id": "7"}),
        ("email-opt-out-lists", "members", {"grouped": True}),
        ("email-opt-out-lists", "members", {"members": ["1"]}),
        ("email-opt-out-lists", "members", {"grouped": True, "members": ["1"]}),
        ("phone-opt-out-lists", "members", {"grouped": True, "members": ["1"] * 51}),
        ("lists", "name", {"name": ""}),
        ("lists", "nonsense", {"nonsense": 1}),
    ],
)
def test_what_a_container_of_its_kind_does_not_have_is_refused(account, path, field, more):
    assert (422, field) == fault(account.call("POST", f"/api/{path}", {"name": "one"} | more))


@pytest.mark.parametrize("path", CAMPAIGNS)
def test_a_campaign_has_a_mailer(account, path):
    mailer_id = mailer(account)
    container_id = made(account, path, mailer_id=mailer_id)

    assert mailer_id == account.call("GET", f"/api/{path}/{container_id}")[1]["mailer_id"]
    _, changed = account.call("PATCH", f"/api/{path}/{container_id}", {"mailer_id": ""})
    assert "" == changed["mailer_id"]


@pytest.mark.parametrize("path", OPT_OUTS)
def test_a_group_is_of_single_lists_of_its_kind(account, path):
    """Its contents are its lists'; a group in a group is none."""
    first, second = made(account, path), made(account, path)
    group = made(account, path, grouped=True, members=[first, second, first])
    where = f"/api/{path}/{group}"
    shown = account.call("GET", where)[1]

    assert (True, [first, second]) == (shown["grouped"], shown["members"])
    nested = {"name": "x", "grouped": True, "members": [group]}
    assert (422, "members") == fault(account.call("POST", f"/api/{path}", nested))
    contacts = {"contacts": [somebody(path)]}
    refused = account.call("POST", f"{where}/contacts", contacts)
    assert (422, "container_id") == fault(refused)
    assert f"{first}, {second}" in refused[1]["errors"][0]["message"]
    assert 422 == account.call("GET", f"{where}/contacts")[0]
    account.call("POST", f"/api/{path}/{second}/contacts", contacts)
    (address,) = somebody(path).values()
    assert 200 == account.call("GET", f"{where}/contacts/{address}")[0]
    assert 409 == account.call("DELETE", f"/api/{path}/{second}")[0]
    assert [first] == account.call("PATCH", where, {"members": [first]})[1]["members"]
    assert 404 == account.call("GET", f"{where}/contacts/{address}")[0]
    assert 204 == account.call("DELETE", f"/api/{path}/{second}")[0]
    assert (422, "members") == fault(account.call("PATCH", where, {"members": []}))


def test_a_page_goes_on_where_the_one_before_ended(account):
    wanted = [made(account, "email-campaigns", name=f"n{number}") for number in range(3)]

    _, first = account.call("GET", "/api/email-campaigns", query="limit=2")
    _, rest = account.call("GET", "/api/email-campaigns", query=f"limit=2&after={first['next']}")
    found = [one["container_id"] for one in first["containers"] + rest["containers"]]
    assert (wanted, "") == (found, rest["next"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nonsense"),
        ("POST", "/api/nonsense"),
        ("GET", "/api/tags/7"),
        ("DELETE", "/api/contacts/7"),
        ("GET", "/api/nonsense/7/contacts"),
    ],
)
def test_no_other_path_is_a_container_s(account, method, path):
    body = {"name": "x"} if method == "POST" else None

    assert 404 == account.call(method, path, body)[0]


@pytest.mark.parametrize("path", PATHS)
def test_deleting_sweeps_who_was_inside_and_keeps_the_contacts(account, cloud, path):
    container_id = made(account, path)
    where = f"/api/{path}/{container_id}"
    sent = {"contacts": [somebody(path)]}
    contact_id = account.call("POST", f"{where}/contacts", sent)[1]["results"][0]["contact_id"]

    account.call("DELETE", where)

    assert container_id not in json.dumps(cloud.items("CONTACTS") + cloud.items("RULES"))
    assert 200 == account.call("GET", f"/api/contacts/{contact_id}")[0]


def test_a_sweep_that_fails_is_left_to_the_next_deletion(account, cloud, monkeypatch):
    """The caller's deletion is done all the same; nobody sees what is left."""
    first, second = made(account, "email-campaigns"), made(account, "email-campaigns")
    sent = {"contacts": [somebody("email-campaigns")]}
    account.call("POST", f"/api/email-campaigns/{first}/contacts", sent)

    def refuse(*_, **__):
        raise AwsError("InternalServerError", "", 500, {})

    with monkeypatch.context() as patch:
        patch.setattr(container_memberships, "sweep", refuse)
        assert 204 == account.call("DELETE", f"/api/email-campaigns/{first}")[0]
    assert first in json.dumps(cloud.items("CONTACTS"))
    account.call("DELETE", f"/api/email-campaigns/{second}")
    assert first not in json.dumps(cloud.items("CONTACTS"))
    assert admin_containers.SWEEP_S == dialect_lists.SWEEP_S


# Who is inside


@pytest.mark.parametrize("path", PATHS)
def test_contacts_are_added_listed_shown_and_deleted(account, path):
    container_id, mailer_id = made(account, path), mailer(account)
    where = f"/api/{path}/{container_id}/contacts"
    sent = {"contacts": [somebody(path)], "mailer_id": mailer_id}
    ((kind, address),) = somebody(path).items()

    _, added = account.call("POST", where, sent)
    (outcome,) = added["results"]
    assert ("added", "") == (outcome["result"], outcome["reason"])
    _, page = account.call("GET", where)
    (member,) = page["contacts"]
    assert (outcome["contact_id"], address, mailer_id, "active", kind, "") == (
        member["contact_id"],
        member[kind],
        member["mailer_id"],
        member["status"],
        member["contact_kind"],
        page["next"],
    )
    for named in (address, quote(address, safe=""), outcome["contact_id"]):
        assert (200, member) == account.call("GET", f"{where}/{named}")
    assert 1 == account.call("GET", f"/api/{path}/{container_id}")[1]["contacts"]
    _, deleted = account.call("POST", f"{where}/delete", sent)
    assert ["deleted"] == [one["result"] for one in deleted["results"]]
    assert 0 == account.call("GET", f"/api/{path}/{container_id}")[1]["contacts"]


@pytest.mark.parametrize("path", PATHS)
def test_members_come_page_after_page(account, path):
    where = f"/api/{path}/{made(account, path)}/contacts"
    phone = KINDS[path].contact_kind == "phone"
    sent = [
        {"phone": f"+493012340{number}"} if phone else {"email": f"p{number}@signalbox.example"}
        for number in range(5)
    ]
    added = account.call("POST", where, {"contacts": sent})[1]["results"]

    found, after = [], ""
    for _ in range(3):
        query = f"limit=2&after={quote(after, safe='')}"
        _, page = account.call("GET", where, query=query)
        found += [one["contact_id"] for one in page["contacts"]]
        after = page["next"]

    assert ("", sorted(one["contact_id"] for one in added)) == (after, sorted(found))


def test_a_contact_that_is_nobody_there_is_not_found(account):
    where = f"/api/email-opt-out-lists/{made(account, 'email-opt-out-lists')}/contacts"

    assert 404 == account.call("GET", f"{where}/ada@signalbox.example")[0]
    assert 404 == account.call("GET", f"{where}/99")[0]
    assert (422, "phone") == fault(account.call("GET", f"{where}/+4930123456"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contacts"),
        ({"contacts": []}, "contacts"),
        ({"contacts": [{}]}, "contacts.0"),
        ({"contacts": [{"email": "a@b.example", "phone": "1"}]}, "contacts.0"),
        ({"contacts": [{"contact_id": "x"}]}, "contacts.0.contact_id"),
        ({"contacts": [{"email": "a@b.example"}] * 501}, "contacts"),
        ({"contacts": [{"email": "a@b.example"}], "mailer_id": "9"}, "mailer_id"),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_whole(account, cloud, body, field):
    where = f"/api/lists/{made(account, 'lists')}/contacts"
    before = cloud.items("CONTACTS")

    for path in (where, f"{where}/delete"):
        assert (422, field) == fault(account.call("POST", path, body))
    assert before == cloud.items("CONTACTS")


def test_a_disabled_mailer_adds_nobody_and_may_delete(account):
    """What it brought can still be taken back in its name."""
    mailer_id = mailer(account, status="disabled")
    where = f"/api/lists/{made(account, 'lists')}/contacts"
    sent = {"contacts": [{"email": "ada@signalbox.example"}], "mailer_id": mailer_id}

    assert (422, "mailer_id") == fault(account.call("POST", where, sent))
    assert 200 == account.call("POST", f"{where}/delete", sent)[0]


def test_who_left_a_list_comes_back_only_where_that_is_asked_for(account):
    list_id = made(account, "lists")
    ada = account.ada.contact_id
    memberships.subscribe(ACCOUNT_ID, ada, list_id, now_ms=1)
    memberships.unsubscribe(ACCOUNT_ID, ada, list_id, now_ms=2)
    where, sent = f"/api/lists/{list_id}/contacts", {"contacts": [{"contact_id": ada}]}

    assert "opted_out" == account.call("POST", where, sent)[1]["results"][0]["result"]
    assert "unsubscribed" == account.call("GET", f"{where}/{ada}")[1]["status"]
    again = sent | {"resubscribe": True}
    assert "added" == account.call("POST", where, again)[1]["results"][0]["result"]


@pytest.mark.parametrize("path", PATHS)
def test_what_changes_hands_becomes_events(account, cloud, path):
    """Whatever the container, its events name it, the mailer and the kind of address."""
    container_id, mailer_id = made(account, path), mailer(account)
    account.call("POST", "/api/contacts", {"email": "grace@signalbox.example"})
    sent = {"contacts": [somebody(path)], "mailer_id": mailer_id}
    account.call("POST", f"/api/{path}/{container_id}/contacts", sent)
    account.call("POST", f"/api/{path}/{container_id}/contacts/delete", sent)
    stream = Stream(cloud)

    account.call("POST", f"/api/{path}/{container_id}/contacts", sent | {"resubscribe": True})
    account.call("POST", f"/api/{path}/{container_id}/contacts/delete", sent)
    announce(stream.records())

    kind = KINDS[path]
    events = {one["kind"]: one for one in map(json.loads, cloud.waiting("EVENTS"))}
    added, deleted = (
        ("subscribe", "unsubscribe")
        if kind is ContainerKind.LIST
        else ("contact_added", "contact_deleted")
    )
    assert {added, deleted} == set(events)
    for event in events.values():
        about = event["properties"]
        (contact_kind,) = somebody(path)
        assert (str(kind), container_id, mailer_id, contact_kind) == (
            about["container"],
            about["list_id"],
            about["mailer_id"],
            about["contact_kind"],
        )
        assert f"contact:{about['contact_id']}" == event["address"]
        assert kind.is_opt_out_list == ("address" in about)


def test_groups_move_the_configuration_that_workers_remember(account):
    version = accounts.fetch(ACCOUNT_ID).version
    single = made(account, "email-opt-out-lists")
    assert version == accounts.fetch(ACCOUNT_ID).version

    made(account, "email-opt-out-lists", grouped=True, members=[single])

    assert version + 1 == accounts.fetch(ACCOUNT_ID).version


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER, Role.EVENT])
def test_who_may_not_write_changes_nothing(account, cloud, role):
    list_id = made(account, "lists")
    before = cloud.items("CONTACTS") + cloud.items("RULES")
    sent = {"contacts": [{"email": "ada@signalbox.example"}]}

    assert 403 == account.call("POST", f"/api/lists/{list_id}/contacts", sent, role=role)[0]
    assert 403 == account.call("PATCH", f"/api/lists/{list_id}", {"name": "x"}, role=role)[0]
    assert 403 == account.call("POST", "/api/mailers", {"name": "x"}, role=role)[0]
    assert before == cloud.items("CONTACTS") + cloud.items("RULES")
