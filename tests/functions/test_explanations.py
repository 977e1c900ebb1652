"""Why a rule fired for an event, or did not, as the API tells it."""

import time
from typing import Any

import pytest

from functions.track import app as track
from signalbox.containing import add_contact_to
from signalbox.model.container import Container, ContainerKind
from signalbox.people import change_contact
from signalbox.store import contacts, containers, rules
from tests.cloud import sqs_event
from tests.people import ACCOUNT_ID as A
from tests.people import MAIL, settle, work
from tests.store.things import event
from tests.streams import Stream, flow


def entry(account: Any, name: str = "download") -> dict[str, Any]:
    """Return the latest event of a name, or change of a kind, in Ada's activities."""
    _, happened = account.call("GET", f"/api/contacts/{account.ada.contact_id}/activities")
    return next(one for one in happened["events"] if one["name"] == name)


def explained(account: Any, rule: dict[str, Any], name: str = "download") -> dict[str, Any]:
    """Ask why, and check what is true of every explanation."""
    found = entry(account, name)
    query = f"contact_id={account.ada.contact_id}&entry_id={found['entry_id']}"
    path = f"/api/rules/{rule['rule_id']}/explanation"
    status, answer = account.call("GET", path, query=query)
    assert 200 == status, answer
    assert (found["name"], found["kind"], found["at_ms"]) == (
        answer["event_name"],
        answer["kind"],
        answer["at_ms"],
    )
    assert answer["would_fire"] is (unmet(answer) == [])
    return answer


def unmet(answer: dict[str, Any]) -> list[str]:
    """Return the names of the steps that are not met."""
    return [step["what"] for step in answer["steps"] if not step["met"]]


def test_a_rule_that_fired_says_so_and_what_came_of_it(account, cloud):
    rule = account.rule(MAIL, {"kind": "set_field", "field": "last_name", "value": "L"})
    account.report()
    work(cloud)

    answer = explained(account, rule)

    assert (True, True, False) == (
        answer["fired"],
        answer["would_fire"],
        answer["changed_since"],
    )
    assert [("send_email", "done"), ("set_field", "done")] == [
        (row["kind"], row["outcome"]) for row in answer["dispatches"]
    ]
    assert {"status", "created_ms", "registered", "trigger", "depth"} < {
        step["what"] for step in answer["steps"]
    }


def disable(account: Any, rule: dict[str, Any]) -> None:
    standing = rules.fetch(A, rule["rule_id"])
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings", "actions")}
    path = f"/api/rules/{standing.rule_id}"
    assert 200 == account.call("PUT", path, wanted | {"status": "disabled"})[0]


def take_off_the_register(account: Any, rule: dict[str, Any]) -> None:
    assert 200 == account.call("DELETE", "/api/event-names/download")[0]


