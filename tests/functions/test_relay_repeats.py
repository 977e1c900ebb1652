"""A mail that is handed in again goes out once, whatever SES said the first time."""

import time
from typing import Any

from functions.relay import sending
from signalbox import aws
from signalbox.aws import AwsError
from tests.relaying import ADA, EVE, ask, mail, states, switch


def break_ses(monkeypatch, *faults: AwsError | None) -> None:
    """Let SES fail so, one call after the other; None lets a call through."""
    real, left = aws.call, list(faults)

    def call(service: str, operation: str, **request: Any) -> dict[str, Any]:
        fault = left.pop(0) if service == "sesv2" and left else None
        if fault:
            raise fault
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)


def test_a_repeat_sends_nothing(account, cloud):
    """Known by the Message-ID and what the mail says; for each recipient by itself."""
    _, first = ask(account, mail(), to=ADA)
    _, repeat = ask(account, mail(), to=f"{ADA},{EVE}")
    _, other = ask(account, mail(html="Something else"), to=ADA)

    assert [False, True, False] == [
        one["recipients"][0].get("repeated", False) for one in (first, repeat, other)
    ]
    assert first["recipients"][0]["message_id"] == repeat["recipients"][0]["message_id"]
    assert 3 == len(cloud.mails())


def test_a_key_of_the_callers_goes_before_the_message_id(account, cloud):
    for key in "aba":
        ask(account, mail(), idempotency_key=key)

    assert 2 == len(cloud.mails())


def test_a_key_that_was_another_mails_is_refused(account, cloud):
    ask(account, mail(), to=EVE, idempotency_key="a")
    status, answer = ask(account, mail(html="Another"), to=f"{ADA},{EVE}", idempotency_key="a")
    alone, _ = ask(account, mail(html="Another"), to=ADA, idempotency_key="a")

    assert (409, "Idempotency-Key") == (status, answer["errors"][0]["field"])
    assert (200, 2) == (alone, len(cloud.mails()))


def test_the_next_day_a_repeat_is_a_mail_again(account, cloud, monkeypatch):
    ask(account, mail())
    later_ns = time.time_ns() + 86_402 * 10**9
    monkeypatch.setattr(sending.time, "time_ns", lambda: later_ns)

    assert "repeated" not in ask(account, mail())[1]["recipients"][0]
    assert 2 == len(cloud.mails())


BUSY = AwsError("TooManyRequestsException", "Maximum sending rate exceeded.", 429, {})
REFUSED = AwsError("MessageRejected", "Email address is not verified.", 400, {})
SILENT = AwsError("ReadTimeoutError", "timed out", 0, {})


def test_what_ses_defers_may_be_sent_again(account, cloud, monkeypatch):
    """503 with what came of each; the repeat goes to those who are left."""
    switch(account, "anonymous")
    break_ses(monkeypatch, None, BUSY)
    status, first = ask(account, mail(), to=f"{ADA},{EVE}")
    again, second = ask(account, mail(), to=f"{ADA},{EVE}")

    assert (503, "5", ["sent", "deferred"]) == (
        status,
        first["headers"]["Retry-After"],
        [state for _, state in states(first)],
    )
    assert "Maximum sending rate" in first["errors"][0]["message"]
    assert (200, ["sent", "sent"]) == (again, [state for _, state in states(second)])
    assert [True, False] == [one.get("repeated", False) for one in second["recipients"]]
    assert 2 == len(cloud.mails())


def test_what_ses_refuses_is_told_and_may_be_mended(account, cloud, monkeypatch):
    break_ses(monkeypatch, REFUSED)
    status, answer = ask(account, mail())
    again, _ = ask(account, mail())

    assert (422, "failed") == (status, answer["recipients"][0]["state"])
    assert "not verified" in answer["errors"][0]["message"]
    assert (200, 1) == (again, len(cloud.mails()))


def test_what_nobody_knows_is_not_sent_again(account, cloud, monkeypatch):
    break_ses(monkeypatch, SILENT)
    answers = [ask(account, mail()) for _ in range(2)]

    assert [(200, "uncertain")] * 2 == [
        (status, answer["recipients"][0]["state"]) for status, answer in answers
    ]
    assert [] == cloud.mails()


def test_there_is_an_end_to_a_long_request(account, cloud, monkeypatch):
    """What there was no time for is deferred; none of it was claimed."""
    switch(account, "anonymous")
    monkeypatch.setattr(sending, "SENDING_S", 0.0)

    status, answer = ask(account, mail(), to=f"{ADA},{EVE}")
    monkeypatch.undo()

    assert (503, {"deferred"}) == (status, {state for _, state in states(answer)})
    assert [] == [one for one in cloud.items("TRACKING") if one["sk"]["S"] == "relay"]
