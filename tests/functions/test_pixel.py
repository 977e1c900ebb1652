"""The pixel and the tracked links: answered whatever happens, and never leading elsewhere."""

import base64
import json
import random
import socket
import string
import struct
import threading

import pytest

from functions.pixel import app as pixel
from signalbox import aws, awsjson
from signalbox.aws import AwsError
from signalbox.model.event import Event
from signalbox.model.tracking_token import HONEYPOT, KeyRing, TokenKind, base64url, signed
from tests import hits
from tests.cloud import FAKE, QUEUES, TABLES, TOKEN_KEYS, client, forget
from tests.hits import (
    BASE,
    FIREFOX,
    NONCE,
    TARGET,
    TARGETS,
    answered,
    clicking,
    opening,
    request,
    texted,
    texts_with,
)
from tests.people import ACCOUNT_ID

CONTACT = "115964116992007"
GIF_BYTES = 43


@pytest.fixture(name="function")
def _function(monkeypatch):
    """The environment of the function, and nothing behind it."""
    for name in (*TABLES, *QUEUES):
        monkeypatch.setenv(name, f"https://sqs.example/{name}")
    monkeypatch.setenv("TOKEN_KEYS", TOKEN_KEYS)
    forget()
    yield
    forget()


@pytest.fixture(name="sent")
def _sent(function, monkeypatch):
    """What is asked of SQS; nothing is done."""
    asked: list[tuple[str, dict]] = []

    def call(_service: str, operation: str, **request) -> dict:
        asked.append((operation, request))
        return {}

    monkeypatch.setattr(aws, "call", call)
    return asked


def event_of(sent) -> Event:
    """Return the one event that was queued."""
    ((operation, asked),) = sent
    assert operation == "SendMessage"
    return Event.from_wire(asked["MessageBody"])


def is_pixel(answer) -> bool:
    """Tell whether an answer is the picture."""
    body = base64.b64decode(answer.get("body", ""))
    kind = answer["headers"]["Content-Type"]
    return (answer["statusCode"], kind, len(body)) == (200, "image/gif", GIF_BYTES)


def test_the_picture_is_one_transparent_pixel():
    body = base64.b64decode(answered(opening(CONTACT))["body"])
    width, height = struct.unpack("<HH", body[6:10])

    assert (b"GIF89a", 1, 1, b"\x3b") == (body[:6], width, height, body[-1:])
    assert b"\x21\xf9\x04\x01" == body[19:23]  # its first colour is transparent


def test_an_open_is_answered_and_queued(sent):
    """The event has its time and id from the API; it is seen when others of a scanner are there."""
    answer = answered(opening(CONTACT))

    assert is_pixel(answer)
    assert "no-store" in answer["headers"]["Cache-Control"]
    expected = Event(
        account_id=ACCOUNT_ID,
        event_id="request",
        name="open",
        at_ms=1795254840000,
        received_ms=1795254840000,
        address=f"contact:{CONTACT}",
        properties={"mailing_id": hits.MAILING_ID, "agent": FIREFOX, "method": "GET"},
        source="messages",
        kind="open",
    )
    assert expected == event_of(sent)
    assert 15 == sent[0][1]["DelaySeconds"]


def test_a_click_is_led_on_and_queued(sent):
    answer = answered(clicking(CONTACT, 7))

    assert (302, TARGET) == (answer["statusCode"], answer["headers"]["Location"])
    assert "no-store" in answer["headers"]["Cache-Control"]
    assert "no-referrer" == answer["headers"]["Referrer-Policy"]
    event = event_of(sent)
    assert ("click", f"contact:{CONTACT}") == (event.kind, event.address)
    assert (7, TARGET) == (event.properties["link"], event.properties["url"])


def test_an_anonymous_hit_names_nobody(sent):
    """Its id is drawn, so that the API's log of accesses, which has times, does not lead to it."""
    answered(opening())

    event = event_of(sent)
    assert f"anonymous:{hits.MAILING_ID}:{NONCE}" == event.address
    assert "request" != event.event_id
    assert 24 == len(event.event_id)


