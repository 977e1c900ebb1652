"""What an event sets off."""

from dataclasses import replace

import pytest

from signalbox.model.account import Account
from signalbox.model.drop import DropReason
from signalbox.model.event import DEEPEST_CHAIN, Event
from signalbox.model.matching import drop_reason, kept, tracked
from signalbox.model.waking import Wakeable

ACCOUNT = Account("100000001", "Test")
OFF = replace(ACCOUNT, tracking_enabled=False)
EVENT = Event("100000001", "e", "download", 1, 2, "email:a@b.example")
DEEP = EVENT._replace(depth=DEEPEST_CHAIN + 1)


@pytest.mark.parametrize(
    ("event", "account", "contact_id", "reason"),
    [
        (EVENT, ACCOUNT, "7", None),
        (EVENT._replace(depth=DEEPEST_CHAIN), ACCOUNT, "7", None),
        (EVENT, None, "7", DropReason.UNKNOWN_ACCOUNT),
        (EVENT, OFF, "7", DropReason.TRACKING_OFF),
        (EVENT, OFF, None, DropReason.TRACKING_OFF),
        (EVENT, ACCOUNT, None, DropReason.UNKNOWN_CONTACT),
        (DEEP, ACCOUNT, "7", DropReason.TOO_DEEP),
    ],
)
def test_why_an_event_is_not_written(event, account, contact_id, reason):
    assert reason == drop_reason(event, account, contact_id)


def test_every_reason_says_what_mends_it():
    for reason in DropReason:
        assert reason.explanation.endswith(".")


CHANGE = EVENT._replace(kind="update", address="contact:7")
OPT_OUT = CHANGE._replace(
    kind="contact_added", properties={"container": "email_opt_out_list", "address": "a@b.example"}
)
UNKNOWN, DEEPER = DropReason.UNKNOWN_CONTACT, DropReason.TOO_DEEP


@pytest.mark.parametrize(
    ("event", "reason", "left"),
    [
        (EVENT, UNKNOWN, EVENT),
        (CHANGE, DEEPER, CHANGE),
        (CHANGE, UNKNOWN, None),
        (OPT_OUT, DEEPER, OPT_OUT),
        (OPT_OUT, UNKNOWN, OPT_OUT._replace(properties={"container": "email_opt_out_list"})),
        # nobody had the address, so nobody was erased with it
        (
            OPT_OUT._replace(address=EVENT.address),
            UNKNOWN,
            OPT_OUT._replace(address=EVENT.address),
        ),
    ],
)
def test_what_is_kept_of_a_dropped_event(event, reason, left):
    assert left == kept(event, reason)


def test_one_dispatch_for_each_action_of_each_rule_in_order():
    """Rules fire by age, whatever order they are found in, and their actions in theirs."""
    result = tracked(EVENT, "7", [Wakeable("r2", 1, 1), Wakeable("r1", 4, 2)])

    assert [("r1", 4, 0), ("r1", 4, 1), ("r2", 1, 0)] == [
        (due.rule_id, due.rule_version, due.action) for due in result.dispatches
    ]
    assert [("7", EVENT, 1)] * 3 == [
        (due.contact_id, due.event, due.attempt) for due in result.dispatches
    ]
    assert ("7", "download") == (result.entry.contact_id, result.entry.name)


def test_an_event_that_wakes_no_rule_is_written_all_the_same():
    result = tracked(EVENT, "7", [])

    assert ((), "e") == (result.dispatches, result.entry.event_id)
