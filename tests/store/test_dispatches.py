"""Dispatches in their table: each attempt is claimed once."""

from dataclasses import replace

import pytest

from signalbox.model.contact import Contact
from signalbox.model.dispatch import Outcome
from signalbox.model.errors import NotFoundError
from signalbox.model.rule_log import LogFilter
from signalbox.store import accounts, contacts, dispatches, rule_log, rules
from tests.store.things import NOW, A, B, account, record, rule


def test_a_dispatch_comes_out_as_it_went_in(cloud):
    claimed = record()
    assert dispatches.claim(claimed, now_ms=NOW, repeatable=True)

    done = replace(claimed, outcome=Outcome.DONE, detail="200", response_status=200)
    assert dispatches.settle(done)

    assert replace(done, lease_ms=0) == dispatches.fetch(A, done.dispatch.dispatch_id)
    with pytest.raises(NotFoundError):
        dispatches.fetch(B, done.dispatch.dispatch_id)


@pytest.mark.parametrize(
    "dispatch_id", ["", "x", "7-1", "a-b-c", "7-x-1", "7-1-2-3", "8-0000000000001-a"]
)
def test_what_no_dispatch_is_called_is_not_found(cloud, dispatch_id):
    with pytest.raises(NotFoundError):
        dispatches.fetch(A, dispatch_id)


def test_our_own_claim_is_recognised(cloud):
    """The client's repeat of a write whose answer was lost is no other worker's claim."""
    assert dispatches.claim(record(), now_ms=NOW, repeatable=False)
    assert dispatches.claim(record(), now_ms=NOW, repeatable=False)


def test_another_worker_waits_while_the_claim_holds(cloud):
    dispatches.claim(record(), now_ms=NOW, repeatable=True)

    with pytest.raises(dispatches.BusyError):
        dispatches.claim(record(owner="other"), now_ms=NOW + 90_000, repeatable=True)


def test_what_a_dead_worker_left_is_repeated_where_that_does_no_harm(cloud):
    """A webhook is called again after the lease; a mail is left to people."""
    dispatches.claim(record(), now_ms=NOW, repeatable=True)
    late = NOW + 90_001

    with pytest.raises(dispatches.InterruptedError) as interrupted:
        dispatches.claim(record(owner="other"), now_ms=late, repeatable=False)
    assert "me" == interrupted.value.record.owner
    assert dispatches.claim(record(owner="other"), now_ms=late, repeatable=True)
    assert not dispatches.settle(record())  # the dead worker comes back and has lost its claim


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.SKIPPED, Outcome.FAILED])
def test_a_settled_attempt_is_not_made_again(cloud, outcome):
    dispatches.claim(record(), now_ms=NOW, repeatable=True)
    dispatches.settle(record(outcome=outcome))

    assert not dispatches.claim(record(owner="other"), now_ms=NOW + 1, repeatable=True)
    assert outcome is dispatches.fetch(A, record().dispatch.dispatch_id).outcome


@pytest.mark.parametrize("outcome", Outcome)
def test_the_next_attempt_is_due_where_the_last_left_something_to_do(cloud, outcome):
    """Waiting, failed and uncertain dispatches may be tried again; done and skipped never."""
    if outcome is Outcome.CLAIMED:
        return
    dispatches.claim(record(), now_ms=NOW, repeatable=True)
    dispatches.settle(record(outcome=outcome))

    due = dispatches.claim(record(attempt=2, owner="other"), now_ms=NOW, repeatable=False)

    assert (outcome in {Outcome.WAITING, Outcome.FAILED, Outcome.UNCERTAIN}) is due


def test_a_contacts_dispatches_are_read_latest_first(cloud):
    for number in range(5):
        dispatches.claim(record(number), now_ms=NOW, repeatable=True)
    found, after = [], None
    while True:
        page, after = dispatches.of_contact(A, "7", limit=2, after=after)
        found += page
        if after is None:
            break

    assert [record(n) for n in (4, 3, 2, 1, 0)] == found
    assert ([], None) == dispatches.of_contact(B, "7")


