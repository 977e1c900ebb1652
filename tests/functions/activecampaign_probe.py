"""Requests that Schemathesis makes up, at an account that has one of everything."""

import itertools
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from functions.activecampaign import importing
from functions.activecampaign.app import handler
from signalbox.channels import outbound, webhook
from signalbox.model.credential import Role
from signalbox.model.retries import Answer
from tests.cloud import Cloud
from tests.functions import gateway
from tests.functions.activecampaign_schema import CHECKS
from tests.functions.authorization_table import named
from tests.functions.test_authorization import World, populate

STRANGERS = itertools.count()
MOST = 5  # of what exists in one request, so that the account stays small
SOME = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    SOME,
    max_examples=100,
    derandomize=False,
    print_blob=True,
    phases=[*SOME.phases, Phase.shrink],
)


def inhabited(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return an account with one of everything, whose calls lead nowhere."""
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=410))
    monkeypatch.setattr(outbound, "request", lambda *_, **__: Answer(status=204))
    monkeypatch.setattr(importing, "FEW", 1_000)  # moto is not made for threads
    return populate(cloud)


def probe(case: schemathesis.Case, world: World) -> None:
    """Make a generated request, and make it again with things that exist in place of its own."""
    token = world.first.tokens[Role.GLOBAL_ADMIN]
    gateway.ask(handler, case, token, CHECKS)
    if case.method == "DELETE":  # what there is, the others need
        return
    operation = f"{case.method} {case.operation.path}"
    case.path_parameters = {
        name: thing(world, operation, name) for name in case.path_parameters or {}
    }
    case.body = about(world, case.body)
    case.query = about(world, case.query)
    gateway.ask(handler, case, token, CHECKS)


def thing(world: World, operation: str, name: str) -> str:
    """Return what exists by this name of a parameter of the path."""
    before, _, _ = operation.partition(f"{{{name}}}")
    return world._filled(named(f"{before}{{{name}}}").removeprefix(before))


def about(world: World, part: Any) -> Any:
    """Return a part of a request with the account's things where it names one."""
    if isinstance(part, list):
        return [about(world, one) for one in part[:MOST]]
    if not isinstance(part, dict):
        return part
    named = {
        **dict.fromkeys(("contact", "filters[contact]"), world.ids["contact_id"]),
        **dict.fromkeys(("list", "listid", "relid", "filters[list]"), world.ids["list_id"]),
        **dict.fromkeys(("tagid", "filters[tag]"), world.ids["tag_id"]),
        **dict.fromkeys(("field", "filters[fieldid]"), world.ids["field_id"]),
        "batchId": world.ids["batch_id"],
        "url": "https://hooks.example/in",
    }
    if "contact" in part:  # else it is the name of one
        named["tag"] = world.ids["tag_id"]
    if "email" in part:
        named["email"] = f"fuzz{next(STRANGERS)}@signalbox.example"
    known = {name: one for name, one in named.items() if not isinstance(part.get(name), dict)}
    return {name: known.get(name) or about(world, one) for name, one in part.items()}
