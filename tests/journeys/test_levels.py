"""Rules at the five levels: a contact comes into a container or goes, and what fires."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest

from signalbox.model.credential import Role
from signalbox.store import tracking
from tests.streams import Stream, flow

EMAIL, PHONE = "bea@signalbox.example", "+4930123456"
PATHS = {
    "list": "lists",
    "email_campaign": "email-campaigns",
    "sms_campaign": "sms-campaigns",
    "email_opt_out_list": "email-opt-out-lists",
    "phone_opt_out_list": "phone-opt-out-lists",
}
LEVELS = [kind for kind in PATHS if kind != "list"]
MEMBERS = {
    "list": [{"email": EMAIL}, {"phone": PHONE}],
    "email_campaign": [{"email": EMAIL}],
    "sms_campaign": [{"phone": PHONE}],
    "email_opt_out_list": [{"email": EMAIL}],
    "phone_opt_out_list": [{"phone": PHONE}],
}
CASES = [(kind, member) for kind, members in MEMBERS.items() for member in members]
TRIGGERS = ["contact_added", "contact_deleted"]


@dataclass
class World:
    """An account with two containers of each kind, two mailers, and the stream of its changes."""

    account: Any
    cloud: Any
    stream: Stream
    containers: dict[str, list[str]]
    mailers: list[str]

    def rule(self, name: str, **wanted: Any) -> None:
        """Write a rule that records an event of its own name."""
        action = {"kind": "record_event", "name": name}
        role = Role.GLOBAL_ADMIN if wanted.get("level", "project") == "project" else Role.MARKETER
        body = {"name": name, "actions": [action]} | wanted
        status, answer = self.account.call("POST", "/api/rules", body, role=role)
        assert status == 201, answer

    def move(self, trigger: str, kind: str, member: dict, mailer: str = "", number: int = 0) -> str:
        """Add somebody to a container or delete it from there; return who."""
        path = f"/api/{PATHS[kind]}/{self.containers[kind][number]}/contacts"
        sent = {"contacts": [member], "mailer_id": mailer}
        ways = [path] if trigger == "contact_added" else [path, f"{path}/delete"]
        for way in ways:
            status, answer = self.account.call("POST", way, sent)
            assert status == 200, answer
        return answer["results"][0]["contact_id"]

    def fired(self, contact_id: str) -> list[str]:
        """Let everything happen that follows, and return the rules that fired, in their order."""
        flow(self.cloud, self.stream)
        entries, _ = tracking.of_contact(self.account.account_id, contact_id)
        return [entry.name for entry in entries if entry.source == "rule"]


@pytest.fixture(name="world")
def _world(account, cloud):
    def create(path: str, **facts: str) -> dict:
        status, made = account.call("POST", f"/api/{path}", facts)
        assert status == 201, made
        return made

    return World(
        account,
        cloud,
        Stream(cloud),
        {
            kind: [create(path, name=f"{kind} {n}")["container_id"] for n in range(2)]
            for kind, path in PATHS.items()
        },
        [create("mailers", name=f"Mailer {n}")["mailer_id"] for n in range(2)],
    )


@pytest.mark.parametrize(("kind", "member"), CASES)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_level_fires_with_its_settings_set_or_empty(world, trigger, kind, member):
    """Rules of all levels that fit fire for one change, and none that does not.

    Each setting is empty, or names what happens, or names something else.
    """
    ours, other = world.containers[kind]
    address = next(iter(member))
    other_address = "phone" if address == "email" else "email"
    expected = []
    for lists, mailers, contact_kind in itertools.product(
        ([], [ours], [other]),
        ([], [world.mailers[0]], [world.mailers[1]]),
        ("", address, other_address),
    ):
        settings = {"lists": lists, "mailers": mailers, "contact_kind": contact_kind}
        name = json.dumps(["project", *settings.values()])
        world.rule(name, trigger=trigger, trigger_settings=settings)
        fits = [lists in ([], [ours]), mailers != [world.mailers[1]], contact_kind != other_address]
        expected += [name] if all(fits) else []
    for level, mailers in itertools.product(LEVELS, ([], [world.mailers[0]], [world.mailers[1]])):
        for number, container_id in enumerate(world.containers[level]):
            name = json.dumps([level, number, mailers])
            world.rule(
                name,
                level=level,
                container_id=container_id,
                trigger=trigger,
                trigger_settings={"mailers": mailers},
            )
            fits = level == kind and not number and mailers != [world.mailers[1]]
            expected += [name] if fits else []

    who = world.move(trigger, kind, member, world.mailers[0])

    assert sorted(expected) == sorted(world.fired(who))
    assert 8 + 2 * (kind != "list") == len(expected)


@pytest.mark.parametrize(("kind", "member"), CASES)
def test_whatever_causes_the_change_the_trigger_fires_once(world, kind, member):
    """Adding again is no change, and deleting who is not there is none either."""
    for trigger in TRIGGERS:
        world.rule(trigger, trigger=trigger)

    who = world.move("contact_added", kind, member)
    world.move("contact_added", kind, member)
    assert ["contact_added"] == world.fired(who)

    world.move("contact_deleted", kind, member)
    path = f"/api/{PATHS[kind]}/{world.containers[kind][0]}/contacts/delete"
    world.account.call("POST", path, {"contacts": [member]})
    assert ["contact_added", "contact_deleted"] == world.fired(who)

    world.move("contact_added", kind, member | {}, number=1)
    assert ["contact_added", "contact_added", "contact_deleted"] == sorted(world.fired(who))


def test_a_rule_at_a_group_fires_for_each_of_its_lists(world):
    """And stops when the list leaves the group."""
    first, second = world.containers["email_opt_out_list"]
    path = "/api/email-opt-out-lists"
    group = {"name": "Both", "grouped": True, "members": [first, second]}
    status, made = world.account.call("POST", path, group)
    assert 201 == status
    level = {"level": "email_opt_out_list", "container_id": made["container_id"]}
    world.rule("group", trigger="contact_added", **level)
    member = {"email": EMAIL}

    who = world.move("contact_added", "email_opt_out_list", member, number=1)
    assert ["group"] == world.fired(who)

    one = {"members": [first]}
    assert 200 == world.account.call("PATCH", f"{path}/{made['container_id']}", one)[0]
    world.move("contact_deleted", "email_opt_out_list", member, number=1)
    world.move("contact_added", "email_opt_out_list", member, number=1)
    assert ["group"] == world.fired(who)


def test_an_opt_out_is_a_trigger_by_itself(world):
    world.rule("out", trigger="opt_out")
    world.rule("in", trigger="opt_in")

    who = world.move("contact_deleted", "phone_opt_out_list", {"phone": PHONE})

    assert ["out", "in"] == sorted(world.fired(who), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"level": "email_campaign"}, "container_id"),
        ({"level": "email_campaign", "container_id": "7"}, "container_id"),
        ({"container_id": "7"}, "container_id"),
        ({"trigger": "event_recorded"}, "trigger_settings.event_name"),
        ({"trigger_settings": {"event_name": "download"}}, "trigger_settings.event_name"),
        ({"trigger_settings": {"lists": ["7"]}}, "trigger_settings.lists.0"),
        ({"trigger_settings": {"mailers": ["7"]}}, "trigger_settings.mailers.0"),
        ({"trigger_settings": {"tags": ["7"]}}, "trigger_settings.tags"),
        (
            {"trigger": "contact_tag_added", "trigger_settings": {"tags": ["7"]}},
            "trigger_settings.tags.0",
        ),
        ({"trigger_settings": {"fields": ["email"]}}, "trigger_settings.fields"),
        ({"trigger_settings": {"contact_kind": "fax"}}, "trigger_settings.contact_kind"),
        ({"conditions": {"event": {"value": "x"}}}, "conditions.event.value"),
        ({"conditions": {"contact": {"tags": [{"near": 1}]}}}, "conditions.contact.tags.0"),
        (
            {"conditions": {"past_events": [{"within_s": 1, "name": "a", "kind": "open"}]}},
            "conditions.past_events.0",
        ),
        ({"once": {"period_s": -1}}, "once.period_s"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_the_field_that_is_wrong(account, wanted, field):
    body = {"name": "Rule", "trigger": "contact_added", "actions": [{"kind": "webhook"}]}
    action = {"kind": "record_event", "name": "x"}

    status, answer = account.call("POST", "/api/rules", body | {"actions": [action]} | wanted)

    assert (422, [field]) == (status, [fault["field"] for fault in answer["errors"]])


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_has_its_triggers(world, level):
    """An event that an application reports is the project's alone."""
    body = {
        "name": "Rule",
        "level": level,
        "container_id": world.containers[level][0],
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": "download"},
        "actions": [{"kind": "record_event", "name": "x"}],
    }

    status, answer = world.account.call("POST", "/api/rules", body)

    assert (422, "trigger") == (status, answer["errors"][0]["field"])


