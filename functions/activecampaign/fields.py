"""Custom fields: /fields, their options (/fieldOption/bulk) and lists (/fieldRels)."""

import random
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.contact import ENTROPY_BITS, new_contact_id
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.field import (
    EVERY_LIST,
    Field,
    FieldOption,
    FieldType,
    is_free,
    numbered,
    parts_of,
    tag_from,
)
from signalbox.model.item_size import check_size
from signalbox.model.permission import Permission
from signalbox.store import accounts, fields, lists
from signalbox.store.fields import TagTakenError

from .answers import answer, answer_duplicate
from .field_requests import loose_text, whole_body
from .list_requests import flag, own_id, pair_id, reference, refuse_unrelated
from .requests import PAGE, base_url, body_part, caller, page
from .routing import OR_INVALID, DescribedRouter, done, made
from .schemas import (
    DIGITS,
    LOOSE_TEXT,
    REFERENCE,
    SENT_FLAG,
    TOTAL,
    WHOLE_NUMBER,
    either,
    filled,
    limited,
    many,
    maybe,
    wanted,
    word,
    wrapped,
)
from .shapes import FIELD, OPTION, RELATION, field_shape, option_shapes, relation_shapes

router = DescribedRouter()
LONGEST_TITLE = 255
LONGEST_TEXT = 4096
MOST_NUMBERED = 100
MOST_OPTIONS = 1_000
TEXTS = {"descript": "description", "defval": "default", "service": "service"}
FLAGS = {"isrequired": "required", "show_in_list": "show_in_list", "visible": "visible"}
NUMBERS = {"rows": "rows", "cols": "columns", "ordernum": "order"}
LARGEST_NUMBER = 1_000_000
NUMBER = either({**WHOLE_NUMBER, "minimum": 0, "maximum": LARGEST_NUMBER}, DIGITS)
SHOWN = {"fieldOptions": many(OPTION), "fieldRels": many(RELATION), "field": FIELD}
SENT = {
    "title": filled(LONGEST_TITLE),
    "type": maybe(word(*FieldType)),
    "perstag": LOOSE_TEXT,
    **dict.fromkeys(TEXTS, LOOSE_TEXT),
    **dict.fromkeys(FLAGS, maybe(SENT_FLAG)),
    **dict.fromkeys(NUMBERS, maybe(NUMBER)),
}
NEW_OPTION = wanted(
    {
        "field": REFERENCE,
        "value": LOOSE_TEXT,
        "label": LOOSE_TEXT,
        "orderid": maybe(NUMBER),
        "isdefault": maybe(SENT_FLAG),
    },
    needs=("field",),
)


@router.serve(
    "GET /fields",
    done(fieldOptions=many(OPTION), fieldRels=many(RELATION), fields=many(FIELD), meta=TOTAL),
    query=PAGE,
)
def of_account() -> Response[str]:
    """List the account's fields, in the order in which they were made."""
    key = caller(router, Permission.READ_SETUP)
    limit, offset = page(router)
    known = fields.of_account(key.account_id)
    shown = known[offset : offset + limit]
    base, zone = base_url(router), accounts.fetch(key.account_id).time_zone
    return answer(
        {
            "fieldOptions": [one for field in shown for one in option_shapes(field)],
            "fieldRels": [one for field in shown for one in relation_shapes(field, zone)],
            "fields": [field_shape(field, base, zone) for field in shown],
            "meta": {"total": str(len(known))},
        }
    )


@router.serve("POST /fields", made(**SHOWN), body=wrapped("field", SENT, needs=("title",)))
def create() -> Response[str]:
    """Create a field; its tag is made from the title where none is sent."""
    key = caller(router, Permission.WRITE_RULES)
    sent = body_part(router, "field")
    facts = _facts(sent)
    if not facts.get("title"):
        raise InvalidError("title", "must not be empty")
    asked = loose_text(sent, "perstag", LONGEST_TITLE)
    now_ms = time.time_ns() // 1_000_000
    wanted = Field(
        account_id=key.account_id,
        field_id=_new_id(now_ms),
        tag=tag_from(asked or facts["title"]),
        created_ms=now_ms,
        updated_ms=now_ms,
        **facts,
    )
    if asked and not is_free(wanted.tag):
        raise InvalidError("perstag", "is the tag of a fact that every contact has")
    try:
        made = _created(wanted, most=1 if asked else MOST_NUMBERED)
    except TagTakenError:
        return answer_duplicate("perstag", "Personalization tag already exists in the system")
    return _shown(made, 201)


