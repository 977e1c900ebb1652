"""Registered event names in their table."""

import pytest

from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.store import accounts, event_names
from tests.store.things import A, B, account

NAMES = ["%", "a b", "a#b", "a/b", "download", "größe", "🎉"]


@pytest.fixture(name="names", autouse=True)
def _names(cloud):
    accounts.create(account(A))
    accounts.create(account(B))
    for name in reversed(NAMES):
        event_names.register(A, name, 1)


def test_names_are_known_in_their_account(cloud):
    assert NAMES == event_names.names(A)
    assert [] == event_names.names(B)
    assert event_names.is_registered(A, "a#b")
    assert not event_names.is_registered(A, "a")
    assert not event_names.is_registered(B, "a#b")


@pytest.mark.parametrize("limit", range(1, len(NAMES) + 2))
def test_pages_give_every_name_once_in_order(limit):
    found, after = [], ""
    while True:
        page = event_names.of_account(A, limit=limit, after=after)
        found += [item["sk"] for item in page.items]
        if page.last is None:
            break
        after = page.last[1]

    assert NAMES == found


def test_a_name_is_registered_once():
    """A repeat of our own write is no conflict; a second registration is."""
    event_names.register(A, "download", 1)

    with pytest.raises(ConflictError, match="registered already"):
        event_names.register(A, "download", 2)


def test_every_change_moves_the_accounts_version():
    before = accounts.fetch(A).version

    event_names.register(A, "new", 1)
    event_names.delete(A, "new")

    assert before + 2 == accounts.fetch(A).version


def test_a_deleted_name_is_gone():
    event_names.delete(A, "a#b")

    assert "a#b" not in event_names.names(A)
    assert not event_names.is_registered(A, "a#b")
    with pytest.raises(NotFoundError, match="there is no event name a#b"):
        event_names.delete(A, "a#b")


@pytest.mark.parametrize("name", ["", "  ", "n" * 129])
def test_names_that_no_event_can_have_are_refused(name):
    with pytest.raises(InvalidError, match="name"):
        event_names.register(A, name, 1)
