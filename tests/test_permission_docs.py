"""docs/permission.md says what the code does: its words, its tables, its names of items."""

import re
from functools import cache

import pytest

from functions.activecampaign.import_rows import PERMISSIONS as COLUMNS
from functions.subscribe.preference_pages import masked
from functions.subscribe.preferences import ACTOR, ALL_LEFT
from signalbox.model.account import Account
from signalbox.model.retention import RETENTION_DAYS
from signalbox.model.tracking_permission import (
    PROPERTY,
    RELAY_MODES,
    Answer,
    Mode,
    Permission,
    Purpose,
    Source,
    message_mode,
)
from signalbox.store import hits, messages, tracking_permissions
from tests.template import ROOT, template

PAGE = ROOT / "docs" / "permission.md"


@cache
def page() -> str:
    """Return the page."""
    return PAGE.read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table that has this cell first in its heading: the other cells by the first."""
    lines = page().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    found = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
        found[first] = rest
    return found


@pytest.mark.parametrize("words", [Mode, Purpose, Answer, Source], ids=lambda one: one.__name__)
def test_every_word_of_a_closed_set_is_explained(words):
    assert set() == {str(word) for word in words if f"`{word}`" not in page()}


def test_the_table_of_modes_and_answers_is_the_one_in_the_code():
    table = rows("mode that counts")
    answers = [cell.strip("`") for cell in table.pop("mode that counts")]
    del table["---"]

    assert {f"`{mode}`" for mode in Mode} == set(table)
    for mode, cells in table.items():
        for answer, told in zip(answers, cells, strict=True):
            for purpose in Purpose:
                permission = Permission()._replace(**{purpose: Answer(answer)})
                assert told == message_mode(Mode(mode.strip("`")), permission, purpose)


def test_every_source_is_told_with_its_actor():
    table = rows("source")

    assert {f"`{source}`" for source in Source} == set(table) - {"source", "---"}
    assert f"`{ACTOR}`" == table["`page`"][-1]


def test_the_columns_and_the_property_are_called_so():
    assert set() == {name for name in (*COLUMNS, PROPERTY) if f"`{name}`" not in page()}


def test_the_items_are_called_so():
    """Keys of what is stored of a hit and of a message, as the stores open with them."""
    for kind in Purpose:
        assert f"`{kind}#{hits.ANONYMOUS}<random>`" in page()
        assert f"`{kind}#<contact>`" in page()
    assert f"`{messages.PREFIX}<contact>`" in page()
    data_model = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
    assert f"`{tracking_permissions.PREFIX}" in data_model


def test_the_defaults_are_told():
    account = Account("100000001", "Test")

    assert f"A new account is `{account.tracking_mode}`" in page()
    assert f"`relay_tracking_mode`: `{account.relay_tracking_mode}` unless set" in page()
    assert f"{RETENTION_DAYS} unless set" in page()
    days = template()["Parameters"]["LogRetentionDays"]["Default"]
    assert f"`LogRetentionDays`, {days} unless set" in page()


def test_relayed_mail_has_the_modes_that_are_told():
    told = re.search(r"`relay_tracking_mode`: (.*?)\. `(\w+)` is refused", page(), re.DOTALL)
    named = {Mode(word) for word in re.findall(r"`(\w+)`", told[1])}

    assert RELAY_MODES == named
    assert {Mode(told[2])} == set(Mode) - RELAY_MODES


def test_the_note_and_the_mask_are_told_as_they_are():
    assert f"`{ALL_LEFT}`" in page()
    assert f"`{masked('ada@example.com')}`" in page()
