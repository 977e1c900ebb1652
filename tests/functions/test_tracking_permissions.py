"""Tracking permission by the API, by events and by imports; the settings of the account."""

import itertools
import json

import pytest

from functions.activecampaign import importing
from functions.ingest import app as ingest
from functions.track import app as track
from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.credential import Role
from signalbox.model.event import Event
from signalbox.model.tracking_permission import Answer, Mode, Permission, Purpose, Source, Voice
from signalbox.people import erase
from signalbox.store import accounts, contacts, tracking_permissions
from tests.cloud import http_event, sqs_event
from tests.people import ACCOUNT_ID, work

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NOW = 1_795_254_840_000
ADA = "ada@signalbox.example"


@pytest.fixture(name="path")
def _path(account) -> str:
    return f"/api/contacts/{account.ada.contact_id}"


def permission(account) -> Permission:
    """Return what Ada says to being tracked."""
    return contacts.fetch(ACCOUNT_ID, account.ada.contact_id).permission


def entries(account) -> list[tuple[str, str, str, str, str]]:
    """Return Ada's consent log, latest first, without its times."""
    _, page = account.call("GET", f"/api/contacts/{account.ada.contact_id}/consents")
    names = ("purpose", "answer", "source", "actor", "note")
    return [tuple(one[name] for name in names) for one in page["consents"]]


def reported(account, said, number=0, **changes) -> Event:
    """Return an event of Ada's that says something of permission."""
    facts = {
        "account_id": ACCOUNT_ID,
        "event_id": f"e{number}",
        "name": "order",
        "at_ms": NOW + number,
        "received_ms": NOW + 100,
        "address": f"email:{ADA}",
        "properties": {"tracking_permission": said},
    }
    return Event(**(facts | changes))


def tracked(*events: Event) -> list[dict]:
    """Track events; return what failed."""
    return track.handler(sqs_event([one.to_wire() for one in events]), None)["batchItemFailures"]


# API


def test_nobody_has_said_anything_at_first(account, path):
    status, shown = account.call("GET", f"{path}/tracking-permission")
    nothing = {"answer": "unknown", "at_ms": 0, "source": ""}

    assert (200, nothing, nothing) == (status, shown["open"], shown["click"])
    assert [] == entries(account)


def test_an_answer_is_written_and_logged_with_the_key(account, path):
    wanted = {"open": "yes", "note": "form of 2026-11-21"}
    status, shown = account.call("PUT", f"{path}/tracking-permission", wanted)
    key_id = account.call("GET", "/api/key")[1]["key_id"]

    assert (200, "yes", "api") == (status, shown["open"]["answer"], shown["open"]["source"])
    assert "unknown" == shown["click"]["answer"]
    assert shown == account.call("GET", f"{path}/tracking-permission")[1]
    assert [("open", "yes", "api", key_id, "form of 2026-11-21")] == entries(account)


def test_the_console_says_that_it_is_the_console(account, path):
    wanted = {"click": "no", "source": "console"}
    account.call("PUT", f"{path}/tracking-permission", wanted, role=Role.MARKETER)

    assert ("click", "no", "console") == entries(account)[0][:3]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "open"),
        ({"note": "x"}, "open"),
        ({"open": "unknown"}, "open"),
        ({"open": True}, "open"),
        ({"click": "maybe"}, "click"),
        ({"open": "yes", "source": "page"}, "source"),
        ({"open": "yes", "note": "x" * 501}, "note"),
        ({"open": "yes", "actor": "contact"}, "actor"),
    ],
)
def test_a_faulty_answer_changes_nothing(account, path, body, field):
    status, answer = account.call("PUT", f"{path}/tracking-permission", body)

    assert (422, field) == (status, answer["errors"][0]["field"].removeprefix("body."))
    assert Permission() == permission(account)


