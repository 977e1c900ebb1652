"""Hits of one message that come to the worker in several batches: who they are known for in the end."""

from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.track import app as track
from signalbox.model.explanation import event_of
from signalbox.model.hit import judge_all
from signalbox.model.hit_event import hit_of
from signalbox.model.tracking_token import HONEYPOT
from signalbox.people import add_contact
from signalbox.store import hits as store
from signalbox.store import table, tracking
from tests.cloud import sqs_event
from tests.hits import FIREFOX, GATEWAY, at, clicking, mailing_with, message, opening, tracked
from tests.people import ACCOUNT_ID

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15"
)
# What came in a trace: the link (-1 for the pixel), by which agent, after so many seconds, how.
Trace = tuple[tuple[int, str, float, str], ...]
TRACES: dict[str, Trace] = {
    "a burst over five links": tuple((n, CHROME, n * 0.2, "GET") for n in range(5)),
    "the hidden link last, by who looked like a reader": (
        (-1, CHROME, 0, "GET"),
        (1, CHROME, 4, "GET"),
        (HONEYPOT, CHROME, 9, "GET"),
    ),
    "a gateway, then a reader": (
        (0, CHROME, 0, "HEAD"),
        (0, CHROME, 1, "GET"),
        (-1, FIREFOX, 60, "GET"),
        (1, FIREFOX, 70, "GET"),
        (0, FIREFOX, 95, "GET"),
    ),
    "a reader who opens again and follows two links": (
        (-1, FIREFOX, 0, "GET"),
        (-1, FIREFOX, 30, "GET"),
        (1, FIREFOX, 40, "GET"),
        (0, FIREFOX, 80, "GET"),
    ),
    "a second look at the same link, from another system": (
        (-1, MAC, 0, "GET"),
        (1, MAC, 20, "GET"),
        (1, CHROME, 23, "GET"),
    ),
    "a library and a reader at once": (
        (-1, FIREFOX, 0, "GET"),
        (0, GATEWAY, 1, "GET"),
        (1, FIREFOX, 2, "GET"),
        (1, GATEWAY, 3, "GET"),
    ),
}


@pytest.fixture(name="ada")
def _ada(account):
    """The contact whose mails are read here; the mailing is personal."""
    mailing_with("personal")
    return account.ada.contact_id


def asked(contact_id: str, trace: Trace) -> list[dict]:
    """Return the requests of a trace."""
    found = []
    for number, (link, agent, after_s, method) in enumerate(trace):
        said = {"method": method, "user_agent": agent}
        one = opening(contact_id, **said) if link < 0 else clicking(contact_id, link, **said)
        found.append(at(one, f"r{number}", int(after_s * 1000)))
    return found


def entries(contact_id: str) -> list:
    """Return what stands on the record of opens and clicks, oldest first."""
    found = tracking.latest(ACCOUNT_ID, contact_id, limit=100)[::-1]
    return [entry for entry in found if entry.kind in {"open", "click"}]


