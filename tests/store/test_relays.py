"""Claims of relayed mails."""

import pytest

from signalbox import aws
from signalbox.aws import AwsError
from signalbox.model.errors import ConflictError
from signalbox.store import relays
from signalbox.store.relays import Claim, Standing, State

CLAIM = Claim("100000001", "key", "email:ada@signalbox.example", "print", "a", 1_795_254_840_000)
OTHER = CLAIM._replace(owner="b", at_ms=CLAIM.at_ms + 1000)
DAY_MS = 86_400_000

pytestmark = pytest.mark.usefixtures("cloud")


def test_one_request_holds_a_mail():
    assert relays.take(CLAIM) is None
    assert Standing(State.CLAIMED, CLAIM.at_ms, "") == relays.take(OTHER)


def test_what_came_of_it_is_told_to_the_next():
    relays.take(CLAIM)
    relays.settle(CLAIM, State.SENT, "ses-1")

    assert Standing(State.SENT, CLAIM.at_ms, "ses-1") == relays.take(OTHER)


def test_what_was_given_back_is_free():
    relays.take(CLAIM)
    relays.release(CLAIM)

    assert relays.take(OTHER) is None


def test_only_who_holds_a_claim_settles_it_or_gives_it_back():
    relays.take(CLAIM)
    relays.settle(OTHER, State.UNCERTAIN)
    relays.release(OTHER)

    assert State.CLAIMED is relays.take(OTHER).state


def test_what_was_settled_stays():
    """A write that comes twice, as its first answer was lost, changes nothing more."""
    relays.take(CLAIM)
    relays.settle(CLAIM, State.SENT, "ses-1")
    relays.settle(CLAIM, State.UNCERTAIN)
    relays.release(CLAIM)

    assert Standing(State.SENT, CLAIM.at_ms, "ses-1") == relays.take(OTHER)


def test_a_lost_answer_is_no_other_request(monkeypatch):
    real = aws.call

    def call(service: str, operation: str, **request):
        real(service, operation, **request)
        monkeypatch.setattr(aws, "call", real)
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)

    assert relays.take(CLAIM) is None


def test_recipients_keys_and_accounts_are_apart():
    relays.take(CLAIM)

    for change in ({"key": "other"}, {"address": "email:eve@x.example"}, {"account_id": "2"}):
        assert relays.take(OTHER._replace(**change)) is None


def test_another_mail_is_a_conflict():
    relays.take(CLAIM)

    with pytest.raises(ConflictError, match="another mail"):
        relays.take(OTHER._replace(fingerprint="another"))


def test_after_a_day_it_is_forgotten():
    relays.take(CLAIM)

    assert relays.take(OTHER._replace(at_ms=CLAIM.at_ms + DAY_MS)) is not None
    assert relays.take(OTHER._replace(at_ms=CLAIM.at_ms + DAY_MS + 1000)) is None


def test_a_failure_is_no_refusal(monkeypatch):
    def call(*_, **__):
        raise AwsError("InternalServerError", "", 500, {})

    monkeypatch.setattr(aws, "call", call)

    with pytest.raises(AwsError):
        relays.take(CLAIM)