@router.serve("GET /fields/<field_id>", done(**SHOWN))
def read(field_id: str) -> Response[str]:
    """Return a field."""
    key = caller(router, Permission.READ_SETUP)
    return _shown(fields.fetch(key.account_id, own_id("field", field_id)))


@router.serve("PUT /fields/<field_id>", done(**SHOWN), body=wrapped("field", SENT))
def change(field_id: str) -> Response[str]:
    """Change what is sent of a field; its tag stays, since contacts carry their values under it."""
    key = caller(router, Permission.WRITE_RULES)
    sent = body_part(router, "field")
    standing = fields.fetch(key.account_id, own_id("field", field_id))
    facts = _facts(sent)
    if facts.get("title") == "":
        raise InvalidError("title", "must not be empty")
    asked = loose_text(sent, "perstag", LONGEST_TITLE)
    if asked and tag_from(asked) != standing.tag:
        raise InvalidError("perstag", "cannot be changed; contacts carry their values under it")
    return _shown(_saved(standing, **facts))


@router.serve("DELETE /fields/<field_id>", done())
def delete(field_id: str) -> Response[str]:
    """Delete a field."""
    key = caller(router, Permission.WRITE_RULES)
    fields.delete(fields.fetch(key.account_id, own_id("field", field_id)))
    return answer({})


@router.serve("GET /fields/<field_id>/options", done(fieldOptions=many(OPTION)))
def options(field_id: str) -> Response[str]:
    """List the values that a field offers."""
    key = caller(router, Permission.READ_SETUP)
    field = fields.fetch(key.account_id, own_id("field", field_id))
    return answer({"fieldOptions": option_shapes(field)})


@router.serve("GET /fields/<field_id>/relations", done(fieldRels=many(RELATION)))
def relations(field_id: str) -> Response[str]:
    """List where a field is shown."""
    key = caller(router, Permission.READ_SETUP)
    field = fields.fetch(key.account_id, own_id("field", field_id))
    zone = accounts.fetch(key.account_id).time_zone
    return answer({"fieldRels": relation_shapes(field, zone)})


