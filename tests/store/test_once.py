"""Rules that fire once for a contact."""

from dataclasses import replace

import pytest

from signalbox.model.dispatch import CHECK, Dispatch
from signalbox.model.rule import Once
from signalbox.store import once
from tests.store.things import A, B, event

DAY = Once(86_400)


def check(seconds: int = 0, rule_id: str = "1", contact_id: str = "7") -> Dispatch:
    """Return the check of a rule for an event so many seconds later than the first."""
    return Dispatch(contact_id, rule_id, 1, CHECK, event(seconds * 1000))


@pytest.mark.parametrize("limit", [Once(), DAY])
def test_the_first_takes_the_turn_and_keeps_it_however_often_it_asks(cloud, limit):
    assert [True, False, True, False] == [
        once.take(one, limit) for one in (check(0), check(1), check(0), check(1))
    ]


def test_the_turn_is_of_one_rule_and_one_contact(cloud):
    once.take(check(), Once())

    assert once.take(check(rule_id="2"), Once())
    assert once.take(check(contact_id="8"), Once())
    assert not once.take(replace(check(1), rule_version=2), Once())


def test_it_comes_again_when_its_period_is_over(cloud):
    taken = [once.take(check(at), DAY) for at in (0, 86_399, 86_400, 86_401, 2 * 86_400)]

    assert [True, False, True, False, True] == taken


def test_what_has_a_period_is_forgotten_after_it(cloud):
    """The limit for ever stays with the contact."""
    once.take(check(), DAY)
    once.take(check(rule_id="2"), Once())

    day, ever = cloud.items("TRACKING")
    assert int(day["fired"]["N"]) // 1000 + 86_400 == int(day["expires"]["N"])
    assert "expires" not in ever


def test_who_took_the_turn_is_known(cloud):
    assert once.taken(A, "7", "1") is None

    once.take(check(1), Once())
    once.take(check(2), Once())

    assert (check(1).key_hash, check(1).event.received_ms) == once.taken(A, "7", "1")
    assert once.taken(A, "7", "2") is None
    assert once.taken(B, "7", "1") is None
