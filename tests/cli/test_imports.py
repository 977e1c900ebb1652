"""`signalbox import`: what becomes of the rows of a file."""

import json

import pytest

from signalbox.announcing import events_of
from signalbox.model.contact_list import ContactList
from signalbox.model.field import Field
from signalbox.model.membership import Subscription
from signalbox.people import sync_contact
from signalbox.store import contact_tags, fields, lists, memberships, tags
from tests.cli.importing import everybody, rejected
from tests.people import ACCOUNT_ID
from tests.streams import Stream

pytestmark = pytest.mark.usefixtures("one_import_at_a_time")


@pytest.mark.parametrize(
    "data",
    [
        "email,first name,last name\nbob@a.example,Bøb,Lee\n".encode(),
        "email,first name,last name\nbob@a.example,Bøb,Lee\n".encode("utf-8-sig"),
        "E-Mail;Firstname;LAST_NAME\r\nbob@a.example;Bøb;Lee\r\n".encode(),
        "Last Name\tEmail\tFirst-Name\nLee\tbob@a.example\tBøb".encode(),
        "email|first name|last name\n\nbob@a.example|Bøb|Lee\n".encode(),
        "email\tfirst name\tlast name\r\nbob@a.example\tBøb\tLee\r\n".encode("utf-16"),
        '"email","first name","last name","notes"\n"bob@a.example","Bøb","Lee","a;b\nc;d"'.encode(),
    ],
    ids=["plain", "mark", "semicolons", "tabs", "bars", "utf-16", "quoted"],
)
def test_a_file_is_read_however_it_was_saved(stand, write, data):
    write(data)
    stand.run("import", "contacts.csv")

    bob = everybody()["bob@a.example"]
    assert ("Bøb", "Lee") == (bob.first_name, bob.last_name)


def test_encoding_and_delimiter_can_be_said(stand, write):
    write("email;first name,x\nbob@a.example;J\xfcrgen,y\n".encode("cp1252"))
    stand.read("import", "contacts.csv", "--encoding", "cp1252", "--delimiter", ";",
               "--map", "first name,x=first_name")  # fmt: skip

    assert "Jürgen,y" == everybody()["bob@a.example"].first_name


def test_every_kind_of_fact_is_imported(stand, write):
    fields.create(Field(ACCOUNT_ID, "71", "Company name", "COMPANY"))
    fields.create(Field(ACCOUNT_ID, "72", "Shoe size", "SIZE"))
    for number, name in enumerate(("News", "Offers", "Old"), start=81):
        lists.create(ContactList(ACCOUNT_ID, str(number), name))
    write(
        "Email,Phone,Tags,Lists,Unsubscribed,COMPANY,shoe size\n"
        'bob@a.example,+49 30 123456,"vip,""a, b""","News,82",old,"Lee\nand Sons",=44\n'
    )
    stand.read("import", "contacts.csv", "--tag", "new", "--list", "82")

    bob = everybody()["bob@a.example"]
    assert "+4930123456" == bob.phone_number
    assert {"COMPANY": "Lee\nand Sons", "SIZE": "=44"} == bob.fields
    names = {one.tag_id: one.name for one in tags.of_account(ACCOUNT_ID)}
    found = contact_tags.of_contact(ACCOUNT_ID, bob.contact_id)
    assert {"vip", "a, b", "new"} == {names[one.tag_id] for one in found}
    places = memberships.of_contact(ACCOUNT_ID, bob.contact_id)
    assert {
        "81": Subscription.ACTIVE,
        "82": Subscription.ACTIVE,
        "83": Subscription.UNSUBSCRIBED,
    } == {one.list_id: one.status for one in places}


def test_an_external_id_is_imported(stand, write):
    write("Email,External ID\nbob@a.example,x-1\n")
    stand.read("import", "contacts.csv")

    assert "x-1" == everybody()["bob@a.example"].external_id


def test_an_empty_cell_takes_nothing_away(stand, write):
    sync_contact(ACCOUNT_ID, email="bob@a.example", first_name="Bob", fields={"COMPANY": "Lee"})
    fields.create(Field(ACCOUNT_ID, "71", "Company", "COMPANY"))
    write("email,first name,company\nbob@a.example,,\n")
    stand.read("import", "contacts.csv")

    bob = everybody()["bob@a.example"]
    assert ("Bob", {"COMPANY": "Lee"}) == (bob.first_name, bob.fields)


def test_the_later_of_two_rows_of_one_contact_has_the_last_word(stand, write, small):
    write("email,first name\n" + "".join(f"bob@a.example,{n}\n" for n in range(9)))
    stand.read("import", "contacts.csv", "--parallel", "8")

    assert "8" == everybody()["bob@a.example"].first_name


