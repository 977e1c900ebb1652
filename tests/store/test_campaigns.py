"""Campaigns' content in the tables and the bucket."""

from dataclasses import replace

import pytest

from signalbox.model.audience import Audience
from signalbox.model.campaign import Attachment, Campaign
from signalbox.model.container import ContainerKind
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.store import campaigns, table
from tests.store.things import NOW, A, B

EMPTY = Campaign(A, "7", ContainerKind.EMAIL_CAMPAIGN)
FULL = replace(
    EMPTY,
    subject="News",
    html="<p>Hello</p>",
    text="Hello",
    sender="news@signalbox.example",
    attachments=(Attachment("a.pdf", "application/pdf", 5, "0" * 64),),
    audience=Audience(("31",), ("41",), {"email": [{"suffix": ".example"}]}),
    tracking_mode="personal",
    marketing=False,
    author="Ada",
    updated_ms=NOW,
)
pytestmark = pytest.mark.usefixtures("cloud")


def count(*parts):
    """Write parts of a transaction."""
    table.transact(list(parts))


def test_what_is_written_is_read():
    written = campaigns.save(FULL, since=EMPTY)

    assert replace(FULL, version=1) == written
    assert written == campaigns.fetch(A, "7") == campaigns.fetch_version(A, "7", 1)


def test_a_version_never_changes():
    first = campaigns.save(FULL, since=EMPTY)
    second = campaigns.save(replace(first, subject="Later"), since=first)

    assert (first, second) == (campaigns.fetch_version(A, "7", 1), campaigns.fetch(A, "7"))


def test_there_is_none_before_it_is_written():
    assert None is campaigns.find(A, "7")
    for look in (
        lambda: campaigns.fetch(A, "7"),
        lambda: campaigns.fetch_version(A, "7", 1),
        lambda: campaigns.protect(A, "7"),
        lambda: campaigns.leave_protection(EMPTY),
    ):
        with pytest.raises(NotFoundError):
            look()


def test_another_account_has_none():
    campaigns.save(FULL, since=EMPTY)

    assert None is campaigns.find(B, "7")


@pytest.mark.parametrize("size", [3, 1_000, 1_001])
def test_a_work_list_is_kept_whatever_its_length(size):
    listed = tuple(str(number) for number in range(1, size + 1))

    written = campaigns.save(FULL, since=EMPTY, work_list=listed)

    assert size == written.audience.work_size
    found = campaigns.fetch_version(A, "7", 1)
    assert (written, listed) == (found, campaigns.work_list(found))
    assert () == campaigns.work_list(campaigns.save(FULL, since=found))


def test_long_html_is_read_like_short():
    wanted = replace(FULL, html="<p>" + "ü" * 900_000)

    written = campaigns.save(wanted, since=EMPTY)

    assert replace(wanted, version=1) == written == campaigns.fetch(A, "7")


def test_of_two_who_write_one_is_told():
    first = campaigns.save(FULL, since=EMPTY)
    campaigns.save(replace(first, subject="Mine"), since=first)

    for since in (EMPTY, first):
        with pytest.raises(ConflictError, match="changed meanwhile"):
            campaigns.save(replace(first, subject="Yours"), since=since)
    assert "Mine" == campaigns.fetch(A, "7").subject


def test_an_answer_that_was_lost_changes_nothing():
    """Who writes the same again, with the same version in hand, has written it."""
    first = campaigns.save(FULL, since=EMPTY)

    assert first == campaigns.save(FULL, since=EMPTY)


def test_while_a_mailing_is_counted_in_nothing_is_written():
    first = campaigns.save(FULL, since=EMPTY)
    count(campaigns.entering(A, "7"))
    standing = campaigns.fetch(A, "7")

    assert (1, True) == (standing.active, standing.protected)
    for since in (first, standing):
        with pytest.raises(campaigns.ProtectedError, match="unprotect"):
            campaigns.save(replace(first, subject="No"), since=since)
    count(campaigns.leaving(A, "7"))
    assert 2 == campaigns.save(replace(first, subject="Yes"), since=first).version


def test_the_protected_mode_can_be_left_and_comes_back():
    first = campaigns.save(FULL, since=EMPTY)
    count(campaigns.entering(A, "7"))
    campaigns.leave_protection(campaigns.fetch(A, "7"))
    second = campaigns.save(replace(first, subject="Two"), since=campaigns.fetch(A, "7"))

    assert (True, False) == (second.unprotected, second.protected)
    for close in (
        lambda: campaigns.protect(A, "7"),
        lambda: count(campaigns.protecting(A, "7")),
        lambda: count(campaigns.entering(A, "7")),
    ):
        campaigns.leave_protection(campaigns.fetch(A, "7"))
        close()
        with pytest.raises(campaigns.ProtectedError):
            campaigns.save(replace(second, subject="Three"), since=second)


@pytest.mark.parametrize("part", [campaigns.entering, campaigns.protecting])
def test_a_mailing_starts_with_the_version_that_it_has_seen(part):
    campaigns.save(FULL, since=EMPTY)

    with pytest.raises(table.CancelledError):
        count(part(A, "7", version=2))
    count(part(A, "7", version=1))
