"""How often accounts ask the ActiveCampaign dialect, in the tracking table.

Item    pk A#<account>#rate-limit   sk api
        full_at          microseconds since 1970 at which the account may make its most requests again
        taken_by         the request that moved it last
        expires          a minute after the latest request, in seconds
Access  a key with its account's limit, in the one call that looks the key up; count a request
"""

from collections.abc import Mapping

from signalbox.environment import environment
from signalbox.model.credential import Key, account_of, fingerprint
from signalbox.model.rate_limit import SECOND_US, RateLimit, Verdict
from signalbox.store import accounts, api_keys, keys, table

KEPT_S = 60  # a bucket is full again after one


def of_key(shown: str) -> tuple[Key, int] | None:
    """Return the key that somebody showed with its account's requests a second, 0 for no limit.

    None where the key is not, or no longer, one of ours.
    """
    account_id = account_of(shown)
    if not account_id:
        return None
    key = api_keys.key(account_id, fingerprint(shown))
    settings = accounts.key(account_id)
    found = table.get_many({environment().rules_table: [key, settings]})
    if key not in found:
        return None
    per_second = accounts.account_from(found[settings]).api_rate_limit if settings in found else 0
    return api_keys.key_from(found[key]), per_second


def count(account_id: str, limit: RateLimit, now_us: int, *, owner: str) -> Verdict:
    """Count a request and return whether it is let through; a refused one does not count.

    One write where nobody asked lately or the bucket is empty, else two. `owner` is the request's
    alone: by it a write is known again whose answer was lost and that the SDK sent once more. Such a
    request may be counted twice, but is not refused for its own place.
    """
    try:
        full_at_us = _begin(account_id, limit, now_us, owner)
    except table.RefusedError as error:
        stands = error.old or {}
        if stands.get("taken_by") == owner:
            return limit.admitted(_full_at_us(stands), now_us)
        if not limit.admits(_full_at_us(stands), now_us):
            return limit.refused(_full_at_us(stands), now_us)
        return _go_on(account_id, limit, now_us, owner)
    return limit.admitted(full_at_us, now_us)


def _begin(account_id: str, limit: RateLimit, now_us: int, owner: str) -> int:
    """Take the first place of a full bucket; raise `RefusedError` where it is not full."""
    full_at_us = now_us + limit.refill_us
    table.update(
        environment().tracking_table,
        _key(account_id),
        "SET full_at = :full, taken_by = :owner, expires = :expires",
        {":full": full_at_us, ":now": now_us, **_common(now_us, owner)},
        condition="attribute_not_exists(full_at) OR full_at <= :now",
    )
    return full_at_us


def _go_on(account_id: str, limit: RateLimit, now_us: int, owner: str) -> Verdict:
    """Take a place of a bucket in use, if others have left one."""
    latest_us = limit.latest_us(now_us)
    try:
        written = table.updated(
            environment().tracking_table,
            _key(account_id),
            "SET full_at = full_at + :refill, taken_by = :owner, expires = :expires",
            {":refill": limit.refill_us, ":latest": latest_us, **_common(now_us, owner)},
            condition="full_at <= :latest",
        )
    except table.RefusedError as error:
        stands = error.old or {}
        if stands.get("taken_by") != owner:
            return limit.refused(_full_at_us(stands), now_us)
        written = stands
    return limit.admitted(_full_at_us(written), now_us)


def _common(now_us: int, owner: str) -> Mapping[str, int | str]:
    return {":owner": owner, ":expires": now_us // SECOND_US + KEPT_S}


def _full_at_us(item: table.Item) -> int:
    return int(item.get("full_at", 0))


def _key(account_id: str) -> table.Key:
    return keys.rate_limit(account_id), "api"
