"""Days on which tracked mail was relayed."""

import pytest

from signalbox import aws
from signalbox.aws import AwsError
from signalbox.store import relay_days

A, B = "100000001", "200000002"
DAYS = ["20261119", "20261120", "20261121"]

pytestmark = pytest.mark.usefixtures("cloud")


def listed(account_id: str, limit: int = 100) -> list[str]:
    """Return an account's days over all pages."""
    found, after = relay_days.of_account(account_id, limit=limit)
    while after:
        more, after = relay_days.of_account(account_id, limit=limit, after=after)
        found += more
    return found


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_days_are_listed_latest_first_over_all_pages(limit):
    for day in DAYS:
        relay_days.note(A, day)

    assert DAYS[::-1] == listed(A, limit)


def test_each_account_has_its_own():
    relay_days.note(A, DAYS[0])
    relay_days.note(B, DAYS[1])

    assert ([DAYS[0]], [DAYS[1]]) == (listed(A), listed(B))


def test_a_process_notes_a_day_once(monkeypatch):
    calls: list[str] = []
    real = aws.call

    def call(service: str, operation: str, **request):
        calls.append(operation)
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    for day in (DAYS[0], DAYS[0], DAYS[1], DAYS[0]):
        relay_days.note(A, day)

    assert ["PutItem"] * 2 == calls


def test_a_process_forgets_when_it_knows_too_many(monkeypatch):
    """Nothing is missing then; the same is written again."""
    monkeypatch.setattr(relay_days, "MOST_NOTED", 1)
    for day in (*DAYS, *DAYS):
        relay_days.note(A, day)

    assert DAYS[::-1] == listed(A)


def test_what_could_not_be_noted_is_not_taken_for_noted(monkeypatch):
    def fail(*_, **__):
        raise AwsError("InternalServerError", "down", 500, {})

    with monkeypatch.context() as broken:
        broken.setattr(aws, "call", fail)
        with pytest.raises(AwsError):
            relay_days.note(A, DAYS[0])
    relay_days.note(A, DAYS[0])

    assert [DAYS[0]] == listed(A)