def test_a_rule_of_the_project_is_for_global_admins(world):
    """Those of campaigns and opt-out lists are for admins and marketers, too."""
    campaign = world.containers["email_campaign"][0]
    body = {
        "name": "Rule",
        "trigger": "contact_added",
        "actions": [{"kind": "record_event", "name": "x"}],
    }
    lower = body | {"level": "email_campaign", "container_id": campaign}

    def write(role: Role, wanted: dict) -> int:
        return world.account.call("POST", "/api/rules", wanted, role=role)[0]

    assert [201, 403, 403] == [
        write(role, body) for role in (Role.GLOBAL_ADMIN, Role.ADMIN, Role.MARKETER)
    ]
    assert [201, 201, 201, 403] == [
        write(role, lower) for role in (Role.GLOBAL_ADMIN, Role.ADMIN, Role.MARKETER, Role.ANALYST)
    ]


def test_a_marketer_can_neither_raise_a_rule_to_the_project_nor_touch_one_there(world):
    campaign = world.containers["email_campaign"][0]
    body = {
        "name": "Rule",
        "trigger": "contact_added",
        "actions": [{"kind": "record_event", "name": "x"}],
    }
    lower = body | {"level": "email_campaign", "container_id": campaign}
    _, low = world.account.call("POST", "/api/rules", lower)
    _, high = world.account.call("POST", "/api/rules", body)

    def ask(method: str, rule: dict, wanted: dict | None = None) -> int:
        path = f"/api/rules/{rule['rule_id']}"
        return world.account.call(method, path, wanted, role=Role.MARKETER)[0]

    assert 403 == ask("PUT", low, body)
    assert 403 == ask("PUT", high, lower)
    assert 403 == ask("DELETE", high)
    assert 204 == ask("DELETE", low)
