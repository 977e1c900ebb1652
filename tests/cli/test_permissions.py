"""`signalbox permission`, `signalbox consents`, and the columns of tracking in an import."""

import re

import pytest

from signalbox.model.tracking_permission import Permission
from signalbox.store import contacts
from tests.cli.importing import rejected
from tests.people import ACCOUNT_ID

SINCE = re.compile(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture(name="ada")
def _ada(account) -> str:
    return account.ada.contact_id


def told(lines: list[str]) -> list[str]:
    """Return lines without their times."""
    return [SINCE.sub("since …", line) for line in lines]


def test_who_said_nothing_is_unknown(stand, ada):
    assert ["opens   unknown", "clicks  unknown"] == stand.lines("permission", ada)


def test_an_answer_is_written_and_shown(stand, ada):
    lines = stand.lines("permission", ada, "--opens", "yes", "--note", "by phone")

    assert ["opens   yes, since … by api", "clicks  unknown"] == told(lines)
    assert told(lines) == told(stand.lines("permission", ada))


def test_programs_get_it_as_the_api_tells_it(stand, account, ada):
    answer = stand.read("permission", ada, "--clicks", "no")

    assert account.call("GET", f"/api/contacts/{ada}/tracking-permission")[1] == answer


@pytest.mark.parametrize(
    "options",
    [("--opens", "maybe"), ("--clicks", "true"), ("--note", "why")],
    ids=" ".join,
)
def test_what_is_no_answer_is_a_fault_of_usage(stand, ada, options):
    result = stand.run("permission", ada, *options)

    assert (2, "") == (result.exit_code, result.stdout)
    assert [] == stand.server.requests


def test_the_log_is_shown_latest_first(stand, ada):
    stand.lines("permission", ada, "--opens", "yes", "--note", "by phone")
    stand.lines("permission", ada, "--opens", "no")
    heading, *rows = stand.lines("consents", ada)

    assert ["WHEN", "OF", "ANSWER", "SOURCE", "ACTOR", "NOTE"] == heading.split()
    assert [["opens", "no", "api"], ["opens", "yes", "api"]] == [row.split()[2:5] for row in rows]
    assert rows[1].endswith("by phone")


def test_the_log_is_as_long_as_was_asked_for(stand, ada):
    for answer in ("yes", "no", "yes"):
        stand.lines("permission", ada, "--opens", answer)
    consents = stand.read("consents", ada, "--limit", "2")["consents"]

    assert ["yes", "no"] == [one["answer"] for one in consents]


def test_an_empty_log_says_so(stand, ada):
    assert ["The contact has said nothing."] == stand.lines("consents", ada)


@pytest.mark.parametrize("command", ["permission", "consents"])
def test_a_contact_that_there_is_not_is_told(stand, command):
    result = stand.run(command, "no/../such")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "/api/contacts/no%2F..%2Fsuch/" in stand.server.requests[-1][1]


def test_an_import_brings_answers(stand, write, tmp_path, one_import_at_a_time):
    """In columns of their own; a word that is neither yes nor no rejects its row alone."""
    write(
        "email,tracking_opens,Tracking Clicks\n"
        "ada@signalbox.example,Yes,no\n"
        "eve@signalbox.example,,\n"
        "bob@signalbox.example,perhaps,\n"
    )
    answer = stand.read("import", "contacts.csv")

    assert (2, 1) == (answer["imported"], answer["rejected"])
    found = {
        who: contacts.fetch(
            ACCOUNT_ID, contacts.id_at(ACCOUNT_ID, f"email:{who}@signalbox.example")
        ).permission
        for who in ("ada", "eve")
    }
    assert {"ada": Permission("yes", "no"), "eve": Permission()} == found
    assert "tracking_opens is 'perhaps', which is neither yes nor no" in str(rejected(tmp_path))
