"""Lists as they are kept, and what is left when one is deleted."""

import time
from dataclasses import replace

import pytest

from signalbox.model.contact_list import ContactList, from_public_id
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.people import add_contact
from signalbox.store import lists, memberships, sweeping, table
from tests.people import ACCOUNT_ID

NEWS = ContactList(
    ACCOUNT_ID,
    "77",
    "News",
    string_id="news",
    double_opt_in=True,
    settings={"to_name": "Reader"},
    created_ms=1,
    updated_ms=2,
)


@pytest.fixture(name="twice")
def _twice(monkeypatch):
    """Let every write be made twice, as by an SDK that retries after the answer was lost."""
    original = table.dynamodb

    def repeated(operation, **request):
        if operation in ("PutItem", "UpdateItem", "TransactWriteItems"):
            original(operation, **request)
        return original(operation, **request)

    monkeypatch.setattr(table, "dynamodb", repeated)


def far() -> float:
    """Return a time that does not come during a test."""
    return time.monotonic() + 600


def test_a_list_comes_back_as_it_was_written(cloud):
    lists.create(NEWS)

    assert NEWS == lists.find(ACCOUNT_ID, "77")
    assert [NEWS] == lists.of_account(ACCOUNT_ID)
    assert {"77"} == lists.existing(ACCOUNT_ID, ["77", "78"])
    assert (None, []) == (lists.find("200000002", "77"), lists.of_account("200000002"))


def test_an_id_is_given_once(cloud):
    lists.create(NEWS)

    with pytest.raises(ConflictError):
        lists.create(replace(NEWS, name="Other"))
    assert NEWS == lists.fetch(ACCOUNT_ID, "77")


def test_of_two_changes_to_what_both_read_one_is_refused(cloud):
    lists.create(NEWS)
    changed = lists.save(replace(NEWS, name="First"), since=NEWS)

    with pytest.raises(ConflictError):
        lists.save(replace(NEWS, name="Second"), since=NEWS)
    assert changed == lists.fetch(ACCOUNT_ID, "77")
    lists.delete(ACCOUNT_ID, "77", 3)
    with pytest.raises(ConflictError):
        lists.save(replace(changed, name="Late"), since=changed)


@pytest.mark.usefixtures("twice")
def test_a_lost_answer_is_no_conflict(cloud):
    lists.create(NEWS)
    changed = lists.save(replace(NEWS, name="New"), since=NEWS)
    assert changed == lists.fetch(ACCOUNT_ID, "77")

    lists.delete(ACCOUNT_ID, "77", 3)

    assert None is lists.find(ACCOUNT_ID, "77")


def test_a_deleted_list_is_gone_for_every_reader(cloud, account):
    lists.create(NEWS)
    memberships.subscribe(ACCOUNT_ID, account.ada.contact_id, "77", now_ms=1)

    lists.delete(ACCOUNT_ID, "77", 3)

    for ask in (lists.fetch, lambda *where: lists.delete(*where, 4)):
        with pytest.raises(NotFoundError):
            ask(ACCOUNT_ID, "77")
    assert [] == lists.of_account(ACCOUNT_ID)
    assert set() == lists.existing(ACCOUNT_ID, ["77"])
    assert [] == memberships.of_contact(ACCOUNT_ID, account.ada.contact_id)
    assert None is memberships.find(ACCOUNT_ID, account.ada.contact_id, "77")
    with pytest.raises(NotFoundError):
        memberships.subscribe(ACCOUNT_ID, account.ada.contact_id, "77", now_ms=4)
    assert ["77"] == lists.gone(ACCOUNT_ID)


def test_a_sweep_that_is_cut_off_is_gone_on_with(cloud, account, monkeypatch):
    """Batch after batch; nothing of the list is left in the end, and nothing else is touched."""
    monkeypatch.setattr(sweeping, "REMOVED_AT_ONCE", 3)
    other = replace(NEWS, list_id="78")
    lists.create(NEWS)
    lists.create(other)
    for number in range(8):
        contact = add_contact(ACCOUNT_ID, email=f"p{number}@signalbox.example")
        for list_id in ("77", "78"):
            memberships.subscribe(ACCOUNT_ID, contact.contact_id, list_id, now_ms=1)
    before = cloud.items("CONTACTS")
    lists.delete(ACCOUNT_ID, "77", 3)

    def left() -> int:
        return len([item for item in cloud.items("CONTACTS") if item["sk"]["S"] == "list#77"])

    assert (False, 8) == (memberships.sweep(ACCOUNT_ID, until=0.0), left())
    clock = iter([0.0, 0.0, 2.0])
    with monkeypatch.context() as patch:
        patch.setattr(sweeping.time, "monotonic", lambda: next(clock))
        assert (False, 2) == (memberships.sweep(ACCOUNT_ID, until=1.0), left())
    assert (True, 0) == (memberships.sweep(ACCOUNT_ID, until=far()), left())

    assert ([], None) == (
        lists.gone(ACCOUNT_ID),
        table.get("RulesTable", lists.key(ACCOUNT_ID, "77")),
    )
    kept = [
        item for item in before if "#77#" not in item["pk"]["S"] and item["sk"]["S"] != "list#77"
    ]
    assert kept == [item for item in cloud.items("CONTACTS") if "#77#" not in item["pk"]["S"]]
    assert kept == cloud.items("CONTACTS")
    assert True is memberships.sweep(ACCOUNT_ID, until=far())


@pytest.mark.parametrize(
    "public_id", ["", "77", "100000001", "100000001-", "100000001-077", "-77", "100000001-77-1"]
)
def test_what_is_no_public_id_names_no_list(public_id):
    assert (ACCOUNT_ID, "77") == from_public_id(NEWS.public_id)

    with pytest.raises(NotFoundError):
        from_public_id(public_id)