def test_what_failed_or_is_uncertain_asks_for_attention(cloud):
    """Latest change first; what is tried again successfully leaves the list."""
    outcomes = [Outcome.FAILED, Outcome.DONE, Outcome.UNCERTAIN, Outcome.WAITING, Outcome.FAILED]
    for number, outcome in enumerate(outcomes):
        dispatches.claim(record(number), now_ms=NOW, repeatable=True)
        dispatches.settle(record(number, outcome=outcome))

    def listed() -> list[int]:
        found = dispatches.needing_attention(A)
        return [one.dispatch.event.at_ms - NOW for one in found]

    assert [4, 2, 0] == listed()
    assert [4, 2] == [
        one.dispatch.event.at_ms - NOW for one in dispatches.needing_attention(A, limit=2)
    ]
    assert [] == dispatches.needing_attention(B)

    dispatches.claim(record(2, attempt=2, owner="again"), now_ms=NOW, repeatable=False)
    assert [4, 0] == listed()
    dispatches.settle(record(2, attempt=2, owner="again", outcome=Outcome.DONE))
    assert [4, 0] == listed()


def test_a_mail_that_ses_has_is_uncertain_no_more(cloud):
    """It asks for nobody's attention, and stays in the log; told again, nothing changes."""
    uncertain = record(1, kind="send_email", outcome=Outcome.UNCERTAIN, detail="no answer")
    dispatches.claim(uncertain, now_ms=NOW, repeatable=True)
    dispatch_id = uncertain.dispatch.dispatch_id

    assert dispatches.confirm(A, dispatch_id, "ses-1", NOW + 5)
    assert not dispatches.confirm(A, dispatch_id, "ses-1", NOW + 5)

    settled = dispatches.fetch(A, dispatch_id)
    assert (Outcome.DONE, "ses-1", NOW + 5) == (
        settled.outcome,
        settled.detail,
        settled.changed_ms,
    )
    assert [] == dispatches.needing_attention(A)
    assert [dispatch_id] == [row.dispatch_id for row in rule_log.page(A, LogFilter(), limit=9)[0]]


def test_whoever_takes_a_dead_workers_mail_over_learns_that_ses_has_it(cloud):
    claimed = record(1, kind="send_email")
    dispatches.claim(claimed, now_ms=NOW, repeatable=False)

    assert not dispatches.confirm(A, claimed.dispatch.dispatch_id, "ses-1", NOW + 5)

    again = replace(claimed, owner="other")
    with pytest.raises(dispatches.InterruptedError) as caught:
        dispatches.claim(again, now_ms=NOW + 100_000, repeatable=False)
    assert "ses-1" == caught.value.record.told


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.FAILED, Outcome.WAITING, None])
def test_what_is_known_of_a_mail_stays(cloud, outcome):
    """And a dispatch that is gone is not made up."""
    settled = record(1, kind="send_email", outcome=outcome or Outcome.DONE, detail="said")
    if outcome:
        dispatches.claim(settled, now_ms=NOW, repeatable=True)
    before = cloud.items("TRACKING")

    assert not dispatches.confirm(A, settled.dispatch.dispatch_id, "ses-1", NOW + 5)
    assert before == cloud.items("TRACKING")


def test_what_a_dispatch_meets_is_read_at_once(cloud):
    due = record().dispatch
    assert (None, None, None) == circumstances(due)

    accounts.create(account())
    rules.create(rule())
    contacts.create(Contact(A, "7", "ada@signalbox.example"))

    assert (accounts.fetch(A), contacts.fetch(A, "7"), rule()) == circumstances(due)


def circumstances(due):
    """Return account, contact and rule."""
    found = dispatches.circumstances(due)
    return found.account, found.contact, found.rule
