"""Accounts in their table."""

from dataclasses import replace

import pytest

from signalbox.model.account import WebhookSecret
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.store import accounts, rules
from tests.store.things import A, B, account, rule


def test_an_account_comes_out_as_it_went_in(cloud):
    written = account(time_zone="Europe/Berlin", mail_from="a@b.example", retention_days=7)
    accounts.create(written)

    assert written == accounts.fetch(A)
    assert None is accounts.find(B)
    with pytest.raises(NotFoundError, match="there is no account 200000002"):
        accounts.fetch(B)


def test_an_account_is_created_once(cloud):
    """A repeat of our own write is no conflict; another account of the same id is."""
    written = account()
    accounts.create(written)
    accounts.create(written)

    with pytest.raises(ConflictError, match="account 100000001 exists"):
        accounts.create(replace(written, name="Other"))
    assert written == accounts.fetch(A)


def test_a_change_moves_the_version(cloud):
    accounts.create(account())
    before = accounts.fetch(A)

    after = accounts.save(before, replace(before, tracking_enabled=False))

    assert (False, before.version + 1) == (after.tracking_enabled, after.version)
    assert after == accounts.fetch(A)


def test_a_change_to_settings_that_moved_is_refused(cloud):
    """Who changes what was changed meanwhile must read it again; nobody's change is lost."""
    accounts.create(account())
    before = accounts.fetch(A)
    theirs = accounts.save(before, replace(before, name="Theirs"))

    with pytest.raises(ConflictError, match="read them again"):
        accounts.save(before, replace(before, mail_from="ours@b.example"))
    assert theirs == accounts.fetch(A)


def test_saving_the_same_change_twice_is_no_conflict(cloud):
    """The answer of our own write may have been lost."""
    accounts.create(account())
    before = accounts.fetch(A)
    wanted = replace(before, webhook_secrets=(WebhookSecret("s", 5),))
    accounts.save(before, wanted)

    assert (WebhookSecret("s", 5),) == accounts.save(before, wanted).webhook_secrets


def test_settings_change_while_the_configuration_moves(cloud):
    """A rule that is written between reading and saving the settings does not disturb that."""
    accounts.create(account())
    before = accounts.fetch(A)
    rules.create(rule())

    after = accounts.save(before, replace(before, name="Other"))

    assert ("Other", before.version + 2) == (after.name, after.version)


def test_watching_is_noted_beside_the_settings(cloud):
    accounts.create(account())
    before = accounts.fetch(A)

    accounts.watch(A, 99)

    assert replace(before, watched_until_ms=99) == accounts.fetch(A)
    assert before.version == accounts.fetch(A).version
