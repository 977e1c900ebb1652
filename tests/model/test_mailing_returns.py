"""What came back of a mailing, what is forgiven when it is resumed, and limits that are changed."""

from dataclasses import replace

import pytest

from signalbox.model import mailing as model
from signalbox.model.container import ContainerKind
from signalbox.model.mailing import (
    Limits,
    Mailing,
    MailingState,
    MoveRefusedError,
    Returns,
    Snapshot,
)

NOW = 1_795_254_840_000
DRAFT = Mailing(
    "1", "2", "3", ContainerKind.EMAIL_CAMPAIGN, name="News", author="Ada", created_ms=NOW
)
SNAPSHOT = Snapshot("News, 2026-11-21", 3, "anonymous")
RUNNING = model.started(DRAFT, SNAPSHOT, NOW)


def test_what_arrived_or_bounced_was_delivered_somewhere():
    numbers = {"delivered": 7, "hard_bounced": 2, "soft_bounced": 1, "complained": 3, "sent": 99}

    assert Returns(10, 2, 3) == Returns.of(numbers)
    assert Returns() == Returns.of({})
    assert Returns(4, 1, 0) == Returns(10, 2, 3).since(Returns(6, 1, 3))


def test_a_resumption_forgives_what_had_come_back():
    paused = model.paused(RUNNING, "wait")

    resumed = model.resumed(paused, SNAPSHOT, NOW, Returns(10, 2, 3))

    assert Returns(10, 2, 3) == resumed.forgiven
    assert resumed == model.resumed(resumed, SNAPSHOT, NOW, Returns(20, 4, 6))
    again = model.resumed(model.paused(resumed, "wait"), SNAPSHOT, NOW, Returns(20, 4, 6))
    assert Returns(20, 4, 6) == again.forgiven


def test_one_that_was_paused_before_it_began_has_nothing_to_forgive():
    waiting = model.paused(model.scheduled(DRAFT, NOW, "News"), "wait")

    assert Returns() == model.resumed(waiting, SNAPSHOT, NOW, Returns(1, 1, 1)).forgiven


@pytest.mark.parametrize("state", MailingState)
def test_limits_change_until_it_is_over(state):
    standing, limits = replace(RUNNING, state=state), Limits(9, 9, 9)

    assert standing == model.limited(standing, standing.limits)
    if state in {MailingState.FINISHED, MailingState.CANCELLED}:
        with pytest.raises(MoveRefusedError, match=f"is {state} and cannot be changed"):
            model.limited(standing, limits)
    else:
        assert replace(standing, limits=limits) == model.limited(standing, limits)


def test_a_mailing_that_finished_once_is_complete_for_good():
    finished = model.finished(RUNNING, 1, NOW)
    again = model.retried(finished)

    assert [False, True, True, True] == [
        one.is_complete for one in (RUNNING, finished, again, model.paused(again, "wait"))
    ]
