"""Campaigns are looked at before they go out: previews and tests, over the native API."""

import json
from email import message_from_string, policy

import pytest

from signalbox.channels import sms
from signalbox.model.credential import Role
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.store import suppressions, unsubscribes
from tests.campaigns import MAIL, PDF, TEXT, fault, made
from tests.people import ACCOUNT_ID
from tests.phones import phones

ADA = "email:ada@signalbox.example"


# Previews


def test_a_preview_is_what_a_contact_would_get(account, place):
    html = (
        '<a href="https://x.example/%FIRSTNAME%">%FIRSTNAME%</a> <a href="%UNSUBSCRIBELINK%">-</a>'
    )
    account.call("PUT", f"{place}/content", MAIL | {"html": html})

    status, shown = account.call("POST", f"{place}/preview", {"contact_id": account.ada.contact_id})

    assert 200 == status, shown
    assert ("ada@signalbox.example", "box@signalbox.example", "News for Ada") == (
        shown["to"],
        shown["sender"],
        shown["subject"],
    )
    assert (
        '<a href="https://x.example/Ada">Ada</a> <a href="https://api.example/u/test">-</a>'
        == shown["html"]
    )
    assert [
        {
            "number": 0,
            "target": "https://x.example/%FIRSTNAME%",
            "label": "%FIRSTNAME%",
            "personal": True,
        }
    ] == shown["links"]


def test_a_preview_without_a_contact_has_blanks(account, place, texts):
    account.call("PUT", f"{place}/content", MAIL)
    account.call("PUT", f"{texts}/content", TEXT)

    assert ("", "News for") == (
        account.call("POST", f"{place}/preview", {})[1]["to"],
        account.call("POST", f"{place}/preview", {})[1]["subject"],
    )
    _, shown = account.call("POST", f"{texts}/preview", {})
    assert ("", "Hello", 1) == (shown["to"], shown["text"], shown["segments"])


def test_text_alone_becomes_html_where_it_is_tracked(account, place):
    content = {"subject": "a", "text": "See https://x.example/a"}
    account.call("PUT", f"{place}/content", content)
    tracked = account.call("POST", f"{place}/preview", {})[1]["html"]
    account.call("PUT", f"{place}/content", content | {"tracking_mode": "off"})
    untracked = account.call("POST", f"{place}/preview", {})[1]["html"]

    assert '<a href="https://x.example/a">' in tracked
    assert "" == untracked


def test_there_is_no_preview_of_nothing_or_nobody(account, place):
    assert 404 == account.call("POST", f"{place}/preview", {})[0]
    account.call("PUT", f"{place}/content", MAIL)
    assert 404 == account.call("POST", f"{place}/preview", {"contact_id": "7"})[0]


# Tests


def test_a_test_says_so_and_is_neither_tracked_nor_counted(account, place, cloud):
    content = MAIL | {
        "html": '<a href="https://x.example/a">Hello %FIRSTNAME%</a>',
        "attachments": [PDF],
        "reply_to": "answers@signalbox.example",
        "tracking_mode": "personal",
    }
    account.call("PUT", f"{place}/content", content)
    before = cloud.items("TRACKING")
    people = ["eve@signalbox.example", "bob@signalbox.example"]
    asked = {"to": people, "contact_id": account.ada.contact_id}

    status, answer = account.call("POST", f"{place}/test", asked)

    assert (200, [(one, "sent") for one in people]) == (
        status,
        [(one["to"], one["outcome"]) for one in answer["sent"]],
    )
    sent = [message_from_string(raw, policy=policy.default) for raw in cloud.mails()]
    assert people == [mail["To"] for mail in sent]
    assert {"[Test] News for Ada"} == {mail["Subject"] for mail in sent}
    assert {None} == {mail["List-Unsubscribe"] for mail in sent}
    html = sent[0].get_body(("html",)).get_content()
    assert '<a href="https://x.example/a">Hello Ada</a>' == html.strip()
    (file,) = sent[0].iter_attachments()
    assert ("a.pdf", b"%PDF-") == (file.get_filename(), file.get_content())
    assert before == cloud.items("TRACKING")
    assert [] == cloud.waiting("EVENTS")


def test_a_test_without_an_address_goes_to_the_contact(account, place, cloud):
    account.call("PUT", f"{place}/content", MAIL)

    answer = account.call("POST", f"{place}/test", {"contact_id": account.ada.contact_id})[1]

    assert ["sent"] == [one["outcome"] for one in answer["sent"]]
    assert ["ada@signalbox.example"] == [message_from_string(raw)["To"] for raw in cloud.mails()]


