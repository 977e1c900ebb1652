"""Presets and duplicates: rules that are made of what stands already."""

import pytest

from signalbox.model.credential import Role
from signalbox.model.preset import BUILT_IN
from tests.people import MAIL, work

OPT_OUTS = "/api/email-opt-out-lists"


@pytest.fixture(name="opt_out_list")
def _opt_out_list(account) -> str:
    """Return the id of an e-mail opt-out list."""
    return account.call("POST", OPT_OUTS, {"name": "never"})[1]["container_id"]


def presets(account, query="") -> list[dict]:
    """Return a page of presets."""
    status, page = account.call("GET", "/api/presets", query=query)
    assert 200 == status
    return page["presets"]


@pytest.mark.parametrize("preset", BUILT_IN, ids=lambda preset: preset.preset_id)
def test_every_built_in_preset_makes_a_rule(account, opt_out_list, preset):
    """What is made is disabled, says what the preset says, and can be switched on as it is."""
    account.call("POST", "/api/event-names", {"name": "file download request"})
    project = preset.level == "project"
    wanted = {"name": "made", "container_id": "" if project else opt_out_list}

    status, rule = account.call("POST", f"/api/presets/{preset.preset_id}/rules", wanted)

    assert (201, "disabled", preset.level) == (status, rule["status"], rule["level"])
    assert preset.content["trigger"] == rule["trigger"]
    assert [action["kind"] for action in preset.content["actions"]] == [
        action["kind"] for action in rule["actions"]
    ]
    sent = ("name", "level", "container_id", "trigger", "trigger_settings", "once", "actions")
    active = {name: rule[name] for name in sent} | {"status": "active"}
    path = f"/api/rules/{rule['rule_id']}"
    assert (200, []) == (
        account.call("PUT", path, active)[0],
        account.call("GET", path)[1]["resting_because"],
    )


def test_a_rule_is_kept_and_made_again(account, cloud):
    """A rule of a preset that was kept of a rule does what that one did; the preset outlives it."""
    rule = account.rule(MAIL, name="first", once={"period_s": 60})
    wanted = {"name": "mine", "description": "of mine", "rule_id": rule["rule_id"]}
    status, kept = account.call("POST", "/api/presets", wanted, role=Role.MARKETER)
    assert (201, False, "mine") == (status, kept["built_in"], kept["name"])
    account.call("DELETE", f"/api/rules/{rule['rule_id']}")

    path = f"/api/presets/{kept['preset_id']}"
    made = account.call("POST", f"{path}/rules", {"name": "second", "status": "active"})[1]
    account.report()
    work(cloud)

    same = ("trigger", "trigger_settings", "once", "actions", "conditions", "level")
    assert {name: rule[name] for name in same} == {name: made[name] for name in same}
    assert 1 == len(cloud.mails())
    assert 204 == account.call("DELETE", path)[0]
    assert 404 == account.call("GET", path)[0]
    assert 200 == account.call("GET", f"/api/rules/{made['rule_id']}")[0]


def test_content_is_kept_and_part_of_it_replaced(account):
    """A preset of content that no rule has yet; settings and actions can be other ones."""
    content = {
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": "download"},
        "actions": [MAIL],
    }
    kept = account.call("POST", "/api/presets", {"name": "mine", "content": content})[1]
    wanted = {"name": "made", "actions": [MAIL | {"subject": "other"}]}

    status, made = account.call("POST", f"/api/presets/{kept['preset_id']}/rules", wanted)

    assert (201, ["other"]) == (status, [one["subject"] for one in made["actions"]])
    assert {"event_name": "download"} == made["trigger_settings"]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": "x"}, "body"),
        ({"name": "x", "rule_id": "1", "content": {"trigger": "open", "actions": []}}, "actions"),
        ({"name": "", "rule_id": "1"}, "name"),
        ({"name": "x", "content": {"trigger": "never", "actions": [MAIL]}}, "trigger"),
        (
            {
                "name": "x",
                "content": {
                    "trigger": "open",
                    "actions": [{"kind": "add_to_list", "list_id": "9"}],
                },
            },
            "list_id",
        ),
    ],
)
def test_what_makes_no_rule_is_kept_by_nobody(account, wanted, field):
    status, answer = account.call("POST", "/api/presets", wanted)

    assert 422 == status
    assert field in answer["errors"][0]["field"]
    assert len(BUILT_IN) == len(presets(account))


