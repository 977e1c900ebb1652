"""The event tutorial of the ActiveCampaign API, from top to bottom, and what may go wrong in it."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from functions.activecampaign import app as activecampaign
from signalbox import access
from signalbox.awsjson import AwsError
from signalbox.model.credential import Role
from signalbox.store import table
from tests.cloud import Context, http_event
from tests.people import MAIL, work

NAME = "file download request"
URL = "https://www.yoursite.com/downloads/file.pdf"
SPAWNED = (200, {"success": 1, "message": "Event spawned"})
MADE = (201, {"eventTrackingEvent": {"name": NAME}})

# The keys of the answers that the tutorial shows.
LOG_KEYS = {"subscriberid", "type", "value", "tstamp", "hash", "links", "id", "contact"}
ACTIVITY_KEYS = {
    "tstamp",
    "subscriberid",
    "reference_type",
    "reference_id",
    "reference_action",
    "jsonData",
    "userid",
    "permission",
    "referenceModelName",
    "reference",
    "links",
    "id",
    "user",
}


def test_the_tutorial(account, cloud):
    """Every step of the tutorial answers as it shows, and the mail says what the event said."""
    for method, enabled in [("PUT", False), ("POST", True)]:
        switch = {"eventTracking": {"enabled": enabled}}
        assert (200, switch) == account.call(method, "/api/3/eventTracking", switch)
        assert (200, switch) == account.call("GET", "/api/3/eventTracking")

    assert MADE == register(account, NAME)
    listed = {
        "eventTrackingEvents": [{"name": "download"}, {"name": NAME}],
        "meta": {"total": 2},
    }
    assert (200, listed) == account.call("GET", "/api/3/eventTrackingEvents")

    status, answer = account.call(
        "POST",
        "/api/3/contacts",
        {"contact": {"email": "Jane@Signalbox.example", "firstName": "Jane", "phone": "+49 30 1"}},
    )
    jane = answer["contact"]
    assert (201, "Jane@signalbox.example", "Jane") == (status, jane["email"], jane["firstName"])
    account.rule(MAIL | {"text": f"Here: %EVENT: {NAME}%", "html": ""}, event_name=NAME)

    assert SPAWNED == report(account, "jane@signalbox.example", eventdata=URL)
    work(cloud)

    assert f"Here: {URL}" in cloud.mails()[0]
    (log,) = logs(account, jane["id"])
    assert set(log) == LOG_KEYS
    assert (jane["id"], NAME, URL, jane["id"]) == (
        log["subscriberid"],
        log["type"],
        log["value"],
        log["contact"],
    )
    assert datetime.fromisoformat(log["tstamp"]).tzinfo is not None
    assert 40 == len(log["hash"])
    assert f"https://api.example/api/3/trackingLogs/{log['id']}/contact" == log["links"]["contact"]
    linked = account.call("GET", f"/api/3/trackingLogs/{log['id']}/contact")
    assert (200, jane["id"]) == (linked[0], linked[1]["contact"]["id"])
    assert (200, {"trackingLog": log}) == account.call("GET", f"/api/3/trackingLogs/{log['id']}")

    status, timeline = account.call("GET", "/api/3/activities", query=f"contact={jane['id']}")
    (activity,) = timeline["activities"]
    assert (200, [log], {"total": "1"}) == (status, timeline["trackingLogs"], timeline["meta"])
    assert set(activity) == ACTIVITY_KEYS
    assert {"type": "tracking-log", "id": log["id"]} == activity["reference"]
    assert (jane["id"], "TrackingLog", log["id"], NAME, None, "0", "", "tracking-log", None) == (
        activity["subscriberid"],
        activity["reference_type"],
        activity["reference_id"],
        activity["reference_action"],
        activity["jsonData"],
        activity["userid"],
        activity["permission"],
        activity["referenceModelName"],
        activity["user"],
    )
    assert {"user", "recipients", "reference", "notes"} == set(activity["links"])
    for link in activity["links"].values():
        assert 200 == account.call("GET", link.removeprefix("https://api.example"))[0]

    status, stopped = account.call("DELETE", f"/api/3/eventTrackingEvents/{quote(NAME)}")
    assert (200, ["a rule"]) == (status, [rule["name"] for rule in stopped["stoppedRules"]])
    assert [log] == logs(account, jane["id"])


def register(account, name: str) -> tuple[int, Any]:
    """Register an event name."""
    body = {"eventTrackingEvent": {"name": name}}
    return account.call("POST", "/api/3/eventTrackingEvents", body)


def report(account, email: str, event: str = NAME, **fields: str) -> tuple[int, Any]:
    """Report an event of a contact."""
    return account.report(event=event, visit=json.dumps({"email": email}), **fields)


def logs(account, contact_id: str) -> list[dict[str, Any]]:
    """Return a contact's tracking logs; the answer holds nothing else."""
    status, answer = account.call("GET", f"/api/3/contacts/{contact_id}/trackingLogs")
    assert (200, {"trackingLogs"}) == (status, set(answer))
    return answer["trackingLogs"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ben@signalbox.example", "ben@signalbox.example"),
        ("ben@signalbox.example", "BEN@SIGNALBOX.EXAMPLE"),
        ("ben@bücher.example", "Ben@xn--bcher-kva.example"),
        ("ben@xn--bcher-kva.example", "ben@BÜCHER.example"),
        ("jo\u0065\u0308l@signalbox.example", "JO\u00cbL@signalbox.example"),
    ],
)
def test_a_second_contact_of_an_address_is_refused(account, first, second):
    """Another case, Unicode form or IDN form of an address is the same address."""
    assert 201 == account.call("POST", "/api/3/contacts", {"contact": {"email": first}})[0]

    status, answer = account.call("POST", "/api/3/contacts", {"contact": {"email": second}})

    fault = {
        "title": "Email address already exists in the system",
        "detail": "",
        "code": "duplicate",
        "source": {"pointer": "/data/attributes/email"},
    }
    assert (422, {"errors": [fault]}) == (status, answer)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (None, "contact"),
        ("", "contact"),
        ("{", "body"),
        ("[" * 10_000, "body"),
        ('{"contact": {"email": ' + "9" * 5000 + "}}", "body"),
        ("[]", "contact"),
        ({"contact": []}, "contact"),
        ({"contact": {}}, "email"),
        ({"contact": {"email": ""}}, "email"),
        ({"contact": {"email": 5}}, "email"),
        ({"contact": {"email": "nobody"}}, "email"),
        ({"contact": {"email": "a@b@c.example"}}, "email"),
        ({"contact": {"email": "a" * 250 + "@c.example"}}, "email"),
        ({"contact": {"email": "c@c.example", "firstName": ["C"]}}, "firstName"),
        ({"contact": {"email": "c@c.example", "lastName": "l" * 256}}, "lastName"),
        ({"contact": {"email": "c@c.example", "fieldValues": [{"field": "1"}]}}, "fieldValues"),
    ],
)
def test_a_contact_that_cannot_be_is_refused(account, cloud, body, pointer):
    """A faulty contact is 422 with a pointer to the fault, and nothing is written."""
    before = cloud.items("CONTACTS")

    status, answer = account.call("POST", "/api/3/contacts", body)

    assert (422, f"/data/attributes/{pointer}") == (
        status,
        answer["errors"][0]["source"]["pointer"],
    )
    assert before == cloud.items("CONTACTS")


