"""Looks at the personal data behind the rule log, in the tracking table.

Item    pk A#<account>#detail-accesses   sk <13 digits of ms>#<8 random hex digits>
        body             dispatch, contact, key, its name and role, the reason
        expires          seconds, for TTL: kept as long as dispatches are
Access  write; the account's, latest first
People look, not programs, so one partition will do. It is not a contact's: erasing a contact leaves it.
"""

import secrets

from signalbox.environment import environment
from signalbox.model.credential import Key as Caller
from signalbox.model.detail_access import DetailAccess
from signalbox.model.dispatch import Dispatch
from signalbox.model.retention import DAY_MS, RETENTION_DAYS
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item


def record(dispatch: Dispatch, caller: Caller, reason: str, now_ms: int) -> DetailAccess:
    """Write down that somebody is about to see a dispatch whole, and return it."""
    access = DetailAccess(
        account_id=dispatch.account_id,
        access_id=f"{now_ms:013d}-{secrets.token_hex(4)}",
        at_ms=now_ms,
        dispatch_id=dispatch.dispatch_id,
        contact_id=dispatch.contact_id,
        key_id=caller.key_id,
        key_name=caller.name,
        role=caller.role,
        reason=reason,
    )
    table.put(environment().tracking_table, _item(access))
    return access


def of_account(
    account_id: str, *, limit: int = 100, after: str = ""
) -> tuple[list[DetailAccess], str]:
    """Return a page of an account's, latest first, and the access to go on after."""
    partition = keys.detail_accesses(account_id)
    page = table.query(
        environment().tracking_table,
        partition,
        limit=limit,
        after=(partition, after.replace("-", "#")) if after else None,
        newest_first=True,
        consistent=True,
    )
    found = [_access_from(item, account_id) for item in page.items]
    return found, found[-1].access_id if page.last and found else ""


def _item(access: DetailAccess) -> Item:
    body = access._asdict()
    for name in ("account_id", "access_id", "at_ms"):
        del body[name]
    return {
        "pk": keys.detail_accesses(access.account_id),
        "sk": access.access_id.replace("-", "#"),
        "body": packed(body),
        "expires": (access.at_ms + RETENTION_DAYS * DAY_MS) // 1000,
    }


def _access_from(item: Item, account_id: str) -> DetailAccess:
    return DetailAccess(
        account_id=account_id,
        access_id=item["sk"].replace("#", "-"),
        at_ms=int(item["sk"].partition("#")[0]),
        **unpacked(item["body"]),
    )
