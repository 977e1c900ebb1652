"""`signalbox suppressions`."""

from signalbox.model.credential import Role
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.store import suppressions
from tests.people import ACCOUNT_ID

ADDRESS = "ada+news@signalbox.example"


def test_an_address_is_shown_with_its_reason(stand):
    bounced = Suppression(SuppressionReason.HARD_BOUNCE, 1_795_254_840_000, "Permanent/General")
    suppressions.suppress(ACCOUNT_ID, f"email:{ADDRESS}", bounced)

    lines = stand.lines("suppressions", "show", ADDRESS)

    assert [
        f"address     {ADDRESS}",
        "reason      hard_bounce",
        "detail      Permanent/General",
    ] == [line for line in lines if not line.startswith("suppressed")]


def test_an_address_is_suppressed_and_lifted(stand):
    assert [f"{ADDRESS} is not suppressed."] == stand.lines("suppressions", "show", ADDRESS)

    assert "manual" == stand.read("suppressions", "add", ADDRESS)["reason"]
    assert [f"Mails may go to {ADDRESS} again."] == stand.lines("suppressions", "remove", ADDRESS)

    assert not stand.read("suppressions", "show", ADDRESS)["suppressed"]


def test_a_marketer_suppresses_but_does_not_lift(stand):
    assert 0 == stand.run("suppressions", "add", ADDRESS, role=Role.MARKETER).exit_code
    assert 1 == stand.run("suppressions", "remove", ADDRESS, role=Role.MARKETER).exit_code


def test_what_is_no_address_is_refused(stand):
    result = stand.run("suppressions", "add", "nonsense")

    assert (1, True) == (result.exit_code, "address" in result.stderr)
