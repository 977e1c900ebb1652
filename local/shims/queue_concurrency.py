"""How many batches of a queue are worked on at once, when a parameter of the template says it.

CloudFormation turns the text of a parameter into the number that a property wants. MiniStack 1.5.33 does
not for `MaximumConcurrency`, and its poller then fails at comparing text with a number: no queue of
the whole emulator is read any more.
"""

from typing import Any


def install() -> None:
    """Read the number."""
    from ministack.services import lambda_svc  # noqa: PLC0415 - the emulator's

    original = lambda_svc._sqs_esm_concurrency  # noqa: SLF001 - a shim replaces it

    def concurrency(mapping: dict[str, Any], *others: Any) -> int:
        scaling = mapping.get("ScalingConfig") or {}
        if "MaximumConcurrency" in scaling:
            scaling = {**scaling, "MaximumConcurrency": int(scaling["MaximumConcurrency"])}
        return int(original({**mapping, "ScalingConfig": scaling}, *others))

    lambda_svc._sqs_esm_concurrency = concurrency  # noqa: SLF001
