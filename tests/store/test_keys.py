"""Keys: every one begins with its account, and no two nouns meet in one."""

import inspect
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.store import keys

MAKERS = [
    made
    for _, made in inspect.getmembers(keys, inspect.isfunction)
    if "account_id" in inspect.signature(made).parameters
]
ANY = st.text(alphabet="A#ab1/ü", max_size=6)


def made(maker, account_id: str, data) -> str:
    """Return a key of this kind with parts that may hold anything."""
    parts = list(inspect.signature(maker).parameters.values())[1:]
    return maker(account_id, *(data.draw(number_or_text(part)) for part in parts))


def number_or_text(part: inspect.Parameter) -> st.SearchStrategy:
    """Return what a part of a key may be: shards are numbers, everything else is text."""
    return st.integers(0, 7) if part.annotation is int else ANY


@given(st.data())
@settings(max_examples=100, derandomize=True, deadline=None, database=None)
def test_every_key_begins_with_its_account(data):
    """Whatever the other parts hold, a key of one account is never one of another's."""
    for maker in MAKERS:
        key = made(maker, "100000001", data)

        assert "A#100000001" == "#".join(key.split("#")[:2])


def test_nouns_do_not_meet():
    """The kinds of keys differ in what stands behind the account."""
    kinds = [
        keys.contact("1", "x"),
        keys.address("1", "x"),
        keys.dropped("1", "x", 0),
        keys.idempotency("1", "x"),
        keys.feed("1"),
        keys.mailing("1", "x", 0),
        keys.attention("1"),
        keys.logged("1", 0),
        keys.detail_accesses("1"),
        keys.trigger("1", "event_recorded", "x"),
        keys.collection("1", "rules"),
        keys.collection("1", "event-names"),
        keys.collection("1", "rule#1"),
    ]

    for one, other in itertools.combinations(kinds, 2):
        assert one.split("#")[2] != other.split("#")[2]