@pytest.mark.parametrize(
    ("method", "what"),
    [("GET", "tracking-permission"), ("PUT", "tracking-permission"), ("GET", "consents")],
)
def test_nobody_has_neither_permission_nor_log(account, method, what):
    body = {"open": "yes"} if method == "PUT" else None

    assert 404 == account.call(method, f"/api/contacts/999/{what}", body)[0]


def test_the_log_is_shown_page_after_page(account, path):
    for answer in ("yes", "no", "yes"):
        account.call("PUT", f"{path}/tracking-permission", {"open": answer})
    first = account.call("GET", f"{path}/consents", query="limit=2")[1]
    rest = account.call("GET", f"{path}/consents", query=f"limit=2&after={first['next']}")[1]

    shown = [*first["consents"], *rest["consents"]]
    assert (["yes", "no", "yes"], "") == ([one["answer"] for one in shown], rest["next"])
    assert sorted(shown, key=lambda one: -one["at_ms"]) == shown


def test_a_page_that_was_never_told_of_is_a_fault(account, path):
    assert 422 == account.call("GET", f"{path}/consents", query="after=x")[0]


# Settings of the account


def test_a_new_account_is_anonymous_and_relays_untracked(account):
    _, shown = account.call("GET", "/api/account")

    assert ("anonymous", "off") == (shown["tracking_mode"], shown["relay_tracking_mode"])


@pytest.mark.parametrize("mode", Mode)
def test_the_account_takes_every_mode(account, mode):
    assert 200 == account.call("PATCH", "/api/account", {"tracking_mode": mode})[0]
    assert mode is accounts.fetch(ACCOUNT_ID).tracking_mode
    assert mode == account.call("GET", "/api/account")[1]["tracking_mode"]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.ANONYMOUS, Mode.PERSONAL])
def test_relayed_mail_takes_every_mode_but_one(account, mode):
    assert 200 == account.call("PATCH", "/api/account", {"relay_tracking_mode": mode})[0]
    assert mode is accounts.fetch(ACCOUNT_ID).relay_tracking_mode


def test_permission_for_relayed_mail_is_refused_with_the_reason(account):
    """Such mail does not carry what its readers permit."""
    status, answer = account.call("PATCH", "/api/account", {"relay_tracking_mode": "permission"})
    (fault,) = answer["errors"]

    assert (422, "relay_tracking_mode") == (status, fault["field"])
    assert "does not say what its readers permit" in fault["message"]
    assert Mode.OFF is accounts.fetch(ACCOUNT_ID).relay_tracking_mode


def test_a_mode_that_there_is_not_is_a_fault(account):
    assert 422 == account.call("PATCH", "/api/account", {"tracking_mode": "always"})[0]


# Events


def test_an_event_says_what_its_contact_permits(account, cloud):
    """Taken in by the API, it is written when the event is tracked."""
    sent = {
        "name": "order",
        "contact": {"email": ADA},
        "properties": {"tracking_permission": {"open": True, "click": False}, "size": 7},
    }
    event = http_event(
        "POST",
        "/api/events",
        headers={"api-token": account.event_key},
        body={"events": [sent]},
    )
    assert 202 == ingest.handler(event, None)["statusCode"]
    work(cloud)

    assert Permission(YES, NO) == permission(account)
    assert {("open", "yes", "event", "api", "order"), ("click", "no", "event", "api", "order")} == {
        *entries(account)
    }


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"open": "yes"}, ".open"),
        ({"open": 1}, ".open"),
        ({"open": None}, ".open"),
        ({"opened": True}, ".opened"),
        ({}, ""),
        (True, ""),
        (None, ""),
        ([True], ""),
    ],
)
def test_what_is_no_boolean_is_refused_at_the_door(account, cloud, said, field):
    """Nothing of the request is taken, and the fault is named."""
    good = {"name": "order", "contact": {"email": ADA}}
    bad = good | {"properties": {"tracking_permission": said}}
    event = http_event(
        "POST",
        "/api/events",
        headers={"api-token": account.event_key},
        body={"events": [good, bad]},
    )
    answer = ingest.handler(event, None)

    assert 400 == answer["statusCode"]
    where = f"events.1.properties.tracking_permission{field}"
    assert where == json.loads(answer["body"])["errors"][0]["field"]
    assert [] == cloud.waiting("EVENTS")


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_events_may_come_in_any_order_and_twice(account, order):
    """The latest counts, whenever it comes."""
    said = [{"open": True}, {"open": False}, {"open": True, "click": False}]
    events = [reported(account, one, number) for number, one in enumerate(said)]
    for number in order:
        assert [] == tracked(events[number])
    assert [] == tracked(*(events[number] for number in order))

    assert Permission(YES, NO) == permission(account)


