"""The event form, as it comes from clients of all kinds, and its faults."""

import base64
import json
from urllib.parse import urlencode

import pytest

from functions.ingest import app as ingest
from tests.cloud import http_event
from tests.functions.test_activecampaign import SPAWNED, logs
from tests.people import work

FAULTS = [
    ({"actid": None}, 400, "An account ID must be provided."),
    ({"actid": ""}, 400, "An account ID must be provided."),
    ({"actid": "999999999"}, 403, "The account ID is unknown."),
    ({"actid": "abc"}, 403, "The account ID is unknown."),
    ({"key": None}, 400, "An event key must be provided."),
    ({"key": "1" * 40}, 403, "The event key is not valid for this account ID."),
    ({"key": "x"}, 403, "The event key is not valid for this account ID."),
    ({"event": None}, 400, "An event name must be provided."),
    ({"event": "  "}, 400, "An event name must be provided."),
    ({"event": "n" * 33}, 400, "The event name is longer than 32 characters."),
    ({"eventdata": "d" * 32_769}, 400, "The data is longer than 32768 characters."),
    ({"visit": None}, 400, "A visit with an email address must be provided."),
    ({"visit": "ada@signalbox.example"}, 400, "The visit is not valid JSON."),
    ({"visit": "[]"}, 400, 'The visit must be a JSON object like {"email":"…"}.'),
    ({"visit": "{}"}, 400, 'The visit must be a JSON object like {"email":"…"}.'),
    ({"visit": '{"email":5}'}, 400, 'The visit must be a JSON object like {"email":"…"}.'),
    ({"visit": '{"email":"nobody"}'}, 400, "The visit's email is not an e-mail address."),
    ({"visit": '{"email":"a@b c"}'}, 400, "The visit's email is not an e-mail address."),
]


@pytest.mark.parametrize(("fields", "status", "message"), FAULTS)
def test_a_faulty_form_is_told_its_fault(account, cloud, fields, status, message):
    """Each fault of the form has its own text, `success` 0, and queues nothing."""
    assert (status, {"success": 0, "message": message}) == account.report(**fields)
    assert [] == cloud.waiting("EVENTS")


def form(account, **changes: str | None) -> str:
    """Return the fields of a faultless form, encoded."""
    fields = {
        "actid": account.account_id,
        "key": account.event_key,
        "event": "n" * 32,
        "eventdata": "d",
        "visit": '{"email":"ada@signalbox.example"}',
    } | changes
    return urlencode({name: value for name, value in fields.items() if value is not None})


def sent(account, cloud, event: dict) -> list[str]:
    """Send a form and return the values that reached Ada's log."""
    answer = ingest.handler(event, None)
    assert SPAWNED == (answer["statusCode"], json.loads(answer["body"]))
    assert "application/json" == answer["headers"]["Content-Type"]
    work(cloud)
    return [log["value"] for log in logs(account, account.ada.contact_id)]


def test_the_form_may_come_as_query_parameters(account, cloud):
    assert ["d"] == sent(account, cloud, http_event("POST", "/event", query=form(account)))


def test_fields_of_the_body_win_over_those_of_the_query(account, cloud):
    event = http_event(
        "POST", "/event", query=form(account, eventdata="query"), body=form(account, eventdata="b")
    )

    assert ["b"] == sent(account, cloud, event)


def test_the_visit_may_come_as_fields_of_php(account, cloud):
    fields = form(account, visit=None, **{"visit[email]": "ADA@signalbox.example"})

    assert ["d"] == sent(account, cloud, http_event("POST", "/event", body=fields))


def test_the_form_may_come_in_base64(account, cloud):
    """The gateway encodes bodies that are no text to it, forms among them."""
    event = http_event("POST", "/event") | {
        "body": base64.b64encode(form(account, eventdata="größe").encode()).decode(),
        "isBase64Encoded": True,
    }

    assert ["größe"] == sent(account, cloud, event)


def test_an_event_needs_no_data(account, cloud):
    event = http_event("POST", "/event", body=form(account, eventdata=None))

    assert [""] == sent(account, cloud, event)
