"""What contacts carry under the tags of deleted fields is told to nobody."""

import json

import pytest

from functions.dispatch import webhooks
from signalbox.model.retries import Answer
from signalbox.people import change_contact
from signalbox.store import fields
from tests.people import ACCOUNT_ID, work

NOTED = {"kind": "record_event", "name": "noted", "value": "%COMPANY% %IBAN%"}
HOOK = {"kind": "webhook", "url": "https://hooks.example/in"}


@pytest.fixture(name="ada")
def _ada(account):
    """A contact with two fields, of which one is deleted."""
    made = {}
    for tag in ("COMPANY", "IBAN"):
        wanted = {"field": {"type": "text", "title": tag, "perstag": tag}}
        made[tag] = account.call("POST", "/api/3/fields", wanted)[1]["field"]["id"]
    contact_id = account.ada.contact_id
    change_contact(ACCOUNT_ID, contact_id, fields={"COMPANY": "Engines", "IBAN": "DE02"})
    account.call("DELETE", f"/api/3/fields/{made['IBAN']}")
    return contact_id


def test_what_rules_say_and_send_has_none_of_it(cloud, account, ada, monkeypatch):
    sent = []

    def deliver(_url, *, body, **_):
        sent.append(json.loads(body))
        return Answer(status=200)

    monkeypatch.setattr(webhooks.webhook, "deliver", deliver)
    account.rule(NOTED, HOOK)
    account.report()
    work(cloud)

    assert "DE02" not in json.dumps(sent)
    assert "Engines" in json.dumps(sent)
    assert "DE02" not in json.dumps(cloud.items("TRACKING"))


def test_the_contact_keeps_it(cloud, account, ada):
    """A field of the same tag finds it again, also after rules have changed the contact."""
    account.rule({"kind": "set_field", "field": "first_name", "value": "Augusta"})
    account.report()
    work(cloud)
    wanted = {"field": {"type": "text", "title": "IBAN", "perstag": "IBAN"}}
    account.call("POST", "/api/3/fields", wanted)

    assert {"COMPANY", "IBAN"} == fields.tags(ACCOUNT_ID, 0)
    contact = next(one for one in cloud.items("CONTACTS") if one["sk"]["S"] == "contact")
    assert "Augusta" in contact["body"]["S"]
    assert "DE02" in contact["body"]["S"]
