"""What contacts say to being tracked: the last word on the contact, and a log that only grows."""

from dataclasses import replace

import pytest

from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.tracking_permission import Answer, Permission, Purpose, Source, Voice
from signalbox.people import add_contact, change_contact, erase
from signalbox.store import contact_records, contacts, tracking_permissions
from tests.store.things import NOW, A, B
from tests.streams import Stream, announce

OPEN, CLICK = Purpose.OPEN, Purpose.CLICK
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
KEY = Voice(Source.API, "key-1", NOW, "said so on the phone")
PERSON = Voice(Source.PAGE, "contact", NOW + 10)


@pytest.fixture(name="ada")
def _ada(cloud) -> str:
    return add_contact(A, email="ada@signalbox.example").contact_id


def log(contact_id: str, account_id: str = A) -> list[tuple[str, str, str, str, int, str]]:
    """Return a contact's whole log, latest first."""
    found, _ = tracking_permissions.of_contact(account_id, contact_id, limit=100)
    return [one[2:] for one in found]


def test_nothing_is_known_of_who_said_nothing(ada):
    assert Permission(UNKNOWN, UNKNOWN) == contacts.fetch(A, ada).permission
    assert [] == log(ada)


def test_an_answer_stands_with_the_contact_and_in_the_log(ada):
    """One entry for each purpose; what was not asked for stays unknown."""
    tracking_permissions.change(A, ada, {OPEN: YES}, KEY)
    tracking_permissions.change(A, ada, {OPEN: NO, CLICK: YES}, PERSON)

    assert Permission(NO, YES) == contacts.fetch(A, ada).permission
    assert [
        ("click", "yes", "page", "contact", NOW + 10, ""),
        ("open", "no", "page", "contact", NOW + 10, ""),
        ("open", "yes", "api", "key-1", NOW, "said so on the phone"),
    ] == sorted(log(ada), key=lambda one: (-one[4], one[0]))


def test_what_was_said_before_adds_nothing_to_the_log(ada):
    for voice in (KEY, KEY, PERSON):
        tracking_permissions.change(A, ada, {OPEN: YES}, voice)

    assert 1 == len(log(ada))


def test_a_report_that_comes_again_writes_nothing(ada, cloud):
    report = Voice(Source.EVENT, "api", NOW)
    tracking_permissions.change(A, ada, {OPEN: YES, CLICK: NO}, report)
    before = cloud.items("CONTACTS")
    tracking_permissions.change(A, ada, {OPEN: YES, CLICK: NO}, report)
    tracking_permissions.change(A, ada, {OPEN: NO}, report._replace(at_ms=NOW - 1))

    assert before == cloud.items("CONTACTS")


def test_other_changes_leave_the_answers_alone(ada):
    tracking_permissions.change(A, ada, {OPEN: YES, CLICK: NO}, KEY)
    change_contact(A, ada, first_name="Ada", email="ada2@signalbox.example")

    assert Permission(YES, NO) == contacts.fetch(A, ada).permission


def test_an_answer_leaves_the_contact_alone(ada):
    before = contacts.fetch(A, ada)
    tracking_permissions.change(A, ada, {OPEN: YES}, KEY)
    after = contacts.fetch(A, ada)

    assert before == replace(after, statements=before.statements, version=before.version)
    assert after.version > before.version


def test_whoever_changes_the_contact_meanwhile_loses_no_answer(ada):
    """A change that was made from what was read before the answer came has to read again."""
    before = contacts.fetch(A, ada)
    tracking_permissions.change(A, ada, {OPEN: NO}, KEY)

    with pytest.raises(contacts.MovedError):
        contacts.save(replace(before, first_name="Ada"), since=before)
    assert NO is contacts.fetch(A, ada).permission.open


def test_an_answer_that_loses_a_race_is_written_after_it(ada, monkeypatch):
    """Somebody changes the contact between our read and our write; both changes stand."""
    through, raced = aws.dynamodb, []

    def racing(operation, **request):
        if operation == "TransactWriteItems" and not raced:
            raced.append(True)
            change_contact(A, ada, first_name="Augusta")
        return through(operation, **request)

    monkeypatch.setattr("signalbox.store.table.dynamodb", racing)
    tracking_permissions.change(A, ada, {OPEN: YES}, KEY)

    found = contacts.fetch(A, ada)
    assert ("Augusta", YES) == (found.first_name, found.permission.open)


