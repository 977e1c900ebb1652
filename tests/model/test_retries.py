"""Facts of model/retries.py."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.retries import (
    ATTEMPTS,
    DELAYS_MS,
    HOUR_MS,
    LONGEST_RETRY_AFTER_MS,
    Answer,
    Done,
    Fault,
    GaveUp,
    GiveUpReason,
    RetryAt,
    judge,
    retry_after_ms,
)

NOW_MS = 1_790_000_000_000
NOW = datetime.fromtimestamp(NOW_MS / 1000, tz=UTC)
FAILING = Answer(status=503)


def played_through(answer: Answer, jitter: float) -> tuple[list[int], GaveUp | Done]:
    """Return when each attempt is made, and what ends them, if every one is answered so."""
    times = [0]
    while isinstance(
        verdict := judge(len(times), answer, now_ms=times[-1], jitter=jitter), RetryAt
    ):
        times.append(verdict.at_ms)
    return times, verdict


@given(st.floats(0, 1))
def test_a_receiver_that_stays_down_is_tried_12_times_over_at_least_96_hours(jitter):
    times, verdict = played_through(FAILING, jitter)

    assert 12 == len(times) == ATTEMPTS
    assert 96 * HOUR_MS <= times[-1] <= 1.2 * 97 * HOUR_MS
    assert GaveUp(GiveUpReason.EXHAUSTED, disable=False) == verdict


def test_the_waits_grow_from_seconds_to_a_day():
    assert 5000 == DELAYS_MS[0]
    assert list(DELAYS_MS) == sorted(DELAYS_MS)
    assert 24 * HOUR_MS == DELAYS_MS[-1]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("attempt", [1, ATTEMPTS])
def test_2xx_is_done(status, attempt):
    assert Done() == judge(attempt, Answer(status=status), now_ms=NOW_MS, jitter=0)


@pytest.mark.parametrize("attempt", [1, ATTEMPTS])
def test_410_gives_up_and_disables_the_endpoint(attempt):
    verdict = judge(attempt, Answer(status=410), now_ms=NOW_MS, jitter=0)

    assert GaveUp(GiveUpReason.GONE, disable=True) == verdict


@pytest.mark.parametrize(
    "status",
    [100, 199, 300, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 413, 422, 425, 429, 503, 599],
)
def test_every_other_status_is_tried_again(status):
    verdict = judge(1, Answer(status=status), now_ms=NOW_MS, jitter=0)

    assert RetryAt(NOW_MS + 5000) == verdict


@pytest.mark.parametrize(
    "fault", [Fault.TIMEOUT, Fault.NAME, Fault.CONNECTION, Fault.TLS, Fault.UNREADABLE]
)
def test_faults_of_the_network_are_tried_again(fault):
    verdict = judge(2, Answer(fault=fault), now_ms=NOW_MS, jitter=0)

    assert RetryAt(NOW_MS + 60_000) == verdict


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.REFUSED, GiveUpReason.REFUSED), (Fault.INVALID, GiveUpReason.INVALID)],
)
def test_what_would_be_refused_again_is_given_up_at_once(fault, reason):
    verdict = judge(1, Answer(fault=fault), now_ms=NOW_MS, jitter=0)

    assert GaveUp(reason, disable=False) == verdict


@given(
    attempt=st.integers(1, ATTEMPTS - 1),
    asked_ms=st.none() | st.integers(0, 10**13),
    jitter=st.floats(0, 1),
)
def test_a_wait_is_the_longer_of_schedule_and_retry_after_and_jitter_only_adds(
    attempt, asked_ms, jitter
):
    answer = Answer(status=429, retry_after_ms=asked_ms)

    verdict = judge(attempt, answer, now_ms=NOW_MS, jitter=jitter)

    assert isinstance(verdict, RetryAt)
    least = max(DELAYS_MS[attempt - 1], min(asked_ms or 0, LONGEST_RETRY_AFTER_MS))
    assert least <= verdict.at_ms - NOW_MS <= 1.2 * least


def test_a_receiver_that_always_asks_for_years_ends_the_message_within_two_weeks():
    """SQS and the claim of a dispatch keep 14 days, so no retry may come later."""
    times, _ = played_through(Answer(status=429, retry_after_ms=10**12), jitter=1)

    assert 12 == len(times)
    assert times[-1] < 14 * 24 * HOUR_MS


def test_jitter_spreads_the_attempts():
    times = {judge(5, FAILING, now_ms=0, jitter=part / 10).at_ms for part in range(10)}

    assert 10 == len(times)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("30", 30_000),
        (" 0 ", 0),
        ("99999999999999999999999999", 9_999_999_999_000),
        ("Mon, 21 Sep 2026 13:33:20 GMT", 0),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣٠", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
        ("Mon, 21 Sep 99999999999999999999 14:13:20 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header, expected):
    assert expected == retry_after_ms(header, now_ms=NOW_MS)


@pytest.mark.parametrize(
    "form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]
)
def test_all_three_forms_of_an_http_date_are_read(form):
    """RFC 9110 section 5.6.7: a recipient accepts all three, each of them in GMT."""
    later = datetime.fromtimestamp(NOW_MS / 1000 + 3600, tz=UTC)

    assert HOUR_MS == retry_after_ms(later.strftime(form), now_ms=NOW_MS)


@given(st.text())
def test_no_header_breaks_the_reading(text):
    wait_ms = retry_after_ms(text, now_ms=NOW_MS)

    assert wait_ms is None or wait_ms >= 0


def test_an_answer_says_what_happened_in_a_few_words():
    assert "HTTP 503" == FAILING.summary
    assert "timeout" == Answer(fault=Fault.TIMEOUT).summary
    assert "tls: expired" == Answer(fault=Fault.TLS, detail="expired").summary
