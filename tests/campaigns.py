"""Campaigns and their mailings, as the native API makes them and moves them on."""

from datetime import UTC, datetime

from signalbox.model import sending

HOUR_MS = 3_600_000
MAIL = {"subject": "News for %FIRSTNAME%", "html": "<p>Hello %FIRSTNAME%</p>", "text": "Hello"}
TEXT = {"text": "Hello %FIRSTNAME%"}
PDF = {"name": "a.pdf", "media_type": "application/pdf", "content": "JVBERi0="}


def made(account, path="email-campaigns", **facts):
    """Create a container; return its id."""
    status, shown = account.call("POST", f"/api/{path}", {"name": "one"} | facts)
    assert 201 == status, shown
    return shown["container_id"]


def fault(answer):
    """Return the status, and the field that a refusal names."""
    status, body = answer
    return status, body["errors"][0]["field"]


def done(account, path, verb, body=None):
    """Ask for something that succeeds; return the mailing."""
    status, shown = account.call("POST", f"{path}/{verb}", body)
    assert 200 == status, shown
    return shown


def refusal(account, path, verb):
    """Ask for something that is refused; return what is said."""
    status, answer = account.call("POST", f"{path}/{verb}")
    assert 409 == status, answer
    return answer["errors"][0]["message"]


def sends(cloud):
    """Return what is on the sends queue, and take it off."""
    return [sending.from_wire(body) for body in cloud.waiting("SENDS")]


def due_in(ms):
    """Return a time from now, and how the API shows it."""
    at_ms = mailing_time() + ms
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return at.isoformat(), at_ms


def mailing_time():
    """Return now."""
    return int(datetime.now(tz=UTC).timestamp()) * 1000