def test_no_network_address_is_queued(sent):
    """Nor a cookie, a language or a referrer."""
    more = {"x_forwarded_for": "203.0.113.7", "cookie": "a=b", "accept_language": "de"}
    answered(opening(CONTACT, referer="https://mail.example/ada", **more))

    text = sent[0][1]["MessageBody"]
    assert [] == [one for one in ("203.0.113", "a=b", '"de"', "mail.example") if one in text]


@pytest.mark.parametrize("name", ["sec_purpose", "purpose", "x_purpose", "x_moz"])
def test_a_prefetch_says_so(sent, name):
    answered(clicking(CONTACT, **{name: "prefetch;prerender"}))

    assert "prefetch;prerender" == event_of(sent).properties["purpose"]


def test_long_agents_are_cut(sent):
    answered(opening(CONTACT, user_agent="a" * 10_000))

    assert "a" * 300 == event_of(sent).properties["agent"]


@pytest.mark.parametrize(
    "asked", [opening(CONTACT, method="HEAD"), clicking(CONTACT, method="HEAD")]
)
def test_a_head_is_answered_without_a_body_and_recorded(sent, asked):
    answer = answered(asked)

    assert (True, "body" in answer) == (answer["statusCode"] in {200, 302}, False)
    assert "HEAD" == event_of(sent).properties["method"]


@pytest.mark.parametrize("header", ["sec_gpc", "dnt"])
@pytest.mark.parametrize(("contact_id", "kept"), [(CONTACT, 0), ("", 1)])
def test_who_asks_not_to_be_tracked_is_not(sent, capsys, header, contact_id, kept):
    """The answer is the same; what nobody can tie to a person is counted."""
    signal = {header: "1"}
    assert is_pixel(answered(opening(contact_id, **signal)))
    assert 302 == answered(clicking(contact_id, **signal))["statusCode"]

    assert 2 * kept == len(sent)
    assert 2 - 2 * kept == capsys.readouterr().out.count('"HitsNotWanted":1')


@pytest.mark.parametrize("value", ["0", "", "null"])
def test_only_a_one_asks_not_to_be_tracked(sent, value):
    answered(opening(CONTACT, dnt=value, sec_gpc=value))

    assert 1 == len(sent)


def test_the_honeypot_leads_nowhere(sent):
    """A person who gets there by accident stays where they are; that it was asked for is queued."""
    answer = answered(clicking(CONTACT, HONEYPOT))

    assert (204, False) == (answer["statusCode"], "Location" in answer["headers"])
    assert HONEYPOT == event_of(sent).properties["link"]


def test_a_broken_pixel_is_a_pixel_still(sent, capsys):
    assert is_pixel(answered(request("GET", f"{BASE}/o/broken")))
    assert [] == sent
    assert "HitsRefused" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_broken_link_leads_nowhere(sent, method):
    """A small page says so, and repeats nothing of what was asked."""
    path = f"{BASE}/c/<script>/{base64url(b'https://evil.example')}"
    answer = answered(request(method, path))

    assert (404, False) == (answer["statusCode"], "Location" in answer["headers"])
    assert (method == "GET") is ("This link does not work" in answer.get("body", ""))
    assert "script" not in json.dumps(answer)
    assert "default-src 'none'" in answer["headers"]["Content-Security-Policy"]
    assert [] == sent


@pytest.mark.parametrize(
    "kind", [TokenKind.OPEN, TokenKind.PERSON], ids=["an open's", "a person's"]
)
def test_no_other_token_does_for_a_click(sent, kind):
    """Even were its target signed with it."""
    text = signed(hits.token(kind, CONTACT), hits.RING, TARGET)

    assert (
        404
        == answered(request("GET", f"{BASE}/c/{text}/{base64url(TARGET.encode())}"))["statusCode"]
    )


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/",
        "https://a.example/\r\nSet-Cookie: a=b",
        "https://a.example/\x00",
        "https://ä.example/",
    ],
)
def test_not_even_what_was_signed_leads_to_what_is_no_web_address(sent, target):
    text = signed(hits.token(TokenKind.CLICK, CONTACT), hits.RING, target)
    answer = answered(request("GET", f"{BASE}/c/{text}/{base64url(target.encode())}"))

    assert (404, False) == (answer["statusCode"], "Location" in answer["headers"])


