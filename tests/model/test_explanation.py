"""Why a rule fired, or not: the steps decide as the workers do."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model import explanation
from signalbox.model.dispatch import CHECK, Dispatch, Outcome
from signalbox.model.event import Event
from signalbox.model.explanation import Circumstances, Turn, check_of, event_of, has_fired
from signalbox.model.log import entry_of
from signalbox.model.pattern import explained
from signalbox.model.rule import Conditions, Once, Rule, RuleStatus
from signalbox.model.trigger import Level, Trigger, TriggerSettings, asked, triggers
from signalbox.model.waking import document, fits
from tests.store.things import NOW, event, record, rule

IDS = st.sampled_from(["", "1", "2", "3"])
SOME = st.lists(st.sampled_from(["1", "2", "3"]), max_size=2, unique=True).map(tuple)
KINDS = ("", *(one for one in Trigger if one != Trigger.EVENT_RECORDED))


def events() -> st.SearchStrategy[Event]:
    """Return events of applications and of every kind."""
    facts = st.fixed_dictionaries(
        {
            "list_id": IDS,
            "mailer_id": IDS,
            "tag_id": IDS,
            "contact_kind": st.sampled_from(["", "email", "phone"]),
            "changed": st.lists(st.sampled_from(["email", "fields.A"]), max_size=2),
            "container": st.sampled_from(["list", *Level]),
        }
    )
    names = st.sampled_from(["download", "upload"])
    return st.builds(
        lambda kind, name, facts: event(kind=kind, name=kind or name, properties=facts),
        st.sampled_from(KINDS),
        names,
        facts,
    )


def rules() -> st.SearchStrategy[Rule]:
    """Return rules of every trigger, at the project and at containers, with settings and without."""
    asked_for = st.builds(
        TriggerSettings,
        event_name=st.sampled_from(["download", "upload"]),
        lists=SOME,
        mailers=SOME,
        contact_kind=st.sampled_from(["", "", "email", "phone"]),
        tags=SOME,
        fields=st.lists(st.sampled_from(["email", "fields.A"]), max_size=1).map(tuple),
    )
    return st.builds(
        lambda trigger, settings, container_id: rule(
            trigger=trigger,
            settings=settings,
            level=Level.EMAIL_OPT_OUT_LIST if container_id else Level.PROJECT,
            container_id=container_id,
        ),
        st.sampled_from(Trigger),
        asked_for,
        IDS,
    )


@given(events(), rules(), SOME)
@settings(max_examples=1500, deadline=None, derandomize=True, database=None)
def test_the_steps_hold_exactly_where_the_workers_let_the_rule_fire(happened, written, groups):
    """Found at a place where it stands, and let through there."""
    woken = not set(written.places).isdisjoint(asked(happened, groups))

    steps = explanation.fitting(written, happened, groups)

    assert (woken and fits(written.wakeable(), happened)) is all(step.met for step in steps)


@given(events())
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_a_rule_on_everything_of_its_kind_is_met(happened):
    """Or the property above would hold for steps that are never met."""
    (trigger, *_) = triggers(happened) if happened.kind else [Trigger.EVENT_RECORDED]
    written = rule(trigger=Trigger(trigger), settings=TriggerSettings(event_name=happened.name))

    assert all(step.met for step in explanation.fitting(written, happened, ()))


def steps(written: Rule, happened: Event, **changes) -> dict[str, tuple]:
    """Return what was found of each step, and whether it is met."""
    known = {"registered": True, "groups": (), "findings": (), "turn": None} | changes
    return {
        step.what: (step.found, step.met)
        for step in explanation.steps(written, happened, Circumstances(**known))
    }


def test_a_rule_that_fires_meets_every_step():
    found = steps(rule(), event())

    assert {
        "status": ("active", True),
        "created_ms": (NOW, True),
        "registered": (True, True),
        "trigger": (["event_recorded"], True),
        "trigger_settings.event_name": ("download", True),
        "depth": ("the log holds nothing deeper", True),
    } == found


@pytest.mark.parametrize(
    ("changes", "unmet"),
    [
        ({"status": RuleStatus.DISABLED}, {"status"}),
        ({"created_ms": NOW + 1_001}, {"created_ms"}),
        ({"settings": TriggerSettings(event_name="upload")}, {"trigger_settings.event_name"}),
        ({"trigger": Trigger.UPDATE}, {"trigger"}),
        (
            {"trigger": Trigger.OPEN, "settings": TriggerSettings(mailers=("1", "2"))},
            {"trigger", "trigger_settings.mailers"},
        ),
        (
            {
                "trigger": Trigger.OPT_OUT,
                "container_id": "4",
                "settings": TriggerSettings(contact_kind="phone"),
            },
            {"trigger", "level", "trigger_settings.contact_kind"},
        ),
    ],
)
def test_what_keeps_a_rule_from_firing_is_named(changes, unmet):
    found = steps(rule(**changes), event())

    assert unmet == {what for what, (_, met) in found.items() if not met}


def test_an_event_name_that_is_not_registered_wakes_nothing():
    assert (False, False) == steps(rule(), event(), registered=False)["registered"]


def test_changes_come_with_the_second_of_their_writing():
    """A rule of the same second may be older than the change whose millisecond is lost."""
    assert steps(rule(created_ms=NOW + 999), event())["created_ms"][1]


def test_each_condition_is_a_step_with_its_alternatives():
    pattern = {"value": ["v0"], "$or": [{"source": ["form"]}, {"properties": {"n": [1]}}]}
    written = rule(conditions=Conditions(event=pattern))
    happened = event(properties={"n": 2})
    findings = [
        one._replace(path=f"event.{one.path}") for one in explained(pattern, document(happened))
    ]

    known = Circumstances(registered=True, groups=(), findings=findings, turn=None)
    value, either = explanation.steps(written, happened, known)[-2:]

    assert ("conditions.event.value", "v0", True) == (value.what, value.found, value.met)
    assert ("conditions.event.$or", False) == (either.what, either.met)
    assert [
        [("conditions.event.source", "api", False)],
        [("conditions.event.properties.n", 2, False)],
    ] == [[(one.what, one.found, one.met) for one in branch] for branch in either.alternatives]


@pytest.mark.parametrize(
    ("limit", "turn", "met"),
    [
        (Once(), None, True),
        (Once(), Turn(NOW, is_ours=True), True),
        (Once(), Turn(1, is_ours=False), False),
        (Once(60), Turn(NOW - 60_000, is_ours=False), True),
        (Once(60), Turn(NOW - 59_999, is_ours=False), False),
        (Once(60), Turn(NOW, is_ours=True), True),
    ],
)
def test_a_turn_that_another_event_took_is_taken(limit, turn, met):
    assert met is steps(rule(once=limit), event(), turn=turn)["once"][1]


@pytest.mark.parametrize(
    ("action", "outcome", "fired"),
    [
        (0, Outcome.DONE, True),
        (0, Outcome.SKIPPED, True),
        (CHECK, Outcome.DONE, True),
        (CHECK, Outcome.SKIPPED, False),
        (CHECK, Outcome.CLAIMED, False),
    ],
)
def test_a_rule_fired_where_an_action_was_due(action, outcome, fired):
    kept = record(dispatch=Dispatch("7", "1", 1, action, event()), outcome=outcome)

    assert fired is has_fired([kept])
    assert not has_fired([])


def test_an_event_finds_its_dispatches_again():
    """Of every number, by ids that name contact, event, rule and number."""
    happened = event(properties={"n": 1}, kind="open", depth=3)
    found = event_of(entry_of(happened, "7"))
    made = [Dispatch("7", "1", 4, number, happened) for number in (CHECK, *range(20))]

    causes = explanation.causes("1", "7", found)

    assert [one.dispatch_id for one in made] == [one.dispatch_id for one in causes]
    assert made[0].key_hash == check_of("1", "7", found).key_hash
    assert happened._replace(address="contact:7", depth=0) == found


def test_what_is_found_is_plain_json():
    pattern = {"properties": {"rows": {"a": [1], "b": [2]}}}
    happened = event(properties={"rows": ({"a": 1}, {"b": 2})})
    findings = [
        one._replace(path=f"event.{one.path}") for one in explained(pattern, document(happened))
    ]

    known = Circumstances(registered=True, groups=(), findings=findings, turn=None)
    last = explanation.steps(rule(), happened, known)[-1]

    assert ([{"a": 1}, {"b": 2}], False) == (last.found, last.met)


def test_a_rules_version_does_not_matter_to_its_dispatches():
    once = Dispatch("7", "1", 1, 0, event())

    assert once.dispatch_id == replace(once, rule_version=9).dispatch_id
