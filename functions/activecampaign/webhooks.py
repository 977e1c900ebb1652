"""Webhooks: /webhooks, and the events that they can be told of."""

import random
import time
from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.permission import Permission
from signalbox.model.webhook import DOCUMENTED, REPORTED, Webhook
from signalbox.store import event_names, webhooks

from .answers import answer
from .list_requests import absent, filter_of, own_id, refuse_absent
from .requests import PAGE, body_part, caller, page
from .routing import OR_INVALID, DescribedRouter, done, made
from .schemas import NUMBERED, TEXT, TOTAL, asked, many, wrapped
from .webhook_shapes import SENT, WEBHOOK, changed_by, webhook_shape

router = DescribedRouter()
REQUIRED = ("name", "url", "events", "sources")
FILTERS = ("name", "url", "listid")


@router.serve("GET /webhook/events", done(webhookEvents=many(TEXT), meta=NUMBERED))
@router.serve("GET /webhooks/events", done(webhookEvents=many(TEXT), meta=NUMBERED))
def events() -> Response[str]:
    """List the events: the original's, then those that applications report here."""
    key = caller(router, Permission.READ_SETUP)
    reported = [REPORTED + name for name in event_names.names(key.account_id)]
    offered = [*DOCUMENTED, *reported]
    return answer({"webhookEvents": offered, "meta": {"total": len(offered)}})


@router.serve(
    "POST /webhooks", made(webhook=WEBHOOK), body=wrapped("webhook", SENT, needs=REQUIRED)
)
def create() -> Response[str]:
    """Create a webhook; it is told of events from now on."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    sent = body_part(router, "webhook")
    lacking = absent(sent, *REQUIRED)
    if lacking:
        return refuse_absent(lacking)
    now_ms = _now_ms()
    blank = Webhook(
        account_id=key.account_id,
        webhook_id=new_contact_id(now_ms, random.getrandbits(ENTROPY_BITS)),
        name="",
        url="",
        events=(),
        sources=(),
        created_ms=now_ms,
    )
    wanted = changed_by(sent, blank, now_ms)
    webhooks.create(wanted)
    return answer({"webhook": webhook_shape(wanted)}, 201)


@router.serve(
    "GET /webhooks",
    done(webhooks=many(WEBHOOK), meta=TOTAL),
    query={**{f"filters[{name}]": asked(TEXT) for name in FILTERS}, **PAGE},
)
def of_account() -> Response[str]:
    """List the webhooks, oldest first; `filters[name|url|listid]` ask for one value in whole."""
    key = caller(router, Permission.READ_SETUP)
    limit, offset = page(router)
    sought = [(name, filter_of(router, name)) for name in FILTERS]
    shown = [webhook_shape(webhook) for webhook in webhooks.of_account(key.account_id)]
    found = [one for one in shown if all(one[name] == value for name, value in sought if value)]
    return answer({"webhooks": found[offset : offset + limit], "meta": {"total": str(len(found))}})


@router.serve("GET /webhooks/<shown_id>", done(webhook=WEBHOOK))
def read(shown_id: str) -> Response[str]:
    """Return a webhook."""
    key = caller(router, Permission.READ_SETUP)
    return answer({"webhook": webhook_shape(_found(key.account_id, shown_id))})


@router.serve("PUT /webhooks/<shown_id>", done(webhook=WEBHOOK), body=wrapped("webhook", SENT))
def change(shown_id: str) -> Response[str]:
    """Change a webhook; one that a 410 had deactivated is active again."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    sent = body_part(router, "webhook")
    standing = _found(key.account_id, shown_id)
    changed = changed_by(sent, standing, _now_ms())
    if changed != replace(standing, updated_ms=changed.updated_ms):
        changed = webhooks.save(changed, since=standing)
    return answer({"webhook": webhook_shape(changed)})


@router.serve("DELETE /webhooks/<shown_id>", done() | OR_INVALID)
def delete(shown_id: str) -> Response[str]:
    """Delete a webhook; what it has under way is not delivered."""
    key = caller(router, Permission.MANAGE_ACCOUNT)
    webhooks.delete(_found(key.account_id, shown_id))
    return answer({})


def _found(account_id: str, shown_id: str) -> Webhook:
    return webhooks.fetch(account_id, own_id("webhook", shown_id))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