def test_ten_thousand_tokens_of_noise_lead_nowhere(sent, capsys):
    """Tokens and targets that were changed, swapped, cut and made up: no way elsewhere, no fault."""
    chance = random.Random(7)  # noqa: S311 repeatable
    _, _, good_token, good_target = clicking(CONTACT)["rawPath"].split("/")
    evil = [
        base64url(one) for one in (b"https://evil.example", b"//evil.example", b"\r\n", b"\xff")
    ]
    letters = string.ascii_letters + string.digits + "-_=%+~.\x00é😀\ud800"

    def changed(text: str) -> str:
        made = list(text)
        for _ in range(chance.randint(0, 3)):
            place = chance.randrange(len(made)) if made else 0
            made[place : place + chance.randint(0, 2)] = chance.choice(letters)
        return "".join(made)

    locations, statuses, pixels = set(), set(), 0
    for _ in range(5_000):
        token = changed(chance.choice([good_token, good_token, "", "A" * 60]))
        target = changed(chance.choice([good_target, *evil]))
        asked = clicking(CONTACT) | {"pathParameters": {"token": token, "target": target}}
        answer = answered(asked)
        statuses.add(answer["statusCode"])
        locations.add(answer["headers"].get("Location"))
        pixels += is_pixel(answered(opening(CONTACT) | {"pathParameters": {"token": token}}))
    capsys.readouterr()

    assert {302, 404} == statuses
    assert {None, TARGET} == locations
    assert 5_000 == pixels


@pytest.mark.parametrize(
    "error",
    [
        AwsError("ConnectionError", "refused"),
        AwsError("TimeoutError", "too late"),
        AwsError("ThrottlingException", "slow down", 400),
        AwsError("InternalFailure", "oh", 500),
        AwsError("AccessDeniedException", "no", 403),
        AwsError("AWS.SimpleQueueService.NonExistentQueue", "gone", 400),
    ],
    ids=lambda error: error.code,
)
def test_the_queue_may_fail(function, monkeypatch, capsys, error):
    """The reader is answered as ever; the hit is counted as lost."""

    def fail(*_: object, **__: object) -> dict:
        raise error

    monkeypatch.setattr(aws, "call", fail)

    assert is_pixel(answered(opening(CONTACT)))
    assert TARGET == answered(clicking(CONTACT))["headers"]["Location"]
    out = capsys.readouterr().out
    assert 2 == out.count('"HitsLost":1')
    assert error.code in out
    assert CONTACT not in out


@pytest.mark.parametrize("keys", [None, "", "1:nonsense"])
def test_keys_may_be_missing(sent, monkeypatch, capsys, keys):
    """Nobody can be led on then, for it could be anywhere; pictures are shown."""
    if keys is None:
        monkeypatch.delenv("TOKEN_KEYS")
    else:
        monkeypatch.setenv("TOKEN_KEYS", keys)
    forget()

    assert is_pixel(answered(opening(CONTACT)))
    assert 404 == answered(clicking(CONTACT))["statusCode"]
    assert [] == sent
    assert 2 == capsys.readouterr().out.count("no keys for tokens")


def test_everything_may_be_missing(monkeypatch, capsys):
    """A function without its environment answers, too."""
    monkeypatch.delenv("EVENTS_QUEUE_URL", raising=False)
    forget()

    assert is_pixel(answered(opening(CONTACT)))
    assert 404 == answered(clicking(CONTACT))["statusCode"]
    assert "MissingVariableError" in capsys.readouterr().out


