"""Whom nobody is to know, nobody can know: not from any table, not from any queue."""

import json
import re
from dataclasses import dataclass

import pytest

from signalbox.model.tracking_permission import Mode, Permission, Purpose, message_mode
from signalbox.model.tracking_token import TokenKind, signed
from signalbox.model.tracking_url import click_url, open_url
from signalbox.people import add_contact
from signalbox.store import keys
from tests import hits
from tests.cloud import TABLES
from tests.hits import BASE, RING, TARGET, mailing_with, request
from tests.people import MAIL

NAMES = ("alice", "bob")
NONCES = {"alice": "a11ce00000000001", "bob": "b0b0000000000002"}


@dataclass
class World:
    """A mailing to Alice and Bob, rules on opens and clicks, and somebody who looks on."""

    cloud: object
    contact_ids: dict[str, str]

    def dump(self) -> set[str]:
        """Return every item of every table, and every message that a worker could take now."""
        items = {
            f"{table} {json.dumps(item, sort_keys=True)}"
            for table in (variable.removesuffix("_TABLE") for variable in TABLES)
            for item in self.cloud.items(table)
        }
        queues = ("EVENTS", "EVENTS_DEAD_LETTER", "ACTIONS", "ACTIONS_DEAD_LETTER")
        return items | {f"{one} {body}" for one in queues for body in self.cloud.waiting(one)}

    def left_by(self, name: str, mode: Mode) -> set[str]:
        """Return what is new when somebody has opened the mail and followed a link of it.

        That is what stands in the tables afterwards, and the messages that went over the queue.
        """
        before = self.dump()
        asked = [self.opening(name, mode), self.clicking(name, mode)]
        messages = {f"EVENTS {hits.message(one)}" for one in asked}
        hits.tracked(*asked)
        return (self.dump() - before) | messages

    def opening(self, name: str, mode: Mode) -> dict:
        """Return the request for the pixel of somebody's mail, as the mode has it."""
        text = signed(self._token(name, mode, TokenKind.OPEN), RING)
        return request("GET", open_url(BASE, text))

    def clicking(self, name: str, mode: Mode) -> dict:
        """Return the request of a click in it."""
        text = signed(self._token(name, mode, TokenKind.CLICK), RING, TARGET)
        return request("GET", click_url(BASE, text, TARGET))

    def _token(self, name: str, mode: Mode, kind: TokenKind):
        purpose = Purpose.OPEN if kind is TokenKind.OPEN else Purpose.CLICK
        is_personal = message_mode(mode, Permission(), purpose) is Mode.PERSONAL
        if is_personal:
            return hits.token(kind, self.contact_ids[name])
        return hits.token(kind, nonce=NONCES[name])


@pytest.fixture(name="world")
def _world(cloud, account):
    made = {
        name: add_contact(account.account_id, email=f"{name}@signalbox.example", first_name=name)
        for name in NAMES
    }
    for trigger in ("open", "click"):
        account.rule(MAIL, trigger=trigger, trigger_settings={})
    account.call("GET", "/api/tail")
    return World(cloud, {name: contact.contact_id for name, contact in made.items()})


def masked(lines: set[str], name: str) -> set[str]:
    """Return lines without what was drawn: the nonce, its share, and the ids of the events."""
    shard = keys.mailing_shard(NONCES[name])
    found = set()
    for line in lines:
        text = line.replace(NONCES[name], "NONCE")
        text = text.replace(f"#{hits.MAILING_ID}#{shard}", f"#{hits.MAILING_ID}#SHARD")
        text = re.sub(r"\.[0-9a-f]{8}\"", '.ID"', text)
        found.add(re.sub(r'"id":"[0-9a-f]{24}"', '"id":"ID"', text))
    return found


@pytest.mark.parametrize("mode", [Mode.ANONYMOUS, Mode.PERMISSION])
def test_what_alice_leaves_is_what_bob_leaves(world, mode):
    """All but what was drawn is the same, and nothing of it is either's, nor a time of day."""
    mailing_with(mode)
    alices, bobs = (world.left_by(name, mode) for name in NAMES)
    said = "\n".join(alices | bobs)

    assert 4 == len(alices) == len(bobs)
    assert masked(alices, "alice") == masked(bobs, "bob")
    known = [*world.contact_ids.values(), "alice@", "bob@", *(f'"{name}"' for name in NAMES)]
    assert [] == [one for one in known if one in said]
    stored = "\n".join(line for line in alices | bobs if line.startswith("TRACKING"))
    assert [] == re.findall(r"1795254840|Firefox|Mozilla", stored)


def test_the_comparison_sees_a_difference(world):
    """Personal mail leaves what tells its readers apart."""
    mailing_with(Mode.PERSONAL)
    alices, bobs = (world.left_by(name, Mode.PERSONAL) for name in NAMES)

    assert masked(alices, "alice") != masked(bobs, "bob")


def test_a_personal_link_leaves_nothing_where_permission_is_asked_for(world):
    """As after a yes that was taken back, or was never said."""
    mailing_with(Mode.PERMISSION)
    before = world.dump()
    hits.tracked(*(world.opening(name, Mode.PERSONAL) for name in NAMES))
    hits.tracked(*(world.clicking(name, Mode.PERSONAL) for name in NAMES))

    assert before == world.dump()
