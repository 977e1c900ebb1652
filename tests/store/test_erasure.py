"""Erasing a contact: whole, repeatable after any cut, with opt-outs that go on holding."""

import itertools
import json
import time

import pytest

from signalbox import aws, people
from signalbox.awsjson import AwsError
from signalbox.environment import environment
from signalbox.model.contact_list import ContactList
from signalbox.model.dispatch import Outcome, SkipReason
from signalbox.model.drop import DroppedEvent, DropReason
from signalbox.model.errors import NotFoundError
from signalbox.model.log import entry_of
from signalbox.model.tag import Tag
from signalbox.people import add_contact, erase
from signalbox.store import (
    accounts,
    contact_listing,
    contact_tags,
    contacts,
    counters,
    dispatches,
    dropped_events,
    erasure,
    feed,
    lists,
    memberships,
    table,
    tags,
    tracking,
)
from tests.mailed import hit, hits, message, write
from tests.store.things import NOW, A, B, account, event, record

EMAIL = "zoefriedrich@erased.example"
ADDRESS = f"email:{EMAIL}"


@pytest.fixture(name="zoe")
def _zoe(cloud):
    """Somebody of whom every table knows something; somebody else has the same address elsewhere."""
    erasure.forget_salts()
    settings = account(A)
    accounts.create(settings)
    zoe = add_contact(A, email=EMAIL, first_name="Zoefriedrich", phone="+4930987654")
    add_contact(B, email=EMAIL)
    for list_id in ("5", "6"):
        lists.create(ContactList(A, list_id, "News"))
        memberships.subscribe(A, zoe.contact_id, list_id, now_ms=NOW)
    memberships.unsubscribe(A, zoe.contact_id, "6", now_ms=NOW + 1)
    tags.create(Tag(A, "9", "vip"))
    contact_tags.add(A, zoe.contact_id, "9", now_ms=NOW)
    happened = [event(number, address=ADDRESS) for number in range(4)]
    lost = [event(number, address=ADDRESS, received_ms=NOW) for number in range(10, 14)]
    other = event(20, address="email:ada@signalbox.example")
    line = {"kind": "event", "contact_id": zoe.contact_id, "address": ADDRESS}
    tracking.write(
        [
            *(tracking.item(entry_of(one, zoe.contact_id), settings) for one in happened),
            *(
                dropped_events.item(DroppedEvent(one, DropReason.UNKNOWN_CONTACT))
                for one in [*lost, other]
            ),
            feed.item(A, NOW, "1", line),
            feed.item(A, NOW, "2", {"kind": "event", "address": other.address}),
        ]
    )
    return zoe


def left(cloud):
    """Return what account A holds anywhere, as one text."""
    items = [item for name in ("CONTACTS", "TRACKING") for item in cloud.items(name)]
    return json.dumps([item for item in items if item["pk"]["S"].startswith(f"A#{A}")])


def assert_gone(cloud, zoe):
    """Everything about Zoe is gone, and nothing else."""
    text = left(cloud)

    for trace in ("zoefriedrich", "erased.example", "987654"):
        assert trace not in text.casefold()
    assert None is contacts.find(A, zoe.contact_id)
    assert {"5": 0, "6": 0} == memberships.counts(A, ["5", "6"])
    assert 0 == counters.total(A, contact_listing.ALL)
    assert 0 == counters.total(A, tags.counted("9"))
    assert [] == tracking.of_contact(A, zoe.contact_id)[0]
    assert [] == list(contact_listing.within(A))
    assert {"6"} == erasure.opted_out(A, ADDRESS)
    assert {"6"} == erasure.opted_out(A, "phone:+4930987654")
    assert set() == erasure.opted_out(A, "email:ada@signalbox.example")
    dropped = dropped_events.newest_first(A, from_day="2026-11-21", days=1)
    assert ["email:ada@signalbox.example"] == [one.event.address for one in dropped]
    assert None is not contacts.id_at(B, ADDRESS)


def test_nothing_readable_stays(zoe, cloud):
    assert erase(A, zoe.contact_id)

    assert_gone(cloud, zoe)
    with pytest.raises(NotFoundError):
        erase(A, zoe.contact_id)
    assert add_contact(A, email=EMAIL).contact_id != zoe.contact_id


def test_what_mailings_hold_goes_with_the_contact(zoe, cloud, monkeypatch):
    """Messages, opens and clicks, of every mailing; other people's stay."""
    monkeypatch.setattr(erasure, "MAILINGS_AT_ONCE", 2)
    ids = [f"200000000000000{number}" for number in range(5)]
    for one in ids:
        table.put(environment().rules_table, {"pk": f"A#{A}#mailings", "sk": one, "body": "{}"})
    everybody = [
        item
        for who in (zoe.contact_id, "77")
        for one in ids
        for item in (
            message(who, mailing_id=one),
            hits("open", who, human=[hit()], mailing_id=one),
            hits("click", who, machine=[hit(link=1)], mailing_id=one),
        )
    ]
    write(cloud, *everybody)

    assert erase(A, zoe.contact_id)

    left = {item["sk"]["S"] for item in cloud.items("TRACKING") if "#mailing#" in item["pk"]["S"]}
    assert {"message#77", "open#77", "click#77"} == left


