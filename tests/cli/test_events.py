"""`signalbox send`."""

import pytest

from signalbox.model.credential import Role
from tests.people import work

ADA = ("--email", "ada@signalbox.example")


def logged(account) -> list[dict]:
    """Return the events on Ada's record, latest first."""
    return account.call("GET", f"/api/contacts/{account.ada.contact_id}/activities")[1]["events"]


def test_an_event_stands_on_the_contacts_record(stand, account, cloud):
    lines = stand.lines(
        "send", "download", *ADA, "--value", "a.pdf", "--property", "page=7", "--property", "n:=7"
    )
    work(cloud)

    assert ["Accepted 'download' of ada@signalbox.example."] == lines
    (event,) = logged(account)
    assert ("download", "a.pdf", {"page": "7", "n": 7}, "api") == (
        event["name"],
        event["value"],
        event["properties"],
        event["source"],
    )


def test_programs_get_the_count(stand, account):
    answer = stand.read("send", "download", "--contact", account.ada.contact_id)

    assert {"accepted": 1} == answer


def test_an_event_key_suffices(stand):
    assert {"accepted": 1} == stand.read("send", "download", *ADA, role=Role.EVENT)


def test_the_time_is_the_senders(stand, account, cloud):
    stand.read("send", "download", *ADA, "--at", "2026-11-20T09:54:00+01:00", "--id", "one")
    stand.read("send", "download", *ADA, "--at", "2026-11-20T08:54:00Z", "--id", "one")
    work(cloud)

    (event,) = logged(account)
    assert 1_795_164_840_000 == event["at_ms"]


def test_one_idempotency_key_is_one_event(stand, account, cloud):
    for _ in range(2):
        stand.read("send", "download", *ADA, "--idempotency-key", "k1")
    work(cloud)

    assert 1 == len(logged(account))


def test_an_idempotency_key_for_another_event_is_refused(stand):
    stand.read("send", "download", *ADA, "--idempotency-key", "k1")
    result = stand.run("send", "upload", *ADA, "--idempotency-key", "k1")

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("signalbox: Idempotency-Key: ")


def test_what_a_busy_stack_is_sent_again_is_one_event(stand, account, cloud):
    """Both tries carry one random idempotency key."""
    stand.server.planned = [(503, {"Retry-After": "0"}, "{}")]
    stand.read("send", "download", *ADA)
    work(cloud)

    assert 1 == len({headers["idempotency-key"] for _, _, headers in stand.server.requests})
    assert (2, 1) == (len(stand.server.requests), len(logged(account)))


@pytest.mark.parametrize("role", [Role.EVENT, Role.GLOBAL_ADMIN])
def test_the_form_is_taken_as_active_campaigns_clients_send_it(stand, account, cloud, role):
    answer = stand.read("send", "download", *ADA, "--value", "a.pdf", "--form", role=role)
    work(cloud)

    assert {"success": 1, "message": "Event spawned"} == answer
    (event,) = logged(account)
    assert ("a.pdf", "form") == (event["value"], event["source"])
    assert ("POST", "/event") == stand.server.requests[0][:2]


def test_what_the_form_refuses_is_told_in_its_words(stand):
    result = stand.run("send", "x" * 33, *ADA, "--form")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "signalbox: The event name is longer than 32 characters.\n" == result.stderr


def test_what_the_api_refuses_names_the_field(stand):
    result = stand.run("send", "download", "--email", "nobody")

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("signalbox: events.0.contact.email: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "either --email or --contact"),
        ([*ADA, "--contact", "1"], "either --email or --contact"),
        (["--contact", "1", "--form"], "The form knows"),
        ([*ADA, "--property", "a=1", "--form"], "The form knows"),
        ([*ADA, "--property", "page"], "'page' is not KEY=TEXT"),
        ([*ADA, "--property", "=7"], "'=7' is not KEY=TEXT"),
        ([*ADA, "--property", "n:=seven"], "no JSON"),
        ([*ADA, "--at", "yesterday"], "not a time like"),
    ],
)
def test_what_cannot_be_sent_is_a_fault_of_usage(stand, arguments, told):
    """Nothing is sent, and one sentence says why."""
    result = stand.run("send", "download", *arguments)

    assert (2, "") == (result.exit_code, result.stdout)
    assert told in result.stderr
    assert 1 == result.stderr.count("\n")
    assert [] == stand.server.requests
