"""The native API keeps to its own OpenAPI document, whatever it is sent."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.admin.app import app, handler
from functions.admin.containers import KINDS
from functions.admin.document import describe
from signalbox import access
from signalbox.awsjson import AwsError
from signalbox.channels import webhook
from signalbox.model.credential import Role
from signalbox.model.dispatch import Outcome
from signalbox.model.retries import Answer
from signalbox.store import dispatches, table
from tests.cloud import Context, http_event
from tests.functions import gateway
from tests.people import ACCOUNT_ID, MAIL, work

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
HOOK = {"kind": "webhook", "url": "https://hooks.example/in"}


def document() -> dict[str, Any]:
    """Return the document without the key, which every request here shows."""
    described = describe(app)
    del described["security"], described["components"]["securitySchemes"]
    return described


schema = schemathesis.openapi.from_dict(document())


def ask(case: schemathesis.Case, token: str) -> schemathesis.Response:
    """Make a request and check the answer against the document."""
    return gateway.ask(handler, case, token, CHECKS)


@pytest.fixture(name="token")
def _token(account):
    account.rule(MAIL)
    account.report()
    return account.tokens[Role.GLOBAL_ADMIN]


@schema.parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_its_document_says(case, token):
    """No generated request gets a 5xx, an undocumented status or type, or another shape."""
    ask(case, token)


def manage_keys(done: Callable[..., Any]) -> None:
    """Ask for every operation on keys and secrets."""
    assert "global_admin" == done("GET", "/api/key")["role"]
    key = done("POST", "/api/keys", {"role": "viewer", "name": "Vi"})
    assert key["key_id"] in {kept["key_id"] for kept in done("GET", "/api/keys")["keys"]}
    done("DELETE", "/api/keys/{key_id}", key_id=key["key_id"])

    done("POST", "/api/webhook-secrets/rotate")
    assert 2 == len(done("GET", "/api/webhook-secrets")["secrets"])


def permit(done: Callable[..., Any], contact_id: str) -> None:
    """Ask for every operation on what a contact permits, and on what bars an address."""
    at = {"contact_id": contact_id}
    said = done(
        "PUT", "/api/contacts/{contact_id}/tracking-permission", {"open": "yes", "note": "n"}, **at
    )
    assert said == done("GET", "/api/contacts/{contact_id}/tracking-permission", **at)
    (consent,) = done("GET", "/api/contacts/{contact_id}/consents", **at)["consents"]
    assert ("open", "yes", "n") == (consent["purpose"], consent["answer"], consent["note"])
    barred = {"address": "eve@signalbox.example"}
    put = done("PUT", "/api/suppressions/{address}", **barred)
    assert put == done("GET", "/api/suppressions/{address}", **barred)
    done("DELETE", "/api/suppressions/{address}", **barred)
    done("GET", "/api/relay/evaluation")
    done("GET", "/api/relay/days")
    done("POST", "/api/relay/days/{day}/rebuild", day="20261121")


def look_into(done: Callable[..., Any], rule: dict[str, Any], happened: dict[str, Any]) -> None:
    """Ask for every operation that says what a rule did, does and would do."""
    at = {"rule_id": rule["rule_id"]}
    (contact_id,) = {due["contact_id"] for due in happened["dispatches"]}
    entry_id = happened["events"][0]["entry_id"]
    asked = {"contact_id": contact_id, "entry_id": entry_id}
    assert done("GET", "/api/rules/{rule_id}/explanation", query=asked, **at)["fired"]
    assert done("POST", "/api/rules/{rule_id}/test", asked, **at)["would_fire"]
    copy = done("POST", "/api/rules/{rule_id}/duplicate", {}, **at)
    assert "disabled" == copy["status"]
    assert 0 == done("GET", "/api/rules/{rule_id}/adjacent", **at)["count"]

    (row,) = done("GET", "/api/rule-log", query={"kind": "send_email"})["rows"]
    why = {"reason": "somebody complained"}
    told = done("POST", "/api/rule-log/{dispatch_id}/details", why, dispatch_id=row["dispatch_id"])
    (access,) = done("GET", "/api/rule-log/accesses")["accesses"]
    assert access["access_id"] == told["access_id"]
    keep_presets(done, rule)


def keep_presets(done: Callable[..., Any], rule: dict[str, Any]) -> None:
    """Ask for every operation on presets."""
    kept = done("POST", "/api/presets", {"name": "mine", "rule_id": rule["rule_id"]})
    at = {"preset_id": kept["preset_id"]}
    assert kept == done("GET", "/api/presets/{preset_id}", **at)
    assert kept == done("GET", "/api/presets")["presets"][-1]
    done("POST", "/api/presets/{preset_id}/rules", {"name": "made of it"}, **at)
    done("DELETE", "/api/presets/{preset_id}", **at)


def contain(done: Callable[..., Any]) -> None:
    """Ask for every operation on mailers, containers and who is inside."""
    mailer = {"mailer_id": done("POST", "/api/mailers", {"name": "Acme"})["mailer_id"]}
    changed = done("PATCH", "/api/mailers/{mailer_id}", {"notes": "n"}, **mailer)
    assert changed == done("GET", "/api/mailers/{mailer_id}", **mailer)
    assert [changed] == done("GET", "/api/mailers")["mailers"]
    for kind in KINDS:
        one = done("POST", "/api/{kind}", {"name": "one"}, kind=kind)
        at = {"kind": kind, "container_id": one["container_id"]}
        changed = done("PATCH", "/api/{kind}/{container_id}", {"notes": "n"}, **at)
        assert changed == done("GET", "/api/{kind}/{container_id}", **at)
        assert changed in done("GET", "/api/{kind}", kind=kind)["containers"]
        phone = KINDS[kind].contact_kind == "phone"
        named = {"phone": "+4930123456"} if phone else {"email": "eve@signalbox.example"}
        inside = "/api/{kind}/{container_id}/contacts"
        added = done("POST", inside, {"contacts": [named], **mailer}, **at)
        assert ["added"] == [one["result"] for one in added["results"]]
        (member,) = done("GET", inside, **at)["contacts"]
        (address,) = named.values()
        assert member == done("GET", f"{inside}/{{address}}", address=address, **at)
        done("POST", f"{inside}/delete", {"contacts": [named]}, **at)
        done("DELETE", "/api/{kind}/{container_id}", **at)
    done("DELETE", "/api/mailers/{mailer_id}", **mailer)


def send(done: Callable[..., Any]) -> None:
    """Ask for every operation on campaigns' content and mailings."""
    at, texts = (
        {name: done("POST", "/api/{kind}", {"name": "one"}, kind=kind)["container_id"]}
        for kind, name in (
            ("email-campaigns", "campaign_id"),
            ("sms-campaigns", "sms_campaign_id"),
        )
    )
    people = {"to": ["eve@signalbox.example"]}
    email, sms = "/api/email-campaigns/{campaign_id}", "/api/sms-campaigns/{sms_campaign_id}"
    for place, named, content in ((email, at, {"subject": "s", "text": "t"}), (sms, texts, {})):
        written = done("PUT", f"{place}/content", {"text": "t"} | content, **named)
        assert written == done("GET", f"{place}/content", **named)
        done("POST", f"{place}/preview", {}, **named)
        done("POST", f"{place}/test", people if content else {"to": ["+4930123456"]}, **named)
        done("POST", f"{place}/unprotect", **named)
        done("POST", f"{place}/protect", **named)
    draft, mailing = (
        {"mailing_id": done("POST", "/api/mailings", dict(at))["mailing_id"]} for _ in range(2)
    )
    done("PATCH", "/api/mailings/{mailing_id}", {"limits": {"after": 100}}, **draft)
    done("DELETE", "/api/mailings/{mailing_id}", **draft)
    for verb in ("start", "pause", "resume", "retry", "cancel"):
        changed = done("POST", f"/api/mailings/{{mailing_id}}/{verb}", **mailing)
    assert changed == done("GET", "/api/mailings/{mailing_id}", **mailing)
    assert [changed] == done("GET", "/api/mailings")["mailings"]
    done("GET", "/api/mailings/{mailing_id}/messages", **mailing)
    evaluate(done, mailing, at, texts)


