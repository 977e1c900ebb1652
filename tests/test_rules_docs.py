"""The page about rules says what the code does, and every example on it can be sent."""

import json
import re

import pytest

from functions.admin.containers import MOST_MEMBERS
from functions.admin.rule_bodies import LONGEST_WINDOW_S, MOST_SETTINGS, RuleWanted
from functions.admin.rule_writing import NARROWED, at_level
from functions.dispatch.performers import repeatable
from signalbox.conditions import contact_document
from signalbox.model import change
from signalbox.model.action import KINDS, OWN_FACTS
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.dispatch import SkipReason
from signalbox.model.event import DEEPEST_CHAIN
from signalbox.model.field import OWN_TAGS, Field
from signalbox.model.item_size import LARGEST
from signalbox.model.mailer import Mailer
from signalbox.model.pattern import MOST_BYTES, MOST_LEVELS
from signalbox.model.performing import ZONE_FIELD
from signalbox.model.placeholder import KNOWN
from signalbox.model.rule import MOST_ACTIONS
from signalbox.model.sms import LONGEST_TEXT
from signalbox.model.tag import Tag
from signalbox.model.trigger import OF_MESSAGES, Level, Trigger, TriggerSettings
from signalbox.model.waiting import LONGEST_S
from signalbox.model.waking import document
from signalbox.store import containers, event_names, fields, lists, mailers, tags
from signalbox.store.tracking import LOOKED_BACK
from tests.store.things import event
from tests.template import ROOT

PAGE = (ROOT / "docs" / "rules.md").read_text()
BLOCKS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
EVENT, CONTACT = "at_ms", "opt_out_lists"  # what only the documents of an event and a contact have
DOCUMENTS = [block for block in BLOCKS if block.keys() & {EVENT, CONTACT}]
NOTED = {"kind": "record_event", "name": "noted"}
BASE = {"name": "Rule", "trigger": "contact_created", "actions": [NOTED]}


def whole(block):
    """Return the rule that an example is, or that has what the example is a part of."""
    return BASE | ({"actions": [block]} if "kind" in block else block)


RULES = [whole(block) for block in BLOCKS if block not in DOCUMENTS]


@pytest.fixture(name="prepared")
def _prepared(account):
    """The account with what the examples speak of."""
    account_id = account.account_id
    lists.create(ContactList(account_id, "11", "News"))
    for container_id, kind in (
        ("21", ContainerKind.EMAIL_CAMPAIGN),
        ("22", ContainerKind.SMS_CAMPAIGN),
        ("31", ContainerKind.EMAIL_OPT_OUT_LIST),
        ("32", ContainerKind.PHONE_OPT_OUT_LIST),
    ):
        containers.create(Container(account_id, kind, container_id, "one"))
    kind = ContainerKind.EMAIL_OPT_OUT_LIST
    containers.create(Container(account_id, kind, "33", "all", grouped=True, members=("31",)))
    mailers.create(Mailer(account_id, "41", "Partner"))
    tags.create(Tag(account_id, "51", "vip"))
    for number, tag in enumerate(("COMPANY", ZONE_FIELD), 61):
        fields.create(Field(account_id, str(number), tag.title(), tag))
    for name in ("order", "trial started"):
        event_names.register(account_id, name, 1)
    return account


