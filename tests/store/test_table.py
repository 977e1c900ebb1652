"""Transactions: what a cancelled one means to whoever asked for it."""

import pytest

from signalbox.aws import AwsError
from signalbox.store import table

CONDITION, CONFLICT = "ConditionalCheckFailed", "TransactionConflict"


@pytest.fixture(name="cancelled")
def _cancelled(monkeypatch):
    """Let DynamoDB cancel transactions for the given reasons, one set a call; return the calls."""
    monkeypatch.setattr(table, "sleep", lambda _seconds: None)

    def by(*reasons: list[str]) -> list[str]:
        calls: list[str] = []

        def answer(operation: str, **_request: object) -> dict:
            codes = reasons[min(len(calls), len(reasons) - 1)]
            calls.append(operation)
            if not codes:
                return {}
            fields = {"CancellationReasons": [{"Code": code} for code in codes]}
            raise AwsError("TransactionCanceledException", "cancelled", 400, fields)

        monkeypatch.setattr(table, "dynamodb", answer)
        return calls

    return by


def test_a_conflict_is_tried_again(cancelled):
    calls = cancelled(["None", CONFLICT], ["ThrottlingError", "None"], [])

    table.transact([])

    assert 3 == len(calls)


def test_a_conflict_that_outlasts_the_tries_is_no_refusal(cancelled):
    """What others kept busy all the while is AWS's fault: nothing stands there that forbids it."""
    calls = cancelled(["None", CONFLICT])

    with pytest.raises(AwsError) as caught:
        table.transact([])

    assert not isinstance(caught.value, table.CancelledError)
    assert table.TRIES == len(calls)


@pytest.mark.parametrize(
    "codes", [["ValidationError"], ["ItemCollectionSizeLimitExceeded", "None"]]
)
def test_what_no_repeat_mends_is_asked_once_and_is_no_refusal(cancelled, codes):
    calls = cancelled(codes)

    with pytest.raises(AwsError) as caught:
        table.transact([])

    assert not isinstance(caught.value, table.CancelledError)
    assert 1 == len(calls)


def test_a_condition_that_does_not_hold_is_a_refusal(cancelled):
    """It tells which; whoever does not expect one passes it on as an error of AWS."""
    calls = cancelled(["None", CONDITION, CONFLICT])

    with pytest.raises(table.CancelledError) as caught:
        table.transact([])

    assert isinstance(caught.value, AwsError)
    assert [("None", None), (CONDITION, None), (CONFLICT, None)] == caught.value.reasons
    assert 1 == len(calls)
