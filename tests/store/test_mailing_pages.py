"""Pages of an audience: decided once, whoever lists them again."""

from dataclasses import replace

from signalbox.model.sending import Listing, Page, parts_of
from signalbox.store import mailing_pages
from tests.store.things import NOW, A, B

PAGE = Page(A, "700", 1)


def listing(*contact_ids: str, last: bool = False) -> Listing:
    """Return what a page lists."""
    following = None if last else replace(PAGE, page=1, after=contact_ids[-1])
    return Listing(PAGE, parts_of(PAGE, contact_ids, "5"), following, len(contact_ids))


def test_a_page_that_is_listed_again_is_what_it_was(cloud):
    """Whoever came on the list meanwhile; of its parts those that are open are left."""
    ids = [str(number) for number in range(60)]
    first = mailing_pages.note(listing(*ids), NOW)
    again = mailing_pages.note(listing("7", last=True), NOW + 1)

    assert listing(*ids) == first == again
    mailing_pages.close(first.parts[1])
    mailing_pages.close(first.parts[1])
    assert (first.parts[0], first.parts[2]) == mailing_pages.note(listing(*ids), NOW).parts
    assert 2 == mailing_pages.still_open(A, "700", 1)


def test_runs_and_accounts_do_not_meet(cloud):
    mailing_pages.note(listing("1"), NOW)

    assert [0, 0] == [
        mailing_pages.still_open(A, "700", 2),
        mailing_pages.still_open(B, "700", 1),
    ]


def test_a_last_page_has_none_after_it(cloud):
    for _ in range(2):
        assert mailing_pages.note(listing("1", last=True), NOW).following is None


def test_an_audience_without_anybody_is_a_page_too(cloud):
    nobody = Listing(PAGE, (), None, 0)

    assert [nobody] * 2 == [mailing_pages.note(nobody, NOW) for _ in range(2)]
