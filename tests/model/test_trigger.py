"""Where rules stand, and where events look for them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.event import Event
from signalbox.model.rule import Conditions, Once, Rule, RuleStatus
from signalbox.model.trigger import (
    LEVELS,
    OF_MESSAGES,
    OPT_OUT_LISTS,
    Level,
    Place,
    Trigger,
    TriggerSettings,
    asked,
    places_of,
    triggers,
)
from signalbox.model.waiting import Wait
from signalbox.model.waking import fits

CONTAINERS = ("list", *LEVELS[1:])
IDS = ("1", "2")


def event(kind: str, **properties) -> Event:
    """Return an event of a kind."""
    return Event("100000001", "e", kind, 1, 2, "contact:7", properties=properties, kind=kind)


def rule(trigger: Trigger, settings: TriggerSettings, *, container_id: str = "", **more) -> Rule:
    """Return an active rule without an action."""
    level = Level.EMAIL_CAMPAIGN if container_id else Level.PROJECT
    return Rule(
        account_id="100000001",
        rule_id="1",
        name="Rule",
        level=level,
        trigger=trigger,
        settings=settings,
        actions=(),
        status=RuleStatus.ACTIVE,
        author="Ada",
        created_ms=1,
        updated_ms=1,
        container_id=container_id,
        **more,
    )


def is_found(wanted: Rule, happened: Event, groups: tuple[str, ...] = ()) -> bool:
    """Tell whether the event finds the rule at one of its places, and fires it."""
    common = set(wanted.places) & set(asked(happened, groups))
    return bool(common) and fits(wanted.wakeable(), happened)


def test_an_event_of_an_application_asks_for_its_name_alone():
    happened = Event("100000001", "e", "download", 1, 2, "contact:7", properties={"list_id": "1"})

    assert [Place("event_recorded", "download")] == asked(happened)


def test_an_event_asks_at_few_places_whatever_it_carries():
    """The number of questions is bounded: it decides what an event costs."""
    happened = event("subscribe", list_id="1", mailer_id="2", tag_id="3")

    assert 8 == len(asked(happened))


@pytest.mark.parametrize(
    ("kind", "container", "woken"),
    [
        ("subscribe", "list", ["subscribe", "contact_added"]),
        ("unsubscribe", "list", ["unsubscribe", "contact_deleted"]),
        ("contact_added", "email_campaign", ["contact_added"]),
        ("contact_added", "email_opt_out_list", ["contact_added", "opt_out"]),
        ("contact_deleted", "phone_opt_out_list", ["contact_deleted", "opt_in"]),
        ("open", "email_campaign", ["open"]),
    ],
)
def test_what_a_kind_is_beside_its_name(kind, container, woken):
    assert woken == triggers(event(kind, container=container))


SETTINGS = [
    TriggerSettings(lists=lists, mailers=mailers, contact_kind=contact_kind)
    for lists, mailers, contact_kind in itertools.product(
        ((), ("1",), ("1", "2")), ((), ("8",), ("8", "9")), ("", "email", "phone")
    )
]


@pytest.mark.parametrize("trigger", [Trigger.CONTACT_ADDED, Trigger.CONTACT_DELETED])
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("contact_kind", ["email", "phone"])
def test_a_rule_of_the_project_is_found_exactly_where_its_settings_say(
    trigger, container, contact_kind
):
    """Each setting that is not empty narrows; an empty one stands for all."""
    for list_id, mailer in itertools.product(("1", "3"), ("8", "7", "")):
        happened = event(
            trigger,
            container=container,
            list_id=list_id,
            mailer_id=mailer,
            contact_kind=contact_kind,
        )
        for settings in SETTINGS:
            expected = (
                list_id in (settings.lists or (list_id,))
                and mailer in (settings.mailers or (mailer,))
                and contact_kind == (settings.contact_kind or contact_kind)
            )

            assert expected is is_found(rule(trigger, settings), happened), (settings, happened)


def test_a_rule_at_a_container_is_found_by_its_events_alone():
    wanted = rule(Trigger.CONTACT_ADDED, TriggerSettings(), container_id="5")

    assert is_found(wanted, event("contact_added", list_id="5"))
    assert not is_found(wanted, event("contact_added", list_id="6"))
    assert not is_found(wanted, event("contact_deleted", list_id="5"))
    assert not is_found(wanted, event("contact_added"))


def test_a_group_of_lists_is_found_by_events_of_its_lists():
    """At its own level, and by a rule of the project that names it."""
    at_group = rule(Trigger.CONTACT_ADDED, TriggerSettings(), container_id="9")
    naming = rule(Trigger.CONTACT_ADDED, TriggerSettings(lists=("9",)))
    happened = event("contact_added", list_id="5", container="email_opt_out_list")

    for wanted in (at_group, naming):
        assert is_found(wanted, happened, ("9",))
        assert not is_found(wanted, happened, ("8",))


def test_tags_and_fields_narrow_too():
    tagged = rule(Trigger.TAG_ADDED, TriggerSettings(tags=("3", "4")))
    moved = rule(Trigger.UPDATE, TriggerSettings(fields=("email", "fields.COMPANY")))

    assert is_found(tagged, event("contact_tag_added", tag_id="4"))
    assert not is_found(tagged, event("contact_tag_added", tag_id="5"))
    assert is_found(moved, event("update", changed=["phone", "fields.COMPANY"]))
    assert not is_found(moved, event("update", changed=["phone"]))


@given(
    st.sampled_from(sorted(set(Trigger) - {Trigger.EVENT_RECORDED})),
    st.builds(
        TriggerSettings,
        lists=st.lists(st.sampled_from(IDS), max_size=3).map(tuple),
        mailers=st.lists(st.sampled_from(IDS), max_size=3).map(tuple),
        tags=st.lists(st.sampled_from(IDS), max_size=3).map(tuple),
        event_name=st.just(""),
        contact_kind=st.just(""),
        fields=st.just(()),
    ),
    st.fixed_dictionaries(
        {},
        optional={name: st.sampled_from(IDS) for name in ("list_id", "mailer_id", "tag_id")},
    ),
)
def test_looking_at_places_finds_what_looking_at_all_rules_would(trigger, settings, facts):
    """An index is right where it neither loses a rule nor lets one fire that does not fit."""
    happened = event(trigger, **facts)
    expected = all(
        not ids or facts.get(name) in ids
        for name, ids in (
            ("list_id", settings.lists),
            ("mailer_id", settings.mailers),
            ("tag_id", settings.tags),
        )
    )

    assert expected is is_found(rule(trigger, settings), happened)


def test_a_place_is_counted_once():
    settings = TriggerSettings(lists=("1", "1", "2"))

    assert 2 == len(places_of(Trigger.CONTACT_ADDED, settings, ""))


@pytest.mark.parametrize(
    ("more", "checked"),
    [
        ({}, False),
        ({"conditions": Conditions(event={"value": ["x"]})}, False),
        ({"conditions": Conditions(contact={"email": [{"exists": True}]})}, True),
        ({"once": Once()}, True),
        ({"waits": {0: Wait(60)}}, True),
    ],
)
def test_what_the_event_alone_cannot_decide_is_checked(more, checked):
    assert checked is rule(Trigger.CONTACT_ADDED, TriggerSettings(), **more).wakeable().checked


def test_levels_are_containers_and_opt_outs_are_two_of_them():
    assert set(LEVELS[3:]) == OPT_OUT_LISTS
    assert Trigger.OPEN in OF_MESSAGES
