"""How many contacts of an audience were listed, whoever lists a page again."""

from dataclasses import replace

from signalbox.model.sending import Listing, Page, parts_of
from signalbox.store import mailing_pages
from tests.store.things import NOW, A, B

FIRST = Page(A, "700", 1)


def listing(page: Page, count: int, *, last: bool = False) -> Listing:
    """Return what a page lists."""
    listed = page.listed + count
    following = None if last else replace(page, page=page.page + 1, listed=listed)
    ids = [str(number) for number in range(page.listed, listed)]
    return Listing(page, parts_of(page, ids, "5"), following, listed)


def test_pages_count_up_to_their_end(cloud):
    assert 0 == mailing_pages.listed(A, "700", 3)
    first = mailing_pages.note(listing(FIRST, 60), NOW)
    mailing_pages.note(listing(first.following, 0), NOW)

    assert [60, 60, 0] == [
        mailing_pages.listed(*one) for one in ((A, "700", 1), (A, "700", 3), (B, "700", 1))
    ]


def test_the_run_that_came_farthest_counts(cloud):
    mailing_pages.note(listing(FIRST, 60, last=True), NOW)
    mailing_pages.note(listing(replace(FIRST, run=2), 30), NOW)

    assert 60 == mailing_pages.listed(A, "700", 2)


def test_who_is_done_stays_listed(cloud):
    """A last page that is listed again has the whole number, whatever of it is closed by then."""
    page = replace(FIRST, page=1, listed=100)
    noted = mailing_pages.note(listing(page, 60, last=True), NOW)
    for part in noted.parts[:2]:
        mailing_pages.close(part)

    again = mailing_pages.note(listing(page, 60, last=True), NOW)

    assert (160, noted.parts[2:]) == (again.listed, again.parts)
