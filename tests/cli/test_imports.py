"""`signalbox import`."""

import contextlib
import csv
import io
import json
import sys
import threading
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import csv_files, deliveries, patience
from functions.activecampaign import app as activecampaign
from signalbox.model.contact_list import ContactList
from signalbox.model.field import Field
from signalbox.model.membership import Subscription
from signalbox.people import sync_contact
from signalbox.store import (
    contact_listing,
    contact_tags,
    contacts,
    fields,
    lists,
    memberships,
    tags,
)
from tests.people import ACCOUNT_ID

IMPORT, INFO = "/api/3/import/bulk_import", "/api/3/import/info"


@pytest.fixture(autouse=True)
def _one_by_one(monkeypatch):
    """Let one request at a time into the handler: a Lambda has no more, and moto is not for threads."""
    through, lock = activecampaign.handler, threading.Lock()

    def handler(event, context):
        with lock:
            return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)


class Hushed(contextlib.AbstractContextManager):
    """Standard output goes nowhere while any thread is within; `contextlib`'s knows one thread."""

    lock, within, real = threading.Lock(), 0, None

    def __init__(self, nowhere) -> None:
        self._nowhere = nowhere

    def __enter__(self):
        with self.lock:
            if not Hushed.within:
                Hushed.real, sys.stdout = sys.stdout, self._nowhere
            Hushed.within += 1

    def __exit__(self, *fault):
        with self.lock:
            Hushed.within -= 1
            if not Hushed.within:
                sys.stdout = Hushed.real


@pytest.fixture(autouse=True)
def _hushed(monkeypatch):
    """Let several handlers answer at once."""
    monkeypatch.setattr(contextlib, "redirect_stdout", Hushed)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """Let nothing wait before it asks again."""
    monkeypatch.setattr(patience, "sleep", lambda _: None)


@pytest.fixture(name="write")
def _write(stand, tmp_path):
    """Return what writes a file into the folder in which the command runs."""

    def write(text: str | bytes, name: str = "contacts.csv") -> None:
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)

    return write


@pytest.fixture(name="small")
def _small(monkeypatch):
    """Let a batch hold two contacts."""
    monkeypatch.setattr(deliveries, "MOST_CONTACTS", 2)


class Gate:
    """Lets so many calls of the import through to the API, and answers all others as planned."""

    def __init__(self, monkeypatch, passing: int, answer: dict) -> None:
        self.seen: list[list[str]] = []
        self._through, self._passing, self._answer = activecampaign.handler, passing, answer
        self._lock = threading.Lock()
        monkeypatch.setattr(activecampaign, "handler", self)

    def __call__(self, event, context):
        """Answer a request."""
        if event["rawPath"] == INFO and not self._passing:
            return self._answer
        if event["rawPath"] == IMPORT:
            with self._lock:
                sent = json.loads(event["body"])["contacts"]
                self.seen.append([contact["email"] for contact in sent])
                if len(self.seen) > self._passing:
                    return self._answer
        return self._through(event, context)


REFUSAL = {"statusCode": 500, "body": json.dumps({"message": "Internal Server Error"})}


def everybody() -> dict[str, contacts.Contact]:
    """Return the account's contacts by address, without Ada, whom every test has."""
    ids = list(contact_listing.within(ACCOUNT_ID, expected=10_000))
    found = contacts.fetch_many(ACCOUNT_ID, ids)
    return {one.email: one for one in found if one.email != "ada@signalbox.example"}


def people(count: int) -> str:
    """Return a file of so many contacts."""
    return "email,first name\n" + "".join(f"p{n}@a.example,P{n}\n" for n in range(count))


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
    header, *kept = _rejected(tmp_path)
    assert ["row", "reason", "email", "first name", "lists"] == header
    assert ["3", "4", "5", "6", "7", "8", "9"] == [row[0] for row in kept]
    assert ["eve@@a.example", "'=1+1", ""] == kept[0][2:]
    assert "has 1 cells, but the header has 3" == kept[1][1]
    assert "has no e-mail address" == kept[3][1]
    assert "there is no list 'Nowhere', or more than one" == kept[4][1]
    assert "is not UTF-8" in kept[5][1]
    assert "first_name: is longer than 255 characters" == kept[6][1]


def _rejected(folder) -> list[list[str]]:
    text = (folder / "contacts.csv.rejected.csv").read_bytes().decode("utf-8", "replace")
    return list(csv.reader(io.StringIO(text, newline="")))


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


@pytest.mark.parametrize("passing", range(4))
@pytest.mark.parametrize("parallel", ["1", "3"])
def test_an_import_goes_on_where_it_stopped(  # noqa: PLR0913, PLR0917 fixtures
    stand, write, small, tmp_path, monkeypatch, passing, parallel
):
    """Wherever it was cut off, contacts, counts and rejected rows are those of one whole import."""
    text = "email,first name\n" + "".join(f"p{n}@a.example,P{n}\nbad{n},\n" for n in range(6))
    write(text)
    with monkeypatch.context() as broken:
        Gate(broken, passing, REFUSAL)
        stopped = stand.run("import", "contacts.csv", "--parallel", parallel)
    gate = Gate(monkeypatch, 99, REFUSAL)
    result = stand.run("import", "contacts.csv", "--json", "--parallel", parallel)
    told = json.loads(result.stdout)

    assert (int(passing < 3), 0) == (stopped.exit_code, result.exit_code)
    assert {f"p{n}@a.example": f"P{n}" for n in range(6)} == {
        email: one.first_name for email, one in everybody().items()
    }
    assert (12, 6, 6) == (told["rows"], told["imported"], told["rejected"])
    assert [str(3 + 2 * n) for n in range(6)] == [row[0] for row in _rejected(tmp_path)[1:]]
    if parallel == "1":
        assert 3 - passing == len(gate.seen)


