"""Rules in their table, and what workers remember of them."""

from dataclasses import replace

import pytest

from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.rule import RuleStatus
from signalbox.model.trigger import Place, Trigger, TriggerSettings
from signalbox.model.waking import Wakeable
from signalbox.store import accounts, event_names, rules, waking
from tests.store.things import HOOK, MAIL, A, B, account, rule

UPLOAD = TriggerSettings(event_name="upload")


@pytest.fixture(name="registered", autouse=True)
def _registered(cloud):
    for account_id in (A, B):
        accounts.create(account(account_id))
        for name in ("download", "upload"):
            event_names.register(account_id, name, 1)


def woken_by(account_id: str, version: int, name: str) -> tuple[Wakeable, ...]:
    """Return what an event of this name wakes, in a worker that sees this version."""
    partition = waking.partition(account_id, Place(Trigger.EVENT_RECORDED, name))
    return waking.look_up({partition: version})[partition]


def woken(name: str, account_id: str = A) -> list[tuple[str, int, int]]:
    """Return the rules that an event of this name wakes now, with version and actions."""
    version = accounts.fetch(account_id).version
    return [(one.rule_id, one.version, one.actions) for one in woken_by(account_id, version, name)]


def test_a_rule_comes_out_as_it_went_in():
    rules.create(rule())

    assert rule() == rules.fetch(A, "1")
    assert rule() == rules.fetch_version(A, "1", 1)
    with pytest.raises(NotFoundError):
        rules.fetch(B, "1")
    with pytest.raises(NotFoundError):
        rules.fetch_version(A, "1", 2)


def test_an_id_belongs_to_one_rule():
    """A repeat of our own write is no conflict; another rule of the same id is."""
    rules.create(rule())
    rules.create(rule())

    with pytest.raises(ConflictError):
        rules.create(rule(name="Other"))


def test_every_version_is_kept():
    rules.create(rule())
    second = rules.save(rule(actions=(HOOK,)), since=rules.fetch(A, "1"))
    third = rules.save(replace(second, name="Third"), since=second)

    assert (2, 3) == (second.version, third.version)
    assert [rule(), second, third] == [rules.fetch_version(A, "1", n) for n in (1, 2, 3)]
    assert third == rules.fetch(A, "1")


def test_a_change_to_a_rule_that_moved_is_refused():
    """Nobody's change is lost, and a refused one leaves no trace."""
    rules.create(rule())
    before = rules.fetch(A, "1")
    theirs = rules.save(replace(before, name="Theirs"), since=before)

    with pytest.raises(ConflictError, match="read it again"):
        rules.save(replace(before, settings=UPLOAD), since=before)
    assert theirs == rules.fetch(A, "1")
    assert (theirs, []) == (rules.fetch_version(A, "1", 2), woken("upload"))


def test_a_change_to_a_rule_that_was_deleted_is_refused():
    rules.create(rule())
    rules.delete(rule())

    with pytest.raises(ConflictError):
        rules.save(rule(name="Late"), since=rule())


def test_what_an_event_wakes_follows_every_change():
    """Status and event name decide; each change is seen at once, whatever is remembered."""
    assert [] == woken("download")
    rules.create(rule("1"))
    rules.create(rule("2", actions=(MAIL,)))
    rules.create(rule("3", status=RuleStatus.DISABLED))
    assert [("1", 1, 2), ("2", 1, 1)] == woken("download")

    first = rules.fetch(A, "1")
    moved = rules.save(replace(first, settings=UPLOAD), since=first)
    assert ([("2", 1, 1)], [("1", 2, 2)]) == (woken("download"), woken("upload"))

    resting = rules.save(replace(moved, status=RuleStatus.DISABLED), since=moved)
    assert [] == woken("upload")
    rules.save(replace(resting, status=RuleStatus.ACTIVE), since=resting)
    assert [("1", 4, 2)] == woken("upload")

    third = rules.fetch(A, "3")
    rules.save(replace(third, status=RuleStatus.ACTIVE, settings=UPLOAD), since=third)
    assert [("1", 4, 2), ("3", 2, 2)] == woken("upload")

    rules.delete(rules.fetch(A, "1"))
    assert [("3", 2, 2)] == woken("upload")
    assert [] == woken("download", B)


def test_a_name_that_is_not_registered_wakes_nothing():
    """Its rules rest and stay known; they wake again once it is registered again."""
    rules.create(rule())
    event_names.delete(A, "download")
    assert [] == woken("download")
    assert [rule()] == rules.on_event_name(A, "download")

    event_names.register(A, "download", 2)

    assert [("1", 1, 2)] == woken("download")


def test_what_is_remembered_holds_while_the_version_stands(monkeypatch):
    """A worker asks once for each version of the configuration."""
    rules.create(rule())
    version = accounts.fetch(A).version
    expected = (Wakeable("1", 1, 2),)
    assert expected == woken_by(A, version, "download")

    with monkeypatch.context() as cut_off:
        cut_off.delattr("signalbox.store.table.dynamodb")
        assert expected == woken_by(A, version, "download")
        with pytest.raises(NameError):
            woken_by(A, version + 1, "download")


@pytest.mark.parametrize("limit", range(1, 7))
def test_pages_give_every_rule_once_oldest_first(limit):
    for number in (3, 1, 5, 2, 4):
        rules.create(rule(str(number)))
    rules.create(rule("6", B))

    found, after = [], ""
    while True:
        page = rules.of_account(A, limit=limit, after=after)
        found += [rules.rule_from(item, A).rule_id for item in page.items]
        if page.last is None:
            break
        after = page.last[1]

    assert ["1", "2", "3", "4", "5"] == found


def test_active_rules_are_found_by_their_event_name():
    rules.create(rule("1"))
    rules.create(rule("2", status=RuleStatus.DISABLED))
    rules.create(rule("3", event_name="upload"))

    assert ["1"] == [found.rule_id for found in rules.on_event_name(A, "download")]


def test_a_receiver_that_is_gone_is_noted_until_the_rule_is_written_again():
    """The note is for the version that was called; a later version starts anew."""
    rules.create(rule())
    rules.note_gone(rule(), 1)
    noted = rules.fetch(A, "1")
    assert frozenset({1}) == noted.gone_actions

    changed = rules.save(replace(noted, name="New"), since=noted)
    rules.note_gone(noted, 1)

    assert frozenset() == rules.fetch(A, "1").gone_actions
    assert 2 == changed.version


def test_deleted_rules_leave_their_versions():
    """The log that names a version can still be read."""
    rules.create(rule())
    rules.delete(rules.fetch(A, "1"))

    with pytest.raises(NotFoundError):
        rules.fetch(A, "1")
    assert rule() == rules.fetch_version(A, "1", 1)
