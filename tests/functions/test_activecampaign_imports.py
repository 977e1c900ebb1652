"""Imports over the API of ActiveCampaign: many contacts in few calls, each as if it came alone."""

import json

import pytest

from bench.metering import Meter
from functions.activecampaign import importing
from signalbox import aws
from signalbox.announcing import events_of
from signalbox.aws import AwsError
from signalbox.model.contact_list import ContactList
from signalbox.model.membership import Subscription
from signalbox.people import add_contact
from signalbox.store import contact_listing, contacts, erasure, lists, memberships, tags
from tests.streams import Stream

IMPORT = "/api/3/import/bulk_import"
LIST_ID = "5"


@pytest.fixture(autouse=True)
def _one_by_one(account, monkeypatch):
    """Let no threads meet in moto, and let there be a list."""
    monkeypatch.setattr(importing, "FEW", 250)
    lists.create(ContactList(account.account_id, LIST_ID, "News"))


@pytest.fixture(name="meter")
def _meter(account, monkeypatch):
    """A meter at the one door to AWS."""
    real = aws.call
    meter = Meter(lambda service, operation, request: real(service, operation, **request))
    monkeypatch.setattr(
        aws, "call", lambda service, operation, **request: meter(service, operation, request)
    )
    return meter


def send(account, *rows: dict) -> list[dict]:
    """Import rows and return what failed; the answer says it as the status does."""
    status, answer = account.call("POST", IMPORT, {"contacts": list(rows)})
    assert 200 == status
    query = f"batchId={answer['batchId']}"
    told = account.call("GET", "/api/3/import/info", query=query)[1]
    assert answer["failureReasons"] == told["failureReasons"]
    assert [str(one["contact"]) for one in told["failureReasons"]] == told["failure"]
    return answer["failureReasons"]


def people(account) -> dict[str, contacts.Contact]:
    """Return the account's contacts by address, without Ada."""
    ids = list(contact_listing.within(account.account_id, expected=1_000))
    found = contacts.fetch_many(account.account_id, ids)
    return {one.email: one for one in found if one.contact_id != account.ada.contact_id}


def row(number: int, **facts) -> dict:
    """Return a contact with a tag, for a list."""
    return {
        "email": f"p{number}@a.example",
        "first_name": "Pat",
        "tags": ["vip"],
        "subscribe": [{"listid": LIST_ID}],
    } | facts


def test_an_import_takes_few_calls_and_a_repeated_one_writes_nothing(account, meter):
    """60 contacts: 4 and more in a transaction, of one share; and 8 shares that may not be full."""
    rows = [row(number) for number in range(60)]
    account.call("GET", "/api/3/users/me")
    meter.reset()
    account.call("POST", IMPORT, {"contacts": rows})

    assert meter.calls["TransactWriteItems"] <= 60 / 4 + 8 + 3  # a tag, the status twice
    assert meter.calls["BatchGetItem"] <= 3
    assert meter.calls["GetItem"] + meter.calls["Query"] <= 4
    assert 60 == len(people(account))
    assert 60 == memberships.counts(account.account_id, [LIST_ID])[LIST_ID]
    meter.reset()
    account.call("POST", IMPORT, {"contacts": rows})

    assert 2 == meter.calls["TransactWriteItems"]  # the status
    assert meter.total <= 14


def test_new_and_known_contacts_are_as_if_each_came_alone(account):
    known = add_contact(account.account_id, email="p1@a.example", last_name="Lee")
    memberships.unsubscribe(account.account_id, known.contact_id, LIST_ID, now_ms=1)

    assert [] == send(account, row(0), row(1), row(2, unsubscribe=[{"listid": LIST_ID}]))
    found = people(account)
    assert {"p0@a.example", "p1@a.example", "p2@a.example"} == set(found)
    assert known.contact_id == found["p1@a.example"].contact_id
    assert ("Pat", "Lee") == (found["p1@a.example"].first_name, found["p1@a.example"].last_name)
    joined = memberships.on_list(
        account.account_id, LIST_ID, [one.contact_id for one in found.values()]
    )
    assert {
        "p0@a.example": Subscription.ACTIVE,
        "p1@a.example": Subscription.UNSUBSCRIBED,
        "p2@a.example": Subscription.UNSUBSCRIBED,
    } == {email: joined[one.contact_id].status for email, one in found.items()}
    vip = tags.find_named(account.account_id, "vip")
    assert {vip.tag_id: 3} == tags.counts(account.account_id, [vip.tag_id])


