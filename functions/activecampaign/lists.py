"""Lists: /lists."""

import random
import re
import time
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.contact_list import EMAIL_CHANNEL, SMS_CHANNEL, ContactList
from signalbox.model.container import ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.item_size import check_size
from signalbox.model.permission import Permission
from signalbox.store import accounts, audiences, lists, memberships

from .answers import answer
from .list_requests import absent, choosing, chosen, flag, own_id, refuse_absent
from .list_shapes import LIST, SETTINGS, list_shape
from .requests import PAGE, base_url, body_part, caller, page, text
from .routing import DescribedRouter, done, made
from .schemas import (
    NONE,
    NULL,
    SENT_FLAG,
    SENT_TEXT,
    TEXT,
    TOTAL,
    WHOLE_NUMBER,
    YES_OR_NO,
    either,
    filled,
    many,
    maybe,
    word,
    wrapped,
)

router = DescribedRouter()
# The reference asks for `stringid` too, but the vendor's own client sends none: it is derived.
REQUIRED = ("name", "sender_url", "sender_reminder")
LONGEST_NAME = 255
LONGEST_SETTING = 4096
SWEEP_S = 15  # of the 29 that the function has
SENT_SETTING = either(TEXT, WHOLE_NUMBER, YES_OR_NO, NULL)
SENT = {
    "name": filled(LONGEST_NAME),
    "stringid": SENT_TEXT,
    "channel": maybe(word(EMAIL_CHANNEL, SMS_CHANNEL)),
    "double_opt_in": SENT_FLAG,
    **dict.fromkeys((*SETTINGS, "user"), SENT_SETTING),
    **dict.fromkeys(("sender_url", "sender_reminder"), filled(LONGEST_SETTING)),
}


@router.serve("POST /lists", made(list=LIST), body=wrapped("list", SENT, needs=REQUIRED))
def create() -> Response[str]:
    """Create a list."""
    key = caller(router, Permission.WRITE_RULES)
    sent = body_part(router, "list")
    lacking = absent(sent, *REQUIRED)
    if lacking:
        return refuse_absent(lacking)
    now_ms = time.time_ns() // 1_000_000
    wanted = ContactList(
        account_id=key.account_id,
        list_id=new_contact_id(now_ms, random.getrandbits(ENTROPY_BITS)),
        name="",
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    wanted = _with(wanted, sent)
    lists.create(wanted)
    return answer({"list": _shown([wanted])[0]}, 201)


@router.serve("GET /lists", done(lists=many(LIST), meta=TOTAL), query=choosing("name") | PAGE)
def of_account() -> Response[str]:
    """List the lists, oldest first unless `orders[name]` says otherwise."""
    key = caller(router, Permission.READ_SETUP)
    limit, offset = page(router)
    found = chosen(router, lists.of_account(key.account_id), lambda one: one.name, "name")
    shown = _shown(found[offset : offset + limit])
    return answer({"lists": shown, "meta": {"total": str(len(found))}})


@router.serve("GET /lists/<list_id>", done(list=LIST))
def read(list_id: str) -> Response[str]:
    """Return a list."""
    return answer({"list": _shown([_asked(list_id, Permission.READ_SETUP)])[0]})


@router.serve("PUT /lists/<list_id>", done(list=LIST), body=wrapped("list", SENT))
def change(list_id: str) -> Response[str]:
    """Change what the body names of a list."""
    standing = _asked(list_id, Permission.WRITE_RULES)
    changed = _with(standing, body_part(router, "list"))
    if changed != standing:
        now_ms = time.time_ns() // 1_000_000
        changed = lists.save(replace(changed, updated_ms=now_ms), since=standing)
    return answer({"list": _shown([changed])[0]})


@router.serve("DELETE /lists/<list_id>", done())
def delete(list_id: str) -> Response[str]:
    """Delete a list; the contacts on it stay, unlike in the original.

    One that the audience of a campaign names is not deleted.

    The list is gone at once. What puts contacts on it is removed for up to 15 seconds, about 30,000
    of them; each deletion of a list goes on with what earlier ones left, also one that is told that
    the list is gone already, as a repeat is after a fault. Nobody sees the rest meanwhile.
    """
    key = caller(router, Permission.WRITE_RULES)
    try:
        own = own_id("list", list_id)
        audiences.check_unnamed(key.account_id, ContainerKind.LIST, own)
        lists.delete(key.account_id, own, time.time_ns() // 1_000_000)
    finally:
        memberships.sweep(key.account_id, until=time.monotonic() + SWEEP_S)
    return answer({})


@router.serve("GET /lists/<list_id>/user", done(user=NULL))
def user(list_id: str) -> Response[str]:
    """Return who owns a list: an account has no users, only keys."""
    _asked(list_id, Permission.READ_SETUP)
    return answer({"user": None})


@router.serve("GET /lists/<list_id>/contactGoalLists", done(contactGoalLists=NONE))
def goals(list_id: str) -> Response[str]:
    """Return the goals of a list: there are none."""
    _asked(list_id, Permission.READ_SETUP)
    return answer({"contactGoalLists": []})


@router.serve("GET /lists/<list_id>/addressLists", done(addressLists=NONE))
def postal_addresses(list_id: str) -> Response[str]:
    """Return the postal addresses of a list: there are none."""
    _asked(list_id, Permission.READ_SETUP)
    return answer({"addressLists": []})


def _asked(list_id: str, permission: Permission) -> ContactList:
    key = caller(router, permission)
    return lists.fetch(key.account_id, own_id("list", list_id))


def _shown(found: list[ContactList]) -> list[dict[str, Any]]:
    if not found:
        return []
    account_id = found[0].account_id
    zone = accounts.fetch(account_id).time_zone
    active = lists.active_counts(account_id, [one.list_id for one in found])
    base = base_url(router)
    return [list_shape(one, active[one.list_id], base, zone) for one in found]


def _with(standing: ContactList, sent: dict[str, Any]) -> ContactList:
    """Return the list with what the body names of it."""
    name = text(sent, "name", LONGEST_NAME).strip() if "name" in sent else standing.name
    if not name:
        raise InvalidError("name", "must not be empty")
    channel = text(sent, "channel", LONGEST_NAME) or standing.channel
    if channel not in (EMAIL_CHANNEL, SMS_CHANNEL):
        raise InvalidError("channel", f"must be {EMAIL_CHANNEL} or {SMS_CHANNEL}")
    settings = {**standing.settings, **_settings(sent)}
    check_size(settings, "list")
    return replace(
        standing,
        name=name,
        string_id=text(sent, "stringid", LONGEST_NAME) or standing.string_id or _slug(name),
        channel=channel,
        double_opt_in=flag(sent, "double_opt_in", standing.double_opt_in),
        settings=settings,
    )


def _slug(name: str) -> str:
    """Return a name as it may stand in a URL: `Name of List` is `name-of-list`."""
    return "-".join(re.findall(r"\w+", name.lower())) or "list"


def _settings(sent: dict[str, Any]) -> dict[str, str]:
    """Return the settings that a body names, as texts; `user` and `userid` are one."""
    named = {name: sent[name] for name in SETTINGS if sent.get(name) is not None}
    if sent.get("user") is not None:
        named["userid"] = sent["user"]
    return {name: _setting(name, value) for name, value in named.items()}


def _setting(name: str, value: Any) -> str:
    if isinstance(value, int):
        return str(int(value))
    return text({name: value}, name, LONGEST_SETTING)
