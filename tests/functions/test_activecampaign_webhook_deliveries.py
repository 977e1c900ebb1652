"""Webhooks in ActiveCampaign's manner are told of changes and events, in its form, signed."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import time_machine
from standardwebhooks import Webhook

from bench.metering import Meter
from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox import aws, environment
from signalbox.aws import AwsError
from signalbox.channels import outbound
from signalbox.model.event import Event
from signalbox.store import accounts, dispatches, origin
from tests.cloud import Context, sqs_event
from tests.faults.receiver import receiving
from tests.functions.activecampaign_webhooks import WEBHOOKS, made, new_list, wanted
from tests.people import work
from tests.streams import Stream, announce


@pytest.fixture(name="receiver")
def _receiver(account, monkeypatch):
    """A receiver on loopback that webhooks may reach; what it got is kept with its headers."""
    with receiving() as receiver:
        monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", receiver.host)
        environment.environment.cache_clear()
        yield receiver


@pytest.fixture(name="hook")
def _hook(account, receiver):
    """Make a webhook and return it."""

    def make(*events, path="/ok", **changes):
        body = wanted(url=receiver.url(path), events=list(events), **changes)
        status, made = account.call("POST", WEBHOOKS, body)
        assert 201 == status, made
        return made["webhook"]

    return make


@pytest.fixture(name="tell")
def _tell(cloud, account):
    """Let everything that was changed since then go its way."""
    stream = Stream(cloud)

    def tell():
        assert [] == announce(stream.records())
        work(cloud)

    return tell


def forms(receiver):
    """Return what the receiver was told, oldest first."""
    return [
        dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        for _, _, body in receiver.requests
    ]


def test_a_tag_is_told_in_the_documented_form_signed(account, cloud, receiver, hook, tell):
    """The whole form, field by field, and a signature that the account's secret verifies."""
    hook("contact_tag_added", "contact_tag_removed")
    first, second = (made(account, "tags", "tag", tag=name, tagType="contact") for name in "ab")
    ada = account.ada.contact_id
    made(account, "contactTags", "contactTag", contact=ada, tag=first)
    tell()
    link = made(account, "contactTags", "contactTag", contact=ada, tag=second)
    tell()
    account.call("DELETE", f"/api/3/contactTags/{link}")
    tell()

    told = forms(receiver)
    assert ["contact_tag_added", "contact_tag_added", "contact_tag_removed"] == [
        form["type"] for form in told
    ]
    assert ["a", "a, b", "a"] == [form["contact[tags]"] for form in told]
    date_time = told[1].pop("date_time")
    assert (25, "+00:00") == (len(date_time), date_time[-6:])
    assert {
        "type": "contact_tag_added",
        "initiated_from": "api",
        "initiated_by": "api",
        "list": "0",
        "contact[id]": ada,
        "contact[email]": "ada@signalbox.example",
        "contact[first_name]": "Ada",
        "contact[last_name]": "",
        "contact[phone]": "",
        "contact[ip]": "0.0.0.0",  # noqa: S104 the original's word for "not known"
        "contact[tags]": "a, b",
        "contact[customer_acct_name]": "",
        "contact[orgname]": "",
        "customer_acct_name": "",
        "customer_acct_id": "0",
        "orgname": "",
        "tag": "b",
    } == told[1]


def test_a_delivery_is_signed_and_says_what_it_is(account, receiver, hook, tell, monkeypatch):
    """Standard Webhooks: the account's secret verifies the form's bytes."""
    sent = {}
    request = outbound.request

    def noted(method, url, **parts):
        sent.update(parts)
        return request(method, url, **parts)

    monkeypatch.setattr(outbound, "request", noted)
    hook("subscribe")
    made_member(account, new_list(account), 1)
    tell()

    headers = dict(sent["headers"])
    assert "application/x-www-form-urlencoded" == headers["Content-Type"]
    (secret,) = accounts.fetch(account.account_id).signing_secrets(1)
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
    body = sent["body"].decode()
    expected = Webhook(secret).sign(headers["webhook-id"], signed_at, body)
    assert expected == headers["webhook-signature"]


def made_member(account, list_id, status):
    """Put Ada on a list, or take her off."""
    member = {"list": list_id, "contact": account.ada.contact_id, "status": status}
    answered, body = account.call("POST", "/api/3/contactLists", {"contactList": member})
    assert answered in (200, 201), body