def test_keys_may_be_rotated(sent, monkeypatch):
    """Mail that was signed with an older key works on."""
    old = clicking(CONTACT)
    monkeypatch.setenv("TOKEN_KEYS", f"{TOKEN_KEYS},2:{'f0' * 32}")
    forget()
    ring = KeyRing.from_text(f"{TOKEN_KEYS},2:{'f0' * 32}")
    new = signed(hits.token(TokenKind.CLICK, CONTACT), ring, TARGET)

    assert 302 == answered(old)["statusCode"]
    path = f"{BASE}/c/{new}/{base64url(TARGET.encode())}"
    assert 302 == answered(request("GET", path))["statusCode"]


def test_a_hit_is_one_call(sent):
    """And an invalid one is none."""
    answered(opening(CONTACT))
    answered(clicking(CONTACT))
    answered(request("GET", f"{BASE}/o/broken"))

    assert ["SendMessage", "SendMessage"] == [operation for operation, _ in sent]


def test_hits_arrive_on_the_queue(cloud):
    """SQS takes what is queued, and shows it to nobody at once."""
    answered(opening(CONTACT))
    answered(clicking(CONTACT, user_agent="\x00\x1f￾ Ünicode"))

    attributes = client("sqs").get_queue_attributes(
        QueueUrl=cloud.variables["EVENTS_QUEUE_URL"],
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )["Attributes"]
    assert {"ApproximateNumberOfMessagesDelayed": "2"} == attributes
    assert [] == cloud.waiting("EVENTS")


def test_a_queue_that_never_answers_is_not_waited_for(function, monkeypatch, capsys):
    """The lean client waits a second at the most, twice, and then the reader is answered."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken: list[socket.socket] = []
        threading.Thread(target=_take_and_wait, args=(silent, taken), daemon=True).start()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for name, value in (FAKE | {"AWS_CLIENT": "lean", "AWS_ENDPOINT_URL": url}).items():
            monkeypatch.setenv(name, value)
        aws._lean.cache_clear()
        awsjson.client.cache_clear()
        try:
            aws.prepare("sqs", patience_s=0.05)
            answer = answered(opening(CONTACT))
        finally:
            aws._lean.cache_clear()
            awsjson.client.cache_clear()
        tries = len(taken)
        for one in taken:
            one.close()

    assert is_pixel(answer)
    assert 2 == tries
    assert '"code":"TimeoutError"' in capsys.readouterr().out
    assert pixel.PATIENCE_S <= 1


def _take_and_wait(listener: socket.socket, taken: list[socket.socket]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        taken.append(connection)


# Links of text messages


@pytest.fixture(name="unread")
def _unread(sent, monkeypatch):
    """A table that does not answer; what is asked of SQS is kept."""
    call = aws.call

    def refuse(service: str, operation: str, **asked) -> dict:
        if service == "dynamodb":
            raise AwsError("ConnectionError", "refused")
        return call(service, operation, **asked)

    monkeypatch.setattr(aws, "call", refuse)
    return sent


@pytest.fixture(name="kept")
def _kept(account, monkeypatch):
    """A mailing of texts in the table; what is asked of AWS."""
    texts_with("personal")
    asked: list[tuple[str, dict]] = []
    call = aws.call

    def noted(service: str, operation: str, **said) -> dict:
        asked.append((operation, said))
        return call(service, operation, **said)

    monkeypatch.setattr(aws, "call", noted)
    return asked


def operations(asked) -> list[str]:
    """Return what was asked for, in order."""
    return [operation for operation, _ in asked]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_click_in_a_text_is_led_on_and_queued(kept, method):
    """Where it leads is the mailing's to know: read once, and then a click is one call."""
    answers = [answered(texted(CONTACT, link, method=method)) for link in (1, 0)]

    assert [(302, TARGETS[1]), (302, TARGETS[0])] == [
        (one["statusCode"], one["headers"]["Location"]) for one in answers
    ]
    assert ["GetItem", "SendMessage", "SendMessage"] == operations(kept)
    event = Event.from_wire(kept[1][1]["MessageBody"])
    assert ("click", f"contact:{CONTACT}") == (event.kind, event.address)
    assert {
        "mailing_id": hits.MAILING_ID,
        "agent": FIREFOX,
        "method": method,
        "link": 1,
        "url": TARGET,
    } == event.properties


