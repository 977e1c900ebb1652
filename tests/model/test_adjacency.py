"""Which rules can fire for one and the same event."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.adjacency import can_fire_together, places_beside
from signalbox.model.container import EMAIL, PHONE, ContainerKind
from signalbox.model.event import Event
from signalbox.model.rule import Conditions, Rule, RuleStatus
from signalbox.model.trigger import (
    CAMPAIGNS,
    OF_CONTAINERS,
    OF_MESSAGES,
    OF_TAGS,
    ON_LISTS,
    Level,
    Trigger,
    TriggerSettings,
    asked,
    triggers,
)
from signalbox.model.waking import fits

# Each kind of container has two; 41 is a group of both e-mail opt-out lists, 51 of one of phones.
IDS = {
    ContainerKind.LIST: ("1", "2"),
    ContainerKind.EMAIL_CAMPAIGN: ("11", "12"),
    ContainerKind.SMS_CAMPAIGN: ("21", "22"),
    ContainerKind.EMAIL_OPT_OUT_LIST: ("31", "32"),
    ContainerKind.PHONE_OPT_OUT_LIST: ("35", "36"),
}
GROUPS = {"41": ("31", "32"), "51": ("35",)}
AT = {
    Level.EMAIL_OPT_OUT_LIST: ("31", "32", "41"),
    Level.PHONE_OPT_OUT_LIST: ("35", "36", "51"),
}
ALL_IDS = sorted([*GROUPS, *(one for ids in IDS.values() for one in ids)])
NARROW = ("8", "9")


def subsets(ids):
    """Return none or some of the ids."""
    return st.lists(st.sampled_from(ids), max_size=2, unique=True).map(tuple)


def triggers_at(level: Level) -> set[Trigger]:
    """Return the triggers that rules of a level have."""
    if level is Level.PROJECT:
        return set(Trigger)
    if level in CAMPAIGNS:
        return set(OF_CONTAINERS | OF_MESSAGES)
    return set(OF_CONTAINERS | {Trigger.OPT_IN, Trigger.OPT_OUT})


@st.composite
def rules(draw, wanted=tuple(Trigger), near=tuple(ALL_IDS)) -> Rule:
    """Return an active rule as it could be written: with one of these triggers, near these lists."""
    trigger = draw(st.sampled_from(wanted))
    level = draw(st.sampled_from([one for one in Level if trigger in triggers_at(one)]))
    on_lists = trigger in ON_LISTS
    kinds = OF_CONTAINERS | {Trigger.OPT_IN, Trigger.OPT_OUT}
    settings = TriggerSettings(
        event_name=draw(st.sampled_from("ab")) if trigger is Trigger.EVENT_RECORDED else "",
        lists=draw(subsets(near)) if on_lists and level is Level.PROJECT else (),
        mailers=draw(subsets(NARROW)) if on_lists else (),
        contact_kind=draw(st.sampled_from(["", EMAIL, PHONE])) if trigger in kinds else "",
        tags=draw(subsets(NARROW)) if trigger in OF_TAGS else (),
        fields=draw(subsets(("email", "phone"))) if trigger is Trigger.UPDATE else (),
    )
    container_id = ""
    if level is not Level.PROJECT:
        at_level = AT.get(level, IDS[ContainerKind(level)])
        container_id = draw(st.sampled_from([one for one in at_level if one in near] or at_level))
    return rule(trigger, settings, level=level, container_id=container_id)


@st.composite
def events(draw) -> Event:
    """Return an event as it could happen."""
    kind = draw(st.sampled_from(Trigger))
    if kind is Trigger.EVENT_RECORDED:
        return Event("1", "e", draw(st.sampled_from("ab")), 1, 2, "contact:7")
    facts = {}
    if kind in ON_LISTS:
        facts = draw(in_container(kind))
    if kind in OF_TAGS:
        facts = {"tag_id": draw(st.sampled_from(NARROW))}
    if kind is Trigger.UPDATE:
        facts = {"changed": list(draw(subsets(("email", "phone", "first_name"))))}
    return Event("1", "e", kind, 1, 2, "contact:7", properties=facts, kind=str(kind))


def in_container(kind: Trigger):
    """Return what an event says of where it happened."""
    own = [one for one in ContainerKind if one is not ContainerKind.LIST]
    if kind in (Trigger.SUBSCRIBE, Trigger.UNSUBSCRIBE):
        where = [ContainerKind.LIST]
    else:
        where = own if kind in OF_CONTAINERS else list(ContainerKind)

    def facts(container):
        kinds = [container.contact_kind] if container.contact_kind else [EMAIL, PHONE]
        return st.fixed_dictionaries(
            {
                "container": st.just(str(container)),
                "list_id": st.sampled_from(IDS[container]),
                "mailer_id": st.sampled_from(["", *NARROW]),
                "contact_kind": st.sampled_from(kinds),
            }
        )

    return st.sampled_from(where).flatmap(facts)


ALL = TriggerSettings()


def rule(trigger: Trigger, settings: TriggerSettings = ALL, **more) -> Rule:
    """Return an active rule without an action."""
    facts = {"level": Level.PROJECT} | more
    return Rule(
        account_id="1",
        rule_id="1",
        name="Rule",
        trigger=trigger,
        settings=settings,
        actions=(),
        status=RuleStatus.ACTIVE,
        author="Ada",
        created_ms=1,
        updated_ms=1,
        **facts,
    )


def fires(wanted: Rule, happened: Event) -> bool:
    """Tell whether an event wakes a rule, as the worker finds it."""
    list_id = happened.properties.get("list_id")
    groups = [group for group, lists in GROUPS.items() if list_id in lists]
    return bool(set(wanted.places) & set(asked(happened, groups))) and fits(
        wanted.wakeable(), happened
    )


@given(rules(), rules())
def test_it_is_as_true_of_the_one_as_of_the_other(one, other):
    assert can_fire_together(one, other, GROUPS) is can_fire_together(other, one, GROUPS)


@st.composite
def happenings(draw):
    """Return an event, and rules whose trigger it is."""
    happened = draw(events())
    woken = triggers(happened) if happened.kind else [Trigger.EVENT_RECORDED]
    wanted = tuple(Trigger(one) for one in woken)
    list_id = happened.properties.get("list_id", "1")
    near = (list_id, *(group for group, lists in GROUPS.items() if list_id in lists))
    return happened, draw(st.lists(rules(wanted, near), min_size=6, max_size=15))


@given(happenings())
def test_what_one_event_fires_can_fire_together(case):
    """No rule that fires with another one is left out."""
    happened, several = case
    woken = [one for one in several if fires(one, happened)]

    assert [] == [
        (one, other)
        for one in woken
        for other in woken
        if not can_fire_together(one, other, GROUPS)
    ]


@given(happenings())
def test_who_can_fire_with_a_rule_stands_at_one_of_its_places(case):
    """So that looking there finds all of them."""
    _, several = case
    for one, other in itertools.permutations(several, 2):
        places = places_beside(one, GROUPS)
        if places is not None and can_fire_together(one, other, GROUPS):
            assert set(other.places) & set(places), (one, other)


ADDED, OUT, JOINED = Trigger.CONTACT_ADDED, Trigger.OPT_OUT, Trigger.SUBSCRIBE
AT_31 = {"level": Level.EMAIL_OPT_OUT_LIST, "container_id": "31"}
AT_41 = {"level": Level.EMAIL_OPT_OUT_LIST, "container_id": "41"}
AT_35 = {"level": Level.PHONE_OPT_OUT_LIST, "container_id": "35"}


def settings(**asked) -> TriggerSettings:
    """Return trigger settings."""
    return TriggerSettings(**asked)


@pytest.mark.parametrize(
    ("one", "other", "can"),
    [
        (rule(ADDED), rule(ADDED), True),
        (rule(ADDED), rule(Trigger.CONTACT_DELETED), False),
        (rule(ADDED), rule(JOINED), True),
        (rule(JOINED), rule(OUT), False),
        (rule(ADDED, **AT_31), rule(OUT), True),
        (rule(ADDED, **AT_31), rule(JOINED), False),
        (rule(ADDED, **AT_31), rule(ADDED, **AT_35), False),
        (rule(ADDED, **AT_31), rule(OUT, **AT_41), True),
        (rule(ADDED, **AT_31), rule(ADDED, settings(lists=("41",))), True),
        (rule(ADDED, **AT_31), rule(ADDED, settings(lists=("32", "1"))), False),
        (rule(ADDED, **AT_31), rule(ADDED, settings(contact_kind="phone")), False),
        (rule(ADDED, settings(mailers=("8",))), rule(ADDED, settings(mailers=("9",))), False),
        (rule(ADDED, settings(mailers=("8",))), rule(ADDED, settings(lists=("1",))), True),
        (
            rule(Trigger.EVENT_RECORDED, settings(event_name="a")),
            rule(Trigger.EVENT_RECORDED, settings(event_name="b")),
            False,
        ),
        (
            rule(Trigger.UPDATE, settings(fields=("email",))),
            rule(Trigger.UPDATE, settings(fields=("phone",))),
            True,
        ),
        (
            rule(Trigger.TAG_ADDED, settings(tags=("8",))),
            rule(Trigger.TAG_ADDED, settings(tags=("9",))),
            False,
        ),
    ],
)
def test_triggers_levels_containers_and_settings_decide(one, other, can):
    assert can is can_fire_together(one, other, GROUPS)


def test_a_rule_is_narrow_where_nothing_it_asks_for_can_be_met_from_elsewhere():
    narrow = rule(ADDED, settings(lists=("31",), mailers=("8",)))

    assert None is places_beside(rule(ADDED, **AT_31), GROUPS)
    found = {(place.trigger, place.setting) for place in places_beside(narrow, GROUPS)}
    assert {
        (trigger, setting)
        for trigger in ("contact_added", "subscribe", "opt_out")
        for setting in ("", "list:31", "list:41", "mailer:8")
    } == found


def test_conditions_may_be_met_together():
    first, second = (
        replace(rule(ADDED), conditions=Conditions(event={"value": [one]})) for one in "ab"
    )

    assert can_fire_together(first, second, {})