def test_a_no_of_the_contact_itself_outlives_events(account):
    """An event after it changes nothing; a yes on the page does."""
    voice = Voice(Source.PAGE, "contact", NOW)
    contact_id = account.ada.contact_id
    tracking_permissions.change(ACCOUNT_ID, contact_id, {Purpose.OPEN: NO}, voice)
    tracked(reported(account, {"open": True}, 50))

    assert NO is permission(account).open
    tracking_permissions.change(ACCOUNT_ID, contact_id, {Purpose.OPEN: YES}, voice)
    assert YES is permission(account).open


def test_an_event_of_tomorrow_does_not_outlive_the_no_of_today(account, path):
    """A sender's clock may be ahead; what we heard by then counts from when we heard it."""
    tracked(reported(account, {"open": True}, at_ms=NOW + 86_400_000))
    account.call("PUT", f"{path}/tracking-permission", {"open": "no"})

    assert NO is permission(account).open
    (latest, _) = tracking_permissions.of_contact(ACCOUNT_ID, account.ada.contact_id, limit=2)[0]
    assert NO is latest.answer


def test_an_event_of_nobody_says_nothing_until_it_is_replayed(account, cloud):
    """It is dropped; once the contact is there and the event is replayed, it counts."""
    tracked(reported(account, {"open": True}, address="email:eve@signalbox.example"))
    (dropped,) = account.call("GET", "/api/dropped-events")[1]["dropped_events"]
    _, eve = account.call("POST", "/api/contacts", {"email": "eve@signalbox.example"})
    account.call("POST", f"/api/dropped-events/{dropped['dropped_id']}/replay")
    work(cloud)

    assert YES is contacts.fetch(ACCOUNT_ID, eve["contact_id"]).permission.open


def test_what_a_rule_made_of_it_is_told_and_stops_nothing(account, capsys):
    """Events of rules are checked by nobody: the event is tracked, the fault is on the log."""
    assert [] == tracked(reported(account, {"open": "%FIELD%"}, source="rule"))

    assert Permission() == permission(account)
    assert "unreadable permission" in capsys.readouterr().out


def test_a_change_of_the_contact_says_nothing(account):
    """Only what applications report is looked at, not events of a kind."""
    tracked(reported(account, {"open": True}, kind="update", name="update"))

    assert Permission() == permission(account)


def test_a_contact_who_is_erased_meanwhile_says_nothing(account, monkeypatch):
    through = tracking_permissions.change

    def late(account_id, contact_id, *rest):
        erase(account_id, contact_id)
        return through(account_id, contact_id, *rest)

    monkeypatch.setattr(tracking_permissions, "change", late)

    assert [] == tracked(reported(account, {"open": True}))


@pytest.mark.parametrize(
    "fault",
    [AwsError("InternalServerError", "", 500, {}), contacts.MovedError("moved")],
    ids=["aws", "others"],
)
def test_an_answer_that_is_not_written_is_not_lost(account, monkeypatch, fault):
    """The record goes back to the queue, and the repeat writes it."""
    through = tracking_permissions.change

    def failing(*_args):
        raise fault

    event = reported(account, {"open": True})
    monkeypatch.setattr(tracking_permissions, "change", failing)
    assert [{"itemIdentifier": "m0"}] == tracked(event)
    monkeypatch.setattr(tracking_permissions, "change", through)
    assert [] == tracked(event)
    assert YES is permission(account).open