def evaluate(done: Callable[..., Any], *named: dict[str, str]) -> None:
    """Ask for every operation on what came of mailings."""
    places = ("/api/email-campaigns/{campaign_id}", "/api/sms-campaigns/{sms_campaign_id}")
    of_one = "/api/mailings/{mailing_id}"
    for place, of_it in zip((of_one, *places), named, strict=True):
        done("GET", f"{place}/evaluation", **of_it)
        done("GET", f"{place}/hours", **of_it)
    for list_of in ("links", "links.csv", "hours.csv", "people", "people.csv"):
        done("GET", f"{of_one}/{list_of}", **named[0])
    done("POST", f"{of_one}/rebuild", **named[0])
    done("GET", "/api/evaluation")
    done("GET", "/api/evaluation/hours")


def test_every_success_that_is_documented_is_answered_so(account, cloud, monkeypatch):
    """Each operation, asked with things that exist, answers its documented success and shape."""
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=503))
    token = account.tokens[Role.GLOBAL_ADMIN]
    answered: dict[str, int] = {}

    def done(method: str, path: str, body: Any = None, *, query: Any = None, **named: str) -> Any:
        operation = schema[path][method]
        quoted = {name: quote(value, safe="") for name, value in named.items()}
        sent = {} if body is None else {"body": body, "media_type": "application/json"}
        response = ask(operation.Case(path_parameters=quoted, query=query, **sent), token)
        answered[f"{method} {path}"] = response.status_code
        return json.loads(response.content) if response.content and ".csv" not in path else None

    assert done("PATCH", "/api/account", {"time_zone": "Asia/Tokyo"}) == done("GET", "/api/account")

    manage_keys(done)

    done("POST", "/api/event-names", {"name": "a/b 100% ü+?#"})
    rule = done(
        "POST",
        "/api/rules",
        {
            "name": "r",
            "trigger": "event_recorded",
            "trigger_settings": {"event_name": "a/b 100% ü+?#"},
            "actions": [MAIL, HOOK],
        },
    )
    assert ["a/b 100% ü+?#", "download"] == done("GET", "/api/event-names")["event_names"]
    stopped = done("DELETE", "/api/event-names/{name}", name="a/b 100% ü+?#")["stopped_rules"]
    assert [{"rule_id": rule["rule_id"], "name": "r"}] == stopped

    wanted = {name: rule[name] for name in ("name", "trigger", "actions")}
    wanted |= {"trigger_settings": {"event_name": "download"}}
    changed = done("PUT", "/api/rules/{rule_id}", wanted, rule_id=rule["rule_id"])
    assert changed == done("GET", "/api/rules/{rule_id}", rule_id=rule["rule_id"])
    assert [changed] == done("GET", "/api/rules")["rules"]

    ben = done("POST", "/api/contacts", {"email": "ben@signalbox.example", "fields": {"SIZE": "9"}})
    assert (ben, 2) == (
        done("GET", "/api/contacts/{contact_id}", contact_id=ben["contact_id"]),
        done("GET", "/api/contacts")["total"],
    )

    done("GET", "/api/tail")
    account.report()
    account.report(visit='{"email":"nobody@signalbox.example"}')
    work(cloud)
    happened = done(
        "GET", "/api/contacts/{contact_id}/activities", contact_id=account.ada.contact_id
    )
    assert ["download"] == [event["name"] for event in happened["events"]]
    assert ["waiting", "done"] == sorted(
        (d["outcome"] for d in happened["dispatches"]), reverse=True
    )
    assert done("GET", "/api/tail")["entries"]

    (dropped,) = done("GET", "/api/dropped-events", query={"limit": 1})["dropped_events"]
    of_it = {"dropped_id": dropped["dropped_id"]}
    assert dropped == done("GET", "/api/dropped-events/{dropped_id}", **of_it)
    assert done("POST", "/api/dropped-events/{dropped_id}/replay", **of_it)["replayed_ms"]

    (waiting,) = (d for d in happened["dispatches"] if d["outcome"] == "waiting")
    failed(waiting["dispatch_id"])
    (attention,) = done("GET", "/api/dispatches")["dispatches"]
    at = {"dispatch_id": attention["dispatch_id"]}
    assert attention == done("GET", "/api/dispatches/{dispatch_id}", **at)
    done("POST", "/api/dispatches/{dispatch_id}/retry", **at)

    look_into(done, rule, happened)
    permit(done, ben["contact_id"])
    done("DELETE", "/api/rules/{rule_id}", rule_id=rule["rule_id"])
    done("GET", "/api/dead-letters")
    done("POST", "/api/dead-letters/{queue}/redrive", queue="events")

    contain(done)
    send(done)

    assert documented_successes() == answered


