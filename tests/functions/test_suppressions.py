"""The API of suppressed addresses."""

import pytest

from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.store import suppressions
from tests.people import ACCOUNT_ID

ADDRESS = "email:ada@signalbox.example"
NOT = {"suppressed": False, "reason": "", "at_ms": 0, "detail": ""}


def ask(account, method, address, **more):
    """Make a request about an address as API Gateway hands it on, its path decoded."""
    return account.call(method, f"/api/suppressions/{address}", **more)


@pytest.mark.parametrize(
    "address",
    [
        "ada@signalbox.example",
        "ADA@Signalbox.Example",
        "a/b%c+d@signalbox.example",
        "'x'@ä.example",
    ],
)
def test_an_address_is_suppressed_by_hand_and_lifted(account, address):
    """Whatever is in it; repeats change nothing."""
    assert (200, False) == (
        ask(account, "GET", address)[0],
        ask(account, "GET", address)[1]["suppressed"],
    )
    first = ask(account, "PUT", address)
    assert (200, True, "manual") == (first[0], first[1]["suppressed"], first[1]["reason"])
    assert first == ask(account, "PUT", address) == ask(account, "GET", address)

    assert [(204, None)] * 2 == [ask(account, "DELETE", address) for _ in range(2)]
    assert NOT.items() <= ask(account, "GET", address)[1].items()


def test_the_detail_names_the_key(account):
    """And no person."""
    own = account.call("GET", "/api/key")[1]["key_id"]

    assert f"key/{own}" == ask(account, "PUT", "ada@signalbox.example")[1]["detail"]


def test_a_bounce_is_told_and_goes_on_standing(account):
    bounced = Suppression(SuppressionReason.HARD_BOUNCE, 5, "Permanent/General")
    suppressions.suppress(ACCOUNT_ID, ADDRESS, bounced)

    answer = ask(account, "PUT", "ada@signalbox.example")[1]

    assert ("hard_bounce", 5, "Permanent/General") == (
        answer["reason"],
        answer["at_ms"],
        answer["detail"],
    )


@pytest.mark.parametrize("address", ["nonsense", "a@b@c", "@signalbox.example", "1", "x" * 500])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_no_address_is_refused(account, method, address):
    status, answer = ask(account, method, address)

    assert (422, "address") == (status, answer["errors"][0]["field"])
