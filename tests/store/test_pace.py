"""The clock that spaces mails: no slot is given twice, and none is skipped for long."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox import aws
from signalbox.store import pace
from signalbox.store.pace import MOST_AHEAD_US, SECOND_US

NOW_US = 1_795_254_840_000_000


def take(count: int, now_us: int = NOW_US, owner: str = "a", per_second: float = 10) -> pace.Slots:
    """Take slots of a clock of ten a second."""
    return pace.take(count, per_second, now_us, owner=owner)


def test_slots_follow_on_each_other(cloud):
    """From now on where none is taken; a worker that knows nothing finds out."""
    first, second = take(3), take(2, owner="b")
    pace.forget()
    third = take(1, owner="c")

    assert [NOW_US, NOW_US + 100_000, NOW_US + 200_000] == [first.at(n) for n in range(3)]
    assert [NOW_US + 300_000, NOW_US + 500_000] == [second.first_us, third.first_us]
    assert 100_000 == first.interval_us


def test_what_nobody_took_is_over(cloud):
    """An idle clock saves nothing up."""
    take(1)
    late = NOW_US + 60 * SECOND_US

    assert late == take(1, late, "b").first_us


def test_nothing_is_given_too_far_ahead(cloud):
    """The answer says when to come again."""
    take(700)
    refused = take(1, owner="b")

    assert 0 == refused.taken
    assert NOW_US + 70 * SECOND_US - MOST_AHEAD_US == refused.first_us
    assert 1 == take(1, refused.first_us, "b").taken


def test_our_own_lost_answer_is_recognised(cloud):
    """The client's repeat of a write that began takes nothing further."""
    mine = take(3)
    pace.forget()

    assert mine == take(3)
    assert NOW_US + 300_000 == take(1, owner="b").first_us


def test_a_batch_costs_one_write(cloud, monkeypatch):
    """Two where another worker was faster."""
    writes = []
    real = aws.call

    def call(service, operation, **request):
        writes.append(operation)
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    take(25)
    take(25, owner="b")
    take(25, NOW_US + 60 * SECOND_US, "c")

    assert ["UpdateItem"] * 3 == writes


@given(
    wishes=st.lists(
        st.tuples(st.integers(1, 25), st.integers(0, 3_000_000), st.booleans()), max_size=12
    )
)
@settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_slots_never_overlap_and_never_begin_in_the_past(cloud, wishes):
    """Whatever workers ask for, whenever, knowing each other's last answers or not."""
    pace.forget()
    now_us = NOW_US + 10_000 * SECOND_US * len(cloud.items("TRACKING"))
    spans = []
    for number, (count, later_us, forgets) in enumerate(wishes):
        now_us += later_us
        if forgets:
            pace.forget()
        slots = take(count, now_us, f"{now_us}-{number}")
        if slots.taken:
            assert slots.first_us >= now_us
            spans.append((slots.first_us, slots.at(count)))

    assert [] == [(one, other) for one, other in pairwise(sorted(spans)) if one[1] > other[0]]