def test_subscribing_unsubscribing_and_updating_are_told(account, receiver, hook, tell):
    """Each once; a list by its number, an update without one; custom fields by their tags."""
    hook("subscribe", "unsubscribe", "update")
    list_id = new_list(account)
    made_member(account, list_id, 1)
    made_member(account, list_id, 1)
    tell()
    made_member(account, list_id, 2)
    tell()
    body = {"contact": {"firstName": "Augusta"}}
    assert 200 == account.call("PUT", f"/api/3/contacts/{account.ada.contact_id}", body)[0]
    tell()

    told = forms(receiver)
    assert [("subscribe", list_id), ("unsubscribe", list_id), ("update", "0")] == [
        (form["type"], form["list"]) for form in told
    ]
    assert "" == told[1]["unsubscribe[reason]"]
    assert "Augusta" == told[2]["contact[first_name]"]


def test_an_event_that_an_application_reports_is_told(account, receiver, hook, cloud):
    """Our own addition; the rules that it wakes are not in its way."""
    hook("event:download")
    account.report()
    work(cloud)

    (told,) = forms(receiver)
    assert ("event", "download", "https://files.example/a.pdf", "public") == (
        told["type"],
        told["event[name]"],
        told["event[value]"],
        told["initiated_from"],
    )


def test_an_event_name_that_is_no_longer_registered_is_not_told(account, receiver, hook, cloud):
    hook("event:download")
    account.call("DELETE", "/api/3/eventTrackingEvents/download")
    account.report()
    work(cloud)

    assert [] == receiver.requests


def test_a_webhook_limited_to_sources_and_a_list_hears_of_these_alone(
    account, receiver, hook, tell, cloud
):
    """What it does not want becomes no dispatch at all."""
    mine, other = new_list(account, "Mine"), new_list(account, "Other")
    hook("subscribe", listid=mine, name="of the list")
    hook("subscribe", sources=["public"], name="of the public")
    for list_id in (other, mine):
        made_member(account, list_id, 1)
    tell()

    assert [mine] == [form["list"] for form in forms(receiver)]
    assert 1 == len(dispatches.of_contact(account.account_id, account.ada.contact_id)[0])


def test_an_update_of_a_member_alone_is_told_where_the_webhook_has_a_list(
    account, receiver, hook, tell
):
    """Who is not on the list, or left it, is nobody's business there."""
    list_id = new_list(account)
    hook("update", listid=list_id)
    at = f"/api/3/contacts/{account.ada.contact_id}"
    for name, status in (("A", 0), ("B", 1), ("C", 2)):
        if status:
            made_member(account, list_id, status)
        account.call("PUT", at, {"contact": {"firstName": name}})
        tell()

    assert ["B"] == [form["contact[first_name]"] for form in forms(receiver)]
    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    assert ["not_on_list", "HTTP 200", "not_on_list"] == [one.detail for one in found]


def test_a_receiver_that_is_gone_deactivates_the_webhook_until_it_is_changed(
    account, receiver, hook, tell, cloud
):
    """410: shown as inactive, told of nothing, no dispatch made; a change makes it active again."""
    shown = hook("subscribe", path="/gone")
    at = f"{WEBHOOKS}/{shown['id']}"
    list_id = new_list(account)
    made_member(account, list_id, 1)
    tell()

    assert "0" == account.call("GET", at)[1]["webhook"]["active"]
    for status in (2, 1):
        made_member(account, list_id, status)
    tell()
    assert 1 == len(receiver.requests)
    assert 1 == len(dispatches.of_contact(account.account_id, account.ada.contact_id)[0])

    body = {"webhook": {"url": receiver.url("/ok")}}
    assert "1" == account.call("PUT", at, body)[1]["webhook"]["active"]
    for status in (2, 1):
        made_member(account, list_id, status)
        tell()
    assert ["/gone", "/ok"] == [path for path, _, _ in receiver.requests]


def test_a_delivery_under_way_when_the_webhook_is_deleted_is_skipped(
    account, receiver, hook, cloud
):
    shown = hook("event:download")
    account.report()
    track.handler(sqs_event(cloud.waiting("EVENTS")), None)
    account.call("DELETE", f"{WEBHOOKS}/{shown['id']}")
    work(cloud)

    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    assert [("skipped", "rule_gone")] == [(one.outcome, one.detail) for one in found]
    assert [] == receiver.requests


def test_changes_are_told_while_event_tracking_is_off(account, receiver, hook, tell):
    """The switch is about what applications report."""
    hook("subscribe", "event:download")
    account.call("PUT", "/api/3/eventTracking", {"eventTracking": {"enabled": False}})
    made_member(account, new_list(account), 1)
    account.report()
    tell()

    assert ["subscribe"] == [form["type"] for form in forms(receiver)]


