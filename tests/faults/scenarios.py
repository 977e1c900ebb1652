"""What the workers are put through, once undisturbed and once for each fault."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from signalbox.aws import AwsError
from signalbox.model.action import SendEmail
from signalbox.model.dispatch import Dispatch
from signalbox.model.trigger import Trigger, TriggerSettings
from signalbox.store import accounts, rules
from tests.faults.world import NOON_MS, World, event
from tests.hits import at, clicking, mailing_with, message, opening
from tests.people import ACCOUNT_ID
from tests.store import things

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


def read(world: World) -> None:
    """Opens and clicks of Ada, of Bob and of whom nobody is to know, and a rule that opens wake."""
    mailing_with("personal")
    actions = (SendEmail("Thank you", text="Thank you"),)
    settings = TriggerSettings()
    rules.create(things.rule("9", trigger=Trigger.OPEN, settings=settings, actions=actions))
    asked = [opening(world.ada.contact_id), clicking(world.bob.contact_id, 3), opening()]
    texts = [message(at(one, f"hit-{number}", number)) for number, one in enumerate(asked)]
    drawn = [re.sub(r'"id":"[0-9a-f]{24}"', '"id":"drawn"', text) for text in texts]
    world.send_texts("EVENTS", drawn)
    world.drain()


def scanned(world: World) -> None:
    """An open and a click of Ada, then two clicks more at once: who looked like her was none."""
    mailing_with("personal")
    ada = world.ada.contact_id
    asked = [opening(ada), *(clicking(ada, number) for number in range(3))]
    texts = [message(at(one, f"hit-{number}", number * 100)) for number, one in enumerate(asked)]
    for batch in (texts[:2], texts[2:]):
        world.send_texts("EVENTS", batch)
        world.drain()


def permitted(world: World) -> None:
    """Events that say what Ada and Bob permit, one of them something else than another."""
    said = [{"open": True}, {"open": False, "click": True}]
    world.send(
        "EVENTS",
        *(
            event(number, name="visit", who=who, properties={"tracking_permission": one})
            for number, (who, one) in enumerate(
                [("ada", said[0]), ("bob", said[1]), ("ada", said[1])]
            )
        ),
    )
    world.drain()


SCENARIOS: Mapping[str, Scenario] = {
    found.__name__: found
    for found in (several, one, watched, deferred, edited, read, scanned, permitted)
}
