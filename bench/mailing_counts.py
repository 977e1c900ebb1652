"""Counting a mailing that 100,000 people open within a minute: where it is written, and how much."""

from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from bench import world
from bench.figures import Figure
from bench.metering import Meter
from signalbox.model.contact import new_contact_id
from signalbox.store import keys

OPENS = 100_000
BATCH = 1_000
MAILING_ID = "1795254840000000"
HOUR = world.SENT_AT_MS // 3_600_000
UNITS = 0.1  # write units of counters for an open; the open itself is one
SPREAD = 1.05


def figures() -> list[Figure]:
    """Count the opens in batches as the stream tells them; print what each shard gets."""
    from functions.rollup import app as rollup  # noqa: PLC0415 in the set environment

    ids = [new_contact_id(world.SENT_AT_MS + number // 7, number) for number in range(OPENS)]
    shares = Counter(map(keys.mailing_shard, ids))
    print("Opens by shard:", *(f"{shares[shard]:,}" for shard in range(keys.MAILING_SHARDS)))
    meter = Meter(world.World())
    with world.answering(meter), redirect_stdout(StringIO()):
        for start in range(0, OPENS, BATCH):
            records = [
                _open(start + number, who) for number, who in enumerate(ids[start : start + BATCH])
            ]
            rollup.handler({"Records": records}, None)
    mean = OPENS / keys.MAILING_SHARDS
    most = max(shares.values())
    return [
        Figure(
            f"the busiest of {keys.MAILING_SHARDS} shards of a mailing",
            most / mean,
            most,
            mean,
            "opens",
            "the mean",
            SPREAD,
        ),
        Figure(
            "write units of counters for an open",
            meter.write_units / OPENS,
            meter.write_units,
            OPENS,
            "units",
            f"the opens themselves, {BATCH:,} in a batch",
            UNITS,
        ),
    ]


def _open(number: int, contact_id: str) -> dict[str, Any]:
    """Return the record of a contact's first open."""
    place = {
        "pk": {"S": keys.mailing(world.ACCOUNT_ID, MAILING_ID, keys.mailing_shard(contact_id))},
        "sk": {"S": f"open#{contact_id}"},
    }
    image = place | {"human": {"SS": [f"{HOUR}.0.{number:08x}"]}}
    told = {"SequenceNumber": f"{number + 1:021d}", "Keys": place, "NewImage": image}
    return {"eventName": "INSERT", "dynamodb": told}