def complain(_account):
    """Let Ada complain."""
    complaint = Suppression(SuppressionReason.COMPLAINT, 1, "")
    suppressions.suppress(ACCOUNT_ID, ADA, complaint)
    return "complaint"


def unsubscribe(_account):
    """Let Ada want no marketing mail."""
    unsubscribes.note(ACCOUNT_ID, ADA, mailing_id="0", at_ms=1)
    return "opted_out"


def opt_out(account):
    """Put Ada's address on an opt-out list."""
    place = f"/api/email-opt-out-lists/{made(account, 'email-opt-out-lists')}/contacts"
    account.call("POST", place, {"contacts": [{"email": "ada@signalbox.example"}]})
    return "opted_out"


@pytest.mark.parametrize("bar", [complain, unsubscribe, opt_out])
def test_a_test_does_not_go_to_a_contact_who_is_not_to_be_written_to(account, place, cloud, bar):
    account.call("PUT", f"{place}/content", MAIL)
    reason = bar(account)

    answer = account.call("POST", f"{place}/test", {"contact_id": account.ada.contact_id})[1]

    assert [("skipped", reason)] == [(one["outcome"], one["detail"]) for one in answer["sent"]]
    assert [] == cloud.mails()


@pytest.mark.parametrize(
    ("field", "asked"),
    [("body", {}), ("to.0", {"to": ["nobody"]}), ("to", {"to": ["a@signalbox.example"] * 6})],
)
def test_a_test_needs_an_address(account, place, field, asked):
    account.call("PUT", f"{place}/content", MAIL)

    assert (422, field) == fault(account.call("POST", f"{place}/test", asked))


def test_a_mail_that_ses_refuses_failed(account, place):
    content = MAIL | {"sender": "somebody@elsewhere.example"}
    account.call("PUT", f"{place}/content", content)

    _, answer = account.call("POST", f"{place}/test", {"to": ["eve@signalbox.example"]})

    (tested,) = answer["sent"]
    assert "failed" == tested["outcome"]
    assert tested["detail"].startswith("MessageRejected")


def test_without_a_sender_no_test_goes_out(account, place, cloud):
    account.call("PUT", f"{place}/content", MAIL)
    account.call("PATCH", "/api/account", {"mail_from": ""})

    _, answer = account.call("POST", f"{place}/test", {"to": ["eve@signalbox.example"]})

    assert [("skipped", "no_sender")] == [(one["outcome"], one["detail"]) for one in answer["sent"]]
    assert [] == cloud.mails()


def test_a_text_is_tested(account, texts, monkeypatch):
    account.call("PUT", f"{texts}/content", TEXT)
    asked = {"to": ["+4930123456"], "contact_id": account.ada.contact_id}

    _, unsendable = account.call("POST", f"{texts}/test", asked)
    with phones(monkeypatch) as kept:
        _, answer = account.call("POST", f"{texts}/test", asked)
        assert (422, "to.0") == fault(account.call("POST", f"{texts}/test", {"to": ["12"]}))
        lacking = {"contact_id": account.ada.contact_id}
        _, lacks = account.call("POST", f"{texts}/test", lacking)

    assert [("+4930123456", "sent")] == [(one["to"], one["outcome"]) for one in answer["sent"]]
    assert ["skipped", "no_sender"] == [unsendable["sent"][0][it] for it in ("outcome", "detail")]
    assert ["skipped: no_phone"] == [f"{one['outcome']}: {one['detail']}" for one in lacks["sent"]]
    assert ["[Test] Hello Ada"] == [one["MessageBody"] for one in kept.sent]
    assert sms.MARK in kept.sent[0]["Context"]


# Who may


def test_marketers_write_and_analysts_look(account, place):
    assert 200 == account.call("PUT", f"{place}/content", MAIL, role=Role.MARKETER)[0]
    for role, path in ((Role.VIEWER, "preview"), (Role.ANALYST, "test")):
        body = {"to": ["eve@signalbox.example"]} if path == "test" else {}
        assert 403 == account.call("POST", f"{place}/{path}", body, role=role)[0]
    assert 200 == account.call("POST", f"{place}/preview", {}, role=Role.ANALYST)[0]
    assert json.dumps(account.call("GET", f"{place}/content", role=Role.VIEWER)[1])