def test_a_body_that_is_no_text_is_refused(account):
    event = http_event("POST", "/api/3/contacts", headers={"api-token": account.tokens[Role.ADMIN]})

    answer = activecampaign.handler(event | {"body": "gA==", "isBase64Encoded": True}, Context())

    assert 422 == answer["statusCode"]


def test_the_switch_takes_what_clients_send(account):
    """True and false, also as 1 and 0 and as texts; anything else is refused."""
    for sent, enabled in [(False, False), (1, True), ("0", False), ("1", True), (0, False)]:
        answer = account.call("PUT", "/api/3/eventTracking", {"eventTracking": {"enabled": sent}})
        assert (200, {"eventTracking": {"enabled": enabled}}) == answer
    for sent in ("yes", None, [], 2, {}):
        answer = account.call("PUT", "/api/3/eventTracking", {"eventTracking": {"enabled": sent}})
        assert 422 == answer[0]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("contacts/100", "", "No Result found for Subscriber with id 100"),
        ("contacts/100/trackingLogs", "", "No Result found for Subscriber with id 100"),
        ("contacts/abc", "", "No Result found for Subscriber with id abc"),
        ("contacts/" + "9" * 3000, "", "No Result found for Subscriber with id " + "9" * 3000),
        ("activities", "contact=100", "No Result found for Subscriber with id 100"),
        ("trackingLogs/27", "", "No Result found for TrackingLog with id 27"),
        ("trackingLogs/27/contact", "", "No Result found for TrackingLog with id 27"),
        ("trackingLogs/" + "1" * 3000, "", "No Result found for TrackingLog with id " + "1" * 3000),
        ("trackingLogs/" + "9" * 44, "", "No Result found for TrackingLog with id " + "9" * 44),
    ],
)
def test_what_does_not_exist_is_not_found(account, monkeypatch, path, query, message):
    """An id that nothing has is 404, in the original's words; no key that is too long is asked."""
    monkeypatch.setattr(table, "dynamodb", as_strict_as_aws(table.dynamodb))

    answer = account.call("GET", f"/api/3/{path}", query=query)

    assert (404, {"message": message}) == answer


