"""What requests left in the tables and the outbox, without what chance and the clock put there.

Two runs of one request give a contact different ids, times and shares of the lists; here both read
the same.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signalbox.model.event import Event
from tests.faults.world import World, items, mail_of, plain
from tests.streams import Stream, announce

TABLES = ("CONTACTS", "RULES", "TRACKING")
NAMED = {"lists": "name", "tags": "name", "fields": "tag", "webhooks": "name"}
MASKS = [
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"(?<!\d)1[78]\d{11}(?!\d)", "<ms>"),
        (r"(?<!\d)1[78]\d{8}(?!\d)", "<s>"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
        (r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", "<sha256>"),
        (r'"(nonce|stamp)": "[0-9a-f]{16}"', r'"\1": "<random>"'),
        (r"consent#<ms>#[0-9a-f]{12}", "consent#<ms>#<hash>"),
        (r"/subscribe/confirm/[\w.-]+", "<link>"),
        (r'(#by#\w+|"A#\d+#(?:contacts|list|tag)#[^#"]*)#[0-7]"', r'\1"'),  # a contact's share
    )
]
NUMBER = re.compile(r"(?<!\d)\d{1,16}(?!\d)")

Plain = dict[str, str]


@dataclass
class Stored:
    """What stands: items, mails and changes for the stream by how often, and what is counted."""

    items: Counter[str]
    numbers: dict[str, int]
    mails: Counter[str]
    announced: Counter[str]


def standing(world: World) -> list[Plain]:
    """Return every item there is."""
    return [plain(item) for name in TABLES for item in items(world.cloud, name)]


def stored(world: World, stream: Stream, known: Mapping[str, str]) -> Stored:
    """Return what stands now, and what was announced since the stream was made.

    `known` are ids that have a label already; contacts and named things get theirs here.
    """
    found = standing(world)
    labels = {**known, **labelled(found)}
    numbers: Counter[str] = Counter()
    for item in found:
        if "#count#" in item["pk"]:
            numbers[masked(item["pk"], labels)] += int(item["n"])
    kept = [_comparable(item) for item in found if "#count#" not in item["pk"]]
    assert [] == announce(stream.records())
    events = [Event.from_wire(body) for body in world.cloud.waiting("EVENTS")]
    return Stored(
        items=Counter(masked(json.dumps(item, sort_keys=True), labels) for item in kept),
        numbers={what: number for what, number in numbers.items() if number},
        mails=Counter(masked(str(mail_of(raw)), labels) for raw in world.cloud.mails()),
        announced=Counter(masked(f"{one.kind} {one.properties}", labels) for one in events),
    )


def labelled(found: list[Plain]) -> dict[str, str]:
    """Return labels for the ids of contacts, lists, tags, fields and webhooks: what they are called."""
    labels = {}
    for item in found:
        noun = item["pk"].rpartition("#")[2]
        if item["sk"] == "contact":
            body = json.loads(item["body"])
            labels[noun] = f"<{body['email'] or body['phone']}>"
        elif noun in NAMED and "body" in item:
            labels[item["sk"].lstrip("0")] = f"<{json.loads(item['body'])[NAMED[noun]]}>"
    return labels


def masked(text: str, labels: Mapping[str, str]) -> str:
    """Return the text with labels for ids, and one word for each time, random part and share."""
    for pattern, shown in MASKS:
        text = pattern.sub(shown, text)
    return NUMBER.sub(lambda found: labels.get(found[0].lstrip("0"), found[0]), text)


def _comparable(item: Plain) -> dict[str, Any]:
    """Return the item with its body read, and without versions that a harmless repeat moves.

    These are the account's, that of a membership about which a second mail was due, and that of a
    contact who says again what it said before.
    """
    body = json.loads(item.get("body", "null"))
    if item["pk"].endswith("#imports"):  # what was imported twice counts twice
        begun, done = (item.get(name) for name in ("begun_contacts", "done_contacts"))
        return {"pk": item["pk"], "day": item["sk"], "all done": begun == done}
    repeatable = item["pk"].count("#") == 1 or (isinstance(body, dict) and body.get("nonce"))
    repeatable = repeatable or "permission" in item
    left_out = {"body", "version"} if repeatable else {"body"}
    return {name: value for name, value in item.items() if name not in left_out} | {"body": body}