def documented_successes() -> dict[str, int]:
    """Return each operation's one documented success."""
    return {
        f"{method.upper()} {path}": min(int(code) for code in operation["responses"])
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }


def failed(dispatch_id: str) -> None:
    """Let a waiting dispatch have failed for good."""
    record = dispatches.fetch(ACCOUNT_ID, dispatch_id)
    assert dispatches.settle(replace(record, outcome=Outcome.FAILED, detail="for the test"))


HOSTILE = {
    "nothing": (None, "body"),
    "no JSON": ("{", "body"),
    "a list": ('[{"name": "a"}]', "body"),
    "a text": ('"name"', "body"),
    "null": ("null", "body"),
    "NaN": ('{"name": NaN}', "body"),
    "a number of 5000 digits": ('{"name": ' + "9" * 5000 + "}", "body"),
    "10000 levels": ('{"name": ' + "[" * 10_000 + "]" * 10_000 + "}", "body"),
    "33 levels": ('{"name": ' + "[" * 32 + "]" * 32 + "}", "body"),
    "half a surrogate pair": ('{"name": "\\ud800"}', "name"),
    "a number for a text": ('{"name": 1}', "name"),
    "an infinite number": ('{"name": 1e309}', "name"),
    "one character too many": (json.dumps({"name": "n" * 129}), "name"),
    "a blank name": ('{"name": "  "}', "name"),
    "a field that nobody knows": ('{"name": "n", "nam": "m"}', "nam"),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_a_body_that_cannot_be_read_is_refused_by_its_fault(account, cloud, sent):
    """A hostile body gets 422 with the name of the field, and nothing is written."""
    body, field = sent
    before = cloud.items("RULES")

    status, answer = account.call("POST", "/api/event-names", body)

    assert (422, [field]) == (status, [fault["field"] for fault in answer["errors"]])
    assert before == cloud.items("RULES")


def test_a_fault_is_named_by_its_path(account):
    """Every fault of a body is told, each by the path of its value."""
    rule = {
        "name": "",
        "trigger": "event_recorded",
        "trigger_settings": {"event_name": 7},
        "actions": [MAIL, MAIL | {"subject": ""}, {"kind": "dance"}, HOOK | {"method": "GET"}],
    }

    status, answer = account.call("POST", "/api/rules", rule)

    assert 422 == status
    assert {
        "name",
        "trigger_settings.event_name",
        "actions.1.subject",
        "actions.2",
        "actions.3.method",
    } == {fault["field"] for fault in answer["errors"]}


def test_bytes_that_are_no_text_are_refused(account):
    event = http_event(
        "POST", "/api/event-names", headers={"api-token": account.tokens[Role.ADMIN]}
    )
    for body in ("gA==", "not base64!"):
        answer = handler(event | {"body": body, "isBase64Encoded": True}, Context())

        assert 422 == answer["statusCode"]
        assert [{"field": "body", "message": "is not UTF-8 text"}] == json.loads(answer["body"])[
            "errors"
        ]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "x"]
)
def test_a_body_is_json_whatever_its_content_type_says(account, content_type):
    """`curl -d` calls every body a form; it is read as JSON nevertheless."""
    headers = {"content-type": content_type}

    assert (201, {"name": "n"}) == account.call(
        "POST", "/api/event-names", {"name": "n"}, headers=headers
    )