def test_a_finished_import_is_not_repeated_unless_asked_for(stand, write, monkeypatch):
    write(people(3) + "bad,\n")
    first = stand.read("import", "contacts.csv")
    gate = Gate(monkeypatch, 99, REFUSAL)
    again = json.loads(stand.run("import", "contacts.csv", "--json").stdout)

    assert (first | {"was_finished": True}, []) == (again, gate.seen)
    stand.read("import", "contacts.csv", "--restart")
    assert 1 == len(gate.seen)


@pytest.mark.parametrize("options", [["--tag", "new"], []])
def test_a_changed_file_or_wish_is_another_import(stand, write, options):
    write(people(3))
    stand.read("import", "contacts.csv")
    if not options:
        write(people(4))

    assert not stand.read("import", "contacts.csv", *options)["was_finished"]


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
    ] == _rejected(tmp_path)[1:]


def test_contacts_that_others_were_changing_are_sent_again(stand, write, monkeypatch):
    write("email\nbob@a.example\neve@a.example\n")
    passing = "Not written, send it again: MovedError"
    body = {"failureReasons": [{"contact": 1, "failureReason": passing}]}
    through, answers = activecampaign.handler, [{"statusCode": 200, "body": json.dumps(body)}]

    def handler(event, context):
        if event["rawPath"] == INFO and answers:
            return answers.pop()
        return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)
    gate = Gate(monkeypatch, 99, REFUSAL)

    assert 2 == stand.read("import", "contacts.csv")["imported"]
    assert [["bob@a.example", "eve@a.example"], ["eve@a.example"]] == gate.seen


def test_an_interrupted_import_goes_on_where_it_stopped(stand, write, small, monkeypatch):
    write(people(6))

    def interrupt(self, advance):
        through(self, advance)
        raise KeyboardInterrupt

    through = deliveries.Run._settle
    with monkeypatch.context() as interrupted:
        interrupted.setattr(deliveries.Run, "_settle", interrupt)
        stopped = stand.run("import", "contacts.csv", "--parallel", "1")
    gate = Gate(monkeypatch, 99, REFUSAL)
    told = json.loads(stand.run("import", "contacts.csv", "--json").stdout)

    assert 130 == stopped.exit_code
    assert "signalbox: Stopped after row 3; the same command goes on there." in stopped.stderr
    assert (6, 2) == (told["imported"], len(gate.seen))


def test_a_busy_or_lost_stack_is_asked_again(stand, write, monkeypatch):
    write(people(1))
    busy = {"statusCode": 502, "body": ""}
    through, answers = activecampaign.handler, [busy, busy]

    def handler(event, context):
        if event["rawPath"] == IMPORT and answers:
            return answers.pop()
        return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)

    assert 1 == stand.read("import", "contacts.csv")["imported"]


def test_a_refusal_of_the_whole_batch_ends_the_import(stand, write, monkeypatch):
    write(people(1))
    body = {"success": 0, "message": "Closed on Sundays", "failureReasons": ["always"]}
    Gate(monkeypatch, 0, {"statusCode": 400, "body": json.dumps(body)})
    result = stand.run("import", "contacts.csv")

    assert (1, "signalbox: Closed on Sundays") == (
        result.exit_code,
        result.stderr.splitlines()[-1],
    )


def test_several_batches_are_in_flight_at_once(stand, write, small, monkeypatch):
    """Three calls wait for each other, which only calls that overlap can."""
    write(people(6))
    meeting = threading.Barrier(3, timeout=5)
    through = activecampaign.handler

    def handler(event, context):
        if event["rawPath"] == IMPORT:
            meeting.wait()
        return through(event, context)

    monkeypatch.setattr(activecampaign, "handler", handler)

    assert 6 == stand.read("import", "contacts.csv", "--parallel", "3")["imported"]


def test_rows_are_read_one_by_one(tmp_path):
    """The first rows come before the rest of a large file is read."""
    path = tmp_path / "large.csv"
    path.write_text(people(100_000))
    layout = csv_files.examine(path, "", "")
    first = list(islice(csv_files.records(path, layout), 10))

    assert [2, 3] == [record.row for record in first[:2]]
    assert first[-1].read_bytes < path.stat().st_size / 10


def test_thousands_of_rows_go_in_one_go(stand, write, monkeypatch):
    """10,000 rows are 40 calls; what the API does with a call is not asked here."""
    write(people(10_000))
    gate = Gate(monkeypatch, 0, {"statusCode": 200, "body": '{"Success": 1, "batchId": "b"}'})
    told = stand.read("import", "contacts.csv")

    assert (10_000, [250] * 40) == (told["imported"], [len(sent) for sent in gate.seen])
    assert {f"p{n}@a.example" for n in range(10_000)} == {one for sent in gate.seen for one in sent}


TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.text(
    "'=+-@\t\r\n|%;,\" a", max_size=8
)


@given(TEXT)
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(cell):
    guarded = csv_files.guarded(cell)

    assert cell == csv_files.unguarded(guarded)
    assert guarded[:1] not in csv_files.TRAPS or not guarded


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_written_row_is_read_as_it_was(cells):
    file = io.StringIO(newline="")
    csv_files.write_row(file, cells)
    read = list(csv.reader(io.StringIO(file.getvalue(), newline="")))

    assert [cells] == [[csv_files.unguarded(cell) for cell in row] for row in read]


NAMES = TEXT.map(str.strip).filter(bool)


@given(st.lists(NAMES, max_size=4))
def test_names_in_one_cell_are_parted_as_they_were_joined(names):
    assert names == csv_files.parted(csv_files.joined(names))
