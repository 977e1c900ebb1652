"""`signalbox export`, and `GET /api/contacts`, which it reads."""

import csv
import io
import json

import pytest

from cli import exports, patience
from functions.admin import app as admin
from signalbox.model.contact_list import ContactList
from signalbox.model.field import Field
from signalbox.people import add_contact, erase
from signalbox.store import contact_tags, fields, lists, memberships, tags
from tests.people import ACCOUNT_ID

ADA = "ada@signalbox.example"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """Let nothing wait before it asks again."""
    monkeypatch.setattr(patience, "sleep", lambda _: None)


@pytest.fixture(name="bob")
def _bob(account):
    """Bob, of whom everything is known that can be."""
    fields.create(Field(ACCOUNT_ID, "71", "Company name", "COMPANY"))
    fields.create(Field(ACCOUNT_ID, "72", "Labels", "TAGS"))
    for number, name in enumerate(("News", "Offers, all", "Old", "News"), start=81):
        lists.create(ContactList(ACCOUNT_ID, str(number), name))
    bob = add_contact(
        ACCOUNT_ID,
        email="bob@a.example",
        first_name='=HYPERLINK("x")',
        last_name="Lee; jr",
        phone="+49 30 123456",
        external_id="x-1",
        fields={"COMPANY": "Lee\r\nand Sons", "TAGS": "'-1"},
    )
    for name in ("vip", "a, b"):
        tag = tags.find_or_create(ACCOUNT_ID, name)
        contact_tags.add(ACCOUNT_ID, bob.contact_id, tag.tag_id, now_ms=1)
    for list_id in ("81", "82"):
        memberships.subscribe(ACCOUNT_ID, bob.contact_id, list_id, now_ms=1)
    memberships.unsubscribe(ACCOUNT_ID, bob.contact_id, "83", now_ms=1)
    return bob


def read(result) -> list[dict[str, str]]:
    """Return the rows that were printed, by the header."""
    return list(csv.DictReader(io.StringIO(result.stdout_bytes.decode(), newline="")))


def ids(stand, *arguments: str) -> list[str]:
    """Return the ids of the contacts that are exported."""
    result = stand.run("export", *arguments)

    assert 0 == result.exit_code
    return [row["contact_id"] for row in read(result)]


def test_a_contact_is_a_row_with_everything_known_and_no_formula(stand, bob):
    _, row = read(stand.run("export"))

    assert {
        "contact_id": bob.contact_id,
        "email": "bob@a.example",
        "first_name": '\'=HYPERLINK("x")',
        "last_name": "Lee; jr",
        "phone": "'+49 30 123456",
        "external_id": "x-1",
        "tags": '"a, b",vip',
        "lists": '81,"Offers, all"',  # two lists are called News
        "unsubscribed": "Old",
        "unconfirmed": "",
        "bounced": "",
        "COMPANY": "Lee\r\nand Sons",
        "field TAGS": "''-1",
    } == {name: cell for name, cell in row.items() if not name.endswith("_at")}


def test_json_has_a_contact_a_line_in_the_shape_of_the_api(stand, account, bob):
    result = stand.run("export", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]

    assert account.call("GET", "/api/contacts")[1]["contacts"] == told
    assert (bob.fields, ["a, b", "vip"]) == (told[1]["fields"], told[1]["tags"])
    assert {"81": "active", "82": "active", "83": "unsubscribed"} == {
        one["list_id"]: one["status"] for one in told[1]["lists"]
    }


def test_a_list_or_a_tag_narrows_it(stand, bob):
    assert [bob.contact_id] == ids(stand, "--list", "81")
    assert [bob.contact_id] == ids(stand, "--list", "offers, all")
    assert [bob.contact_id] == ids(stand, "--tag", "VIP")
    assert [] == ids(stand, "--list", "84")


@pytest.mark.parametrize(
    "options",
    [["--list", "Nowhere"], ["--tag", "none"], ["--list", "81", "--tag", "vip"], ["--after", "x"]],
)
def test_what_cannot_be_exported_is_a_fault_of_usage(stand, bob, options):
    assert 2 == stand.run("export", *options).exit_code


@pytest.fixture(name="many")
def _many(account, monkeypatch) -> list[str]:
    """Return the ids of seven contacts, of which a page holds two."""
    monkeypatch.setattr(exports, "PAGE", 2)
    added = [add_contact(ACCOUNT_ID, email=f"p{n}@a.example").contact_id for n in range(6)]
    return sorted([account.ada.contact_id, *added], key=int)


