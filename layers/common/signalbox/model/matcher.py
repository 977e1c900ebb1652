r"""Matchers: what a pattern asks of one field of a document.

A matcher is a value to equal, or an object with one key that says how to compare:

- `prefix`, `suffix`: a text, or `{"equals-ignore-case": text}`
- `equals-ignore-case`: a text, compared by Unicode's case folding
- `wildcard`: a text in which `*` stands for any characters; `\*` is an asterisk, `\\` a backslash
- `anything-but`: a text, a number, a list of either, or an object with one of `prefix`, `suffix`,
  `wildcard`, `equals-ignore-case` and a text or a list of texts
- `numeric`: `["=", 5]`, `["<", 5]`, or a range, lower end first, such as `[">", 0, "<=", 5]`
- `exists`: whether the field has a value
- `cidr`: the network that an IP address is in, such as `10.0.0.0/8`

They are those of Amazon EventBridge, with three things of our own. `numeric` takes a text that is
a plain decimal number (`"10"`, `"-2.5"`; no exponent, no space, no separator) for that number,
since a contact's fields are all texts; a literal stays strict, so that `10` never equals `"10"`.
Numbers reach beyond 5e9, for times in milliseconds. A `cidr` may name one address (`/32`, `/128`),
and its address must be the network's own.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from signalbox.model.errors import InvalidError

Test = Callable[[Any], bool]
"""Tells whether a text, a number, true, false or null is as wanted; it never raises."""


class Matcher(NamedTuple):
    """What a field must be: met by a value for which `test` holds.

    With `absent` a field without any value meets it too; without `present` only such a field does.
    `phrase` is for people, to be read after the field's name.
    """

    test: Test
    phrase: str
    absent: bool = False
    present: bool = True


LONGEST_NUMBER: Final = 64
"""How many characters a text may have that counts as a number."""

LARGEST_NUMBER: Final = 1e300
"""What a pattern's numbers stay below, whatever their sign."""

_LONGEST_ADDRESS: Final = 45  # of an IPv6 address that ends in an IPv4 address
_PLAIN: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_COMPARISONS: Final[dict[str, tuple[Callable[[Any, Any], bool], str]]] = {
    "=": (operator.eq, ""),
    "<": (operator.lt, "less than "),
    "<=": (operator.le, "at most "),
    ">": (operator.gt, "more than "),
    ">=": (operator.ge, "at least "),
}
_SHOWN: Final = {None: "null", True: "true", False: "false"}


def matcher(wanted: Any, *, field: str) -> Matcher:
    """Return what the list of a field asks for: any one of its values and matchers.

    Raises:
        InvalidError: it is no list, it is empty, or one of it is malformed; `field` is its path.

    """
    if not isinstance(wanted, list) or not wanted:
        raise InvalidError(field, "must be an object, or a list of at least one value or matcher")
    literals: list[Any] = []
    compared: list[Matcher] = []
    for number, one in enumerate(wanted):
        if isinstance(one, dict):
            compared.append(_compared(one, f"{field}.{number}"))
        else:
            literals.append(_literal(one, f"{field}.{number}"))
    return _either([_equal(literals), *compared] if literals else compared)


def phrase(wanted: Any) -> str:
    """Say one value or matcher for people: `is at least 5`, `begins with 'x'`.

    Raises:
        InvalidError: it is malformed.

    """
    return matcher([wanted], field="").phrase


def _either(matchers: Sequence[Matcher]) -> Matcher:
    return Matcher(
        _any([one.test for one in matchers]),
        " or ".join(one.phrase for one in matchers),
        any(one.absent for one in matchers),
        any(one.present for one in matchers),
    )


