"""The dialect of ActiveCampaign has an OpenAPI document, and every operation answers as it says."""

import json
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
import requests
import schemathesis

from functions.activecampaign import rate_limiting
from functions.activecampaign.app import app, handler
from functions.activecampaign.document import describe
from functions.activecampaign.fields import TEXTS
from functions.activecampaign.list_shapes import SETTINGS
from signalbox import access
from signalbox.awsjson import AwsError
from signalbox.model.credential import Role
from signalbox.store import accounts, table
from tests.functions import gateway
from tests.functions.activecampaign_probe import LONG, inhabited, probe
from tests.functions.activecampaign_schema import CHECKS, CONFORMANCE, document, operations, schema
from tests.functions.authorization_table import DIALECT, NEW_CONTACT, NEW_LIST, named
from tests.functions.test_authorization import QUERIES, World
from tests.people import ACCOUNT_ID

ALWAYS = {"403", "429", "503"}


@pytest.fixture(name="world")
def _world(cloud, monkeypatch) -> World:
    return inhabited(cloud, monkeypatch)


@pytest.mark.soak
@schema.parametrize()
@LONG
def test_every_operation_answers_as_its_document_says_in_the_long_run(case, world):
    """No generated request gets a 5xx, an undocumented status or type, or another shape."""
    probe(case, world)


def test_every_success_that_is_documented_is_answered_so(world):
    """Each operation, asked with things that exist, answers its documented successes."""
    answered: dict[str, set[str]] = defaultdict(set)

    def done(operation: str, world: World) -> Any:
        response = asked(world, operation)
        answered[operation] |= {str(response.status_code)} & {"200", "201"}
        return json.loads(response.content)

    stranger = done("POST /api/3/contacts", world)["contact"]["id"]
    done("POST /api/3/contactLists", replace(world, ids=world.ids | {"contact_id": stranger}))
    for operation in DIALECT:
        told = done(operation, world)
        if operation == "POST /api/3/fieldRels":  # on every list, in place of the one before
            world.ids["relation_id"] = told["fieldRel"]["id"]
    done("POST /api/3/contact/sync", world)

    successes = {
        name: {status for status in operation["responses"] if status < "300"}
        for name, operation in operations(document()).items()
    }
    assert successes == answered


def asked(
    world: World, operation: str, token: str | None = None, checks: list | None = None
) -> schemathesis.Response:
    """Ask for an operation on the account's things and check the answer against the document."""
    method, _, path = operation.partition(" ")
    _, _, where = world._filled(named(world._filled(operation))).partition(" ")
    text = world._filled(json.dumps(DIALECT[operation][1]))
    body = json.loads(text.replace("new@", re.sub(r"\W", "", path) + "@"))  # nobody else's
    prepared = requests.Request(
        method,
        gateway.BASE + where,
        params=world._filled(QUERIES.get(operation, "")),
        json=body,
        headers={"api-token": token or world.first.tokens[Role.GLOBAL_ADMIN]},
    ).prepare()
    response = gateway.through_the_gateway(handler, prepared)
    named_in_path = dict.fromkeys(re.findall(r"{(\w+)}", path), "asked")
    case = schema[path][method].Case(path_parameters=named_in_path)
    case.validate_response(response, checks=checks or CHECKS)
    return response


def test_every_refusal_of_every_operation_is_documented(world, monkeypatch):
    """A wrong key, too many requests, and a fault of AWS: 403, 429 and 503 as described."""
    every = set(DIALECT)

    def statuses(token: str | None = None) -> dict[str, int]:
        return {name: asked(world, name, token, CONFORMANCE).status_code for name in every}

    assert dict.fromkeys(every, 403) == statuses("wrong")

    account = accounts.fetch(ACCOUNT_ID)
    accounts.save(account, replace(account, api_rate_limit=1))
    access.forget()
    monkeypatch.setattr(rate_limiting, "now_us", lambda: 10**15)
    asked(world, "GET /api/3/users/me", checks=CONFORMANCE)

    assert dict.fromkeys(every, 429) == statuses()

    def broken(operation: str, **_: Any) -> Any:
        raise AwsError("InternalServerError", operation, 500, {})

    access.forget()
    monkeypatch.setattr(table, "dynamodb", broken)

    assert dict.fromkeys(every, 503) == statuses()


