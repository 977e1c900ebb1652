"""How often accounts ask, counted in the tracking table."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from signalbox.model.credential import Key, Role, api_token, fingerprint
from signalbox.model.rate_limit import SECOND_US, RateLimit, Verdict
from signalbox.store import accounts, api_keys, rate_limits, table
from tests.cloud import aws
from tests.store.things import NOW, A, B, account

NOW_US = NOW * 1000
FIVE = RateLimit(5)


owners = (f"request {number}" for number in itertools.count())


def count(account_id: str, limit: RateLimit, now_us: int) -> Verdict:
    """Count another request."""
    return rate_limits.count(account_id, limit, now_us, owner=next(owners))


@pytest.fixture(name="calls")
def _calls(monkeypatch) -> list[str]:
    """Note the operations that AWS is asked for."""
    made: list[str] = []
    real = table.dynamodb

    def dynamodb(operation, **request):
        made.append(operation)
        return real(operation, **request)

    monkeypatch.setattr(table, "dynamodb", dynamodb)
    return made


def test_a_bucket_empties_and_fills(cloud):
    """As the pure decision has it; the item says the same."""
    now = [count(A, FIVE, NOW_US) for _ in range(7)]
    later = [count(A, FIVE, NOW_US + 400_000) for _ in range(3)]
    next_second = count(A, FIVE, NOW_US + 2 * SECOND_US)

    assert [4, 3, 2, 1, 0, 0, 0] == [verdict.remaining for verdict in now]
    assert [True] * 5 + [False] * 2 == [verdict.is_admitted for verdict in now]
    assert [True, True, False] == [verdict.is_admitted for verdict in later]
    assert (True, 4) == (next_second.is_admitted, next_second.remaining)
    (item,) = cloud.items("TRACKING")
    assert item.pop("taken_by")
    assert {
        "pk": {"S": f"A#{A}#rate-limit"},
        "sk": {"S": "api"},
        "full_at": {"N": f"{NOW_US + 2_200_000}"},
        "expires": {"N": f"{NOW // 1000 + 62}"},
    } == item


def test_accounts_are_counted_apart(cloud):
    one = RateLimit(1)

    verdicts = [count(account_id, one, NOW_US) for account_id in (A, B, A)]

    assert [True, True, False] == [verdict.is_admitted for verdict in verdicts]


def test_a_quiet_account_costs_one_write_and_so_does_a_refusal(cloud, calls):
    """Only a request that follows on another within the second costs a second write."""
    two = RateLimit(2)
    costs = []
    for _ in range(3):
        count(A, two, NOW_US)
        costs.append(list(calls))
        calls.clear()

    assert [["UpdateItem"], ["UpdateItem"] * 2, ["UpdateItem"]] == costs


def test_the_places_of_a_bucket_are_given_once_each(cloud):
    """Many requests at once: as many are let through as there are places, each told another number."""
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: count(A, FIVE, NOW_US), range(24)))

    assert [0, 1, 2, 3, 4] == sorted(one.remaining for one in verdicts if one.is_admitted)


def test_who_is_overtaken_on_the_last_place_is_refused(cloud, monkeypatch):
    """Another request takes the last place between the two writes of this one."""
    two = RateLimit(2)
    count(A, two, NOW_US)
    updated = table.updated

    def overtaken(*request, **condition):
        monkeypatch.setattr(table, "updated", updated)
        assert count(A, two, NOW_US).is_admitted
        return updated(*request, **condition)

    monkeypatch.setattr(table, "updated", overtaken)

    assert not count(A, two, NOW_US).is_admitted


@pytest.mark.parametrize(("per_second", "before"), [(1, 0), (2, 1), (5, 0), (5, 3)])
def test_a_write_whose_answer_was_lost_refuses_nobody(cloud, monkeypatch, per_second, before):
    """The SDK sends it once more, and finds the place taken: by itself."""
    limit = RateLimit(per_second)
    for _ in range(before):
        count(A, limit, NOW_US)
    real = table.dynamodb
    lost: list[str] = []

    def losing(operation, **request):
        answer = real(operation, **request)
        if not lost:
            lost.append(operation)
            return real(operation, **request)
        return answer

    monkeypatch.setattr(table, "dynamodb", losing)

    assert count(A, limit, NOW_US).is_admitted
    assert ["UpdateItem"] == lost
    monkeypatch.setattr(table, "dynamodb", real)
    left = [count(A, limit, NOW_US).is_admitted for _ in range(per_second)]
    assert sum(left) <= per_second - before - 1


def test_a_key_is_found_with_its_accounts_limit_in_one_call(cloud, calls):
    token = api_token(A, "x" * 43)
    kept = Key(A, fingerprint(token), Role.VIEWER, "k", "xxxx", 1)
    api_keys.add(kept)
    without_settings = rate_limits.of_key(token)
    accounts.create(account(api_rate_limit=7))
    calls.clear()

    assert ((kept, 0), (kept, 7)) == (without_settings, rate_limits.of_key(token))
    assert ["BatchGetItem"] == calls


def test_what_is_no_key_is_not_found(cloud, calls):
    """What cannot be a key of ours is not even looked up."""
    accounts.create(account(api_rate_limit=7))
    calls.clear()

    assert None is rate_limits.of_key("nonsense")
    assert [] == calls
    assert None is rate_limits.of_key(api_token(A, "y" * 43))


def test_settings_without_a_limit_are_written_as_they_were_before_there_was_one(cloud):
    """So that settings of an older release can be changed; they are compared as texts."""
    accounts.create(account())

    (item,) = cloud.items("RULES")

    assert "api_rate_limit" not in json.loads(item["body"]["S"])
    before = accounts.fetch(A)
    limited = accounts.save(before, account(api_rate_limit=3))
    assert (0, 3) == (before.api_rate_limit, limited.api_rate_limit)
    assert 0 == accounts.save(limited, account()).api_rate_limit


def test_a_fault_of_aws_is_told(cloud, monkeypatch):
    """Who counts decides what a fault means; see the function that does."""

    def broken(service, operation, **request):
        raise aws.AwsError("ThrottlingException", operation, 400, {})

    monkeypatch.setattr(aws, "call", broken)

    with pytest.raises(aws.AwsError, match="UpdateItem"):
        count(A, FIVE, NOW_US)
