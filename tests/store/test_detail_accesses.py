"""Looks at personal data are kept, latest first."""

from signalbox.model.credential import Key, Role
from signalbox.store import detail_accesses
from tests.store.things import NOW, A, B, record

KEY = Key(A, "f" * 64, Role.ADMIN, "Ada's", "abcd", 1)
DAY_MS = 86_400_000


def test_a_look_comes_out_as_it_went_in(cloud):
    made = detail_accesses.record(record().dispatch, KEY, "a complaint of hers", NOW)

    assert ([made], "") == detail_accesses.of_account(A)
    assert (record().dispatch.dispatch_id, "7", "f" * 16, "Ada's", "admin") == made[3:8]
    assert ([], "") == detail_accesses.of_account(B)


def test_looks_are_read_latest_first_over_all_pages(cloud):
    made = [
        detail_accesses.record(record().dispatch, KEY, f"reason {number}", NOW + number)
        for number in range(5)
    ]
    found, after = [], ""
    while True:
        page, after = detail_accesses.of_account(A, limit=2, after=after)
        found += page
        if not after:
            break

    assert made[::-1] == found


def test_a_look_is_kept_as_long_as_what_was_looked_at(cloud):
    detail_accesses.record(record().dispatch, KEY, "a complaint of hers", NOW)

    (item,) = cloud.items("TRACKING")
    assert (NOW + 400 * DAY_MS) // 1000 == int(item["expires"]["N"])