def test_every_operation_is_described():
    """What it does, what it takes and answers: a route without that fails here."""
    for name, operation in operations(describe(app)).items():
        statuses = set(operation["responses"])
        wanted = ALWAYS | ({"404"} if "{" in name else set())

        assert operation["summary"], name
        assert operation["description"].startswith(operation["summary"]), name
        assert wanted <= statuses, name
        assert statuses & {"200", "201"}, name
        assert ("requestBody" in operation) == name.startswith(("POST", "PUT")), name
        parameters = operation.get("parameters", [])
        if "requestBody" in operation or any(one["in"] == "query" for one in parameters):
            assert "422" in statuses, name
        of_path = [one["schema"]["type"] for one in parameters if one["in"] == "path"]
        assert ["string"] * name.count("{") == of_path, name


def test_the_document_is_served_to_everybody(account):
    """Who has no key yet may read what the dialect serves; it is OpenAPI 3.1."""
    status, served = account.call("GET", "/api/3/openapi.json", role=None)

    assert (200, "3.1.0", describe(app)) == (status, served["openapi"], served)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/3/nothing"),
        ("GET", "/api/3/deals/1"),
        ("PATCH", "/api/3/contacts/1"),
        ("DELETE", "/api/3/contacts"),
        ("POST", "/api/3/openapi.json"),
        ("GET", "/api/3/openapi.json/more"),
    ],
)
def test_what_is_not_served_is_not_found(account, method, path):
    """An unknown path and an unknown method are 404 in JSON."""
    message = "No such endpoint; docs/activecampaign.md lists what is served"

    assert (404, {"message": message}) == account.call(method, path)


@pytest.mark.parametrize("much", ["😀", "\x01"])
def test_what_no_item_of_a_table_can_hold_is_refused(world, much):
    """What would pass DynamoDB's 400 KB is refused before it is written, not answered 503."""
    people, ids = world.first, world.ids
    settings = dict.fromkeys(SETTINGS, much * 4096)
    option = {"field": ids["field_id"], "value": much * 255, "label": much * 255}
    for number in range(24):
        people.call("POST", "/api/3/fields", {"field": {"type": "text", "title": f"f{number}"}})
    values = [{"field": f"F{number}", "value": much * 4096} for number in range(24)]
    long = {"title": "n", "type": "text"} | dict.fromkeys(TEXTS, much * 4096)
    before = world.dump()

    refused = {
        people.call(method, f"/api/3/{path}", body)[0]
        for method, path, body in [
            ("POST", "lists", {"list": NEW_LIST | settings}),
            ("PUT", f"lists/{ids['list_id']}", {"list": settings}),
            ("POST", "fieldOption/bulk", {"fieldOptions": [option] * 1000}),
            ("POST", "contacts", {"contact": NEW_CONTACT | {"fieldValues": values}}),
            ("PUT", f"contacts/{ids['contact_id']}", {"contact": {"fieldValues": values}}),
        ]
    }

    assert {422} == refused
    assert before == world.dump()
    assert 201 == people.call("POST", "/api/3/fields", {"field": long})[0]


def test_a_contact_cannot_grow_beyond_an_item_bit_by_bit(world):
    """Values that fit one by one are refused where the contact would not hold them together."""
    people, ada = world.first, world.ids["contact_id"]
    sent = []
    for number in range(12):
        title = f"f{number}"
        people.call("POST", "/api/3/fields", {"field": {"type": "text", "title": title}})
        value = {"fieldValue": {"contact": ada, "field": title, "value": "😀" * 4096}}
        sent.append(people.call("POST", "/api/3/fieldValues", value)[0])

    assert [200] * 7 + [422] * 5 == sent
