"""What workers remember of rules, and what it costs them to look."""

from collections import Counter

import pytest

from signalbox.model.trigger import Place, Trigger, TriggerSettings
from signalbox.model.waking import Wakeable
from signalbox.store import accounts, event_names, rules, table, waking
from tests.store.things import A, B, account, rule

ADDED = Trigger.CONTACT_ADDED


@pytest.fixture(name="asked", autouse=True)
def _asked(cloud, monkeypatch):
    """Create the accounts, and count what is asked of DynamoDB from then on."""
    accounts.create(account(A))
    accounts.create(account(B))
    calls = Counter()
    real = table.dynamodb

    def counting(operation, **request):
        calls[operation] += 1
        return real(operation, **request)

    monkeypatch.setattr(table, "dynamodb", counting)
    return calls


def look_up(*places: Place, account_id: str = A) -> list[list[str]]:
    """Return the ids of the rules at each place, as a worker that sees the account as it is."""
    version = accounts.fetch(account_id).version
    partitions = [waking.partition(account_id, place) for place in places]
    found = waking.look_up(dict.fromkeys(partitions, version))
    return [[one.rule_id for one in found[partition]] for partition in partitions]


def on_lists(rule_id: str, *lists: str, **changes):
    """Write an active rule of the project on lists."""
    wanted = rule(rule_id, trigger=ADDED, settings=TriggerSettings(lists=lists), **changes)
    rules.create(wanted)
    return wanted


def test_a_rule_stands_at_each_of_its_places_until_it_is_deleted():
    wanted = on_lists("1", "5", "6")
    everywhere = [Place(ADDED, "list:5"), Place(ADDED, "list:6"), Place(ADDED)]
    assert [["1"], ["1"], []] == look_up(*everywhere)

    moved = rules.save(
        rule("1", trigger=ADDED, settings=TriggerSettings(lists=("6",))), since=wanted
    )
    assert [[], ["1"], []] == look_up(*everywhere)

    rules.delete(moved)
    assert [[], [], []] == look_up(*everywhere)


def test_what_a_worker_reads_is_all_of_the_rule_that_it_needs():
    settings = TriggerSettings(lists=("5",), mailers=("8",), contact_kind="email")
    rules.create(rule("1", trigger=ADDED, settings=settings))

    assert [
        Wakeable("1", 1, 2, settings=TriggerSettings(mailers=("8",), contact_kind="email"))
    ] == waking.at_place(A, Place(ADDED, "list:5"))


def test_places_where_nothing_was_ever_set_cost_one_question_together(asked):
    """A worker that starts asks for all heads at once, and for no more where there are none."""
    places = [Place(Trigger.EVENT_RECORDED, f"name {number}") for number in range(40)]
    look_up(*places)
    asked.clear()

    look_up(*places)
    assert {"GetItem": 1} == asked  # of the test itself, for the account

    waking.forget()
    look_up(*places)
    assert {"GetItem": 2, "BatchGetItem": 1} == asked


def test_only_places_that_changed_are_read_again(asked):
    """However often the configuration moves otherwise."""
    for number in range(3):
        on_lists(str(number), str(number))
    places = [Place(ADDED, f"list:{number}") for number in range(3)]
    look_up(*places)
    event_names.register(A, "unrelated", 1)
    on_lists("7", "1")
    asked.clear()

    assert [["0"], ["1", "7"], ["2"]] == look_up(*places)
    assert {"GetItem": 1, "BatchGetItem": 1, "Query": 1} == asked


def test_registering_a_name_is_seen_without_reading_its_rules_again(asked):
    event_names.register(A, "download", 1)
    rules.create(rule("1"))
    place = Place(Trigger.EVENT_RECORDED, "download")
    assert [["1"]] == look_up(place)
    event_names.delete(A, "download")
    asked.clear()

    assert [[]] == look_up(place)
    assert {"GetItem": 1, "BatchGetItem": 1} == asked


def test_accounts_do_not_see_each_other(asked):
    on_lists("1", "5")

    assert [[]] == look_up(Place(ADDED, "list:5"), account_id=B)
    assert [["1"]] == look_up(Place(ADDED, "list:5"))


@pytest.mark.parametrize(("limit", "size"), [("REMEMBERED_PLACES", 2), ("REMEMBERED_RULES", 4)])
def test_memory_has_its_limit_and_what_is_asked_for_is_answered_all_the_same(
    monkeypatch, limit, size
):
    """Five places of two rules each fit neither two places nor four rules."""
    monkeypatch.setattr(waking, limit, size)
    for number in range(10):
        on_lists(str(number), str(number % 5))
    places = [Place(ADDED, f"list:{number}") for number in range(5)]

    found = look_up(*places)

    assert [[str(number), str(number + 5)] for number in range(5)] == found
    assert 2 == len(waking._memory.places)
    assert 4 == waking._memory.rules
    assert found == look_up(*places)


def test_one_place_with_more_rules_than_memory_likes_is_remembered_while_it_is_in_use(monkeypatch):
    monkeypatch.setattr(waking, "REMEMBERED_RULES", 1)
    for number in range(3):
        on_lists(str(number), "5")

    assert [["0", "1", "2"]] == look_up(Place(ADDED, "list:5"))
    look_up(Place(ADDED, "list:6"))

    assert 0 == waking._memory.rules
