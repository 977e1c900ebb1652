"""Whatever form a mail program gives its one click (RFC 8058), the no counts."""

import base64

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from functions.subscribe.preference_form import Action, read
from signalbox.model.errors import InvalidError
from tests.cloud import http_event
from tests.readers import FORM, MULTIPART, ONE_CLICK, UNSUBSCRIBED

OTHER_PART = '--b0und\r\nContent-Disposition: form-data; name="x"\r\n\r\n\xff\r\n'
FORMS = [
    f"{ONE_CLICK}\r\n",
    f" {ONE_CLICK} ",
    f"{ONE_CLICK}\n\n",
    ONE_CLICK.lower(),
    "List%2DUnsubscribe=One%2dClick",
    "List-Unsubscribe%3DOne-Click",
    f"{ONE_CLICK}&x=%ff",
    f"x=%ff&{ONE_CLICK}",
    f"{ONE_CLICK}&{ONE_CLICK}",
    f"action=save&opens=maybe&{ONE_CLICK}",
    f"action=save&action=everything&{ONE_CLICK}",
    "a=1&" * 3000 + ONE_CLICK,
    "a" * 70_000 + f"&{ONE_CLICK}",
    f"x=1\r\n{ONE_CLICK}",
]
PARTS = [
    ("multipart/form-data; boundary=b0und", OTHER_PART + MULTIPART),
    ("multipart/form-data; boundary=b0und", MULTIPART.replace("--b0und--", OTHER_PART)),
    ("multipart/form-data; boundary=b0und", MULTIPART.replace("\r\n", "\n")),
    ("multipart/form-data; boundary=b0und", MULTIPART.lower()),
    ("multipart/form-data; boundary=b0und", MULTIPART.replace('"', "")),
    (
        "multipart/form-data; boundary=b0und",
        MULTIPART.replace("\r\n\r\n", "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"),
    ),
    ("multipart/form-data; boundary=other", MULTIPART),
    ("multipart/form-data", MULTIPART),
    ("Multipart/Form-Data;boundary=b0und", MULTIPART),
    (FORM, MULTIPART),
    ("", MULTIPART),
    ("multipart/form-data; boundary=b0und", ONE_CLICK),
    ("application/json", ONE_CLICK),
    ("multipart/form-data; boundary=b0und", OTHER_PART * 1500 + MULTIPART),
]


def wish(body: str | bytes, kind: str) -> Action:
    """Return what is read out of a request; bytes come as base64, as API Gateway hands them on."""
    event = http_event("POST", "/u/token", headers={"content-type": kind})
    if isinstance(body, bytes):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    else:
        event |= {"body": body}
    return read(APIGatewayProxyEventV2(event)).action


@pytest.mark.parametrize("body", FORMS, ids=range(len(FORMS)))
def test_other_fields_of_a_form_lose_no_no(body):
    assert Action.ONE_CLICK == wish(body, FORM)


@pytest.mark.parametrize(("kind", "body"), PARTS, ids=range(len(PARTS)))
def test_a_form_in_parts_counts_whatever_it_says_of_itself(kind, body):
    assert Action.ONE_CLICK == wish(body, kind)
    assert Action.ONE_CLICK == wish(body.encode("latin-1"), kind)  # an \xff of it is no UTF-8 then


def test_bytes_that_are_no_text_lose_no_no():
    assert Action.ONE_CLICK == wish(b"x=\xff&List-Unsubscribe=One-Click", FORM)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "List-Unsubscribe=",
        "List-Unsubscribe",
        "x=List-Unsubscribe=One-Click",
        "List-Unsubscribe=One-Click2",
        MULTIPART.replace("name=", "filename="),
        MULTIPART.replace("List-Unsubscribe", "X-List-Unsubscribe"),
        MULTIPART.replace("One-Click", "x\r\nOne-Click"),
    ],
)
def test_what_says_something_else_is_no_click(body):
    with pytest.raises(InvalidError):
        wish(body, FORM)


def test_a_click_beside_what_cannot_be_read_unsubscribes(reader):
    body = f"action=save&opens=maybe&{ONE_CLICK}\r\n"

    assert 200 == reader.ask("POST", body, kind=FORM)["statusCode"]
    assert UNSUBSCRIBED == reader.status("77")
