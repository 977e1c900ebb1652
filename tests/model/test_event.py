"""Events and dispatches on their queues: what goes in comes out."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.model.dispatch import Dispatch
from signalbox.model.event import Event, UnknownSchemaError

TEXT = st.text(max_size=40)
TIMES = st.integers(0, 10**13 - 1)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.builds(
    Event,
    account_id=st.from_regex("[1-9][0-9]{8}", fullmatch=True),
    event_id=TEXT,
    name=TEXT,
    at_ms=TIMES,
    received_ms=TIMES,
    address=TEXT,
    value=TEXT,
    properties=st.dictionaries(TEXT, JSON, max_size=4),
    source=TEXT,
    depth=st.integers(0, 6),
)
DISPATCHES = st.builds(
    Dispatch,
    contact_id=st.from_regex("[0-9]{1,16}", fullmatch=True),
    rule_id=TEXT,
    rule_version=st.integers(1, 10**6),
    action=st.integers(0, 19),
    event=EVENTS,
    attempt=st.integers(1, 12),
)
quick = settings(max_examples=100, derandomize=True, deadline=None, database=None)

EVENT = Event(
    "100000001", "e", "download", 1_795_000_000_000, 1_795_000_000_001, "email:a@b.example"
)
DISPATCH = Dispatch("7", "r", 3, 0, EVENT)


@given(EVENTS)
@quick
def test_an_event_comes_out_as_it_went_in(event):
    """The text is pure ASCII, so that no queue or table refuses a character of it."""
    text = event.to_wire()

    assert text.isascii()
    assert event == Event.from_wire(text)
    assert text == Event.from_wire(text).to_wire()


@given(DISPATCHES)
@quick
def test_a_dispatch_comes_out_as_it_went_in(dispatch):
    text = dispatch.to_wire()

    assert text.isascii()
    assert dispatch == Dispatch.from_wire(text)


@pytest.mark.parametrize("read", [Event.from_wire, Dispatch.from_wire])
def test_a_message_of_a_later_schema_is_not_guessed_at(read):
    with pytest.raises(UnknownSchemaError, match="of schema 2"):
        read('{"v": 2}')


@pytest.mark.parametrize("read", [Event.from_wire, Dispatch.from_wire])
@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "{}", '{"v":1}'])
def test_what_is_no_message_is_refused(read, text):
    """Workers tell an unreadable message by these errors."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        read(text)


@pytest.mark.parametrize(
    "missing", ["account", "id", "name", "at", "received", "address", "source"]
)
def test_a_message_that_lacks_a_part_is_refused(missing):
    message = json.loads(EVENT.to_wire())
    del message[missing]

    with pytest.raises(KeyError, match=missing):
        Event.from_wire(json.dumps(message))


def test_an_events_key_depends_on_account_id_and_name_alone():
    """So the same event lands on the same log entry, and one of another name beside it."""
    repeat = EVENT._replace(value="v", received_ms=5, depth=2)

    assert EVENT.key_hash() == repeat.key_hash()
    assert EVENT.key_hash() != EVENT._replace(event_id="f").key_hash()
    assert EVENT.key_hash() != EVENT._replace(name="other").key_hash()
    assert EVENT.key_hash() != EVENT._replace(account_id="100000002").key_hash()
    assert 12 == len(EVENT.key_hash())


def test_a_dispatchs_id_is_made_of_its_cause_alone():
    """Neither the rule's version nor the attempt changes it: a repeat finds the dispatch done."""
    later = replace(DISPATCH, rule_version=4, attempt=2)

    assert DISPATCH.dispatch_id == later.dispatch_id
    assert DISPATCH.dispatch_id != replace(DISPATCH, action=1).dispatch_id
    assert DISPATCH.dispatch_id != replace(DISPATCH, rule_id="s").dispatch_id
    contact_id, at, key_hash = DISPATCH.dispatch_id.split("-")
    assert ("7", "1795000000000", 24) == (contact_id, at, len(key_hash))


def test_another_attempt_is_the_same_dispatch_counted_on():
    assert replace(DISPATCH, attempt=2) == DISPATCH.again()
