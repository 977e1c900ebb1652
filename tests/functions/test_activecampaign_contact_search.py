"""Contacts are found by words, ids, times, lists, tags and status; odd questions have answers."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from signalbox.model.contact_list import ContactList
from signalbox.store import lists, memberships
from tests.functions.activecampaign_contacts import listed, made, pointer


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