def recorded(contact_id: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return what the record says of each hit."""
    said = [entry.properties for entry in entries(contact_id)]
    return [(one["verdict"], tuple(one.get("reasons", ()))) for one in said]


def counted(cloud) -> dict[str, str]:
    """Return the counted hits by their texts: for whom each counts."""
    items = [item for item in cloud.items("TRACKING") if "#mailing#" in item["pk"]["S"]]
    return {
        text: judged
        for item in items
        for judged in ("human", "machine")
        for text in item.get(judged, {}).get("SS", ())
    }


def expected(contact_id: str) -> tuple[list, dict[str, str]]:
    """Return what is to be recorded and counted, judging all that is on the record together."""
    there = entries(contact_id)
    judged = judge_all([hit_of(event_of(entry)) for entry in there])
    texts = {
        store.text_of(entry.at_ms, int(entry.properties.get("link", 0)), entry.key_hash): (
            "human" if one.verdict.is_reader else "machine"
        )
        for entry, one in zip(there, judged, strict=True)
    }
    return [(one.verdict, one.reasons) for one in judged], texts


@pytest.mark.parametrize("name", TRACES)
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_batches_and_their_order_make_no_difference(cloud, account, name, data):
    """However hits are dealt out to batches, and whatever comes twice, they are judged together."""
    contact = add_contact(ACCOUNT_ID, email=f"reader{uuid4().hex}@example.com")
    mailing_with("personal")
    requests = data.draw(st.permutations(asked(contact.contact_id, TRACES[name])))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(requests) - 1))))
    batches = [requests[a:b] for a, b in pairwise([0, *cuts, len(requests)])]
    for batch in batches:
        tracked(*batch)
    again = data.draw(st.sampled_from(batches))
    tracked(*again)

    wanted, texts = expected(contact.contact_id)
    assert wanted == recorded(contact.contact_id)
    assert texts == {text: judged for text, judged in counted(cloud).items() if text in texts}


def test_a_burst_in_as_many_batches_is_a_machine(cloud, ada):
    """The first of five links looked like a reader's until the others came."""
    requests = asked(ada, TRACES["a burst over five links"])
    tracked(requests[0])

    assert ["human"] == list(counted(cloud).values())
    for one in requests[1:]:
        tracked(one)
    assert ["machine"] * 5 == list(counted(cloud).values())
    assert [("scanner", ("many_links",))] * 5 == recorded(ada)


def test_the_hidden_link_gives_away_the_open_before(cloud, ada):
    """Opens and clicks are counted in items of their own, and judged together."""
    for one in asked(ada, TRACES["the hidden link last, by who looked like a reader"]):
        tracked(one)

    assert ["scanner"] * 3 == [verdict for verdict, _ in recorded(ada)]
    assert {"machine"} == set(counted(cloud).values())


def test_workers_at_the_same_time_leave_what_is_right(cloud, ada, monkeypatch):
    """One counts the last hit of a burst while another judges those before it anew."""
    requests = asked(ada, TRACES["a burst over five links"])
    tracked(requests[0])
    meanwhile = [requests[2]]
    real = store.judge_again

    def judge_again(*place) -> None:
        if meanwhile:
            tracked(meanwhile.pop())
        real(*place)

    monkeypatch.setattr(store, "judge_again", judge_again)
    tracked(requests[1])

    assert ["machine"] * 3 == list(counted(cloud).values())
    assert ["scanner"] * 3 == [verdict for verdict, _ in recorded(ada)]


def test_a_worker_that_never_gets_its_turn_gives_the_hit_back(ada, monkeypatch):
    """It stays on the queue, and is judged again with it."""

    def judge_again(place, seen, _judged) -> None:
        raise store.MovedError(place, seen)

    first, second, *_ = asked(ada, TRACES["a burst over five links"])
    tracked(first)
    monkeypatch.setattr(store, "judge_again", judge_again)

    answer = track.handler(sqs_event([message(second)]), None)
    assert {"batchItemFailures": [{"itemIdentifier": "m0"}]} == answer


def test_anonymous_hits_are_judged_with_their_batch_alone(cloud, account):
    """Nothing is kept by which they could be judged later."""
    mailing_with("anonymous")
    for one in asked("", TRACES["a burst over five links"]):
        tracked(one)

    assert ["human"] * 5 == list(counted(cloud).values())


def test_tabs_of_a_mail_that_was_opened_long_before_are_a_readers(cloud, ada):
    """The open lies further back than anybody looks."""
    tracked(at(opening(ada), "r0"))
    for number in range(5):
        tracked(at(clicking(ada, number), f"r{number + 1}", 7_200_000 + number * 1_500))

    assert ["human"] * 6 == [verdict for verdict, _ in recorded(ada)]
    assert {"human"} == set(counted(cloud).values())


def test_a_flood_is_not_read_again_for_each_hit(ada, monkeypatch):
    """Once no more is counted of a message nothing can change by being judged again."""
    for number in range(store.MOST["open"]):
        tracked(at(opening(ada, user_agent=GATEWAY), f"r{number}", number))
    asked = []
    monkeypatch.setattr(tracking, "latest_changes", lambda *place, **_: asked.append(place) or [])
    tracked(*(at(opening(ada, user_agent=GATEWAY), f"s{n}", 1000 + n) for n in range(10)))

    assert [] == asked


def test_who_is_erased_meanwhile_is_not_written_again(cloud, ada, monkeypatch):
    """Between the look at the record and the correction its entries went."""
    first, second, *_ = asked(ada, TRACES["a burst over five links"])
    tracked(first)
    real = tracking.latest_changes

    def then_erased(*place, **limit):
        found = real(*place, **limit)
        for entry in found:
            table.delete_many(cloud.variables["TRACKING_TABLE"], [tracking._place(entry)])
        return found

    monkeypatch.setattr(tracking, "latest_changes", then_erased)
    tracked(second)

    assert [] == entries(ada)