@router.serve(
    "POST /fieldOption/bulk",
    made(fieldOptions=many(OPTION)),
    body=wanted({"fieldOptions": limited(NEW_OPTION, 1, MOST_OPTIONS)}, needs=("fieldOptions",)),
)
def offer() -> Response[str]:
    """Add values to those that fields offer."""
    key = caller(router, Permission.WRITE_RULES)
    sent = whole_body(router).get("fieldOptions")
    if not isinstance(sent, list) or not sent or len(sent) > MOST_OPTIONS:
        raise InvalidError("fieldOptions", f"must be a list of 1 to {MOST_OPTIONS} options")
    wanted: dict[str, list[FieldOption]] = {}
    first_id = int(_new_id(time.time_ns() // 1_000_000))
    for number, one in enumerate(sent):
        if not isinstance(one, dict):
            raise InvalidError("fieldOptions", "must hold objects")
        option = _option(one, str(first_id + number))
        wanted.setdefault(reference(one, "field"), []).append(option)
    standing = {field.field_id: field for field in fields.of_account(key.account_id)}
    if not set(wanted) <= set(standing):
        return refuse_unrelated("field")
    changed = [_offering(standing[field_id], tuple(added)) for field_id, added in wanted.items()]
    shown = []
    for field in changed:
        before = standing[field.field_id]
        _saved(before, options=field.options)
        shown += option_shapes(field)[len(before.options) :]
    return answer({"fieldOptions": shown}, 201)


@router.serve(
    "POST /fieldRels",
    made(fieldRel=RELATION),
    body=wrapped("fieldRel", {"field": REFERENCE, "relid": REFERENCE}, needs=("field", "relid")),
)
def relate() -> Response[str]:
    """Show a field on a list, or with `relid` 0 on all of them."""
    key = caller(router, Permission.WRITE_RULES)
    sent = body_part(router, "fieldRel")
    field = fields.find(key.account_id, reference(sent, "field") or EVERY_LIST)
    if field is None:
        return refuse_unrelated("field")
    list_id = str(sent.get("relid"))
    if list_id != EVERY_LIST:
        list_id = reference(sent, "relid")
        if not list_id or lists.find(key.account_id, list_id) is None:
            return refuse_unrelated("relid")
    alone = [one for one in field.lists if one not in {EVERY_LIST, list_id}]
    wanted = (EVERY_LIST,) if list_id == EVERY_LIST else (*alone, list_id)
    zone = accounts.fetch(key.account_id).time_zone
    shown = relation_shapes(_saved(field, lists=wanted), zone)
    return answer({"fieldRel": shown[-1]}, 201)


@router.serve("DELETE /fieldRels/<relation_id>", done() | OR_INVALID)
def part(relation_id: str) -> Response[str]:
    """Show a field on a list no more."""
    key = caller(router, Permission.WRITE_RULES)
    field_id, list_id = parts_of(pair_id("field relation", relation_id))
    field = fields.find(key.account_id, field_id)
    list_id = list_id or EVERY_LIST
    if field is None or list_id not in field.lists:
        raise NotFoundError("field relation", relation_id)
    _saved(field, lists=tuple(one for one in field.lists if one != list_id))
    return answer({})


def _offering(standing: Field, added: tuple[FieldOption, ...]) -> Field:
    """Return a field that offers more; raise `InvalidError` where that is too much."""
    if len(standing.options) + len(added) > MOST_OPTIONS:
        raise InvalidError("fieldOptions", f"are more than {MOST_OPTIONS} of one field")
    changed = replace(standing, options=(*standing.options, *added))
    check_size(asdict(changed), "fieldOptions")
    return changed


def _created(wanted: Field, *, most: int) -> Field:
    """Write a field; where its tag is taken, try the next number."""
    for number in range(1, most + 1):
        numbered_field = replace(wanted, tag=numbered(wanted.tag, number))
        if not is_free(numbered_field.tag):
            continue
        try:
            fields.create(numbered_field)
        except TagTakenError:
            if number == most:
                raise
        else:
            return numbered_field
    raise TagTakenError(wanted.tag)


def _saved(standing: Field, **facts: Any) -> Field:
    wanted = replace(standing, **facts)
    if wanted == standing:
        return standing
    check_size(asdict(wanted), "field")
    return fields.save(replace(wanted, updated_ms=time.time_ns() // 1_000_000), since=standing)


def _facts(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent of a field; null counts as not sent."""
    present = {name for name, value in sent.items() if value is not None}
    facts: dict[str, Any] = {
        ours: loose_text(sent, theirs, LONGEST_TEXT)
        for theirs, ours in TEXTS.items()
        if theirs in present
    }
    facts |= {
        ours: flag(sent, theirs, False) for theirs, ours in FLAGS.items() if theirs in present
    }
    facts |= {ours: _number(sent, theirs) for theirs, ours in NUMBERS.items() if theirs in present}
    if "title" in present:
        facts["title"] = loose_text(sent, "title", LONGEST_TITLE).strip()
    if "type" in present:
        facts["kind"] = _kind(sent)
    return facts


def _kind(sent: Mapping[str, Any]) -> FieldType:
    try:
        return FieldType(sent["type"])
    except ValueError as error:
        raise InvalidError("type", f"must be one of {', '.join(FieldType)}") from error


def _number(sent: Mapping[str, Any], name: str) -> int:
    shown = loose_text(sent, name, len(str(LARGEST_NUMBER)))
    if not (shown.isascii() and shown.isdigit() and int(shown) <= LARGEST_NUMBER):
        raise InvalidError(name, f"must be a whole number from 0 to {LARGEST_NUMBER}")
    return int(shown)


def _option(sent: Mapping[str, Any], option_id: str) -> FieldOption:
    value = loose_text(sent, "value", LONGEST_TITLE)
    return FieldOption(
        option_id=option_id,
        value=value,
        label=loose_text(sent, "label", LONGEST_TITLE) or value,
        order=_number(sent, "orderid") if sent.get("orderid") is not None else 0,
        is_default=flag(sent, "isdefault", False) if sent.get("isdefault") is not None else False,
    )


def _shown(field: Field, status: int = 200) -> Response[str]:
    zone = accounts.fetch(field.account_id).time_zone
    body = {
        "fieldOptions": option_shapes(field),
        "fieldRels": relation_shapes(field, zone),
        "field": field_shape(field, base_url(router), zone),
    }
    return answer(body, status)


def _new_id(now_ms: int) -> str:
    return new_contact_id(now_ms, random.getrandbits(ENTROPY_BITS))
