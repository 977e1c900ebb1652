"""Rollup: count what became of mailings.

    tracking table's stream -> what does the write change? -> counters, a few of each mailing

A batch that is told again, in whole or in part, counts nothing twice: each counter knows how far it
came.
"""

from collections.abc import Mapping
from typing import Any

from signalbox import aws, counting, emf

aws.prepare("dynamodb")


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Work through one batch of the stream; the rest of a batch that failed is told again."""
    counted, failed = counting.count(event["Records"])
    emf.count({"RecordsCounted": counted}, Function="rollup")
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}
