"""Event names in the ActiveCampaign dialect: any text is one."""

from urllib.parse import quote

import pytest

from signalbox.store import table
from tests.functions.test_activecampaign import MADE, NAME, as_strict_as_aws, register

NAMES = [
    "my event",
    "a/b",
    "/",
    "100%",
    "50%25 off",
    "%2F",
    "größe 尺寸 🎉",
    "1+1=2",
    "what? #now",
    'quote " back \\ tick `',
    "a&b;c,d",
    "..",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_hold_any_character(account, name):
    """A name is registered, listed, and deleted by its url-encoded form."""
    assert 201 == register(account, name)[0]
    listed = account.call("GET", "/api/3/eventTrackingEvents")[1]["eventTrackingEvents"]
    assert sorted([name, "download"]) == [one["name"] for one in listed]

    # The gateway decodes a path, except for the percent sign itself.
    at_gateway = f"/api/3/eventTrackingEvents/{name.replace('%', '%25')}"
    as_sent = f"/api/3/eventTrackingEvents/{quote(name, safe='')}"

    assert (200, {}) == account.call("DELETE", at_gateway)
    assert 404 == account.call("DELETE", as_sent)[0]
    assert 201 == register(account, name)[0]
    assert (200, {}) == account.call("DELETE", as_sent)


def test_names_that_cannot_be_are_refused(account):
    for name, title in [
        ("", "name must not be empty"),
        ("  ", "name must not be empty"),
        (None, "name must not be empty"),
        (7, "name must be a text"),
        ("n" * 129, "name is longer than 128 characters"),
        ("\ud800", "name is not valid Unicode"),
    ]:
        status, answer = register(account, name)

        assert (422, title, "field_invalid") == (
            status,
            answer["errors"][0]["title"],
            answer["errors"][0]["code"],
        )


def test_a_name_that_exists_is_a_duplicate(account):
    assert MADE == register(account, NAME)

    status, answer = register(account, f" {NAME} ")

    assert (422, "duplicate", "/data/attributes/name") == (
        status,
        answer["errors"][0]["code"],
        answer["errors"][0]["source"]["pointer"],
    )


def test_names_are_listed_in_pages(account):
    for number in range(5):
        register(account, f"n{number}")

    status, page = account.call("GET", "/api/3/eventTrackingEvents", query="limit=2&offset=3")

    assert 200 == status
    assert ([{"name": "n2"}, {"name": "n3"}], {"total": 6}) == (
        page["eventTrackingEvents"],
        page["meta"],
    )
    assert 422 == account.call("GET", "/api/3/eventTrackingEvents", query="limit=x")[0]


@pytest.mark.parametrize("path", ["/api/3/eventTrackingEvents/", "/api/event-names/"])
def test_a_name_that_nothing_can_have_is_refused(account, monkeypatch, path):
    """A name that is too long for a key is refused before it is looked for."""
    monkeypatch.setattr(table, "dynamodb", as_strict_as_aws(table.dynamodb))

    assert 422 == account.call("DELETE", path + "n" * 1025)[0]
    assert 422 == account.call("DELETE", path + "%20")[0]


def test_the_deletion_of_an_unknown_name_is_not_found(account):
    answer = account.call("DELETE", "/api/3/eventTrackingEvents/my%20event")

    message = "No Result found for EventTrackingEvent with id my event"
    assert (404, {"message": message}) == answer
