"""The token of a person's page opens that page alone, and nothing for anybody else."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.model.tracking_token import TokenKind
from signalbox.people import add_contact, erase
from signalbox.store import contacts, memberships
from tests.people import ACCOUNT_ID
from tests.readers import ACTIVE, NOW, ONE_CLICK, UNSUBSCRIBED


def test_lists_of_others_cannot_be_left(reader):
    """The ids in a form are anybody's; they mean the lists of the token's own contact."""
    bob = add_contact(ACCOUNT_ID, email="bob@signalbox.example")
    memberships.subscribe(ACCOUNT_ID, bob.contact_id, "77", now_ms=NOW)
    reader.save("78", shown=("77", "78", "9999", "../x", "", "-1"))

    assert ACTIVE is memberships.find(ACCOUNT_ID, bob.contact_id, "77").status
    assert UNSUBSCRIBED is reader.status("77")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": TokenKind.OPEN},
        {"kind": TokenKind.CLICK},
        {"account_id": "200000002"},
        {"contact_id": "1234"},
    ],
    ids=str,
)
def test_a_token_opens_its_own_page_only(reader, changes, method):
    """One for another purpose is none; another account or contact that is not there has no page."""
    before = reader.tables()
    body = "action=everything" if method == "POST" else None
    answer = reader.ask(method, body, path=reader.path(**changes))

    assert 404 == answer["statusCode"]
    assert before == reader.tables()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(alphabet="abcdefgXYZ0123456789-_", min_size=1, max_size=80))
def test_guessed_tokens_open_nothing(reader, text):
    assert 404 == reader.ask(path=f"/u/{text}")["statusCode"]
    assert 404 == reader.ask("POST", ONE_CLICK, path=f"/u/{text}")["statusCode"]


def test_a_changed_token_opens_nothing(reader):
    """Not one character of it can be another."""
    head, token = reader.path()[:3], reader.path()[3:]

    for place, mark in enumerate(token):
        other = "A" if mark != "A" else "B"
        path = f"{head}{token[:place]}{other}{token[place + 1 :]}"
        assert 404 == reader.ask(path=path)["statusCode"], place


def test_who_was_erased_has_no_page_and_no_mail(reader):
    """The mail program that unsubscribes them is told that it is done."""
    path = reader.path()
    erase(ACCOUNT_ID, reader.contact_id)
    before = reader.tables()

    assert 404 == reader.ask(path=path)["statusCode"]
    assert 200 == reader.ask("POST", ONE_CLICK, path=path)["statusCode"]
    assert before == reader.tables()


def test_the_page_of_the_same_contact_elsewhere_is_another(reader):
    """A token of another account reads nothing of this one, even where the contact's id is the same."""
    contacts.create(replace(reader.account.ada, account_id="200000002"))
    page = reader.page(path=reader.path(account_id="200000002"))
    reader.ask("POST", "action=everything", path=reader.path(account_id="200000002"))

    assert "News" not in page
    assert ACTIVE is reader.status("77")
    assert not reader.is_barred
