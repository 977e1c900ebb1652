"""Clicks in texts that could not be led on, and came again: a visit is one click."""

import pytest

from tests.functions.test_hits import counted, log
from tests.hits import (
    GATEWAY,
    TARGET,
    at,
    message,
    message_without_target,
    texted,
    texts_with,
    tracked,
    tracked_messages,
)

HOUR = 1795254840000 // 3_600_000  # of the hits, since 1970
LAST_MS = 3_599_000 - 1795254840000 % 3_600_000  # from the hits to the last second of the hour


@pytest.fixture(name="texts")
def _texts(account):
    """The contact whose texts are read here; the mailing is personal."""
    texts_with("personal")
    return account.ada.contact_id


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("after_ms", [8_000, LAST_MS + 4_000])
@pytest.mark.parametrize("who", ["", "ada"])
def test_a_click_that_was_not_led_on_and_its_repetition_are_one(
    cloud, texts, who, after_ms, together
):
    """The visitor was asked to come again, and came: before or after the hour struck."""
    contact_id = texts if who else ""
    first_ms = LAST_MS if after_ms > LAST_MS else 0
    first = message_without_target(at(texted(contact_id), "r1", first_ms))
    again = message(at(texted(contact_id), "r2", after_ms))
    for batch in [(again, first)] if together else [(again,), (first,)]:
        tracked_messages(*batch)

    ((name, hours),) = counted(cloud).items()
    assert name.startswith("click#")
    assert {"human": [f"{HOUR + (first_ms > 0)}.1"]} == hours
    assert ([TARGET] if who else []) == [entry.get("url") for entry in log(texts)]


@pytest.mark.parametrize("together", [True, False])
def test_a_click_that_was_never_led_on_is_one(cloud, texts, together):
    """Who tried twice, and gave up, has clicked; a message that is delivered again changes nothing."""
    tries = [
        message_without_target(at(texted(texts), name, ms))
        for name, ms in (("r1", 0), ("r2", 9000))
    ]
    for batch in [tries, tries] if together else [tries[:1], tries[1:], tries[:1]]:
        tracked_messages(*batch)

    assert {f"click#{texts}": {"human": [f"{HOUR}.1"]}} == counted(cloud)
    assert [None] == [entry.get("url") for entry in log(texts)]


def test_a_click_that_was_not_led_on_is_not_repeated_by_anything_else(cloud, texts):
    """Not by a click on another link, in another hour, by a program, or by somebody else."""
    others = (
        at(texted(texts, 0), "r2", 1000),
        at(texted(texts), "r3", -3_600_000),
        at(texted(texts, user_agent=GATEWAY), "r4", 5000),
        at(texted(), "r5", 5000),
    )
    for one in others:
        tracked(one)
    before = len(log(texts))
    tracked_messages(message_without_target(at(texted(texts), "r1")))

    assert 1 == len(log(texts)) - before
    assert f"{HOUR}.1" in counted(cloud)[f"click#{texts}"]["human"]
