"""Suppressed addresses: the weightiest reason stands, whatever comes again in whatever order."""

import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.container import Container, ContainerKind
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.people import add_contact, erase
from signalbox.store import (
    accounts,
    container_memberships,
    containers,
    erasure,
    suppressions,
)
from tests.store.things import A, B, account

ADA, NOBODY = "email:ada@signalbox.example", "email:nobody@signalbox.example"
MANUAL, HARD_BOUNCE, COMPLAINT = SuppressionReason
BOUNCED = Suppression(HARD_BOUNCE, 100, "Permanent/General")
COMPLAINED = Suppression(COMPLAINT, 200, "abuse")
BY_HAND = Suppression(MANUAL, 50, "")


@pytest.fixture(name="ada", autouse=True)
def _ada(cloud):
    """Account A with Ada, and account B with nobody."""
    accounts.create(account(A))
    accounts.create(account(B))
    return add_contact(A, email="ada@signalbox.example")


def texts(cloud):
    """Return all that is stored, as text."""
    return repr([*cloud.items("CONTACTS"), *cloud.items("RULES"), *cloud.items("TRACKING")])


@pytest.mark.parametrize("address", [ADA, NOBODY])
def test_a_suppressed_address_is_found_with_its_reason(address):
    """Whether somebody has it or not, and in its account alone."""
    assert suppressions.find(A, address) is None

    suppressions.suppress(A, address, BOUNCED)

    assert suppressions.find(A, address) == BOUNCED
    assert suppressions.find(B, address) is None


def test_an_address_of_nobody_is_kept_as_a_hash(cloud):
    suppressions.suppress(A, NOBODY, BOUNCED)

    assert "nobody@signalbox" not in texts(cloud)


LATER = Suppression(HARD_BOUNCE, 300, "Permanent/NoEmail")


@pytest.mark.parametrize("address", [ADA, NOBODY])
@pytest.mark.parametrize(
    ("told", "stands"),
    [([BOUNCED, BY_HAND, COMPLAINED], COMPLAINED), ([BOUNCED, LATER, BY_HAND], BOUNCED)],
)
def test_the_weightiest_reason_stands_in_any_order(address, told, stands):
    """And of like ones the earliest; one of them is told twice."""
    for order in itertools.permutations(told):
        for one in (*order, order[0]):
            suppressions.suppress(A, address, one)

        assert suppressions.find(A, address) == stands
        suppressions.lift(A, address, 0)


@pytest.mark.parametrize("address", [ADA, NOBODY])
def test_what_was_lifted_stays_lifted_until_something_new_happens(address):
    """Old feedback that comes again suppresses nothing; new feedback does."""
    suppressions.suppress(A, address, BOUNCED)

    assert suppressions.lift(A, address, 1_000)
    assert suppressions.find(A, address) is None
    assert not suppressions.lift(A, address, 2_000)
    suppressions.suppress(A, address, BOUNCED)
    suppressions.suppress(A, address, COMPLAINED)
    assert suppressions.find(A, address) is None
    again = Suppression(HARD_BOUNCE, 1_001)
    suppressions.suppress(A, address, again)
    assert suppressions.find(A, address) == again


def test_lifting_an_address_that_nobody_suppressed_is_nothing():
    assert not suppressions.lift(A, ADA, 1_000)


def test_lifting_survives_a_lost_answer(monkeypatch):
    """The client's repeat finds its own write, and says that it was suppressed."""
    suppressions.suppress(A, ADA, BOUNCED)
    call = aws.call

    def twice(service, operation, **request):
        if operation == "UpdateItem":
            call(service, operation, **request)
        return call(service, operation, **request)

    monkeypatch.setattr(aws, "call", twice)

    assert suppressions.lift(A, ADA, 1_000)


def test_many_are_asked_for_at_once(monkeypatch):
    """One call for addresses that somebody has and others, after the account's salt is known."""
    suppressions.suppress(A, ADA, BOUNCED)
    suppressions.suppress(A, NOBODY, COMPLAINED)
    calls = []
    call = aws.call
    monkeypatch.setattr(
        aws, "call", lambda *one, **request: calls.append(one) or call(*one, **request)
    )

    found = suppressions.find_many(A, [ADA, NOBODY, "email:bob@signalbox.example"])

    assert found == {ADA: BOUNCED, NOBODY: COMPLAINED}
    assert calls == [("dynamodb", "BatchGetItem")]


def test_an_erased_address_stays_suppressed_as_a_hash(ada, cloud):
    """Nothing is left that names it, and whoever comes with it later is suppressed too."""
    suppressions.suppress(A, ADA, BOUNCED)

    assert erase(A, ada.contact_id)

    assert "ada@signalbox" not in texts(cloud)
    assert suppressions.find(A, ADA) == BOUNCED
    add_contact(A, email="ada@signalbox.example")
    assert suppressions.find(A, ADA) == BOUNCED
    assert suppressions.bars(A, ADA).suppression == BOUNCED


