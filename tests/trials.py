"""Test runs of rules, in a world whose every exit is watched."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string, policy
from typing import Any

from signalbox import aws
from signalbox.model.credential import Role
from signalbox.model.dispatch import Dispatch
from signalbox.queues import ACTIONS
from signalbox.store import contacts, dispatches
from tests.people import ACCOUNT_ID as A
from tests.people import work
from tests.phones import phones
from tests.sites import Asked, serving


@dataclass
class World:
    """An account, and everything that leaves it."""

    account: Any
    cloud: Any
    url: str
    asked: Asked
    texts: Any
    calls: list[tuple[str, dict[str, Any]]]

    @property
    def ada(self) -> Any:
        """Return the contact as it stands."""
        return contacts.fetch(A, self.account.ada.contact_id)

    def rule(self, *actions: dict[str, Any], **facts: Any) -> str:
        """Write a rule; return its id."""
        filled = json.loads(json.dumps(actions).replace("SITE", self.url))
        return self.account.rule(*filled, **facts)["rule_id"]

    def test(self, rule_id: str, status: int = 200, *, role=Role.GLOBAL_ADMIN, **body: Any) -> Any:
        """Try a rule out, with Ada unless told otherwise."""
        wanted = {"contact_id": self.ada.contact_id} | body
        path = f"/api/rules/{rule_id}/test"
        got, answer = self.account.call("POST", path, wanted, role=role)
        assert status == got, answer
        return answer

    def everything(self) -> Any:
        """Return all that is stored, queued, scheduled and was sent; the queues are empty then."""
        stored = [self.cloud.items(table) for table in ("CONTACTS", "RULES", "TRACKING")]
        queued = self.cloud.waiting("EVENTS") + self.cloud.waiting("ACTIONS")
        sent = (self.cloud.mails(), [*self.asked], [*self.texts.sent], [*self.calls])
        return stored, queued, self.cloud.schedules(), sent

    def dispatched(self) -> list[Any]:
        """Return what is kept of Ada's dispatches, in the order of the actions."""
        found, _ = dispatches.of_contact(A, self.ada.contact_id)
        return sorted(found, key=lambda record: record.dispatch.action)


def mailed(world, shown, to) -> None:
    """Assert that one mail went out, to whom and as it was shown."""
    (raw,) = world.cloud.mails()
    mail = message_from_string(raw, policy=policy.default)
    part = mail.get_body(("plain",))
    assert to == mail["To"]
    assert (mail["To"], mail["Subject"]) == (shown["to"], shown["subject"])
    assert shown["from"] == mail["From"].addresses[0].addr_spec
    assert shown["text"].strip() == part.get_content().strip()
    if shown["html"]:
        assert shown["html"].strip() == mail.get_body(("html",)).get_content().strip()


def perform(world, due: list[Dispatch]) -> None:
    """Let the workers do what is due, and what follows from it."""
    ACTIONS.put(due)
    work(world.cloud)


@contextlib.contextmanager
def inhabited(account: Any, cloud: Any, monkeypatch: Any) -> Iterator[World]:
    """Watch what leaves an account: requests to a site, texts, calls of other services."""
    calls: list[tuple[str, dict[str, Any]]] = []
    real = aws.call

    def call(service: str, operation: str, **request: Any) -> dict[str, Any]:
        if service not in ("events", "stepfunctions"):
            return real(service, operation, **request)
        calls.append((operation, request))
        return {"Entries": [{"EventId": "1"}], "executionArn": "arn"}

    monkeypatch.setattr(aws, "call", call)
    with serving(monkeypatch) as (url, asked), phones(monkeypatch) as texts:
        yield World(account, cloud, url, asked, texts, calls)