def test_a_change_is_no_entry_of_the_tracking_log(account, tell, cloud):
    """It stands on the contact's record, where no tag of a mail and no log of events finds it."""
    made_member(account, new_list(account), 1)
    tell()

    sort_keys = [item["sk"]["S"].partition("#")[0] for item in cloud.items("TRACKING")]
    assert ["change"] == sort_keys
    logs = account.call("GET", f"/api/3/contacts/{account.ada.contact_id}/trackingLogs")[1]
    assert [] == logs["trackingLogs"]


def test_the_changes_of_who_was_deleted_are_kept_nowhere(account, receiver, hook, tell, cloud):
    """A contact's tags go with it; nobody is told, and nothing is written about nobody."""
    hook("contact_tag_added", "contact_tag_removed")
    tag = made(account, "tags", "tag", tag="a", tagType="contact")
    made(account, "contactTags", "contactTag", contact=account.ada.contact_id, tag=tag)
    assert 200 == account.call("DELETE", f"/api/3/contacts/{account.ada.contact_id}")[0]
    tell()

    assert [] == cloud.items("TRACKING")
    assert [] == receiver.requests


def test_a_worker_that_dies_after_a_410_leaves_a_failed_delivery_and_an_inactive_webhook(
    account, receiver, hook, cloud, monkeypatch
):
    """Its outcome is lost; the next worker asks again, hears the same, and writes it down."""
    shown = hook("event:download", path="/gone")
    account.report()
    track.handler(sqs_event(cloud.waiting("EVENTS")), None)
    due = sqs_event(cloud.waiting("ACTIONS"))

    def die(_record):
        raise AwsError("InternalServerError", "", 500, {})

    with monkeypatch.context() as dying:
        dying.setattr(dispatches, "settle", die)
        assert 1 == len(dispatch.handler(due, Context())["batchItemFailures"])
    assert "0" == account.call("GET", f"{WEBHOOKS}/{shown['id']}")[1]["webhook"]["active"]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        assert {"batchItemFailures": []} == dispatch.handler(due, Context())

    found, _ = dispatches.of_contact(account.account_id, account.ada.contact_id)
    assert [("failed", 410)] == [(one.outcome, one.response_status) for one in found]
    assert 2 == len(receiver.requests)
    assert 1 == len(receiver.bodies())


def test_a_change_costs_what_any_event_costs(account, cloud, tell, monkeypatch):
    """A warm worker tracks ten changes in one read and one write, and asks nothing else."""
    event = Event(
        account_id=account.account_id,
        event_id="e0",
        name="subscribe",
        at_ms=1795254840000,
        received_ms=1795254840000,
        address=f"contact:{account.ada.contact_id}",
        properties={"list_id": "7", "initiated_from": "api"},
        kind="subscribe",
    )
    events = [event._replace(event_id=f"e{number}").to_wire() for number in range(10)]
    track.handler(sqs_event(events[:1]), None)
    real = aws.call
    meter = Meter(lambda service, operation, request: real(service, operation, **request))
    monkeypatch.setattr(
        aws, "call", lambda service, operation, **request: meter(service, operation, request)
    )

    assert {"batchItemFailures": []} == track.handler(sqs_event(events), None)

    assert {"BatchGetItem": 1, "BatchWriteItem": 1} == meter.calls
    assert 10 == meter.write_units


def test_an_import_tells_nobody(account, receiver, hook, tell):
    """As in the original: neither of new contacts, nor of their lists and tags, nor of updates."""
    hook("subscribe", "unsubscribe", "update", "contact_tag_added")
    list_id = new_list(account)
    rows = [
        {
            "email": email,
            "first_name": "Imported",
            "tags": ["a"],
            "subscribe": [{"listid": list_id}],
        }
        for email in ("ada@signalbox.example", "grace@signalbox.example")
    ]
    status, answer = account.call("POST", "/api/3/import/bulk_import", {"contacts": rows})
    assert 200 == status, answer
    tell()

    assert [] == receiver.requests
    made_member(account, list_id, 2)
    tell()
    assert ["unsubscribe"] == [form["type"] for form in forms(receiver)]


def test_a_change_on_behalf_of_the_public_says_so(account, receiver, hook, tell):
    hook("subscribe", sources=["public"])
    with origin.caused_by("public"):
        made_member(account, new_list(account), 1)
    tell()

    assert ["public"] == [form["initiated_from"] for form in forms(receiver)]
