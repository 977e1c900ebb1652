"""Mailers, written and read."""

from dataclasses import replace

import pytest

from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.mailer import Mailer, MailerStatus
from signalbox.store import mailers, table
from tests.store.things import A, B

ACME = Mailer(
    A, "7", "Acme", "the acmes", "a@acme.example", "https://acme.example", "n", "o.example"
)


def test_a_mailer_comes_back_as_it_was_written(cloud):
    mailers.create(ACME)

    assert ACME == mailers.fetch(A, "7")
    assert None is mailers.find(B, "7")
    with pytest.raises(NotFoundError):
        mailers.fetch(A, "8")


def test_an_id_is_given_once_and_a_lost_answer_is_no_other(cloud):
    mailers.create(ACME)
    mailers.create(ACME)

    with pytest.raises(ConflictError):
        mailers.create(replace(ACME, name="Another"))


def test_a_change_raises_the_version_and_refuses_who_is_late(cloud):
    mailers.create(ACME)
    disabled = replace(ACME, status=MailerStatus.DISABLED)

    saved = mailers.save(disabled, since=ACME)
    assert (2, saved) == (saved.version, mailers.fetch(A, "7"))
    assert saved == mailers.save(disabled, since=ACME)
    with pytest.raises(ConflictError):
        mailers.save(replace(ACME, name="late"), since=ACME)


def test_they_are_listed_oldest_first_page_after_page(cloud):
    for mailer_id in ("9", "10", "100"):
        mailers.create(Mailer(A, mailer_id, "m"))

    first, after = mailers.of_account(A, limit=2)
    rest, end = mailers.of_account(A, limit=2, after=after)
    assert ["9", "10", "100"] == [one.mailer_id for one in [*first, *rest]]
    assert ("10", "") == (after, end)


def test_deleting_twice_is_deleting_once(cloud):
    mailers.create(ACME)

    mailers.delete(A, "7")
    mailers.delete(A, "7")

    assert [] == [*table.query_all("RulesTable", f"A#{A}#mailers")]