def _any(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def met(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 a generator costs more than the tests
            if test(value):
                return True
        return False

    return met


def _literal(value: Any, field: str) -> Any:
    if isinstance(value, str) or _constant(value):
        return value
    return _number(value, field)


def _number(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidError(field, "must be a number")
    if not -LARGEST_NUMBER < value < LARGEST_NUMBER:
        raise InvalidError(field, "must be a number of at most 300 digits")
    return value


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidError(field, "must be a text")
    return value


def _equal(values: Sequence[Any]) -> Matcher:
    shown = ", ".join(map(_shown, values))
    return Matcher(_equal_test(values), f"is one of {shown}" if len(values) > 1 else f"is {shown}")


def _equal_test(values: Sequence[Any]) -> Test:
    texts = frozenset(one for one in values if isinstance(one, str))
    constants = [one for one in values if _constant(one)]
    numbers = frozenset(one for one in values if one not in texts and not _constant(one))
    tests: list[Test] = []
    if texts:
        tests.append(texts.__contains__)
    if constants:
        tests.append(lambda value: any(value is one for one in constants))
    if numbers:
        tests.append(lambda value: value in numbers and not isinstance(value, bool))
    return _any(tests)


def _constant(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _shown(value: Any) -> str:
    if _constant(value):
        return _SHOWN[value]
    return f"'{value}'" if isinstance(value, str) else str(value)


def _compared(wanted: dict[str, Any], field: str) -> Matcher:
    """Return the matcher of an object with one key."""
    name, operand = _only(wanted, _MATCHERS, field)
    return _MATCHERS[name](operand, f"{field}.{name}" if field else name)


def _only(wanted: dict[str, Any], names: Any, field: str) -> tuple[str, Any]:
    if len(wanted) != 1:
        raise InvalidError(field, "must have one key, that of a matcher")
    ((name, operand),) = wanted.items()
    if name not in names:
        raise InvalidError(field, f"is no matcher; there are {', '.join(names)}")
    return name, operand


def _edge(find: str, begins: str) -> Callable[[Any, str], Matcher]:
    """Return the maker of `prefix` or `suffix`: `find` is the method of texts that tells."""

    def made(operand: Any, field: str) -> Matcher:
        if isinstance(operand, dict):
            name, text = _only(operand, ("equals-ignore-case",), field)
            wanted = _text(text, f"{field}.{name}").casefold()
            told = operator.methodcaller(find, wanted)
            return Matcher(
                lambda value: isinstance(value, str) and told(value.casefold()),
                f"{begins}, in any case, with {_shown(text)}",
            )
        tell = operator.methodcaller(find, _text(operand, field))
        return Matcher(
            lambda value: isinstance(value, str) and tell(value),
            f"{begins} with {_shown(operand)}",
        )

    return made


def _equals_ignore_case(operand: Any, field: str) -> Matcher:
    wanted = _text(operand, field).casefold()
    return Matcher(
        lambda value: isinstance(value, str) and value.casefold() == wanted,
        f"is, in any case, {_shown(operand)}",
    )


def _wildcard(operand: Any, field: str) -> Matcher:
    pieces = _pieces(_text(operand, field), field)
    return Matcher(_wildcard_test(pieces), f"is like {_shown(operand)}")


def _pieces(text: str, field: str) -> list[str]:
    """Split a wildcard at its asterisks, which are those that no backslash makes plain."""
    pieces = [""]
    last = ""
    for symbol in re.findall(r"\\?.", text, re.DOTALL):
        if symbol == "*":
            if last == "*":
                raise InvalidError(field, "must not have two asterisks in a row")
            pieces.append("")
        elif symbol.startswith("\\"):
            if symbol not in {"\\*", "\\\\"}:
                raise InvalidError(field, "has a backslash before neither * nor \\")
            pieces[-1] += symbol[1]
        else:
            pieces[-1] += symbol
        last = symbol
    return pieces


def _wildcard_test(pieces: Sequence[str]) -> Test:
    # Taking each piece where it is found first is enough, so nothing is ever tried twice.
    first, *middle = pieces
    if not middle:
        return lambda value: bool(value == first)
    last = middle.pop()

    def met(value: Any) -> bool:
        if not isinstance(value, str) or not value.startswith(first):
            return False
        start, end = len(first), len(value) - len(last)
        if start > end or not value.endswith(last):
            return False
        for piece in middle:
            found = value.find(piece, start, end)
            if found < 0:
                return False
            start = found + len(piece)
        return True

    return met


def _numeric(operand: Any, field: str) -> Matcher:
    match operand:
        case ["=" | "<" | "<=" | ">" | ">=" as compare, limit]:
            bounds = [(compare, _number(limit, field))]
        case [">" | ">=" as above, bottom, "<" | "<=" as below, top]:
            bounds = [(above, _number(bottom, field)), (below, _number(top, field))]
            if bottom >= top:
                raise InvalidError(field, "must be a range whose lower end is below the upper")
        case _:
            raise InvalidError(
                field,
                'must be a comparison such as [">=", 5], or a range such as [">", 0, "<=", 5]',
            )
    said = " and ".join(f"{_COMPARISONS[compare][1]}{limit}" for compare, limit in bounds)
    return Matcher(_numeric_test(bounds), f"is {said}")


def _numeric_test(bounds: Sequence[tuple[str, float]]) -> Test:
    (compare, limit), *others = [(_COMPARISONS[name][0], limit) for name, limit in bounds]

    def met(value: Any) -> bool:
        number = _number_of(value)
        return (
            number is not None
            and compare(number, limit)
            and all(other(number, end) for other, end in others)
        )

    return met


def _number_of(value: Any) -> float | None:
    if isinstance(value, str):
        if len(value) > LONGEST_NUMBER or not _PLAIN.fullmatch(value):
            return None
        return float(value) if "." in value else int(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _exists(operand: Any, field: str) -> Matcher:
    if not isinstance(operand, bool):
        raise InvalidError(field, "must be true or false")
    if operand:
        return Matcher(lambda _value: True, "is present")
    return Matcher(lambda _value: False, "is absent", absent=True, present=False)


def _cidr(operand: Any, field: str) -> Matcher:
    import ipaddress  # noqa: PLC0415 a worker without such a rule starts without it

    text = _text(operand, field)
    if "/" not in text:
        raise InvalidError(field, "must be a network such as 10.0.0.0/8")
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidError(field, f"is not a network: {error}") from error

    def met(value: Any) -> bool:
        # A longer text is no address, and with a percent sign names a link of one machine.
        if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS or "%" in value:
            return False
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return Matcher(met, f"is an address within {network}")


def _anything_but(operand: Any, field: str) -> Matcher:
    if isinstance(operand, dict):
        name, texts = _only(operand, _EXCLUDED, field)
        unwanted = _excluded(name, texts, f"{field}.{name}")
        return _not(unwanted.test, f"what {unwanted.phrase}")
    values = operand if isinstance(operand, list) else [operand]
    texts = [one for one in values if isinstance(one, str)]
    if not values or (texts and len(texts) < len(values)):
        raise InvalidError(field, "must be a text, a number, or a list of one kind of them")
    unwanted = _equal(texts or [_number(one, field) for one in values])
    return _not(unwanted.test, unwanted.phrase.removeprefix("is "))


def _excluded(name: str, operand: Any, field: str) -> Matcher:
    texts = operand if isinstance(operand, list) else [operand]
    if not texts:
        raise InvalidError(field, "must be a text, or a list of at least one")
    if name in {"prefix", "suffix"} and "" in texts:
        raise InvalidError(field, "must not be empty, since every text has that")
    return _either([_MATCHERS[name](_text(text, field), field) for text in texts])


def _not(unwanted: Test, said: str) -> Matcher:
    return Matcher(lambda value: not unwanted(value), f"is anything but {said}")


_EXCLUDED: Final = ("prefix", "suffix", "wildcard", "equals-ignore-case")
_MATCHERS: Final[dict[str, Callable[[Any, str], Matcher]]] = {
    "prefix": _edge("startswith", "begins"),
    "suffix": _edge("endswith", "ends"),
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
}

MATCHERS: Final = frozenset(_MATCHERS)
"""The names of all matchers."""

RESERVED: Final = MATCHERS | _COMPARISONS.keys()
"""What no field may be called within `$or`, where it is more likely a matcher in the wrong place."""
