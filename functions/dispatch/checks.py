"""The check of a rule: decide once whether it fires, then queue its actions, each in its time."""

from dataclasses import replace

from signalbox import conditions, schedules
from signalbox.aws import AwsError
from signalbox.model.account import Account
from signalbox.model.contact import Contact
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome, SkipReason
from signalbox.model.performing import due_ms
from signalbox.model.rule import Once, Rule
from signalbox.queues import ACTIONS, LONGEST_DELAY_S
from signalbox.store import dispatches, once

from .outcomes import finish, now_ms, skip
from .result import Settled

FIRES = "fires"
REFUSED = "ValidationException"  # of Scheduler: it takes this schedule at no time


def check(
    claimed: DispatchRecord, rule: Rule, account: Account, contact: Contact
) -> DispatchRecord | None:
    """Decide whether the rule fires, and queue its actions where it does.

    The decision is written with the claim, and who takes a dead worker's claim over keeps to it: an
    action that was queued already may have changed what the conditions ask. A rule's limit knows
    the event that it let pass, so it lets it pass again.

    Raises:
        BusyError: another worker is at it.
    """
    standing = dispatches.find(claimed.dispatch)
    if standing is None or (standing.outcome, standing.detail) != (Outcome.CLAIMED, FIRES):
        unmet = conditions.first_unmet(rule, claimed.dispatch.event, contact)
        if unmet:
            said = f"{SkipReason.CONDITIONS_NOT_MET}: {unmet.path} {unmet.wanted}"
            return skip(claimed, SkipReason.CONDITIONS_NOT_MET, account, detail=said)
    fires = replace(claimed, detail=FIRES)
    if not dispatches.claim(fires, now_ms=claimed.changed_ms, repeatable=True):
        return None
    if rule.once and not _has_turn(claimed.dispatch, rule.once):
        return finish(fires, Settled(Outcome.SKIPPED, SkipReason.FIRED_BEFORE), account)
    try:
        queue(claimed.dispatch, rule, account, contact)
    except AwsError as error:
        if error.code != REFUSED:
            raise
        return finish(fires, Settled(Outcome.FAILED, f"{REFUSED}: {error.message}"), account)
    return finish(fires, Settled(Outcome.DONE, f"queued {len(rule.actions)} actions"), account)


def queue(checked: Dispatch, rule: Rule, account: Account, contact: Contact) -> None:
    """Queue the rule's actions, or schedule those that wait longer than a queue can hold them."""
    time_ms = now_ms()
    soon: dict[int, list[Dispatch]] = {}
    for number in range(len(rule.actions)):
        due = replace(checked, action=number, attempt=1)
        at_ms = due_ms(due, rule, account, contact)
        delay_s = max(0, -(-(at_ms - time_ms) // 1000))
        if delay_s > LONGEST_DELAY_S:
            schedules.put(due, at_ms, now_ms=time_ms)
        else:
            soon.setdefault(delay_s, []).append(due)
    for delay_s, together in sorted(soon.items()):
        ACTIONS.put(together, delay_s=delay_s)


def _has_turn(check: Dispatch, limit: Once) -> bool:
    """Take the contact's turn for a rule with a limit; what somebody tries out takes none."""
    return check.test or once.take(check, limit)
