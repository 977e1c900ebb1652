"""`signalbox lists`."""

import pytest

from cli import paging
from signalbox.model.credential import Role
from tests.campaigns import made


def test_lists_are_listed_over_all_pages(stand, account, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 1)
    first, second = (made(account, "lists", name=name) for name in ("News", "Offers"))
    path = f"/api/lists/{first}/contacts"
    account.call("POST", path, {"contacts": [{"email": "ada@signalbox.example"}]})

    listed = stand.lines("lists", "list")

    assert [[first, "active", "1", "News"], [second, "active", "0", "Offers"]] == [
        line.split() for line in listed[1:]
    ]
    assert (
        account.call("GET", "/api/lists")[1]["containers"] == (stand.read("lists", "list")["lists"])
    )


def test_no_lists_say_so(stand):
    assert ["There are no lists."] == stand.lines("lists", "list")


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_opt_out_lists_are_listed_apart_and_their_groups_tell_their_size(stand, account, kind):
    made(account, "lists", name="News")
    path = f"{kind}-opt-out-lists"
    single = made(account, path, name="Acme")
    whole = made(account, path, name="All", grouped=True, members=[single])

    listed = stand.lines("lists", "list", "--opt-out", kind)

    assert [f"{single}  active  0           Acme", f"{whole}  active  group of 1  All"] == listed[
        1:
    ]


def test_one_is_made_and_shown(stand, account):
    (said,) = stand.lines("lists", "add", "--name", "News", "--notes", "monthly")
    (known,) = account.call("GET", "/api/lists")[1]["containers"]

    assert f"Made list {known['container_id']}." == said
    shown = [line.split(maxsplit=1) for line in stand.lines("lists", "show", known["container_id"])]
    assert [
        ["id", known["container_id"]],
        ["name", "News"],
        ["status", "active"],
        ["contacts", "0"],
        ["notes", "monthly"],
        ["version", "1"],
    ] == shown[:6]
    assert known == stand.read("lists", "show", known["container_id"])


def test_a_group_of_opt_out_lists_is_made_of_its_members(stand, account):
    members = [made(account, "email-opt-out-lists", name=name) for name in ("Acme", "Beta")]
    given = [part for one in members for part in ("--member", one)]

    group = stand.read("lists", "add", "--name", "All", "--opt-out", "email", *given)

    assert (True, members) == (group["grouped"], group["members"])
    changed = stand.read(
        *("lists", "change", group["container_id"], "--opt-out", "email", "--member", members[1])
    )
    assert [members[1]] == changed["members"]


def test_a_list_is_changed_and_what_is_not_given_stays(stand, account):
    list_id = made(account, "lists", name="News", notes="monthly")

    assert [f"List {list_id} is changed."] == stand.lines(
        "lists", "change", list_id, "--name", "Letter"
    )
    assert ("Letter", "monthly") == facts(stand, list_id)
    stand.lines("lists", "change", list_id, "--notes", "")
    assert ("Letter", "") == facts(stand, list_id)


def facts(stand, list_id: str) -> tuple[str, str]:
    """Return name and notes of a list."""
    shown = stand.read("lists", "show", list_id)
    return shown["name"], shown["notes"]


def test_an_opt_out_list_is_archived(stand, account):
    list_id = made(account, "phone-opt-out-lists", name="Acme")
    where = (list_id, "--opt-out", "phone")

    stand.lines("lists", "change", *where, "--status", "archived")

    assert "archived" == stand.read("lists", "show", *where)["status"]


def test_a_list_is_deleted(stand, account):
    list_id = made(account, "lists", name="News")

    assert [f"List {list_id} is deleted."] == stand.lines("lists", "delete", list_id)

    assert [] == account.call("GET", "/api/lists")[1]["containers"]


def test_programs_are_told_which_list_was_deleted(stand, account):
    list_id = made(account, "lists", name="News")

    assert {"deleted": list_id} == stand.read("lists", "delete", list_id)


def test_a_list_of_a_group_cannot_be_deleted(stand, account):
    single = made(account, "email-opt-out-lists", name="Acme")
    made(account, "email-opt-out-lists", name="All", grouped=True, members=[single])

    result = stand.run("lists", "delete", single, "--opt-out", "email")

    assert (1, True) == (result.exit_code, "group" in result.stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "x/1"), "'x/1' is no id of a list."),
        (("change", "1"), "Say what shall change"),
        (("add", "--name", "n", "--opt-out", "fax"), "'fax' is not one of 'email', 'phone'"),
    ],
)
def test_what_cannot_be_asked_is_not_sent(stand, arguments, said):
    result = stand.run("lists", *arguments)

    assert (2, []) == (result.exit_code, stand.server.requests)
    assert said in result.stderr


@pytest.mark.parametrize(
    "arguments", [("show", "1"), ("change", "1", "--name", "n"), ("delete", "1")]
)
def test_a_list_that_is_not_there_is_refused(stand, arguments):
    assert 1 == stand.run("lists", *arguments).exit_code


def test_who_may_only_look_changes_nothing(stand, account):
    list_id = made(account, "lists", name="News")

    assert 0 == stand.run("lists", "show", list_id, role=Role.VIEWER).exit_code
    assert 1 == stand.run("lists", "delete", list_id, role=Role.VIEWER).exit_code
