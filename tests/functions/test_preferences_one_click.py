"""One click in a mail program unsubscribes at once (RFC 8058), and webhooks and rules are told."""

import json

import pytest

from signalbox.model.contact_list import ContactList
from signalbox.store import lists
from tests.people import ACCOUNT_ID
from tests.readers import ACTIVE, FORM, MAILING_ID, MULTIPART, NOW, ONE_CLICK, UNSUBSCRIBED
from tests.streams import Stream, announce


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("kind", "body"),
    [(FORM, ONE_CLICK), ("", ONE_CLICK), ("multipart/form-data; boundary=b0und", MULTIPART)],
    ids=["form", "no type", "multipart"],
)
def test_one_click_unsubscribes_at_once(reader, kind, body, binary):
    """RFC 8058: no cookie, no login, no redirect; done before it is answered.

    Ada leaves the list that the mailing went to, and stays on the other.
    """
    answer = reader.ask("POST", body, kind=kind, binary=binary)

    assert 200 == answer["statusCode"]
    assert not {"set-cookie", "location"} & {name.lower() for name in answer["headers"]}
    assert (UNSUBSCRIBED, ACTIVE) == (reader.status("77"), reader.status("78"))
    assert not reader.is_barred
    assert reader.unsubscribed_ms() > NOW


def test_one_click_twice_is_one_unsubscription(reader):
    reader.ask("POST", ONE_CLICK)
    before = reader.tables()
    answer = reader.ask("POST", ONE_CLICK)

    assert 200 == answer["statusCode"]
    assert before == reader.tables()


def test_one_click_leaves_every_list_of_the_mailing(reader):
    """And notes Ada on none that she never was on."""
    lists.create(ContactList(ACCOUNT_ID, "79", "Never"))
    reader.mailed("77", "78", "79")
    reader.ask("POST", ONE_CLICK)

    assert [UNSUBSCRIBED, UNSUBSCRIBED, None] == [reader.status(one) for one in ("77", "78", "79")]


@pytest.mark.parametrize(
    "mailing_id", ["0", "1795254840000999", MAILING_ID], ids=["none", "unknown", "to no list"]
)
def test_one_click_without_lists_ends_everything(reader, mailing_id):
    """Nobody can tell which list it was, so no marketing mail is left."""
    reader.mailed()
    path = reader.path(mailing_id=mailing_id)

    assert 200 == reader.ask("POST", ONE_CLICK, path=path)["statusCode"]
    assert (UNSUBSCRIBED, UNSUBSCRIBED) == (reader.status("77"), reader.status("78"))
    assert reader.is_barred


def test_an_unsubscription_is_an_event_of_the_public(reader, cloud):
    """Webhooks and rules are told of it as of any other."""
    stream = Stream(cloud)
    reader.ask("POST", ONE_CLICK)
    assert [] == announce(stream.records())
    (told,) = map(json.loads, cloud.waiting("EVENTS"))

    assert ("unsubscribe", "77") == (told["kind"], told["properties"]["list_id"])
    assert "public" == told["properties"]["initiated_from"]
