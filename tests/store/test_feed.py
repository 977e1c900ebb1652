"""The feed of the live tail."""

from signalbox.store import feed
from tests.store.things import NOW, A, B


def test_lines_come_out_in_order(cloud):
    """Lines are read from a time on, oldest first, each with its id and its time."""
    lines = [feed.item(A, NOW + n, f"e{n}", {"kind": "event", "n": n}) for n in (2, 0, 1)]
    feed.write([*lines, feed.item(B, NOW, "e9", {"kind": "event"})])

    found = feed.since(A, f"{NOW:013d}")

    assert [(NOW, 0), (NOW + 1, 1), (NOW + 2, 2)] == [(one["at_ms"], one["n"]) for one in found]
    assert 3 == len({one["id"] for one in found})
    assert [2] == [one["n"] for one in feed.since(A, f"{NOW + 2:013d}")]
    assert [0, 1] == [one["n"] for one in feed.since(A, f"{NOW:013d}", limit=2)]


def test_reading_goes_on_after_a_line(cloud):
    """The id of the last line that was read asks for those after it."""
    feed.write([feed.item(A, NOW, f"e{n}", {"n": n}) for n in range(3)])
    first = feed.since(A, f"{NOW:013d}", limit=1)

    assert [1, 2] == [one["n"] for one in feed.since(A, first[0]["id"])]


def test_lines_are_kept_for_ten_minutes():
    assert NOW // 1000 + 600 == feed.item(A, NOW, "e", {})["expires"]
