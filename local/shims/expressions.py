# ruff: noqa: SLF001 - a shim replaces private functions
"""Expressions of DynamoDB that are evaluated for many items.

DynamoDB answers a query of a large partition as fast as one of a small one. MiniStack 1.5.33 parses
the expression again for every item of the partition, 50 µs each. Here it is parsed once a text.
"""

from typing import Any

REMEMBERED = 5000


def install() -> None:
    """Remember the tokens of each expression after its first, complete, evaluation."""
    from ministack.services import dynamodb  # noqa: PLC0415 - the emulator's

    original = dynamodb._evaluate_condition
    remembered: dict[tuple[str, str], Any] = {}

    def evaluate(
        expression: str, item: Any, values: Any, names: Any, slot: str = "ConditionExpression"
    ) -> bool:
        # The bounds of BETWEEN are values, so the check of them cannot be remembered.
        if not expression or not expression.strip() or "BETWEEN" in expression.upper():
            return bool(original(expression, item, values, names, slot))
        tokens = remembered.get((expression, slot))
        if tokens is None:
            result = bool(original(expression, item, values, names, slot))
            if len(remembered) >= REMEMBERED:
                remembered.clear()
            remembered[expression, slot] = dynamodb._tokenize(expression)
            return result
        try:
            return bool(dynamodb._ExprEval(tokens, item, values, names).evaluate())
        except Exception:  # noqa: BLE001 - whatever it is, the original says it in DynamoDB's words
            return bool(original(expression, item, values, names, slot))

    dynamodb._evaluate_condition = evaluate