def section(heading: str) -> str:
    """Return the text below a heading, up to the next of its rank or a higher one."""
    rank = heading.partition(" ")[0]
    below = f"\n{PAGE}".partition(f"\n{heading}\n")[2]
    assert below, heading
    return re.split(rf"^#{{2,{max(len(rank), 2)}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    table = re.search(r"(?:^\|.*\n)+", section(heading), re.MULTILINE)
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words(text: str) -> list[str]:
    """Return what stands as code within the lines of a text."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"(?s)```.*?```", "", text))


def first(heading: str) -> list[str]:
    """Return the words in the first column of the table below a heading."""
    return [word for row in rows(heading) for word in words(row[0])]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: json.dumps(rule)[:60])
def test_every_example_can_be_sent(prepared, rule):
    """Each is a rule, or a part that makes one with what is usual."""
    status, answer = prepared.call("POST", "/api/rules", rule)

    assert (201, []) == (status, answer.get("errors", [])), answer


def test_every_word_of_a_rule_has_an_example():
    """Levels, triggers, settings, kinds of actions, waits, limits and conditions."""
    actions = [action for rule in RULES for action in rule["actions"]]
    conditions = [rule.get("conditions", {}) for rule in RULES]
    waits = [action["wait"] for action in actions if "wait" in action]

    assert set(Level) == {rule.get("level", "project") for rule in RULES}
    assert set(Trigger) - OF_MESSAGES - {Trigger.CONTACT_DELETED} <= {
        rule["trigger"] for rule in RULES
    }
    assert set(TriggerSettings._fields) == {
        name for rule in RULES for name in rule.get("trigger_settings", {})
    }
    assert KINDS.keys() == {action["kind"] for action in actions}
    assert {"seconds", "until", "zone"} == {name for wait in waits for name in wait}
    assert {"event", "contact", "past_events"} == {name for one in conditions for name in one}
    assert {0, 1} == {len(rule["once"]) for rule in RULES if "once" in rule}


def test_every_placeholder_has_an_example():
    """Each name that stands for something is used where it may be."""
    pings = json.dumps([rule for rule in RULES if "ping_url" in json.dumps(rule)])
    exact = {name for name in KNOWN if not name.endswith(("TAG", "NAME"))}

    used = set(re.findall(r"\{([a-z_.]+)\}", pings))

    assert exact - {"email"} <= used | {one.removeprefix("contact.") for one in used}
    assert "{fields.COMPANY}" in pings
    assert "{event.properties.total}" in pings


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("# Rules", list(RuleWanted.model_fields)),
        ("## Levels", list(Level)),
        ("## Triggers", list(Trigger)),
        ("## Trigger settings", list(TriggerSettings._fields)),
        ("## Actions", list(KINDS)),
        ("### What is skipped, and why", list(SkipReason)),
    ],
)
def test_a_table_has_every_word_and_no_other(heading, expected):
    """The first column is the closed set; levels and triggers stand in their order."""
    found = first(heading)

    assert sorted(map(str, expected)) == sorted(found)
    if heading in {"## Levels", "## Triggers"}:
        assert list(map(str, expected)) == found


def test_the_table_of_placeholders_has_every_name_and_no_other():
    assert sorted(KNOWN) == sorted(name.strip("{}") for name in first("## Placeholders"))


def test_every_personalisation_tag_is_told():
    told = section("### Tags")

    assert set() == {tag for tag in OWN_TAGS if f"`%{tag}%`" not in told}


def test_what_is_done_again_after_a_crash_is_told_as_it_is():
    """By the kind of action."""
    told = {word: row[2] for row in rows("## Actions") for word in words(row[0])}
    known = {
        kind: "again" if repeatable(object.__new__(shape)) else "uncertain"
        for kind, shape in KINDS.items()
    }

    assert known == told


def test_the_levels_are_told_with_the_triggers_that_they_can_have():
    """Words stand for themselves, `those of messages` for all of these; `all` and `the same` too."""
    told: dict[str, frozenset[Trigger]] = {}
    before: frozenset[Trigger] = frozenset()
    for level, _, _, cell in rows("## Levels"):
        if cell == "all":
            before = frozenset(Trigger)
        elif cell != "the same":
            named = frozenset(map(Trigger, words(cell)))
            before = named | (OF_MESSAGES if "of messages" in cell else frozenset())
        told[words(level)[0]] = before

    assert {str(level): at_level(level) for level in Level} == told


def test_the_settings_are_told_with_the_triggers_that_they_narrow():
    told: dict[str, set[str]] = {}
    before: set[str] = set()
    for setting, _, cell in rows("## Trigger settings"):
        if cell != "the same":
            before = set(words(cell)) & set(Trigger)
            before |= OF_MESSAGES if "of messages" in cell else set()
        told[words(setting)[0]] = before

    assert {name: set(map(str, found)) for name, found in NARROWED.items()} == told


def test_the_triggers_that_nothing_reports_yet_are_told():
    """All from `sent` on; every other is an application's, or a change's."""
    order = list(Trigger)
    silent = set(order[order.index(Trigger.SENT) :])
    changes = {*change.KINDS, *change.OWN_KINDS, Trigger.OPT_IN, Trigger.OPT_OUT}

    assert "The triggers from `sent` on are those of **messages**. No channel" in PAGE
    assert silent == OF_MESSAGES
    assert set(order) - silent - {Trigger.EVENT_RECORDED} == changes


def test_the_documents_that_conditions_see_are_shown_as_they_are(account):
    """The event with every name it has, and the contact."""
    (of_event,) = (one for one in DOCUMENTS if EVENT in one)
    (of_contact,) = (one for one in DOCUMENTS if CONTACT in one)
    named = frozenset(of_contact)

    assert list(document(event())) == list(of_event)
    assert contact_document(account.ada, named).keys() == of_contact.keys()


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("actions of a rule | {} |", MOST_ACTIONS),
        ("a rule with all its actions and conditions | {} bytes", LARGEST),
        ("names in `fields` | {} each", MOST_SETTINGS),
        ("within {} seconds (400 days)", LONGEST_WINDOW_S),
        ("`once.period_s` | {} seconds", LONGEST_WINDOW_S),
        ("`wait.seconds` | {} ", LONGEST_S),
        ("a pattern | {} bytes", f"{MOST_BYTES}"),
        ("bytes, {} levels", MOST_LEVELS),
        ("100,000, {} characters", LONGEST_TEXT),
        ("for `%EVENT: name%` | {} |", LOOKED_BACK),
        ("lists in a group | {} ", MOST_MEMBERS),
        ("depth of an event | {} rules", DEEPEST_CHAIN),
    ],
)
def test_the_limits_are_told(said, number):
    shown = f"{number:,}" if isinstance(number, int) else number

    assert said.format(shown) in section("## Limits")


def test_the_zone_of_a_contact_and_its_own_facts_are_told():
    assert f"custom field `{ZONE_FIELD}`" in section("## Waits")
    assert set(OWN_FACTS) <= set(words(section("### The contact's facts")))
