"""Whatever configuration is sent is refused by name or taken. Never a 5xx."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.admin import app as admin
from signalbox.model.credential import Role
from tests.cloud import Context, http_event
from tests.faults.hostile import CORPUS, LONG, MANY, emails, numbers, texts, values
from tests.faults.world import World

pytestmark = pytest.mark.usefixtures("queued")

SOME = settings(MANY, max_examples=300)

ADMIN = [
    ("POST", "/api/contacts"),
    ("POST", "/api/rules"),
    ("PATCH", "/api/account"),
    ("POST", "/api/event-names"),
    ("POST", "/api/keys"),
    ("PUT", "/api/rules/1"),
]
rules = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | values,
        "trigger": st.just("event_recorded") | values,
        "trigger_settings": st.fixed_dictionaries({"event_name": st.just("download") | texts}),
        "actions": st.lists(
            st.fixed_dictionaries(
                {"kind": st.sampled_from(["send_email", "webhook"])},
                optional={
                    "subject": texts,
                    "text": texts,
                    "html": texts,
                    "sender": emails,
                    "reply_to": emails,
                    "url": texts | st.sampled_from(["https://a.example", "http://[", "https://é"]),
                    "headers": st.dictionaries(texts, texts, max_size=3),
                },
            )
            | values,
            max_size=3,
        ),
        "status": texts,
    },
)
contacts = st.fixed_dictionaries(
    {},
    optional={
        "email": emails | values,
        "first_name": texts | values,
        "phone": texts,
        "fields": st.dictionaries(texts, texts, max_size=3) | values,
    },
)
settings_sent = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | values,
        "tracking_enabled": values,
        "time_zone": texts | values,
        "mail_from": emails | values,
        "retention_days": numbers | values,
        "api_rate_limit": numbers | values,
        "role": texts | st.sampled_from(list(Role)),
        "email": emails,
    },
)
admin_bodies = (rules | contacts | settings_sent | values).map(json.dumps).map(
    lambda text: text.encode("utf-8", "surrogatepass")
) | st.binary(max_size=40)


def check_admin(world: World, method: str, path: str, body: bytes, *, encoded: bool) -> None:
    """Send a body to the native API and assert that it is refused by name or taken."""
    sent = http_event(method, path, headers={"api-token": world.people.tokens[Role.GLOBAL_ADMIN]})
    sent |= (
        {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        if encoded
        else {"body": body.decode("utf-8", "replace")}
    )
    answer = admin.handler(sent, Context())

    assert 200 <= answer["statusCode"] < 500
    if answer["statusCode"] >= 400:
        (first, *_) = json.loads(answer["body"])["errors"]
        assert first["message"]


@SOME
@given(call=st.sampled_from(ADMIN), body=admin_bodies, encoded=st.booleans())
def test_any_body_of_the_native_api_is_refused_by_name_or_taken(world, call, body, encoded):
    """Whatever configuration is sent."""
    check_admin(world, *call, body, encoded=encoded)


@pytest.mark.parametrize("body", CORPUS[:17], ids=lambda body: f"{body[:40]!r}-{len(body)}")
@pytest.mark.parametrize("call", ADMIN, ids=" ".join)
@pytest.mark.parametrize("encoded", [False, True])
def test_a_nasty_body_of_the_native_api_is_refused_by_name(world, call, body, encoded):
    """The corpus, sent to every operation that takes a body."""
    check_admin(world, *call, body, encoded=encoded)


@pytest.mark.soak
@settings(LONG, max_examples=2_000)
@given(call=st.sampled_from(ADMIN), body=admin_bodies, encoded=st.booleans())
def test_any_body_of_the_native_api_is_refused_by_name_or_taken_in_the_long_run(
    world, call, body, encoded
):
    """The same, many times more."""
    check_admin(world, *call, body, encoded=encoded)
