"""How often an account may ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.rate_limit import MOST_PER_SECOND, SECOND_US, RateLimit, Verdict

NOW_US = 1_795_254_840_000_000


def asked(limit: RateLimit, times_us: list[int]) -> list[Verdict]:
    """Return the verdicts on requests at these times, the bucket being full before them."""
    full_at_us = 0
    verdicts = []
    for now_us in times_us:
        if limit.admits(full_at_us, now_us):
            full_at_us = max(full_at_us, now_us) + limit.refill_us
            verdicts.append(limit.admitted(full_at_us, now_us))
        else:
            verdicts.append(limit.refused(full_at_us, now_us))
    return verdicts


@pytest.mark.parametrize("per_second", [1, 3, 5, MOST_PER_SECOND])
def test_a_second_of_requests_is_let_through_at_once_and_no_more(per_second):
    verdicts = asked(RateLimit(per_second), [NOW_US] * (per_second + 2))

    assert [True] * per_second + [False] * 2 == [verdict.is_admitted for verdict in verdicts]
    assert [*range(per_second - 1, -1, -1), 0, 0] == [verdict.remaining for verdict in verdicts]


def test_what_a_caller_is_told():
    first, *_, last = asked(RateLimit(5), [NOW_US] * 6)

    assert Verdict(is_admitted=True, limit=5, remaining=4, reset_s=1) == first
    assert Verdict(is_admitted=False, limit=5, remaining=0, reset_s=1, retry_after_s=1) == last


def test_one_more_is_let_through_when_its_place_is_refilled():
    """Five a second refill one in 200 ms, and not before."""
    times = [NOW_US] * 5 + [NOW_US + 199_999, NOW_US + 200_000, NOW_US + 200_001]

    assert [False, True, False] == [verdict.is_admitted for verdict in asked(RateLimit(5), times)][
        5:
    ]


def test_who_waits_as_told_finds_all_places_again():
    limit = RateLimit(5)
    refused = asked(limit, [NOW_US] * 6)[-1]
    later_us = NOW_US + max(refused.retry_after_s, refused.reset_s) * SECOND_US

    verdicts = asked(limit, [NOW_US] * 6 + [later_us] * 5)[6:]

    assert [4, 3, 2, 1, 0] == [verdict.remaining for verdict in verdicts]
    assert [True] * 5 == [verdict.is_admitted for verdict in verdicts]


@given(
    st.integers(1, 20),
    st.lists(st.integers(0, 3 * SECOND_US), max_size=100).map(sorted),
)
def test_no_stretch_of_time_takes_more_than_its_share_and_one_bucket(per_second, times_us):
    """In any `t` seconds at most `per_second * (t + 1)` requests, give or take a rounded one."""
    limit = RateLimit(per_second)
    verdicts = zip(times_us, asked(limit, times_us), strict=True)

    let_through = [now_us for now_us, verdict in verdicts if verdict.is_admitted]
    for first, begun_us in enumerate(let_through):
        for number, ended_us in enumerate(let_through[first:], start=1):
            assert number <= per_second + (ended_us - begun_us) // limit.refill_us


@given(st.integers(1, 20), st.lists(st.integers(0, SECOND_US), max_size=60).map(sorted))
def test_a_caller_is_never_told_nonsense(per_second, times_us):
    """Places are not negative nor more than the limit; a refusal says when to come back."""
    for verdict in asked(RateLimit(per_second), times_us):
        assert 0 <= verdict.remaining < per_second
        assert 1 == verdict.reset_s
        assert (0 if verdict.is_admitted else 1) == verdict.retry_after_s
