"""Tags: /tags."""

import random
import time
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.errors import InvalidError
from signalbox.model.permission import Permission
from signalbox.model.tag import LONGEST_DESCRIPTION, LONGEST_NAME, Tag, checked_name
from signalbox.store import accounts, contact_tags, tags

from .answers import answer, answer_duplicate
from .list_requests import absent, choosing, chosen, own_id, refuse_absent
from .list_shapes import TAG, TAG_KINDS, tag_shape
from .requests import PAGE, base_url, body_part, caller, page, text
from .routing import OR_INVALID, DescribedRouter, done, made
from .schemas import NONE, SENT_TEXT, TOTAL, filled, many, maybe, word, wrapped

router = DescribedRouter()
SWEEP_S = 15  # of the 29 that the function has
SENT = {"tag": filled(LONGEST_NAME), "tagType": maybe(word(*TAG_KINDS)), "description": SENT_TEXT}


@router.serve("POST /tags", made(tag=TAG), body=wrapped("tag", SENT, needs=("tag",)))
def create() -> Response[str]:
    """Create a tag; 422 with code `duplicate` where one is called so, in whatever case."""
    key = caller(router, Permission.WRITE_RULES)
    sent = body_part(router, "tag")
    lacking = absent(sent, "tag")
    if lacking:
        return refuse_absent(lacking)
    now_ms = time.time_ns() // 1_000_000
    tag_id = new_contact_id(now_ms, random.getrandbits(ENTROPY_BITS))
    wanted = _with(Tag(key.account_id, tag_id, "", created_ms=now_ms, updated_ms=now_ms), sent)
    try:
        tags.create(wanted)
    except tags.NameTakenError:
        return _refuse_taken()
    return answer({"tag": _shown([wanted])[0]}, 201)


@router.serve("GET /tags", done(tags=many(TAG), meta=TOTAL), query=choosing("search") | PAGE)
def of_account() -> Response[str]:
    """List the tags, oldest first unless `orders[search]` says otherwise.

    `search` and `filters[search][operator]` ask for names; the original calls the field so.
    """
    key = caller(router, Permission.READ_SETUP)
    limit, offset = page(router)
    found = chosen(router, tags.of_account(key.account_id), lambda one: one.name, "search")
    shown = _shown(found[offset : offset + limit])
    return answer({"tags": shown, "meta": {"total": str(len(found))}})


@router.serve("GET /tags/<tag_id>", done(tag=TAG))
def read(tag_id: str) -> Response[str]:
    """Return a tag."""
    return answer({"tag": _shown([_asked(tag_id, Permission.READ_SETUP)])[0]})


@router.serve("PUT /tags/<tag_id>", done(tag=TAG), body=wrapped("tag", SENT))
def change(tag_id: str) -> Response[str]:
    """Change what the body names of a tag."""
    standing = _asked(tag_id, Permission.WRITE_RULES)
    changed = _with(standing, body_part(router, "tag"))
    try:
        if changed != standing:
            now_ms = time.time_ns() // 1_000_000
            changed = tags.save(replace(changed, updated_ms=now_ms), since=standing)
    except tags.NameTakenError:
        return _refuse_taken()
    return answer({"tag": _shown([changed])[0]})


@router.serve("DELETE /tags/<tag_id>", done() | OR_INVALID)
def delete(tag_id: str) -> Response[str]:
    """Delete a tag; it is off every contact at once.

    Its records with contacts are removed for up to 15 seconds, about 30,000 of them; each deletion
    of a tag goes on with what earlier ones left, also one that is told that the tag is gone already,
    as a repeat is after a fault. Nobody sees the rest meanwhile.
    """
    key = caller(router, Permission.WRITE_RULES)
    try:
        standing = tags.fetch(key.account_id, own_id("tag", tag_id))
        tags.delete(standing, time.time_ns() // 1_000_000)
    finally:
        contact_tags.sweep(key.account_id, until=time.monotonic() + SWEEP_S)
    return answer({})


@router.serve("GET /tags/<tag_id>/contactGoalTags", done(contactGoalTags=NONE))
def goals(tag_id: str) -> Response[str]:
    """Return the goals of a tag: there are none."""
    _asked(tag_id, Permission.READ_SETUP)
    return answer({"contactGoalTags": []})


def _asked(tag_id: str, permission: Permission) -> Tag:
    key = caller(router, permission)
    return tags.fetch(key.account_id, own_id("tag", tag_id))


def _with(standing: Tag, sent: dict[str, Any]) -> Tag:
    """Return the tag with what the body names of it."""
    name = checked_name(text(sent, "tag", LONGEST_NAME)) if "tag" in sent else standing.name
    kind = text(sent, "tagType", LONGEST_NAME) or standing.kind
    if kind not in TAG_KINDS:
        raise InvalidError("tagType", "must be contact or template")
    description = standing.description
    if "description" in sent:
        description = text(sent, "description", LONGEST_DESCRIPTION)
    return replace(standing, name=name, kind=kind, description=description)


def _shown(found: list[Tag]) -> list[dict[str, Any]]:
    if not found:
        return []
    account_id = found[0].account_id
    zone = accounts.fetch(account_id).time_zone
    bearers = tags.counts(account_id, [one.tag_id for one in found])
    base = base_url(router)
    return [tag_shape(one, bearers[one.tag_id], base, zone) for one in found]


def _refuse_taken() -> Response[str]:
    return answer_duplicate("tag", "Tag already exists in the system")