def test_bad_rows_are_kept_with_their_reasons_and_the_others_imported(stand, write, tmp_path):
    write(
        b"email,first name,lists\n"
        b"bob@a.example,Bob,\n"
        b"eve@@a.example,=1+1,\n"
        b"short\n"
        b"long@a.example,a,,extra\n"
        b",Nobody,\n"
        b"lost@a.example,Lost,Nowhere\n"
        b"caf\xe9@a.example,Latin,\n"
        b"big@a.example," + b"x" * 300 + b",\n"
        b"zoe@a.example,Zoe,\n"
    )
    told = stand.read("import", "contacts.csv")

    assert {"bob@a.example", "zoe@a.example"} == set(everybody())
    assert (9, 2, 7) == (told["rows"], told["imported"], told["rejected"])
    header, *kept = rejected(tmp_path)
    assert ["row", "reason", "email", "first name", "lists"] == header
    assert ["3", "4", "5", "6", "7", "8", "9"] == [row[0] for row in kept]
    assert ["eve@@a.example", "'=1+1", ""] == kept[0][2:]
    assert "has 1 cells, but the header has 3" == kept[1][1]
    assert "has no e-mail address" == kept[3][1]
    assert "there is no list 'Nowhere', or more than one" == kept[4][1]
    assert "is not UTF-8" in kept[5][1]
    assert "first_name: is longer than 255 characters" == kept[6][1]


def test_mended_rejects_can_be_imported_as_they_are(stand, write, tmp_path):
    write("email,first name\nbob(at)a.example,=Bob\n")
    stand.read("import", "contacts.csv")
    file = tmp_path / "contacts.csv.rejected.csv"
    write(file.read_text().replace("(at)", "@"), file.name)
    result = stand.run("import", file.name)

    assert (0, "=Bob") == (result.exit_code, everybody()["bob@a.example"].first_name)


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 1)])
def test_rejected_rows_are_a_fault_only_where_that_is_asked_for(stand, write, options, code):
    write("email\nnobody\n")

    assert code == stand.run("import", "contacts.csv", *options).exit_code
    assert code == stand.run("import", "contacts.csv", *options).exit_code


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(stand, write, tmp_path):
    write("email,Given Name,Notes\nbob@a.example,Bob,n\nbad,Eve,n\n")
    told = json.loads(stand.run("import", "contacts.csv", "--dry-run", "--json").stdout)

    assert {} == everybody()
    assert ["contacts.csv"] == [path.name for path in tmp_path.iterdir()]
    assert (2, 1) == (told["rows"], told["rejected"])
    assert {"email": "email", "Given Name": "first_name"} == told["columns"]
    assert [3] == [one["row"] for one in told["first_reasons"]]


def test_what_is_not_imported_is_told(stand, write):
    write("email,Favourite colour\nbob@a.example,red\n")
    result = stand.run("import", "contacts.csv")

    assert "signalbox: Not imported: Favourite colour (--map says what a column is).\n" == (
        result.stderr
    )


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("name\nbob\n", []),
        ("", []),
        ("email,mail\na,b\n", []),
        ("email\na\n", ["--list", "Nowhere"]),
        ("email\na\n", ["--map", "nothing=email"]),
        ("email,x\na,b\n", ["--map", "x=colour"]),
        ("email\na\n", ["--encoding", "klingon"]),
        ("email\na\n", ["--delimiter", "x"]),
        ("email\na\n", ["--parallel", "0"]),
    ],
)
def test_what_cannot_work_is_a_fault_of_usage(stand, write, text, options):
    write(text)

    assert 2 == stand.run("import", "contacts.csv", *options).exit_code
    assert 2 == stand.run("import", "missing.csv").exit_code


def test_what_fails_after_it_was_taken_is_rejected_with_its_reason(stand, write, tmp_path):
    """Two rows with the phone number of one person: the second cannot be."""
    write("email,phone\nbob@a.example,+49 30 123456\neve@a.example,+49 (30) 123456\n")
    told = stand.read("import", "contacts.csv")

    assert (1, 1) == (told["imported"], told["rejected"])
    assert [
        ["3", "The phone belongs to another contact", "eve@a.example", "'+49 (30) 123456"]
    ] == rejected(tmp_path)[1:]


@pytest.mark.parametrize(("options", "heard"), [((), True), (("--quietly",), False)])
def test_rules_hear_of_it_unless_told_otherwise(stand, cloud, write, options, heard):
    stream = Stream(cloud)

    write("email\nzoe@a.example\n")
    assert 0 == stand.run("import", "contacts.csv", *options).exit_code

    found = [event.kind for record in stream.records() for event in events_of(record)]
    assert (["contact_created"] if heard else []) == found
