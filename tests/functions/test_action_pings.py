"""Actions that call a URL: with what placeholders stand for, in its place, and nowhere inside."""

import json

import pytest

from signalbox.model.dispatch import Outcome
from tests.cloud import forget
from tests.sites import serving


@pytest.fixture(name="site")
def _site(monkeypatch):
    """A site on loopback that keeps what it is asked and answers by path."""
    with serving(monkeypatch) as site:
        yield site


def test_a_url_is_called_with_what_its_placeholders_stand_for(scene, site):
    url, asked = site
    ping = {
        "kind": "ping_url",
        "url": url + "/200/{contact_id}?who={email}&n={event.properties.price}",
        "headers": {"X-Who": "{first_name}"},
    }

    scene.fire(ping)

    ((method, path, headers, body),) = asked
    (record,) = scene.records()
    assert ("GET", b"") == (method, body)
    assert f"/200/{scene.ada.contact_id}?who=ada%40signalbox.example&n=7" == path
    assert ("Ada", record.dispatch.dispatch_id) == (
        headers["X-Who"],
        headers["Signalbox-Dispatch-Id"],
    )
    assert not [name for name in headers if name.lower().startswith("webhook-")]
    assert (Outcome.DONE, 200, "HTTP 200") == (
        record.outcome,
        record.response_status,
        record.detail,
    )


def test_a_value_cannot_leave_its_place(scene, site):
    """Neither a header nor a second request nor a member of JSON comes of what a contact says."""
    url, asked = site
    evil = 'a" , "admin": true, "b": "\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1'
    ping = {
        "kind": "ping_url",
        "method": "POST",
        "url": url + "/200?v={event.value}",
        "headers": {"X-V": "{event.value}"},
        "body": '{"v": "{event.value}", "w": {event.value}}',
    }

    scene.fire(ping, value=evil)

    ((_, _, headers, body),) = asked
    assert {"v": evil, "w": evil} == json.loads(body)
    assert "application/json" == headers["Content-Type"]
    assert "X-Evil" not in headers
    assert 'a" , "admin": true, "b": " X-Evil: 1 GET /evil HTTP/1.1' == headers["X-V"]


@pytest.mark.parametrize(
    ("status", "outcome"), [(503, "waiting"), (302, "waiting"), (404, "waiting"), (410, "failed")]
)
def test_a_site_that_refuses_is_asked_again_unless_it_is_gone(scene, site, status, outcome):
    """A redirect is not followed; 410 rests the action."""
    url, asked = site

    scene.fire({"kind": "ping_url", "url": f"{url}/{status}"})

    (record,) = scene.records()
    assert (outcome, status) == (record.outcome, record.response_status)
    assert 1 == len(asked)
    rule = scene.account.call("GET", f"/api/rules/{record.dispatch.rule_id}")[1]
    gone = ["action 0: the pinged URL answered 410 Gone"]
    assert (gone if status == 410 else []) == rule["resting_because"]


def test_a_url_that_leads_inside_is_not_called(scene, site, monkeypatch):
    url, asked = site
    scene.account.rule({"kind": "ping_url", "url": f"{url}/200"})
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "")
    forget()
    scene.wake()

    scene.perform()

    ((_, outcome, detail),) = scene.outcomes()
    assert ("failed", "refused") == (outcome, detail.partition(":")[0])
    assert [] == asked
