"""To whom a mailing goes: everybody on its lists, its work list or the account, each once."""

from signalbox.store import mailing_pages, memberships
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, MAILING_ID, contact_id
from tests.sends import LIST, NOON_MS, OTHER, everybody


def test_a_mailing_goes_to_everybody_on_its_list_once_and_finishes(workers, cloud):
    """Several parts; the audience is counted, and all that was open is closed."""
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert {"sent": 10} == town.states()
    assert ("finished", 10) == (town.standing().state, town.standing().audience_size)
    assert 0 == mailing_pages.still_open(ACCOUNT_ID, MAILING_ID, 1)


def test_an_audience_is_listed_page_by_page(workers, cloud, monkeypatch):
    monkeypatch.setattr("functions.send.audience.AT_ONCE", 4)
    town.write_contacts(cloud, 10, list_ids=[LIST])
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(10) == town.recipients()
    assert 10 == town.standing().audience_size


def test_who_is_on_several_lists_gets_one_mail_and_counts_once(workers, cloud):
    """The lists are gone through in their order; who joined an earlier one lately is found again."""
    town.write_contacts(cloud, 6, list_ids=[LIST])
    for number in (0, 1):
        town.subscribe(cloud, number, OTHER)
    town.subscribe(cloud, 2, LIST, subscribed_ms=NOON_MS)
    town.subscribe(cloud, 2, OTHER)
    town.campaign([LIST, OTHER])
    town.started(NOON_MS)
    workers.until_finishing()

    assert everybody(6) == town.recipients()
    assert 7 == town.standing().audience_size  # one was listed twice, to be on the safe side
    workers.drain()
    assert 6 == town.standing().audience_size


def test_without_lists_everybody_of_the_account_is_written_to(workers, cloud):
    town.write_contacts(cloud, 3)
    town.campaign()
    town.started(NOON_MS)
    workers.drain()

    assert everybody(3) | {"ada@signalbox.example": 1} == town.recipients()


def test_a_work_list_goes_to_whom_it_names(workers, cloud, monkeypatch):
    """Who is named twice gets one mail, who is gone none."""
    monkeypatch.setattr("functions.send.audience.AT_ONCE", 2)
    town.write_contacts(cloud, 5)
    named = [contact_id(number) for number in (0, 2, 2, 4)]
    town.campaign(work_list=[*named, "77"])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(5, without=(1, 3)) == town.recipients()


def test_a_filter_lets_contacts_through(workers, cloud):
    town.write_contacts(cloud, 4, list_ids=[LIST])
    town.campaign([LIST], audience={"filter": {"first_name": ["C1", "C3"]}})
    town.started(NOON_MS)
    workers.drain()

    assert everybody(4, without=(0, 2)) == town.recipients()
    assert 2 == town.standing().audience_size


def test_who_is_not_active_on_the_list_is_not_in_the_audience(workers, cloud):
    town.write_contacts(cloud, 3, list_ids=[LIST])
    for number, status in ((0, 0), (1, 2)):
        town.subscribe(cloud, number, LIST, status=memberships.Subscription(status))
    town.campaign([LIST])
    town.started(NOON_MS)
    workers.drain()

    assert everybody(3, without=(0, 1)) == town.recipients()
    assert 1 == town.standing().audience_size
