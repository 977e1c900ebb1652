"""Imports as they are noted: each is begun and done once, also where one was cut off."""

from dataclasses import replace

import pytest

from signalbox.store import imports
from signalbox.store.imports import COMPLETED, CONTINUED_S, Failure, Import
from tests.store.things import NOW, A, B

pytestmark = pytest.mark.usefixtures("cloud")

WANTED = Import(A, "11111111-1111-4111-8111-111111111111", 3, NOW, content="a" * 64)
AGAIN = replace(WANTED, batch_id="22222222-2222-4222-8222-222222222222", begun_ms=NOW + 5_000)


def numbers():
    """Return how many imports, and contacts, were begun and done."""
    return [(day.begun, day.begun_contacts, day.done, day.done_contacts) for day in imports.days(A)]


def test_what_was_cut_off_goes_on():
    """A repeat of the same content is the same import, which is counted once."""
    assert WANTED == imports.begin(WANTED)

    assert WANTED == imports.begin(AGAIN)
    assert [(1, 3, 0, 0)] == numbers()


def test_what_is_done_is_imported_anew():
    imports.complete(replace(imports.begin(WANTED), state=COMPLETED))

    assert AGAIN == imports.begin(AGAIN)
    assert [(2, 6, 1, 3)] == numbers()


def test_other_content_and_other_accounts_are_other_imports():
    imports.begin(WANTED)
    other = replace(AGAIN, content="b" * 64)
    elsewhere = replace(AGAIN, account_id=B)

    assert other == imports.begin(other)
    assert elsewhere == imports.begin(elsewhere)


def test_what_was_cut_off_yesterday_is_begun_anew():
    imports.begin(WANTED)
    late = replace(AGAIN, begun_ms=NOW + CONTINUED_S * 1000 + 2_000)

    assert late == imports.begin(late)


def test_two_at_the_same_import_complete_it_once():
    """Whoever comes second changes nothing of what the first noted."""
    begun = imports.begin(WANTED)
    done = replace(begun, state=COMPLETED, contact_ids=("1",))
    imports.complete(done)
    imports.complete(replace(done, contact_ids=(), failures=(Failure(0, "late"),)))

    assert done == imports.fetch(A, WANTED.batch_id)
    assert [(1, 3, 1, 3)] == numbers()