def test_all_pages_are_read_in_the_order_of_ids(stand, many):
    assert many == ids(stand)
    assert many[3:] == ids(stand, "--after", many[2])


def test_a_page_says_how_many_there_are_on_all(account, many):
    status, page = account.call("GET", "/api/contacts", query=f"limit=3&after={many[1]}")

    assert (200, 7, many[4]) == (status, page["total"], page["next"])
    assert many[2:5] == [one["contact_id"] for one in page["contacts"]]


@pytest.mark.parametrize("query", ["list_id=9", "tag_id=9"])
def test_a_list_or_tag_that_is_not_there_is_not_found(account, query):
    assert 404 == account.call("GET", "/api/contacts", query=query)[0]


@pytest.mark.parametrize("query", ["list_id=1&tag_id=1", "after=x", "limit=101", "list_id=-"])
def test_a_question_that_makes_no_sense_is_refused(account, query):
    assert 422 == account.call("GET", "/api/contacts", query=query)[0]


@pytest.mark.parametrize("pages", range(4))
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_file_is_whole_or_not_there_and_goes_on_where_it_stopped(  # noqa: PLR0913, PLR0917 fixtures
    stand, many, tmp_path, monkeypatch, pages, form
):
    """The file is the same wherever the first try was cut off, and no page is read again."""
    whole = stand.run("export", *form).stdout_bytes
    path = tmp_path / "all.csv"
    with monkeypatch.context() as broken:
        cut_off(broken, pages)
        stopped = stand.run("export", "all.csv", *form)

    assert (1, False) == (stopped.exit_code, path.exists())
    _spoil(tmp_path / "all.csv.part")
    asked = len(stand.server.requests)
    result = stand.run("export", "all.csv", *form)

    assert 0 == result.exit_code
    assert whole == path.read_bytes()
    assert ["all.csv"] == [file.name for file in tmp_path.iterdir()]
    again = [where for _, where, _ in stand.server.requests[asked:] if "/api/contacts" in where]
    assert 4 - pages == len(again)


def cut_off(monkeypatch, pages: int) -> None:
    """Let the API answer so many pages of contacts, and fail then."""
    through, left = admin.handler, [True] * pages

    def handler(event, context):
        if event["rawPath"] == "/api/contacts" and not (left and left.pop()):
            return {"statusCode": 500, "body": json.dumps({"message": "Internal Server Error"})}
        return through(event, context)

    monkeypatch.setattr(admin, "handler", handler)


def _spoil(part) -> None:
    """Leave a half-written row, as a crash does."""
    with part.open("a") as file:
        file.write('12,"half')


def test_a_broken_export_to_standard_output_says_where_to_go_on(stand, many, monkeypatch):
    with monkeypatch.context() as broken:
        cut_off(broken, 2)
        stopped = stand.run("export")
    rest = stand.run("export", "--after", many[3])

    assert 1 == stopped.exit_code
    assert f"signalbox: Stopped after contact {many[3]}; --after {many[3]} goes on there.\n" in (
        stopped.stderr
    )
    assert many == [row["contact_id"] for one in (stopped, rest) for row in read(one)]


def test_fields_without_a_definition_are_told(stand):
    add_contact(ACCOUNT_ID, email="bob@a.example", fields={"SECRET": "x"})
    result = stand.run("export")

    assert "signalbox: Left out, as no custom field has these tags: SECRET (--json has all).\n" == (
        result.stderr
    )
    assert "x" in stand.run("export", "--json").stdout


def test_what_was_exported_is_imported_as_it_was(stand, bob, tmp_path):
    """Into an emptied account: a contact comes back with all that an import may set."""
    stand.run("export", "all.csv", "--list", "81")
    before = told(stand)
    erase(ACCOUNT_ID, bob.contact_id)
    assert [] == told(stand)
    result = stand.run("import", "all.csv")

    assert (0, 1) == (result.exit_code, len(before))
    assert before == told(stand)


def told(stand) -> list[dict]:
    """Return what is known of the contacts of the list, without what a new contact has anew."""
    lines = stand.run("export", "--json", "--list", "81").stdout.splitlines()
    anew = {"contact_id", "created_ms", "updated_ms"}
    return [
        {name: value for name, value in json.loads(line).items() if name not in anew}
        for line in lines
    ]
