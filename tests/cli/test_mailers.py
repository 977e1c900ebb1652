"""`signalbox mailers`."""

import pytest

from cli import paging
from signalbox.model.credential import Role

ACME = {
    "name": "Acme",
    "nick_name": "ac",
    "email": "post@acme.example",
    "url": "https://acme.example",
    "notes": "since 2020",
    "opt_out_domain": "out.acme.example",
    "status": "disabled",
}
GIVEN = (
    *("--name", "Acme", "--nick-name", "ac", "--email", "post@acme.example"),
    *("--website", "https://acme.example", "--notes", "since 2020"),
    *("--opt-out-domain", "out.acme.example", "--status", "disabled"),
)


def added(account, **facts: str) -> str:
    """Make a mailer; return its id."""
    status, mailer = account.call("POST", "/api/mailers", {"name": "Acme"} | facts)
    assert 201 == status, mailer
    return mailer["mailer_id"]


def read(account, mailer_id: str) -> dict[str, str]:
    """Return what is known of a mailer, as it was given."""
    _, mailer = account.call("GET", f"/api/mailers/{mailer_id}")
    return {name: mailer[name] for name in ACME}


def test_mailers_are_listed_over_all_pages(stand, account, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 1)
    acme = added(account, email="post@acme.example")
    beta = added(account, name="Beta", email="b@beta.example", status="disabled")

    listed = stand.lines("mailers", "list")

    assert [
        [acme, "active", "post@acme.example", "Acme"],
        [beta, "disabled", "b@beta.example", "Beta"],
    ] == [line.split() for line in listed[1:]]
    assert (
        account.call("GET", "/api/mailers")[1]["mailers"]
        == (stand.read("mailers", "list")["mailers"])
    )


def test_no_mailers_say_so(stand):
    assert ["There are no mailers."] == stand.lines("mailers", "list")


def test_one_is_made_of_what_is_given_and_shown(stand, account):
    (said,) = stand.lines("mailers", "add", *GIVEN)
    (mailer,) = account.call("GET", "/api/mailers")[1]["mailers"]

    assert f"Made mailer {mailer['mailer_id']}." == said
    assert ACME == read(account, mailer["mailer_id"])
    shown = stand.lines("mailers", "show", mailer["mailer_id"])
    assert [mailer["mailer_id"], *ACME.values()] == sorted(
        (line[16:] for line in shown if not line.startswith(("version", "created", "updated"))),
        key=[mailer["mailer_id"], *ACME.values()].index,
    )
    assert mailer == stand.read("mailers", "show", mailer["mailer_id"])


def test_a_name_alone_makes_one(stand, account):
    made = stand.read("mailers", "add", "--name", "Acme")

    assert ("Acme", "active", "") == (made["name"], made["status"], made["email"])


def test_one_is_changed_and_what_is_not_given_stays(stand, account):
    mailer_id = added(account, email="post@acme.example", notes="new")

    assert [f"Mailer {mailer_id} is changed."] == stand.lines(
        "mailers", "change", mailer_id, "--status", "disabled", "--notes", ""
    )
    known = read(account, mailer_id)
    assert ("Acme", "post@acme.example", "", "disabled") == (
        known["name"],
        known["email"],
        known["notes"],
        known["status"],
    )
    stand.lines("mailers", "change", mailer_id, *GIVEN)
    assert ACME == read(account, mailer_id)


def test_one_is_deleted(stand, account):
    mailer_id = added(account)

    assert [f"Mailer {mailer_id} is deleted."] == stand.lines("mailers", "delete", mailer_id)

    assert [] == account.call("GET", "/api/mailers")[1]["mailers"]


def test_programs_are_told_which_mailer_was_deleted(stand, account):
    mailer_id = added(account)

    assert {"deleted": mailer_id} == stand.read("mailers", "delete", mailer_id)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "x/1"), "'x/1' is no id of a mailer."),
        (("change", "1"), "Say what shall change"),
        (("add", "--name", "n", "--status", "x"), "'x' is not one of 'active', 'disabled'"),
    ],
)
def test_what_cannot_be_asked_is_not_sent(stand, arguments, said):
    result = stand.run("mailers", *arguments)

    assert (2, []) == (result.exit_code, stand.server.requests)
    assert said in result.stderr


def test_what_is_no_address_is_refused_with_its_field(stand):
    result = stand.run("mailers", "add", "--name", "Acme", "--email", "nonsense")

    assert (1, True) == (result.exit_code, "email" in result.stderr)


@pytest.mark.parametrize(
    "arguments", [("show", "1"), ("change", "1", "--name", "n"), ("delete", "1")]
)
def test_a_mailer_that_is_not_there_is_refused(stand, arguments):
    assert 1 == stand.run("mailers", *arguments).exit_code


def test_who_may_only_look_changes_nothing(stand, account):
    mailer_id = added(account)

    assert 0 == stand.run("mailers", "show", mailer_id, role=Role.VIEWER).exit_code
    assert 1 == stand.run("mailers", "delete", mailer_id, role=Role.VIEWER).exit_code
