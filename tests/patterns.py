"""Random patterns and the documents that they are likely to meet, for Hypothesis."""

from hypothesis import strategies as st

from signalbox.model.pattern import MATCHERS as NAMED

BUT, CASE = "anything-but", "equals-ignore-case"
NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["", "a", "b", "ab", "ba", "aba", "A", "aB", "*", "\\", "10.0.0.7", "é"])
NUMBERS = st.sampled_from([0, 1, 1.0, -2.5, 3, 10, 10.5, 1e3])
CONSTANTS = st.sampled_from([None, True, False])
SCALARS = TEXTS | NUMBERS | CONSTANTS
WILDCARDS = st.sampled_from(
    ["*", "a*", "*a", "a*a", "*b*", "a", "", "\\*", "\\\\*", "a*b*a", "*ab*ba*"]
)
IGNORING = st.fixed_dictionaries({"equals-ignore-case": TEXTS})
FULL_TEXTS = st.sampled_from(["a", "b", "ab", "A", "*", "é"])


def some(values):
    """Return one value, or a list of some."""
    return values | st.lists(values, min_size=1, max_size=3)


def ranges():
    """Return operands of `numeric`."""
    single = st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), NUMBERS).map(list)
    double = st.builds(
        lambda above, ends, below: [above, min(ends), below, max(ends)],
        st.sampled_from([">", ">="]),
        st.lists(NUMBERS, min_size=2, max_size=2, unique=True),
        st.sampled_from(["<", "<="]),
    )
    return single | double


EXCLUDED = (
    some(TEXTS)
    | some(NUMBERS)
    | st.one_of(
        some(FULL_TEXTS).map(lambda texts: {"prefix": texts}),
        some(FULL_TEXTS).map(lambda texts: {"suffix": texts}),
        some(TEXTS).map(lambda texts: {"equals-ignore-case": texts}),
        some(WILDCARDS).map(lambda texts: {"wildcard": texts}),
    )
)
MATCHERS = st.one_of(
    (TEXTS | IGNORING).map(lambda made: {"prefix": made}),
    (TEXTS | IGNORING).map(lambda made: {"suffix": made}),
    IGNORING,
    WILDCARDS.map(lambda made: {"wildcard": made}),
    EXCLUDED.map(lambda made: {"anything-but": made}),
    ranges().map(lambda made: {"numeric": made}),
    st.sampled_from(["10.0.0.0/8", "11.0.0.0/8"]).map(lambda made: {"cidr": made}),
    st.just({"exists": True}),
)
ABSENT = {"exists": False}
PRESENT_LEAVES = st.lists(SCALARS | MATCHERS, min_size=1, max_size=3)
LEAVES = PRESENT_LEAVES | st.just([ABSENT])
ALL_LEAVES = st.lists(SCALARS | MATCHERS | st.just(ABSENT), min_size=1, max_size=3)


@st.composite
def patterns(draw, *, leaves=LEAVES, levels=3, names=("a", "b", "c"), either=True):
    """Return a pattern; with `either` it may hold `$or`, whose fields stand nowhere beside it."""
    mine = draw(st.lists(st.sampled_from(names), unique=True, min_size=1, max_size=3))
    inner = patterns(leaves=leaves, levels=levels - 1) if levels > 1 else leaves
    made = {name: draw(leaves | inner) for name in mine}
    left = [name for name in names if name not in made]
    if either and left and levels > 1 and draw(st.booleans()):
        branch = patterns(leaves=leaves, levels=levels - 1, names=left)
        made["$or"] = draw(st.lists(branch, min_size=2, max_size=3))
        if draw(st.booleans()):
            return {"$or": made["$or"]}
    return made


VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, min_size=0, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
FLAT_DOCUMENTS = st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=3), max_size=3)


@st.composite
def shaped(draw, pattern):
    """Return a document that has about the shape that a pattern asks for."""
    made = {}
    for name, wanted in pattern.items():
        if name == "$or":
            made |= draw(shaped(draw(st.sampled_from(wanted))))
        elif isinstance(wanted, dict):
            inner = shaped(wanted)
            made[name] = draw(inner | st.lists(inner | VALUES, max_size=3))
        elif wanted != [ABSENT] or draw(st.booleans()):
            likely = [one for one in wanted if not isinstance(one, dict)]
            value = st.sampled_from(likely) if likely and draw(st.booleans()) else SCALARS
            made[name] = draw(value | st.lists(value, max_size=2))
    return made


def pairs(chosen):
    """Return a pattern and a document, every other one of its shape."""
    return chosen.flatmap(lambda pattern: st.tuples(st.just(pattern), shaped(pattern) | DOCUMENTS))


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["prefix", "=", ">", "$or", "10.0.0.0/8"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["$or", "a", "", "a.b", *sorted(NAMED)]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=16,
)


PEOPLE = {
    "employees": [
        {"firstName": "John", "lastName": "Doe"},
        [{"firstName": "Anna", "lastName": "Smith"}],
        {"firstName": "Peter", "lastName": "Jones", "phone": "1"},
    ]
}
