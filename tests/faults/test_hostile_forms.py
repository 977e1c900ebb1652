"""Whatever the event form is sent is refused by name or tracked. Never a 5xx."""

import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.faults.hostile import LONG, MANY, ask, check_answer, emails, texts, values
from tests.faults.world import World
from tests.people import ACCOUNT_ID

visits = (
    emails.map(lambda email: json.dumps({"email": email}))
    | values.map(json.dumps)
    | st.sampled_from(
        ['{"email": "\\ud800@a.example"}', '{"email":1e309}', "[" * 5000, "{}", "NaN"]
    )
)
octets = texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=20)
form_fields = st.fixed_dictionaries(
    {},
    optional={
        "actid": st.just(ACCOUNT_ID.encode()) | octets,
        "key": octets,
        "event": octets,
        "eventdata": octets,
        "visit": visits.map(str.encode) | octets,
        "visit[email]": emails.map(str.encode) | octets,
        "more": octets,
    },
)


def check_form(
    world: World, queued: list[str], fields: dict[str, bytes], *, valid: bool, where: str
) -> None:
    """Send a form; a `valid` one has all that is needed, and then the drawn fields."""
    usual = {
        "actid": ACCOUNT_ID.encode(),
        "key": world.people.event_key.encode(),
        "event": b"n",
        "visit": b'{"email":"ada@signalbox.example"}',
    }
    fields = (
        {name: value for name, value in fields.items() if name not in {"actid", "key"}}
        if valid
        else fields
    )
    whole = (usual | fields) if valid else fields
    text = "&".join(
        f"{quote_from_bytes(name.encode())}={quote_from_bytes(value)}"
        for name, value in whole.items()
    )
    if where == "query":
        answer = ask("/event", None, rawQueryString=text)
    else:
        answer = ask("/event", text.encode())
    check_answer(answer, queued)


@MANY
@given(fields=form_fields, valid=st.booleans(), where=st.sampled_from(["query", "body"]))
@example(fields={"eventdata": "😀".encode() * 20_000}, valid=True, where="body")
@example(fields={"eventdata": b"x" * 32_768}, valid=True, where="body")
@example(fields={"eventdata": b"x" * 32_769}, valid=True, where="body")
@example(fields={"event": b"x" * 32}, valid=True, where="body")
@example(fields={"event": b"x" * 33}, valid=True, where="body")
def test_any_form_is_refused_by_name_or_tracked(world, queued, fields, valid, where):
    """Whatever the event form is sent."""
    check_form(world, queued, fields, valid=valid, where=where)


@pytest.mark.soak
@LONG
@given(fields=form_fields, valid=st.booleans(), where=st.sampled_from(["query", "body"]))
def test_any_form_is_refused_by_name_or_tracked_in_the_long_run(
    world, queued, fields, valid, where
):
    """The same, many times more."""
    check_form(world, queued, fields, valid=valid, where=where)


@MANY
@given(body=st.binary(max_size=80) | st.text("%&=+;\x00aé😀", max_size=80).map(str.encode))
@example(body=b"&".join(b"a%d=1" % number for number in range(64)))
@example(body=b"&".join(b"a%d=1" % number for number in range(65)))
@example(body=b"&" * 262_144)
@example(body=b"x" * 262_145)
def test_any_text_in_place_of_a_form_is_refused_by_name(queued, body):
    """What is no form at all."""
    check_answer(ask("/event", body), queued)