def test_presets_are_listed_page_after_page(account):
    """The first page begins with those that every account has; the others go on after it."""
    rule = account.rule(MAIL)
    kept = [
        account.call("POST", "/api/presets", {"name": str(n), "rule_id": rule["rule_id"]})[1]
        for n in range(3)
    ]

    first = account.call("GET", "/api/presets", query="limit=2")[1]
    second = account.call("GET", "/api/presets", query=f"limit=2&after={first['next']}")[1]

    assert [one.preset_id for one in BUILT_IN] == [
        one["preset_id"] for one in first["presets"] if one["built_in"]
    ]
    assert kept == [one for one in first["presets"] if not one["built_in"]] + second["presets"]
    assert "" == second["next"]


def test_a_built_in_preset_stays(account):
    assert 409 == account.call("DELETE", f"/api/presets/{BUILT_IN[0].preset_id}")[0]


def test_who_may_not_write_at_the_level_makes_nothing(account, opt_out_list):
    """A marketer makes rules of opt-out lists, and none of the project."""
    path = "/api/presets/tell-partner-of-opt-out/rules"
    wanted = {"name": "made", "container_id": opt_out_list}

    assert 201 == account.call("POST", path, wanted, role=Role.MARKETER)[0]
    project = wanted | {"level": "project", "container_id": ""}
    assert 403 == account.call("POST", path, project, role=Role.MARKETER)[0]
    assert 1 == len(account.call("GET", "/api/rules")[1]["rules"])


def test_a_duplicate_is_the_same_but_rests(account):
    """Everything that a rule says is in its duplicate, which fires nothing until it is switched on."""
    wait = {"seconds": 60, "until": "09:00", "zone": "contact"}
    rule = account.rule(
        MAIL | {"wait": wait},
        name="first",
        once={"period_s": 60},
        conditions={"event": {"value": ["x"]}, "contact": {"fields": {"SIZE": ["9"]}}},
    )

    status, copy = account.call("POST", f"/api/rules/{rule['rule_id']}/duplicate", {})

    own = ("rule_id", "name", "status", "created_ms", "updated_ms", "author")
    assert (201, "Copy of first", "disabled") == (status, copy["name"], copy["status"])
    assert {name: value for name, value in rule.items() if name not in own} == {
        name: value for name, value in copy.items() if name not in own
    }
    assert rule["rule_id"] != copy["rule_id"]


def test_a_duplicate_can_stand_at_another_level(account, opt_out_list):
    """A rule of the project becomes one of a list, and back."""
    ping = {"kind": "ping_url", "url": "https://p.example/"}
    rule = account.rule(ping, trigger="contact_added", trigger_settings={})
    moved = {"level": "email_opt_out_list", "container_id": opt_out_list, "name": "moved"}

    path = f"/api/rules/{rule['rule_id']}/duplicate"
    status, copy = account.call("POST", path, moved, role=Role.MARKETER)
    back = f"/api/rules/{copy['rule_id']}/duplicate"

    assert (201, "email_opt_out_list", opt_out_list) == (
        status,
        copy["level"],
        copy["container_id"],
    )
    assert 403 == account.call("POST", back, {"level": "project"}, role=Role.MARKETER)[0]
    status, again = account.call("POST", back, {"level": "project"})
    assert (201, "project", "") == (status, again["level"], again["container_id"])


def test_a_rule_whose_list_is_gone_says_so(account, opt_out_list):
    """Nothing happens there any more, so it cannot fire."""
    wanted = {"name": "made", "container_id": opt_out_list, "status": "active"}
    path = "/api/presets/tell-partner-of-opt-out/rules"
    rule = account.call("POST", path, wanted)[1]

    assert [] == rule["resting_because"]
    account.call("DELETE", f"{OPT_OUTS}/{opt_out_list}")
    gone = account.call("GET", f"/api/rules/{rule['rule_id']}")[1]
    assert [f"the email opt-out list {opt_out_list} is gone"] == gone["resting_because"]
