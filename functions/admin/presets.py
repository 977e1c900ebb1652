"""Presets: templates of rules, and the rules that are made of them."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, model_validator

from signalbox.model.action import stored_action
from signalbox.model.errors import ConflictError
from signalbox.model.permission import Permission
from signalbox.model.preset import BUILT_IN, Preset
from signalbox.model.rule import MOST_ACTIONS, RuleStatus
from signalbox.model.trigger import Level
from signalbox.store import presets, rules

from .action_bodies import AnyAction
from .requests import Limit, Sent, Shown, answers, caller, now_ms
from .rule_bodies import (
    ContainerId,
    RuleContent,
    RuleName,
    RuleShown,
    TriggerSettingsSent,
    content_of,
    shown,
    wanted_of,
)
from .rule_writing import actions_of, check_content, new_rule_id, permission_at, write_new

router = Router()
PresetId = Annotated[str, Path(max_length=64)]
AfterId = Annotated[
    str, Query(pattern="^([0-9]{16})?$", description="The `next` of the page before")
]
PRESETS = {preset.preset_id: preset for preset in BUILT_IN}


class PresetShown(Shown):
    """A preset; `content` is what a rule made of it does, `level` the one that it is meant for."""

    preset_id: str
    name: str
    description: str
    built_in: bool
    level: Level
    content: dict[str, Any]
    author: str
    created_ms: int


class PresetList(Shown):
    """A page of presets: first those that every account has, then its own, oldest first."""

    presets: list[PresetShown]
    next: str


class PresetWanted(Sent):
    """A preset to keep: of some content, or of a rule as it stands."""

    name: RuleName
    description: Annotated[str, Field(max_length=1000)] = ""
    level: Level | None = None
    content: RuleContent | None = None
    rule_id: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _names_one(self) -> "PresetWanted":
        if bool(self.content) == bool(self.rule_id):
            raise ValueError("give either a content or a rule_id")
        return self


class PresetRuleWanted(Sent):
    """A rule to make of a preset; what is given of it stands in place of the preset's."""

    name: RuleName
    level: Level | None = None
    container_id: ContainerId = ""
    trigger_settings: TriggerSettingsSent | None = None
    actions: Annotated[
        list[AnyAction] | None, Field(min_length=1, max_length=MOST_ACTIONS, default=None)
    ]
    status: RuleStatus = RuleStatus.DISABLED


@router.get("/presets", responses=answers("A page of presets"))
def of_account(limit: Limit = 50, after: AfterId = "") -> PresetList:
    """List the presets; those that every account has are on the first page, beside its own."""
    key = caller(router, Permission.READ_SETUP)
    own, last = presets.of_account(key.account_id, limit=limit, after=after)
    found = own if after else [*BUILT_IN, *own]
    return PresetList(presets=[_shown(preset) for preset in found], next=last)


@router.post("/presets", status_code=201, responses=answers("The preset", 404, status=201))
def create(wanted: PresetWanted) -> PresetShown:
    """Keep a preset: of a rule as it stands, or of content that a rule could have."""
    key = caller(router, Permission.WRITE_RULES)
    now = now_ms()
    level, content = _kept(key.account_id, wanted)
    preset = Preset(
        preset_id=new_rule_id(now),
        name=wanted.name,
        description=wanted.description,
        content=content,
        level=wanted.level or level,
        author=key.name,
        created_ms=now,
    )
    presets.create(key.account_id, preset)
    return _shown(preset)


@router.get("/presets/<preset_id>", responses=answers("The preset", 404))
def read(preset_id: PresetId) -> PresetShown:
    """Return a preset."""
    key = caller(router, Permission.READ_SETUP)
    return _shown(_found(key.account_id, preset_id))


@router.delete(
    "/presets/<preset_id>", status_code=204, responses=answers("Deleted", 404, 409, status=204)
)
def delete(preset_id: PresetId) -> None:
    """Delete a preset of the account's own; the rules that were made of it stay."""
    key = caller(router, Permission.WRITE_RULES)
    if _found(key.account_id, preset_id).built_in:
        raise ConflictError("the preset is built in, and stays")
    presets.delete(key.account_id, preset_id)


@router.post(
    "/presets/<preset_id>/rules",
    status_code=201,
    responses=answers("The rule", 404, 409, status=201),
)
def make_rule(preset_id: PresetId, wanted: PresetRuleWanted) -> RuleShown:
    """Write a rule that is what the preset says; it is disabled unless its status says otherwise."""
    key = caller(router, Permission.WRITE_RULES)
    preset = _found(key.account_id, preset_id)
    level = wanted.level or preset.level
    caller(router, permission_at(level))
    replaced = wanted.model_dump(include={"trigger_settings", "actions"}, exclude_none=True)
    rule = wanted_of(
        {**preset.content, **replaced},
        name=wanted.name,
        level=level,
        container_id=wanted.container_id,
        status=wanted.status,
    )
    return shown(write_new(key.account_id, key.name, rule))


def _kept(account_id: str, wanted: PresetWanted) -> tuple[Level, dict[str, Any]]:
    """Return the level and the content that a preset keeps."""
    if wanted.content is None:
        rule = rules.fetch(account_id, wanted.rule_id)
        return rule.level, content_of(rule)
    check_content(account_id, wanted.content)
    actions = [
        stored_action(action) | ({"wait": sent.wait.model_dump()} if sent.wait else {})
        for sent, action in zip(
            wanted.content.actions, actions_of(account_id, wanted.content), strict=True
        )
    ]
    content = wanted.content.model_dump(mode="json", exclude={"actions"})
    for part in ("trigger_settings", "conditions"):
        content[part] = {name: value for name, value in content[part].items() if value}
    return Level.PROJECT, content | {"actions": actions}


def _found(account_id: str, preset_id: str) -> Preset:
    return PRESETS.get(preset_id) or presets.fetch(account_id, preset_id)


def _shown(preset: Preset) -> PresetShown:
    return PresetShown(
        preset_id=preset.preset_id,
        name=preset.name,
        description=preset.description,
        built_in=preset.built_in,
        level=preset.level,
        content=dict(preset.content),
        author=preset.author,
        created_ms=preset.created_ms,
    )
