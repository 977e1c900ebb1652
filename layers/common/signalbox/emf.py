"""Metrics of the hot functions, one line a batch.

A line in CloudWatch's embedded metric format becomes metrics without a call; see "Embedded metric
format specification" in the CloudWatch user guide. The hot functions write it themselves because
loading Powertools would double their start.
"""

import json
import os
import sys
import time
from collections.abc import Mapping

NAMESPACE = "Signalbox"


def count(metrics: Mapping[str, int], **dimensions: str) -> None:
    """Write the counts; those that are zero are left out, and nothing is written for none."""
    counted = {name: number for name, number in metrics.items() if number}
    if not counted:
        return
    line = {
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in counted],
                }
            ],
        },
        **dimensions,
        **counted,
    }
    _write(line)


def fault(message: str, **facts: str | int) -> None:
    """Log one fault as a JSON line; facts must not hold addresses or contents."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    _write({"level": "ERROR", "message": message, "function": function, **facts})


def _write(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
