"""What the workers are put through, once undisturbed and once for each fault."""

from collections.abc import Callable, Mapping
from typing import Any

from signalbox.aws import AwsError
from signalbox.model.dispatch import Dispatch
from signalbox.store import accounts
from tests.faults.world import NOON_MS, World, event
from tests.people import ACCOUNT_ID

Scenario = Callable[[World], None]


def several(world: World) -> None:
    """A batch of five: known and unknown contacts, a name that wakes rules and one that does not."""
    world.send(
        "EVENTS",
        event(1),
        event(2, who="nobody"),
        event(3, name="visit"),
        event(4, who="bob"),
        event(5, name="farewell"),
    )
    world.drain()


def one(world: World) -> None:
    """One event that sets one action off."""
    world.send("EVENTS", event(1, name="farewell"))
    world.drain()


def watched(world: World) -> None:
    """One event, while somebody follows the live tail."""
    accounts.watch(ACCOUNT_ID, NOON_MS + 3_600_000)
    world.send("EVENTS", event(1))
    world.drain()


def deferred(world: World) -> None:
    """Mails that SES takes at the second try only: it sends for nobody at the moment."""
    seen: set[str] = set()

    def busy(_service: str, operation: str, request: Mapping[str, Any]) -> None:
        if operation == "SendEmail" and (tag := request["EmailTags"][0]["Value"]) not in seen:
            seen.add(tag)
            raise AwsError("TooManyRequestsException", "Maximum sending rate exceeded.", 429, {})

    world.calls.before = busy
    world.send("EVENTS", event(1))
    world.drain()


def edited(world: World) -> None:
    """Dispatches of a version that their rules no longer have."""
    for rule in world.people.call("GET", "/api/rules")[1]["rules"]:
        due = event(1, name=rule["trigger_settings"]["event_name"])
        world.send("ACTIONS", Dispatch(world.ada.contact_id, rule["rule_id"], 1, 0, due))
    world.drain()


SCENARIOS: Mapping[str, Scenario] = {
    found.__name__: found for found in (several, one, watched, deferred, edited)
}