def test_events_that_say_nothing_cost_nothing_more(account, monkeypatch):
    """One that does costs one read and one transaction more; repeated, the read alone."""
    calls: list[str] = []
    through = aws.dynamodb

    def counting(operation, **request):
        calls.append(operation)
        return through(operation, **request)

    silent = reported(account, {})._replace(properties={"size": 7})
    tracked(silent)  # now the worker is warm
    monkeypatch.setattr("signalbox.store.table.dynamodb", counting)
    tracked(silent)
    usual = list(calls)
    calls.clear()
    tracked(reported(account, {"open": True, "click": False}))
    first = list(calls)
    calls.clear()
    tracked(reported(account, {"open": True, "click": False}))

    assert ["GetItem", "TransactWriteItems"] == first[len(usual) :]
    assert ["GetItem"] == calls[len(usual) :]


# Imports


def rows(account, *sent: dict) -> dict:
    """Import rows; return the answer."""
    status, answer = account.call("POST", "/api/3/import/bulk_import", {"contacts": list(sent)})
    assert status == 200, answer
    return answer


@pytest.mark.parametrize("few", [0, 10], ids=["side by side", "one after the other"])
def test_an_import_says_what_contacts_permit(account, monkeypatch, few):
    """New contacts and known ones; an empty cell and an absent one say nothing."""
    monkeypatch.setattr(importing, "FEW", few)
    sent = [
        {"email": "eve@a.example", "tracking_opens": "yes", "tracking_clicks": "NO"},
        {"email": "cleo@a.example", "tracking_opens": ""},
        {"email": ADA, "tracking_opens": "no"},
    ]
    assert [] == rows(account, *sent)["failureReasons"]

    ids = [contacts.id_at(ACCOUNT_ID, f"email:{one}@a.example") for one in ("eve", "cleo")]
    eve, cleo = contacts.fetch_many(ACCOUNT_ID, ids)
    assert (Permission(YES, NO), Permission()) == (eve.permission, cleo.permission)
    assert Permission(open=NO) == permission(account)
    key_id = account.call("GET", "/api/key")[1]["key_id"]
    assert [("open", "no", "import", key_id, "")] == entries(account)
    logged, _ = tracking_permissions.of_contact(ACCOUNT_ID, eve.contact_id, limit=10)
    assert {("open", "yes"), ("click", "no")} == {(one.purpose, one.answer) for one in logged}


def test_an_import_undoes_no_no_of_the_contact_itself(account):
    """A file may be older than what the person said since."""
    voice = Voice(Source.PAGE, "contact", NOW)
    tracking_permissions.change(ACCOUNT_ID, account.ada.contact_id, {Purpose.OPEN: NO}, voice)
    rows(account, {"email": ADA, "tracking_opens": "yes", "tracking_clicks": "yes"})

    assert Permission(NO, YES) == permission(account)


def test_of_two_rows_about_one_contact_the_no_counts(account):
    sent = [{"email": ADA, "tracking_opens": one} for one in ("no", "yes")]
    rows(account, *sent)

    assert NO is permission(account).open


def test_an_import_that_is_repeated_adds_nothing_to_the_log(account):
    for _ in range(2):
        rows(account, {"email": ADA, "tracking_opens": "yes"})

    assert 1 == len(entries(account))


@pytest.mark.parametrize("value", ["maybe", "1", True, False, 1, ["yes"]], ids=str)
def test_a_row_that_says_neither_yes_nor_no_refuses_the_import(account, value):
    sent = {"contacts": [{"email": ADA, "tracking_opens": value}]}
    status, answer = account.call("POST", "/api/3/import/bulk_import", sent)

    assert 400 == status
    assert "tracking_opens" in answer["failureReasons"][0]["failureReason"]
    assert UNKNOWN is permission(account).open
