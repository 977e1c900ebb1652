"""Messages of the sends queue: read as they were written, or handed back."""

import pytest

from signalbox import mailing_runs
from signalbox.model.event import UnknownSchemaError
from signalbox.model.sending import Finish, Page, first_pages, from_wire
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID
from tests.sends import LIST, NOON_MS, everybody, part_of


def test_messages_come_out_as_they_went_in():
    """Of a newer schema nothing is read."""
    sent = [*first_pages(town.draft_of()), part_of(0), Finish(ACCOUNT_ID, MAILING_ID, 1, 2, 3, 4)]
    assert sent == [from_wire(one.to_wire()) for one in sent]
    assert [Page(ACCOUNT_ID, MAILING_ID, 0)] == first_pages(town.draft_of())
    with pytest.raises(UnknownSchemaError):
        from_wire(part_of(0).to_wire().replace('"v":1', '"v":2'))


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"v":1,"kind":"x","facts":{}}'])
def test_what_cannot_be_read_goes_back_to_the_queue(workers, body):
    assert not workers.deliver(body)


def test_a_mailing_that_is_gone_is_no_failure(workers):
    for one in (Page(ACCOUNT_ID, MAILING_ID, 1), part_of(0), Finish(ACCOUNT_ID, MAILING_ID, 1)):
        assert workers.deliver(one.to_wire())


def test_a_scheduled_mailing_starts_when_it_is_due(workers, cloud):
    """The message that its schedule queues; repeated it does nothing more."""
    town.write_contacts(cloud, 3, list_ids=[LIST])
    town.campaign([LIST])
    town.draft()
    at_ms = NOON_MS + 3_600_000
    mailing_runs.schedule(ACCOUNT_ID, MAILING_ID, at_ms, now_ms=NOON_MS)
    workers.clock.shift(3_700)
    due = cloud.schedules()[0]["Target"]["Input"]
    for _ in range(2):
        assert workers.deliver(due)
    workers.drain()

    assert everybody(3) == town.recipients()