def as_strict_as_aws(dynamodb):
    """Return the call with DynamoDB's limits of keys, which moto does not know when it reads."""

    def call(operation: str, **request: Any) -> dict[str, Any]:
        for part, longest in (("pk", 2048), ("sk", 1024)):
            value = request.get("Key", {}).get(part, {"S": "-"})["S"]
            if not 1 <= len(value.encode()) <= longest:
                raise AwsError("ValidationException", f"{part} is too long", 400, {})
        return dynamodb(operation, **request)

    return call


def test_a_fault_of_aws_invites_another_try(account, monkeypatch):
    def broken(operation: str, **_: Any) -> Any:
        raise AwsError("InternalServerError", operation, 500, {})

    account.call("GET", "/api/3/eventTracking")
    monkeypatch.setattr(table, "dynamodb", broken)
    for known in (True, False):
        if not known:
            access.forget()

        message = "Signalbox cannot do this right now; try again."
        assert (503, {"message": message}) == account.call("GET", "/api/3/eventTracking")


def test_a_path_that_is_not_served_is_not_found(account):
    assert 404 == account.call("GET", "/api/3/nothing")[0]
    assert 404 == account.call("PATCH", "/api/3/contacts")[0]


def test_activities_are_ordered_and_cut_as_asked(account, cloud):
    """`orders[tstamp]`, `after`, `limit` and `offset` choose; the total counts what is covered."""
    for number in range(3):
        report(account, "ada@signalbox.example", eventdata=str(number))
        work(cloud)
    ada = f"contact={account.ada.contact_id}"

    def values(query: str) -> list[str]:
        status, answer = account.call("GET", "/api/3/activities", query=f"{ada}&{query}")
        assert 200 == status, answer
        return [log["value"] for log in answer["trackingLogs"]] + [answer["meta"]["total"]]

    assert ["0", "1", "2", "3"] == values("")
    assert ["2", "1", "0", "3"] == values("orders[tstamp]=DESC")
    assert ["1", "3"] == values("limit=1&offset=1")
    assert ["0"] == values("after=2999-01-01T00:00:00Z")
    assert ["0"] == values("after=2400-01-01T00:00:00%2B01:00")
    assert ["0"] == values("after=9999-12-31T23:59:59-23:59")
    assert ["0", "1", "2", "3"] == values("after=1969-01-01")
    for faulty in ("after=soon", "orders[tstamp]=UP", "limit=-1"):
        assert 422 == account.call("GET", "/api/3/activities", query=f"{ada}&{faulty}")[0]
    assert 422 == account.call("GET", "/api/3/activities")[0]


def test_a_long_value_is_cut_as_the_original_cuts_it(account, cloud):
    report(account, "ada@signalbox.example", eventdata="x" * 251)
    work(cloud)

    (log,) = logs(account, account.ada.contact_id)

    assert "x" * 250 == log["value"]


