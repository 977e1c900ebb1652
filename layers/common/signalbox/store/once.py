"""Rules that fire once for a contact, or once in a while, in the tracking table.

Item    pk A#<account>#contact#<contact>   sk once#<rule>
        cause            the check that let it fire
        fired            milliseconds: the event's time of acceptance
        expires          seconds, where the limit has a period
Access  take the turn, conditionally; read who took it
"""

from typing import Any, NamedTuple

from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch
from signalbox.model.rule import Once
from signalbox.store import keys, table

PREFIX = "once#"


class Turn(NamedTuple):
    """A turn that was taken: `cause` is the `key_hash` of the check, `fired_ms` its event's time."""

    cause: str
    fired_ms: int


def taken(account_id: str, contact_id: str, rule_id: str) -> Turn | None:
    """Return the last turn of a contact for a rule; None where it never had one."""
    where = keys.contact(account_id, contact_id), PREFIX + rule_id
    item = table.get(environment().tracking_table, where)
    return Turn(item["cause"], item["fired"]) if item else None


def take(check: Dispatch, limit: Once) -> bool:
    """Take the contact's turn for the rule of a check; False where it was taken before.

    Repeated for the same check, the answer is the same.
    """
    fired_ms = check.event.received_ms
    item: dict[str, Any] = {
        "pk": keys.contact(check.account_id, check.contact_id),
        "sk": PREFIX + check.rule_id,
        "cause": check.key_hash,
        "fired": fired_ms,
    }
    condition = "attribute_not_exists(pk) OR cause = :cause"
    values: dict[str, Any] = {":cause": check.key_hash}
    if limit.period_s:
        condition += " OR fired <= :before"
        values[":before"] = fired_ms - limit.period_s * 1000
        item["expires"] = fired_ms // 1000 + limit.period_s
    try:
        table.put(environment().tracking_table, item, condition=condition, values=values)
    except table.RefusedError:
        return False
    return True