def test_who_always_loses_the_race_is_told(ada, monkeypatch):
    through = aws.dynamodb

    def racing(operation, **request):
        if operation == "TransactWriteItems" and "consent#" in str(request):
            contact = contacts.fetch(A, ada)
            contacts.save(replace(contact, updated_ms=contact.updated_ms + 1), since=contact)
        return through(operation, **request)

    monkeypatch.setattr("signalbox.store.table.dynamodb", racing)
    with pytest.raises(ConflictError):
        tracking_permissions.change(A, ada, {OPEN: YES}, KEY)
    assert [] == log(ada)


def test_our_own_write_is_known_again_when_its_answer_was_lost(ada, monkeypatch):
    """The client repeats the transaction, which finds what it wrote itself."""
    through = aws.dynamodb

    def twice(operation, **request):
        answer = through(operation, **request)
        return through(operation, **request) if operation == "TransactWriteItems" else answer

    monkeypatch.setattr("signalbox.store.table.dynamodb", twice)
    tracking_permissions.change(A, ada, {OPEN: YES, CLICK: NO}, KEY)

    assert Permission(YES, NO) == contacts.fetch(A, ada).permission
    assert 2 == len(log(ada))


def test_a_fault_of_aws_is_no_answer(ada, monkeypatch):
    """Nothing is half written, and the caller may ask again."""
    through = aws.dynamodb

    def failing(operation, **request):
        if operation == "TransactWriteItems":
            raise AwsError("InternalServerError", "", 500, {})
        return through(operation, **request)

    monkeypatch.setattr("signalbox.store.table.dynamodb", failing)
    with pytest.raises(AwsError):
        tracking_permissions.change(A, ada, {OPEN: YES}, KEY)
    monkeypatch.setattr("signalbox.store.table.dynamodb", through)
    assert ([], UNKNOWN) == (log(ada), contacts.fetch(A, ada).permission.open)
    tracking_permissions.change(A, ada, {OPEN: YES}, KEY)
    assert 1 == len(log(ada))


def test_the_log_is_read_page_after_page(ada):
    for number in range(7):
        answer = YES if number % 2 else NO
        tracking_permissions.change(A, ada, {OPEN: answer}, KEY._replace(at_ms=NOW + number))
    pages, after = [], ""
    while True:
        page, after = tracking_permissions.of_contact(A, ada, limit=3, after=after)
        pages.append([one.at_ms - NOW for one in page])
        if not after:
            break

    assert [[6, 5, 4], [3, 2, 1], [0]] == pages


def test_another_account_sees_and_changes_nothing(ada):
    tracking_permissions.change(A, ada, {OPEN: YES}, KEY)

    assert [] == log(ada, B)
    with pytest.raises(NotFoundError):
        tracking_permissions.change(B, ada, {OPEN: NO}, KEY)
    assert YES is contacts.fetch(A, ada).permission.open


def test_nobody_is_told_of_an_update(ada, cloud):
    """An answer is no fact of the contact: no rule and no webhook wakes for it."""
    stream = Stream(cloud)
    tracking_permissions.change(A, ada, {OPEN: YES, CLICK: NO}, KEY)
    records = stream.records()

    assert 3 == len(records)
    assert [] == announce(records)
    assert [] == cloud.waiting("EVENTS")


def test_the_log_goes_with_the_contact(ada, cloud):
    tracking_permissions.change(A, ada, {OPEN: YES, CLICK: NO}, KEY)

    assert erase(A, ada)
    assert [] == [item for item in cloud.items("CONTACTS") if "consent#" in item["sk"]["S"]]


def test_a_long_log_does_not_make_a_contact_long_to_read(ada, monkeypatch):
    for number in range(3):
        answer = YES if number % 2 else NO
        tracking_permissions.change(A, ada, {OPEN: answer}, KEY._replace(at_ms=NOW + number))
    through, read = aws.dynamodb, []

    def counting(operation, **request):
        answer = through(operation, **request)
        read.append(len(answer.get("Items", [])))
        return answer

    monkeypatch.setattr("signalbox.store.table.dynamodb", counting)
    (record,) = contact_records.fetch_many(A, [ada])

    assert NO is record.contact.permission.open
    assert [1] == read
