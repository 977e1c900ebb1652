"""Campaigns, opt-out lists and groups of them, beside the lists that they share functions with."""

from dataclasses import replace

import pytest

from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind, ContainerStatus
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.store import accounts, containers, counters, groups, lists, table
from tests.store.things import A, B, account

OPT_OUT = ContainerKind.EMAIL_OPT_OUT_LIST
CAMPAIGN = Container(A, ContainerKind.EMAIL_CAMPAIGN, "8", "Spring", "notes", mailer_id="3")


def single(list_id, kind=OPT_OUT):
    """Return a single opt-out list."""
    return Container(A, kind, list_id, f"list {list_id}")


def group(group_id, *members, kind=OPT_OUT):
    """Return a group of lists."""
    return Container(A, kind, group_id, "group", grouped=True, members=members)


@pytest.fixture(name="version")
def _version(cloud):
    """Return a function that tells the version of the account's configuration."""
    accounts.create(account(A))
    return lambda: accounts.fetch(A).version


@pytest.mark.parametrize("kind", ContainerKind)
def test_a_container_of_any_kind_comes_back_as_it_was_written(cloud, kind):
    wanted = Container(A, kind, "8", "Spring", "notes", created_ms=1, updated_ms=2)
    containers.create(wanted)

    assert wanted == containers.fetch(A, kind, "8") == containers.find_any(A, "8")
    assert ([wanted], "") == containers.of_account(A, kind, limit=10)
    assert None is containers.find_any(B, "8")
    other = next(one for one in ContainerKind if one is not kind)
    with pytest.raises(NotFoundError):
        containers.fetch(A, other, "8")


@pytest.mark.parametrize("kind", ContainerKind)
def test_a_change_raises_the_version_and_refuses_who_is_late(cloud, kind):
    before = Container(A, kind, "8", "Spring")
    containers.create(before)
    wanted = replace(before, name="Autumn")

    saved = containers.save(wanted, since=before)
    assert (2, "Autumn") == (saved.version, containers.fetch(A, kind, "8").name)
    assert saved == containers.save(wanted, since=before)
    with pytest.raises(ConflictError):
        containers.save(replace(before, name="late"), since=before)


def test_a_list_keeps_what_other_apis_know_of_it(cloud):
    """What is no container's is untouched by a new name."""
    lists.create(ContactList(A, "7", "News", double_opt_in=True, settings={"to_name": "you"}))
    before = containers.fetch(A, ContainerKind.LIST, "7")

    containers.save(replace(before, name="New", notes="n"), since=before)

    standing = lists.fetch(A, "7")
    assert ("New", True, "you") == (
        standing.name,
        standing.double_opt_in,
        standing.settings["to_name"],
    )
    assert "n" == containers.fetch(A, ContainerKind.LIST, "7").notes


def test_an_id_is_given_once_and_a_lost_answer_is_no_other(cloud):
    containers.create(CAMPAIGN)
    containers.create(CAMPAIGN)

    with pytest.raises(ConflictError):
        containers.create(replace(CAMPAIGN, name="another"))


def test_those_of_a_kind_are_listed_oldest_first_page_after_page(cloud):
    for number in (100, 9, 10):
        containers.create(single(str(number)))
    containers.create(single("11", ContainerKind.PHONE_OPT_OUT_LIST))
    containers.delete(single("10"), 5)

    first, after = containers.of_account(A, OPT_OUT, limit=1)
    rest, end = containers.of_account(A, OPT_OUT, limit=5, after=after)
    assert ["9", "100"] == [one.container_id for one in [*first, *rest]]
    assert ("9", "") == (after, end)


def test_what_is_deleted_is_gone_at_once_and_noted_until_it_is_swept(cloud):
    containers.create(CAMPAIGN)
    containers.delete(CAMPAIGN, 5)
    containers.delete(CAMPAIGN, 5)  # the answer of the first was lost

    assert None is containers.find(A, CAMPAIGN.kind, "8")
    assert None is containers.find_any(A, "8")
    assert [(CAMPAIGN.kind, "8")] == containers.gone(A)
    with pytest.raises(NotFoundError):
        containers.delete(CAMPAIGN, 6)
    with pytest.raises(ConflictError):
        containers.save(CAMPAIGN, since=CAMPAIGN)
    containers.forget(A, CAMPAIGN.kind, "8")
    assert [] == containers.gone(A)


def test_a_group_is_of_single_lists_of_its_kind_that_exist(version):
    containers.create(single("1"))
    containers.create(single("2", ContainerKind.PHONE_OPT_OUT_LIST))

    for wrong in ("2", "3"):
        with pytest.raises(InvalidError, match=f"no list {wrong}"):
            containers.create(group("9", "1", wrong))
    assert None is containers.find(A, OPT_OUT, "9")
    assert {} == groups.holding(A)


def test_the_groups_of_a_list_are_known_as_soon_as_the_account_moves(version):
    """Each change of a group moves it, and no change of a single list does."""
    for number in "123":
        containers.create(single(number))
    seen = {version()}
    first = group("11", "1", "2")
    containers.create(first)
    seen.add(version())
    containers.create(group("12", "2", "3"))
    seen.add(version())

    assert ("11", "12") == groups.groups_of(A, version(), "2")
    changed = containers.save(replace(first, members=("3",)), since=first)
    assert [("12",), ("11", "12")] == [groups.groups_of(A, version(), one) for one in "23"]
    seen.add(version())
    containers.delete(changed, 5)
    assert ("12",) == groups.groups_of(A, version(), "3")
    assert 5 == len(seen | {version()})
    assert () == groups.groups_of(B, 1, "3")


def test_groups_are_asked_for_once_a_version(version, monkeypatch):
    containers.create(single("1"))
    containers.create(group("11", "1"))
    groups.groups_of(A, version(), "1")
    known = version()
    monkeypatch.setattr(table, "dynamodb", lambda *_, **__: pytest.fail("asked"))

    assert [("11",), ()] == [groups.groups_of(A, known, one) for one in "12"]


def test_a_list_in_a_group_cannot_be_deleted(version):
    """Else the group would hold less than was opted out of, and nobody would see it."""
    containers.create(single("1"))
    containers.create(group("11", "1"))

    with pytest.raises(ConflictError, match="11"):
        containers.delete(single("1"), 5)
    containers.delete(group("11", "1"), 5)
    containers.delete(single("1"), 6)
    assert None is containers.find(A, OPT_OUT, "1")


def test_a_group_s_lost_answer_is_no_fault(version):
    containers.create(single("1"))
    wanted = group("11", "1")

    containers.create(wanted)
    containers.create(wanted)
    archived = replace(wanted, status=ContainerStatus.ARCHIVED)
    assert containers.save(archived, since=wanted) == containers.save(archived, since=wanted)
    assert {"1": ("11",)} == groups.holding(A)


def test_numbers_are_those_of_active_members(cloud):
    containers.create(CAMPAIGN)
    name = containers.counted(CAMPAIGN.kind, "8")
    table.transact([counters.changing(A, name, "5", 2)])

    assert {"8": 2, "9": 0} == containers.counts(A, CAMPAIGN.kind, ["8", "9"])