def test_what_happens_while_tracking_is_off_is_kept_aside_and_replayed(account, cloud):
    """Switched off: the caller hears the original's answer, nothing fires, and it can be mended."""
    register(account, NAME)
    account.rule(MAIL, event_name=NAME)
    account.call("PUT", "/api/3/eventTracking", {"eventTracking": {"enabled": False}})

    assert SPAWNED == report(account, "ada@signalbox.example", eventdata=URL)
    work(cloud)

    assert [] == logs(account, account.ada.contact_id)
    assert [] == cloud.mails()
    (dropped,) = account.call("GET", "/api/dropped-events")[1]["dropped_events"]
    assert ("tracking_off", NAME, URL, 0) == (
        dropped["reason"],
        dropped["name"],
        dropped["value"],
        dropped["replayed_ms"],
    )

    account.call("PUT", "/api/3/eventTracking", {"eventTracking": {"enabled": True}})
    for _ in range(2):
        path = f"/api/dropped-events/{dropped['dropped_id']}/replay"
        assert 202 == account.call("POST", path)[0]
        work(cloud)

    assert [URL] == [log["value"] for log in logs(account, account.ada.contact_id)]
    assert 1 == len(cloud.mails())


def test_what_an_unknown_contact_does_is_kept_aside_and_replayed(account, cloud):
    """No contact: the original's answer, a dropped event; once there is one, a replay writes it."""
    assert SPAWNED == report(account, "zoe@signalbox.example", eventdata=URL)
    work(cloud)

    (dropped,) = account.call("GET", "/api/dropped-events")[1]["dropped_events"]
    assert ("unknown_contact", "email:zoe@signalbox.example") == (
        dropped["reason"],
        dropped["address"],
    )
    path = f"/api/dropped-events/{dropped['dropped_id']}/replay"
    assert 202 == account.call("POST", path)[0]
    work(cloud)
    again = account.call("GET", f"/api/dropped-events/{dropped['dropped_id']}")[1]
    assert ("unknown_contact", 0) == (again["reason"], again["replayed_ms"])

    zoe = account.call("POST", "/api/3/contacts", {"contact": {"email": "zoe@signalbox.example"}})
    account.call("POST", path)
    work(cloud)

    (log,) = logs(account, zoe[1]["contact"]["id"])
    assert URL == log["value"]
    assert account.call("GET", f"/api/dropped-events/{dropped['dropped_id']}")[1]["replayed_ms"]


def test_an_unregistered_name_is_logged_but_wakes_no_rule(account, cloud):
    """Any name is logged; a rule on one that is not registered is refused with what to do."""
    report(account, "ada@signalbox.example", event="unheard")
    work(cloud)

    assert ["unheard"] == [log["type"] for log in logs(account, account.ada.contact_id)]
    status, answer = account.call(
        "POST",
        "/api/rules",
        {
            "name": "r",
            "trigger": "event_recorded",
            "trigger_settings": {"event_name": "unheard"},
            "actions": [MAIL],
        },
    )
    (fault,) = answer["errors"]
    assert (422, "trigger_settings.event_name") == (status, fault["field"])
    assert "register it first (POST /api/event-names)" in fault["message"]


def test_rules_on_a_deleted_name_stop_until_it_is_registered_again(account, cloud):
    """The deletion names the rules it stops; they say why they rest, and wake up again."""
    register(account, NAME)
    rule = account.rule(MAIL, event_name=NAME)
    account.rule(MAIL, event_name=NAME, status="disabled", name="disabled")

    def fired() -> int:
        report(account, "ada@signalbox.example")
        work(cloud)
        return len(cloud.mails())

    assert 1 == fired()
    status, answer = account.call("DELETE", f"/api/3/eventTrackingEvents/{quote(NAME)}")
    assert (200, [{"id": rule["rule_id"], "name": "a rule"}]) == (status, answer["stoppedRules"])
    assert 1 == fired()
    resting = account.call("GET", f"/api/rules/{rule['rule_id']}")[1]
    assert [f"the event name {NAME!r} is not registered"] == resting["resting_because"]

    register(account, NAME)

    assert 2 == fired()
    assert [] == account.call("GET", f"/api/rules/{rule['rule_id']}")[1]["resting_because"]