def nothing(account: Any, rule: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize(
    ("changes", "before", "expected"),
    [
        ({}, disable, ["status"]),
        ({}, take_off_the_register, ["registered"]),
        ({"event_name": "upload"}, nothing, ["trigger_settings.event_name"]),
        (
            {"trigger": "open", "trigger_settings": {"contact_kind": ""}},
            nothing,
            ["trigger"],
        ),
        (
            {"conditions": {"event": {"value": ["other"], "source": ["form"]}}},
            nothing,
            ["conditions.event.value"],
        ),
        (
            {"conditions": {"contact": {"first_name": ["Bea"], "email": [{"exists": True}]}}},
            nothing,
            ["conditions.contact.first_name"],
        ),
        (
            {"conditions": {"past_events": [{"name": "download", "within_s": 60}]}},
            nothing,
            ["conditions.past_events.0"],
        ),
        (
            {"conditions": {"contact": {"$or": [{"first_name": ["B"]}, {"tags": ["vip"]}]}}},
            nothing,
            ["conditions.contact.$or"],
        ),
    ],
)
def test_a_rule_that_did_not_fire_says_what_was_missing(account, cloud, changes, before, expected):
    account.call("POST", "/api/event-names", {"name": "upload"})
    rule = account.rule(MAIL, **changes)
    before(account, rule)
    account.report()
    work(cloud)

    answer = explained(account, rule)

    assert (False, expected) == (answer["fired"], unmet(answer))


def test_each_condition_says_what_it_wanted_and_what_there_was(account, cloud):
    either = {"$or": [{"first_name": ["B"]}, {"last_name": [{"exists": True}]}]}
    conditions = {"event": {"value": [{"prefix": "ftp:"}]}, "contact": either}
    rule = account.rule(MAIL, conditions=conditions)
    account.report()
    work(cloud)

    steps = {step["what"]: step for step in explained(account, rule)["steps"]}

    assert "https://files.example/a.pdf" == steps["conditions.event.value"]["found"]
    assert "ftp:" in steps["conditions.event.value"]["wanted"]
    first, second = steps["conditions.contact.$or"]["alternatives"]
    assert [("conditions.contact.first_name", "Ada")] == [
        (one["what"], one["found"]) for one in first
    ]
    assert [False] == [one["met"] for one in first]
    assert ["conditions.contact.last_name"] == [one["what"] for one in second]


def test_conditions_are_told_as_of_now(account, cloud):
    """What the check decided stands in its dispatch; the steps look again."""
    rule = account.rule(MAIL, conditions={"contact": {"first_name": ["Augusta"]}})
    account.report()
    work(cloud)
    assert ["conditions.contact.first_name"] == unmet(explained(account, rule))

    change_contact(A, account.ada.contact_id, first_name="Augusta")

    answer = explained(account, rule)
    assert (False, True) == (answer["fired"], answer["would_fire"])
    assert [("check", "skipped", "conditions_not_met")] == [
        (row["kind"], row["outcome"], row["detail"]) for row in answer["dispatches"]
    ]


def test_a_rule_is_explained_as_the_version_was_that_fired(account, cloud):
    rule = account.rule(MAIL, conditions={"event": {"value": [{"prefix": "https:"}]}})
    account.report()
    work(cloud)
    wanted = {name: rule[name] for name in ("name", "trigger", "trigger_settings", "actions")}
    changed = wanted | {"conditions": {"event": {"value": ["other"]}}}
    assert 200 == account.call("PUT", f"/api/rules/{rule['rule_id']}", changed)[0]

    answer = explained(account, rule)

    assert (True, 1, True) == (answer["fired"], answer["rule_version"], answer["changed_since"])
    assert [] == unmet(answer)


def test_a_turn_that_was_taken_is_named(account, cloud):
    rule = account.rule(MAIL, once={"period_s": 0})
    account.report()
    work(cloud)
    first = explained(account, rule)
    account.report(event="download", eventdata="again")
    work(cloud)

    second = explained(account, rule)

    assert (True, []) == (first["fired"], unmet(first))
    assert (False, ["once"]) == (second["fired"], unmet(second))
    assert "fired_before" == second["dispatches"][0]["detail"]


def test_changes_are_shown_among_activities_and_explained(account, cloud):
    """An opt-out by hand wakes the rule on that list, and not the rule on another."""
    stream = Stream(cloud)
    for number, name in ((1, "wanted"), (2, "other")):
        kind = ContainerKind.EMAIL_OPT_OUT_LIST
        containers.create(Container(A, kind, str(number), name))
    fits = account.rule(MAIL, trigger="opt_out", trigger_settings={"lists": ["1"]})
    elsewhere = account.rule(MAIL, trigger="opt_out", trigger_settings={"lists": ["2"]})
    ada = contacts.fetch(A, account.ada.contact_id)
    add_contact_to(A, ContainerKind.EMAIL_OPT_OUT_LIST, "1", ada)
    flow(cloud, stream)

    assert "contact_added" == entry(account, "contact_added")["kind"]
    first = explained(account, fits, "contact_added")
    second = explained(account, elsewhere, "contact_added")
    assert (True, []) == (first["fired"], unmet(first))
    assert (False, ["trigger_settings.lists"]) == (second["fired"], unmet(second))


def test_a_group_stands_for_its_lists(account, cloud):
    stream = Stream(cloud)
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    containers.create(Container(A, kind, "1", "single"))
    containers.create(Container(A, kind, "2", "group", grouped=True, members=("1",)))
    rule = account.rule(
        MAIL,
        trigger="contact_added",
        level="email_opt_out_list",
        container_id="2",
        trigger_settings={},
    )
    add_contact_to(A, kind, "1", contacts.fetch(A, account.ada.contact_id))
    flow(cloud, stream)

    answer = explained(account, rule, "contact_added")

    assert (True, []) == (answer["fired"], unmet(answer))


def test_a_rule_that_is_younger_than_the_event_did_not_see_it(account, cloud):
    hour_ago = time.time_ns() // 1_000_000 - 3_600_000
    track.handler(sqs_event([event(at_ms=hour_ago, received_ms=hour_ago).to_wire()]), None)
    rule = account.rule(MAIL)
    entry_id = entry(account)["entry_id"]
    query = f"contact_id={account.ada.contact_id}&entry_id={entry_id}"

    _, answer = account.call("GET", f"/api/rules/{rule['rule_id']}/explanation", query=query)

    assert (False, ["created_ms"]) == (answer["fired"], unmet(answer))


def test_a_rule_that_was_written_while_its_event_waited_did_see_it(account, cloud):
    """An event that was accepted before the rule was written, and looked at afterwards, fires it."""
    hour_ago = time.time_ns() // 1_000_000 - 3_600_000
    rule = account.rule(MAIL)
    track.handler(sqs_event([event(at_ms=hour_ago, received_ms=hour_ago).to_wire()]), None)
    work(cloud)
    query = f"contact_id={account.ada.contact_id}&entry_id={entry(account)['entry_id']}"

    _, answer = account.call("GET", f"/api/rules/{rule['rule_id']}/explanation", query=query)

    assert (True, True, []) == (answer["fired"], answer["would_fire"], unmet(answer))


def test_what_does_not_belong_together_is_refused(account, cloud):
    rule = account.rule(MAIL)
    account.report()
    work(cloud)
    ada, one = account.ada.contact_id, entry(account)["entry_id"]
    other = settle("200000002")

    def status(rule_id: str, query: str, people: Any = account) -> int:
        answer = people.call("GET", f"/api/rules/{rule_id}/explanation", query=query)
        return int(answer[0])

    assert 200 == status(rule["rule_id"], f"contact_id={ada}&entry_id={one}")
    assert 422 == status(rule["rule_id"], f"contact_id=77&entry_id={one}")
    assert 422 == status(rule["rule_id"], f"entry_id={one}")
    assert 404 == status(rule["rule_id"], f"contact_id={ada}&entry_id=1")
    assert 404 == status("7", f"contact_id={ada}&entry_id={one}")
    assert 404 == status(rule["rule_id"], f"contact_id={ada}&entry_id={one}", other)