def test_a_bounce_after_erasure_brings_nobody_back(ada, cloud):
    assert erase(A, ada.contact_id)

    suppressions.suppress(A, ADA, BOUNCED)

    assert "ada@signalbox" not in texts(cloud)
    assert suppressions.find(A, ADA) == BOUNCED


def test_a_lifted_address_is_erased_without_a_trace(ada, cloud):
    suppressions.suppress(A, ADA, BOUNCED)
    suppressions.lift(A, ADA, 1_000)

    assert erase(A, ada.contact_id)

    assert "ada@signalbox" not in texts(cloud)
    assert suppressions.find(A, ADA) is None


def test_both_places_are_lifted():
    """One of an erased contact, and one of who has the address now."""
    suppressions.suppress(A, NOBODY, COMPLAINED)
    add_contact(A, email="nobody@signalbox.example")
    suppressions.suppress(A, NOBODY, BOUNCED)
    assert suppressions.find(A, NOBODY) == COMPLAINED

    assert suppressions.lift(A, NOBODY, 1_000)

    assert suppressions.find(A, NOBODY) is None


def test_an_address_that_goes_between_two_reads_is_suppressed(ada, monkeypatch):
    """Erased in the middle of it, it is kept as a hash all the same."""
    call, gone = aws.call, []

    def meanwhile(service, operation, **request):
        if operation == "TransactWriteItems" and not gone:
            gone.append(True)
            erase(A, ada.contact_id)
        return call(service, operation, **request)

    monkeypatch.setattr(aws, "call", meanwhile)

    suppressions.suppress(A, ADA, BOUNCED)

    assert suppressions.find(A, ADA) == BOUNCED


def test_a_fault_of_aws_is_told(monkeypatch):
    monkeypatch.setattr(aws, "call", _failing)

    with pytest.raises(AwsError):
        suppressions.suppress(A, ADA, BOUNCED)


def _failing(*_, **__):
    raise AwsError("InternalServerError", "no", 500, {})


def test_what_bars_an_address_is_answered_by_one_query(ada, monkeypatch):
    """Opt-outs and suppression together; by two where somebody of the account was erased."""
    opt_outs = Container(A, ContainerKind.EMAIL_OPT_OUT_LIST, "7", "Acme")
    containers.create(opt_outs)
    container_memberships.add(opt_outs, ADA, contact_id=ada.contact_id, now_ms=1)
    suppressions.suppress(A, ADA, BOUNCED)
    calls = []
    call = aws.call
    monkeypatch.setattr(
        aws, "call", lambda *one, **request: calls.append(one[1]) or call(*one, **request)
    )

    assert suppressions.bars(A, ADA) == (["7"], BOUNCED, False)
    assert calls == ["Query", "GetItem", "BatchGetItem"]  # the salt; do the lists exist?
    assert suppressions.bars(A, NOBODY) == ([], None, False)


def test_opt_outs_of_an_erased_contact_stand_beside_its_suppression(ada):
    """Neither hides the other."""
    opt_outs = Container(A, ContainerKind.EMAIL_OPT_OUT_LIST, "7", "Acme")
    containers.create(opt_outs)
    container_memberships.add(opt_outs, ADA, contact_id=ada.contact_id, now_ms=1)
    suppressions.suppress(A, ADA, BOUNCED)

    assert erase(A, ada.contact_id)

    assert suppressions.bars(A, ADA) == (["7"], BOUNCED, False)
    assert container_memberships.opt_outs(A, ADA) == ["7"]
    assert erasure.opted_out(A, ADA) == {"7"}


STEPS = st.lists(
    st.tuples(st.sampled_from([*SuppressionReason, None]), st.integers(1, 6)),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS, st.randoms(use_true_random=False))
def test_what_stands_is_a_matter_of_what_happened_not_of_its_order(steps, chance):
    """Feedback between two liftings in any order, each told up to twice."""
    address = f"email:{time.time_ns()}@signalbox.example"
    lifted_ms, happened = 0, []
    for reason, at_ms in steps:
        if reason:
            happened.append(Suppression(reason, at_ms))
            continue
        tell(address, happened, chance)
        if suppressions.lift(A, address, at_ms):
            lifted_ms, happened = at_ms, []
    tell(address, happened, chance)

    counting = [one for one in happened if one.at_ms > lifted_ms]
    expected = max(counting, key=lambda one: (one.reason.weight, -one.at_ms), default=None)
    assert suppressions.find(A, address) == expected


def tell(address, happened, chance):
    """Let an address be suppressed for each of these, in some order."""
    told = [one for one in happened for _ in range(chance.randint(1, 2))]
    chance.shuffle(told)
    for one in told:
        suppressions.suppress(A, address, one)