def test_an_anonymous_click_in_a_text_names_nobody(kept):
    answered(texted())

    event = Event.from_wire(kept[-1][1]["MessageBody"])
    assert f"anonymous:{hits.MAILING_ID}:{NONCE}" == event.address
    assert "request" != event.event_id


@pytest.mark.parametrize("header", ["sec_gpc", "dnt"])
def test_who_asks_not_to_be_tracked_is_led_on_from_a_text_too(kept, header):
    assert TARGET == answered(texted(CONTACT, **{header: "1"}))["headers"]["Location"]
    assert ["GetItem"] == operations(kept)


def test_a_link_that_the_mailing_does_not_have_leads_nowhere(kept, capsys):
    """Nor does one of a mailing that is gone, nor a mail's token; nothing is queued."""
    mail = clicking(CONTACT)["pathParameters"]["token"]
    asked = [
        texted(CONTACT, 2),
        texted(CONTACT, HONEYPOT),
        request("GET", f"{BASE}/l/{mail}"),
    ]
    answers = [answered(one) for one in asked]
    texts_with("personal", targets=("javascript:alert(1)",))
    forget()
    answers.append(answered(texted(CONTACT, 0)))

    assert {(404, None)} == {(one["statusCode"], one["headers"].get("Location")) for one in answers}
    assert "SendMessage" not in operations(kept)
    assert 4 == capsys.readouterr().out.count('"HitsRefused":1')


@pytest.mark.parametrize(("method", "told"), [("GET", True), ("HEAD", False)])
def test_a_visitor_is_asked_to_come_again_where_nobody_knows_the_way(unread, capsys, method, told):
    """In plain text, and to nowhere else; that somebody clicked is queued, for when nobody comes."""
    answer = answered(texted(CONTACT, method=method))

    assert (503, "5", None) == (
        answer["statusCode"],
        answer["headers"]["Retry-After"],
        answer["headers"].get("Location"),
    )
    assert answer["headers"]["Content-Type"].startswith("text/plain")
    assert told is ("open it again" in answer.get("body", ""))
    event = event_of(unread)
    assert (1, None) == (event.properties["link"], event.properties.get("url"))
    assert 300 == unread[-1][1]["DelaySeconds"]
    assert "TargetsOutOfReach" in capsys.readouterr().out


def test_what_is_remembered_leads_on_without_the_table(kept, monkeypatch):
    answered(texted(CONTACT))

    def fail(*_: object, **__: object) -> dict:
        raise AwsError("InternalFailure", "oh", 500)

    monkeypatch.setattr(aws, "call", fail)

    assert TARGET == answered(texted())["headers"]["Location"]


def test_without_keys_a_text_leads_nowhere(kept, monkeypatch):
    monkeypatch.setenv("TOKEN_KEYS", "")
    forget()

    assert 404 == answered(texted(CONTACT))["statusCode"]
    assert [] == kept


def test_ten_thousand_codes_of_noise_lead_nowhere(kept, capsys):
    """None but the code itself is taken, so nothing is read for any other."""
    chance = random.Random(13)  # noqa: S311 repeatable
    good = texted(CONTACT)["pathParameters"]["code"]
    letters = string.ascii_letters + string.digits + "-_=%+~.\x00é😀\ud800"
    found = set()
    for _ in range(10_000):
        made = list(chance.choice([good, good, "", "A" * 39]))
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(made)) if made else 0
            made[place : place + chance.randint(0, 2)] = chance.choice(letters)
        code = "".join(made)
        answer = answered(texted(CONTACT) | {"pathParameters": {"code": code}})
        found.add((code == good, answer["statusCode"], answer["headers"].get("Location")))
    capsys.readouterr()

    assert {(False, 404, None)} == found - {(True, 302, TARGET)}