def test_an_opt_out_is_kept_until_it_is_lifted(zoe):
    erase(A, zoe.contact_id)

    erasure.lift_opt_out(A, ADDRESS, "6")

    assert set() == erasure.opted_out(A, ADDRESS)
    assert set() == erasure.opted_out(B, ADDRESS)


class _Cut(Exception):  # noqa: N818 stands for a process that ends
    pass


@pytest.mark.parametrize("after", [False, True])
def test_a_cut_anywhere_is_finished_by_the_next_call(zoe, cloud, monkeypatch, after):
    """Each call to DynamoDB in turn is the last one of its process, before or after it is made."""
    real = aws.call
    for last in itertools.count(1):
        made = itertools.count(1)

        def cut(service, operation, _made=made, _last=last, **request):
            number = next(_made)
            if number == _last and not after:
                raise _Cut
            answer = real(service, operation, **request)
            if number == _last:
                raise _Cut
            return answer

        monkeypatch.setattr(aws, "call", cut)
        try:
            done = erase(A, zoe.contact_id)
        except _Cut:
            continue
        except NotFoundError:  # the call before was cut off at its very end
            break
        finally:
            monkeypatch.setattr(aws, "call", real)
        assert done
        break
    assert last > 10

    assert_gone(cloud, zoe)


def test_a_late_event_is_swept_the_next_time(zoe, cloud, monkeypatch):
    """A batch that was looked up before the contact went writes its log entry after that."""
    erase(A, zoe.contact_id)
    late = tracking.item(entry_of(event(99, address=ADDRESS), zoe.contact_id), account(A))
    tracking.write([late])
    later = time.time_ns() // 1_000_000 + erasure.AGAIN_AFTER_MS
    monkeypatch.setattr(people, "_now_ms", lambda: later)
    someone = add_contact(A, email="someone@signalbox.example")

    erase(A, someone.contact_id)

    assert_gone(cloud, zoe)
    assert [] == [one.contact_id for one in erasure.due(A, later, limit=9)]
    assert None is erasure.find(A, zoe.contact_id)


def test_an_erasure_without_time_is_not_done(zoe, cloud, monkeypatch):
    """It says so, and the next call goes on."""
    monkeypatch.setattr(people, "ERASING_S", -1.0)
    assert not erase(A, zoe.contact_id)
    monkeypatch.undo()

    assert erase(A, zoe.contact_id)
    assert_gone(cloud, zoe)


def test_dropped_events_are_found_by_their_address(cloud):
    """More than a page of them, and those of others stay."""
    many = [event(number, address=ADDRESS, value="") for number in range(1_200)]
    other = event(5_000)
    tracking.write(
        dropped_events.item(DroppedEvent(one, DropReason.UNKNOWN_CONTACT)) for one in [*many, other]
    )

    erasure.sweep(erasure.Erasure(A, "7", (ADDRESS,)), until=time.monotonic() + 60)

    left_over = dropped_events.newest_first(A, from_day="2026-11-21", days=1)
    assert [other] == [one.event for one in left_over]


def test_a_dispatch_of_a_contact_who_is_gone_names_nobody(cloud):
    """What is still on its way when a contact is erased leaves no address and no data behind."""
    skipped = record(3, outcome=Outcome.SKIPPED, detail=SkipReason.CONTACT_GONE)

    assert dispatches.claim(skipped, now_ms=NOW, repeatable=False)

    (kept,) = cloud.items("TRACKING")
    assert "ada@" not in json.dumps(kept)
    assert "v3" not in json.dumps(kept)
    standing = dispatches.fetch(A, skipped.dispatch.dispatch_id)
    assert (Outcome.SKIPPED, "contact:7") == (standing.outcome, standing.dispatch.event.address)


def test_both_who_make_the_salt_get_the_same(cloud):
    erasure.forget_salts()
    first = erasure._new_salt(A)
    erasure.forget_salts()

    assert first == erasure._new_salt(A)
    assert first == erasure._salt(A)


def test_an_error_of_aws_is_not_swallowed(zoe, monkeypatch):
    """Whoever asked hears that it is not done."""

    def refuse(name, keys):
        raise AwsError("InternalServerError", "", 500, {})

    monkeypatch.setattr(table, "delete_many", refuse)

    with pytest.raises(AwsError):
        erase(A, zoe.contact_id)
