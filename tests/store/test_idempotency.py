"""Idempotency keys of callers."""

import pytest

from signalbox.model.errors import ConflictError
from signalbox.store import idempotency
from signalbox.store.idempotency import Acceptance
from tests.store.things import NOW, A, B

WEEK_MS = 7 * 86_400_000
FIRST = Acceptance("e1", NOW)


def test_a_repeat_is_given_what_the_first_request_was_given(cloud):
    assert FIRST == idempotency.accept(A, "key", "body", FIRST)

    assert FIRST == idempotency.accept(A, "key", "body", Acceptance("e2", NOW + WEEK_MS))


def test_keys_are_told_apart_by_account(cloud):
    other = Acceptance("e2", NOW)
    idempotency.accept(A, "key", "body", FIRST)

    assert other == idempotency.accept(B, "key", "other body", other)
    assert other == idempotency.accept(A, "other key", "other body", other)


def test_another_body_under_the_same_key_is_a_conflict(cloud):
    idempotency.accept(A, "key", "body", FIRST)

    with pytest.raises(ConflictError, match="Idempotency-Key was used for another request"):
        idempotency.accept(A, "key", "other body", Acceptance("e2", NOW + 1))


def test_a_key_is_free_again_after_seven_days(cloud):
    """Also where TTL has not deleted it yet."""
    later = Acceptance("e2", NOW + WEEK_MS + 1000)
    idempotency.accept(A, "key", "body", FIRST)

    assert later == idempotency.accept(A, "key", "other body", later)


def test_a_key_may_hold_anything(cloud):
    """It is kept as a digest, so its length and its characters do not matter."""
    strange = "k" * 5000 + "\x00#ü"
    idempotency.accept(A, strange, "body", FIRST)

    assert FIRST == idempotency.accept(A, strange, "body", Acceptance("e2", NOW))
    assert "kkk" not in repr(cloud.items("TRACKING"))


def test_an_events_id_remembers_when_it_first_came(cloud):
    """So an event that is sent again under its id is written at the same time, once."""
    assert NOW == idempotency.first_received(A, "order-1", NOW)

    assert NOW == idempotency.first_received(A, "order-1", NOW + 5)
    assert NOW + 5 == idempotency.first_received(B, "order-1", NOW + 5)
