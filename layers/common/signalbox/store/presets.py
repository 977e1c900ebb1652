"""An account's own presets, in the rules table.

Item    pk A#<account>#presets   sk <preset: digits in the order of age>
        body             name, description, level, content, author, created
Access  create, read, delete; a page of an account's
"""

from typing import Any

from signalbox.environment import environment
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.preset import Preset
from signalbox.model.trigger import Level
from signalbox.model.wire import packed, unpacked
from signalbox.store import keys, table
from signalbox.store.table import Item, Key


def key(account_id: str, preset_id: str) -> Key:
    """Return where the preset stands."""
    return keys.collection(account_id, "presets"), preset_id


def create(account_id: str, preset: Preset) -> None:
    """Write a new preset; raise `ConflictError` where another has its id."""
    pk, sk = key(account_id, preset.preset_id)
    item = {"pk": pk, "sk": sk, "body": _body(preset)}
    try:
        table.put(environment().rules_table, item, condition="attribute_not_exists(pk)")
    except table.RefusedError as error:
        if error.old is None or error.old["body"] != item["body"]:
            raise ConflictError(f"preset {preset.preset_id} exists") from error


def fetch(account_id: str, preset_id: str) -> Preset:
    """Return a preset; raise `NotFoundError` where there is none."""
    item = table.get(environment().rules_table, key(account_id, preset_id))
    if item is None:
        raise NotFoundError("preset", preset_id)
    return _preset_from(item)


def of_account(account_id: str, *, limit: int, after: str = "") -> tuple[list[Preset], str]:
    """Return a page of an account's presets, oldest first, and the id to go on after."""
    page = table.query(
        environment().rules_table,
        keys.collection(account_id, "presets"),
        limit=limit,
        after=key(account_id, after) if after else None,
        consistent=True,
    )
    return [_preset_from(item) for item in page.items], page.last[1] if page.last else ""


def delete(account_id: str, preset_id: str) -> None:
    """Delete a preset; repeated, it changes nothing."""
    table.delete_many(environment().rules_table, [key(account_id, preset_id)])


def _preset_from(item: Item) -> Preset:
    body: dict[str, Any] = unpacked(item["body"])
    level = Level(body.pop("level"))
    return Preset(preset_id=item["sk"], level=level, **body)


def _body(preset: Preset) -> str:
    return packed(
        {
            "name": preset.name,
            "description": preset.description,
            "level": preset.level,
            "content": dict(preset.content),
            "author": preset.author,
            "created_ms": preset.created_ms,
        }
    )
