"""Custom fields in their table."""

from dataclasses import replace

import pytest

from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.field import Field, FieldOption, FieldType
from signalbox.store import accounts, fields
from tests.store.things import A, B, account

COMPANY = Field(
    A,
    "7",
    "Company",
    "COMPANY",
    kind=FieldType.DROPDOWN,
    required=True,
    options=(FieldOption("1", "a", "A", 2, is_default=True),),
    lists=("5", "6"),
    created_ms=1,
    updated_ms=2,
)


@pytest.fixture(autouse=True)
def _accounts(cloud):
    fields.forget()
    accounts.create(account(A))
    accounts.create(account(B))


def test_a_field_comes_out_as_it_went_in():
    """Also where the answer to the write was lost and it is repeated."""
    fields.create(COMPANY)
    fields.create(COMPANY)

    assert COMPANY == fields.fetch(A, "7")
    assert [COMPANY] == fields.of_account(A)
    assert [] == fields.of_account(B)
    with pytest.raises(NotFoundError, match="there is no field 7"):
        fields.fetch(B, "7")


def test_a_tag_belongs_to_one_field():
    """In its account; a deleted field gives it up."""
    fields.create(COMPANY)

    with pytest.raises(fields.TagTakenError):
        fields.create(replace(COMPANY, field_id="8"))
    fields.create(replace(COMPANY, account_id=B))
    fields.delete(COMPANY)
    fields.create(replace(COMPANY, field_id="8"))
    assert ["8"] == [one.field_id for one in fields.of_account(A)]


def test_a_change_needs_what_it_changes():
    """The second of two changes to one version is refused; a repeated one is not."""
    fields.create(COMPANY)
    changed = replace(COMPANY, title="Firm")

    assert replace(changed, version=2) == fields.save(changed, since=COMPANY)
    assert replace(changed, version=2) == fields.save(changed, since=COMPANY)
    with pytest.raises(ConflictError):
        fields.save(replace(COMPANY, title="Other"), since=COMPANY)
    assert "Firm" == fields.fetch(A, "7").title


def test_tags_are_read_again_when_the_configuration_moved(monkeypatch):
    """Every write of a field moves the account's version; in between nothing is read."""
    assert frozenset() == fields.tags(A, accounts.fetch(A).version)
    fields.create(COMPANY)
    version = accounts.fetch(A).version
    assert frozenset({"COMPANY"}) == fields.tags(A, version)

    monkeypatch.setattr(fields, "of_account", None)
    assert frozenset({"COMPANY"}) == fields.tags(A, version)
    monkeypatch.undo()
    fields.delete(COMPANY)
    assert frozenset() == fields.tags(A, accounts.fetch(A).version)
