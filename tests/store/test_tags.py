"""Tags and tags on contacts, as they are kept."""

import time
from dataclasses import replace

import pytest

from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.tag import ContactTag, Tag, compared
from signalbox.people import add_contact, erase
from signalbox.store import contact_tags, sweeping, table, tags
from tests.people import ACCOUNT_ID

VIP = Tag(ACCOUNT_ID, "77", "VIP", description="pays", created_ms=1, updated_ms=2)


def test_a_tag_comes_back_as_it_was_written(cloud):
    tags.create(VIP)

    assert VIP == tags.fetch(ACCOUNT_ID, "77") == tags.find_named(ACCOUNT_ID, "vip")
    assert [VIP] == tags.of_account(ACCOUNT_ID)
    assert {"77": VIP} == tags.existing(ACCOUNT_ID, ["77", "78"])
    assert (None, []) == (tags.find_named("200000002", "VIP"), tags.of_account("200000002"))


@pytest.mark.parametrize(
    ("first", "second"),
    [("VIP", "vip"), ("Straße", "STRASSE"), ("caf\u00e9", "CAFE\u0301"), ("Σίσυφος", "ΣΊΣΥΦΟΣ")],
)
def test_one_name_in_two_spellings_is_one(cloud, first, second):
    tags.create(replace(VIP, name=first))

    with pytest.raises(tags.NameTakenError):
        tags.create(replace(VIP, tag_id="78", name=second))
    assert compared(first) == compared(second)
    assert "77" == tags.find_or_create(ACCOUNT_ID, second).tag_id
    assert 1 == len(tags.of_account(ACCOUNT_ID))


def test_an_import_makes_a_tag_once(cloud, monkeypatch):
    """Also where somebody else makes it between looking and making."""
    original = tags.create

    def overtaken(wanted):
        monkeypatch.setattr(tags, "create", original)
        original(replace(wanted, tag_id="78"))
        original(wanted)

    monkeypatch.setattr(tags, "create", overtaken)

    assert "78" == tags.find_or_create(ACCOUNT_ID, " New ").tag_id
    assert ["New"] == [one.name for one in tags.of_account(ACCOUNT_ID)]
    for name in ("", "  ", "n" * 256):
        with pytest.raises(InvalidError):
            tags.find_or_create(ACCOUNT_ID, name)


def test_of_two_changes_to_what_both_read_one_is_refused(cloud):
    tags.create(VIP)
    changed = tags.save(replace(VIP, name="Guest"), since=VIP)

    with pytest.raises(ConflictError):
        tags.save(replace(VIP, description="late"), since=VIP)
    with pytest.raises(ConflictError):
        tags.delete(VIP, 3)
    assert changed == tags.find_named(ACCOUNT_ID, "GUEST")
    assert None is tags.find_named(ACCOUNT_ID, "VIP")


def test_a_lost_answer_is_no_conflict(account, monkeypatch):
    """Nothing is made, counted or refused twice."""
    original = table.dynamodb

    def repeated(operation, **request):
        if operation == "TransactWriteItems":
            original(operation, **request)
        return original(operation, **request)

    monkeypatch.setattr(table, "dynamodb", repeated)

    tags.create(VIP)
    changed = tags.save(replace(VIP, name="Guest"), since=VIP)
    put_on, is_new = contact_tags.add(ACCOUNT_ID, account.ada.contact_id, "77", now_ms=5)
    assert (True, {"77": 1}) == (is_new, tags.counts(ACCOUNT_ID, ["77"]))
    assert [put_on] == contact_tags.of_contact(ACCOUNT_ID, account.ada.contact_id)
    tags.delete(changed, 3)

    assert (None, None) == (tags.find(ACCOUNT_ID, "77"), tags.find_named(ACCOUNT_ID, "Guest"))


def test_a_tag_goes_on_once_and_off_once(account, cloud):
    tags.create(VIP)
    ada = account.ada.contact_id
    expected = ContactTag(ACCOUNT_ID, ada, "77", created_ms=5)

    assert (expected, True) == contact_tags.add(ACCOUNT_ID, ada, "77", now_ms=5)
    assert (expected, False) == contact_tags.add(ACCOUNT_ID, ada, "77", now_ms=6)
    assert {"77": 1} == tags.counts(ACCOUNT_ID, ["77"])
    assert [expected] == contact_tags.of_tag(ACCOUNT_ID, "77", limit=10)
    assert expected == contact_tags.fetch(ACCOUNT_ID, expected.contact_tag_id)

    contact_tags.remove(expected)
    before = cloud.items("CONTACTS")
    with pytest.raises(NotFoundError):
        contact_tags.remove(expected)
    assert before == cloud.items("CONTACTS")
    assert {"77": 0} == tags.counts(ACCOUNT_ID, ["77"])


def test_nobody_has_a_tag_and_nobody_has_no_tag(account, cloud):
    tags.create(VIP)
    before = cloud.items("CONTACTS")

    for contact_id, tag_id in (("99", "77"), (account.ada.contact_id, "99")):
        with pytest.raises(NotFoundError):
            contact_tags.add(ACCOUNT_ID, contact_id, tag_id, now_ms=1)
    erase(ACCOUNT_ID, account.ada.contact_id)
    with pytest.raises(NotFoundError):
        contact_tags.add(ACCOUNT_ID, account.ada.contact_id, "77", now_ms=1)

    assert [] == [item for item in cloud.items("CONTACTS") if item["sk"]["S"] == "tag#77"]
    assert [] == [item for item in before if "tag" in item["sk"]["S"]]


def test_a_sweep_that_is_cut_off_is_gone_on_with(account, cloud, monkeypatch):
    monkeypatch.setattr(sweeping, "REMOVED_AT_ONCE", 3)
    tags.create(VIP)
    people = [
        add_contact(ACCOUNT_ID, email=f"p{number}@signalbox.example").contact_id
        for number in range(7)
    ]
    for contact_id in people:
        contact_tags.add(ACCOUNT_ID, contact_id, "77", now_ms=1)
    tags.delete(VIP, 3)

    def left() -> int:
        return len([item for item in cloud.items("CONTACTS") if item["sk"]["S"] == "tag#77"])

    assert [] == contact_tags.of_contact(ACCOUNT_ID, people[0])
    assert (False, 7) == (contact_tags.sweep(ACCOUNT_ID, until=0.0), left())
    assert ["77"] == tags.gone(ACCOUNT_ID)
    until = time.monotonic() + 600
    assert (True, 0) == (contact_tags.sweep(ACCOUNT_ID, until=until), left())
    assert [] == tags.gone(ACCOUNT_ID)
    assert [] == [item for item in cloud.items("CONTACTS") if "tag#77" in item["pk"]["S"]]