def test_what_is_not_served_is_not_found(account):
    """An unknown path and an unknown method are 404 in the shape of every fault."""
    fault = {"errors": [{"field": "", "message": "no such path"}]}

    for method, path in [
        ("GET", "/api/nothing"),
        ("PATCH", "/api/rules"),
        ("GET", "/api/rules/a/b"),
    ]:
        assert (404, fault) == account.call(method, path)


def test_a_deletion_answers_nothing(account):
    rule = account.rule(MAIL)

    assert (204, None) == account.call("DELETE", f"/api/rules/{rule['rule_id']}")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (
            "/api/contacts",
            {
                "email": "c@signalbox.example",
                "fields": {f"F{number}": "ü" * 4096 for number in range(20)},
            },
            "fields",
        ),
        (
            "/api/rules",
            {
                "name": "r",
                "trigger": "event_recorded",
                "trigger_settings": {"event_name": "download"},
                "actions": [MAIL | {"html": "x" * 100_000}] * 4,
            },
            "actions",
        ),
    ],
)
def test_what_no_item_of_a_table_can_hold_is_refused(account, path, body, field):
    """What would pass DynamoDB's 400 KB is refused before it is written."""
    status, answer = account.call("POST", path, body)

    assert (422, [field]) == (status, [fault["field"] for fault in answer["errors"]])


def test_a_fault_of_aws_is_a_refusal_that_invites_another_try(account, monkeypatch):
    """Where DynamoDB or SQS fails, the answer is 503 in the shape of every fault."""

    def broken(operation: str, **_: Any) -> Any:
        raise AwsError("InternalServerError", operation, 500, {})

    monkeypatch.setattr(table, "dynamodb", broken)
    for known in (True, False):
        if not known:
            access.forget()

        status, answer = account.call("GET", "/api/account")

        assert (503, ["Signalbox cannot do this right now; try again."]) == (
            status,
            [fault["message"] for fault in answer["errors"]],
        )


def test_the_document_is_served_to_everybody(account):
    """Who has no key yet may read what the API does; it is OpenAPI 3.1."""
    status, served = account.call("GET", "/api/openapi.json", role=None)

    assert (200, "3.1.0", describe(app)) == (status, served["openapi"], served)