def test_of_rows_about_one_address_the_later_counts(account):
    assert [] == send(
        account,
        row(0),
        row(1),
        row(0, email="P0@A.example", first_name="Bo"),
        row(0, last_name="X"),
    )
    found = people(account)

    assert 2 == len(found)
    assert ("Pat", "X") == (found["p0@a.example"].first_name, found["p0@a.example"].last_name)


def test_one_who_cannot_be_written_holds_up_nobody(account):
    """A phone of an earlier row, one of a contact, and a list that is not there."""
    add_contact(account.account_id, email="old@a.example", phone="+49 30 999999")
    failed = send(
        account,
        row(0, phone="+49 30 123456"),
        row(1, phone="+49 (30) 123456"),
        row(2, phone="+4930999999"),
        row(3, subscribe=[{"listid": "9"}]),
        row(4),
    )

    assert [(1, "address_taken"), (2, "address_taken"), (3, "unknown")] == [
        (one["contact"], one["code"]) for one in failed
    ]
    assert "The phone belongs to another contact" == failed[0]["failureReason"]
    assert "There is no list 9" == failed[2]["failureReason"]
    assert {"old@a.example", "p0@a.example", "p3@a.example", "p4@a.example"} == set(people(account))


def test_an_opt_out_of_somebody_erased_goes_on_holding_for_the_new_contact(account):
    """One of three; the others join."""
    erasure.keep_opt_outs(account.account_id, ["email:p1@a.example"], [LIST_ID])

    assert [] == send(account, row(0), row(1), row(2))
    found = people(account)
    joined = memberships.on_list(
        account.account_id, LIST_ID, [one.contact_id for one in found.values()]
    )
    assert {found["p0@a.example"].contact_id, found["p2@a.example"].contact_id} == set(joined)


def test_a_contact_that_comes_up_meanwhile_is_changed_like_any_other(account, monkeypatch):
    """Its bundle cannot be written, so each of it is tried alone."""
    through = aws.call
    late = []

    def call(service, operation, **request):
        puts = [one["Put"] for one in request.get("TransactItems", []) if "Put" in one]
        if not late and any(one["Item"]["sk"]["S"] == "contact" for one in puts):
            late.append(1)
            late.append(add_contact(account.account_id, email="p1@a.example", last_name="Lee"))
        return through(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)

    assert [] == send(account, row(0), row(1), row(2))
    found = people(account)
    assert 3 == len(found)
    assert late[1].contact_id == found["p1@a.example"].contact_id
    assert ("Pat", "Lee") == (found["p1@a.example"].first_name, found["p1@a.example"].last_name)


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems"])
def test_contacts_that_aws_has_no_time_for_are_to_be_sent_again(account, monkeypatch, operation):
    """And the import is over: nobody waits for it."""
    through = aws.call

    def call(service, called, **request):
        text = str(request)
        if called == operation and ("#contacts#" in text or "#address#" in text):
            raise AwsError("ThrottlingException", "slow down", 400, {})
        return through(service, called, **request)

    with monkeypatch.context() as slow:
        slow.setattr(aws, "call", call)
        status, answer = account.call("POST", IMPORT, {"contacts": [row(0), row(1)]})
    reasons = answer["failureReasons"]

    assert (200, {"not_written"}) == (status, {one["code"] for one in reasons})
    assert [0, 1] == [one["contact"] for one in reasons]
    assert [] == account.call("GET", IMPORT)[1]["outstanding"]
    assert [] == send(account, row(0), row(1))


@pytest.mark.parametrize(
    ("sent", "heard"),
    [({}, True), ({"exclude_automations": False}, True), ({"exclude_automations": "true"}, False)],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_rules_hear_of_imports_unless_a_row_says_no(account, cloud, sent, heard, is_new):
    """Who is created and who is changed by an import is an event, row by row, of no webhook's source."""
    if not is_new:
        add_contact(account.account_id, email="p1@a.example")
    stream = Stream(cloud)

    assert [] == send(account, row(1) | sent)

    found = [event for record in stream.records() for event in events_of(record)]
    kinds = {"subscribe", "contact_tag_added", "contact_created" if is_new else "update"}
    assert (kinds if heard else set()) == {event.kind for event in found}
    assert {"import"} >= {event.initiated_from for event in found}


@pytest.mark.parametrize("flag", ["yes", 2, [], {}])
def test_a_flag_that_is_none_is_refused(account, flag):
    body = {"contacts": [row(1) | {"exclude_automations": flag}]}

    status, answer = account.call("POST", IMPORT, body)

    assert 400 == status
    assert "exclude_automations: must be true or false" in json.dumps(answer)
