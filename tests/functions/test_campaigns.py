"""What campaigns say and to whom, over the native API: content, previews, tests, protected mode."""

import base64
import hashlib
import json
import re
from email import message_from_string, policy

import pytest

from signalbox.channels import sms
from signalbox.model.campaign import LARGEST_AT_ONCE
from signalbox.model.credential import Role
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.store import campaigns, suppressions, unsubscribes
from tests import hits
from tests.people import ACCOUNT_ID
from tests.phones import phones

MAIL = {"subject": "News for %FIRSTNAME%", "html": "<p>Hello %FIRSTNAME%</p>", "text": "Hello"}
TEXT = {"text": "Hello %FIRSTNAME%"}
PDF = {"name": "a.pdf", "media_type": "application/pdf", "content": "JVBERi0="}
SHOWN_ONLY = {
    *("campaign_id", "protected", "active_mailings", "author", "updated_ms", "warnings"),
    *("segments", "encoding"),
}

ADA = "email:ada@signalbox.example"
PERSONAL_LINK = (
    "the link 'https://x.example/?e=%EMAIL%' holds tags, so a click on it tells who clicked, "
    "which is not anonymous"
)


def made(account, path="email-campaigns", **facts):
    """Create a container; return its id."""
    status, shown = account.call("POST", f"/api/{path}", {"name": "one"} | facts)
    assert 201 == status, shown
    return shown["container_id"]


@pytest.fixture(name="place")
def _place(account):
    """The path of an e-mail campaign's content."""
    return f"/api/email-campaigns/{made(account)}"


@pytest.fixture(name="texts")
def _texts(account):
    """The path of an SMS campaign."""
    return f"/api/sms-campaigns/{made(account, 'sms-campaigns')}"


def fault(answer):
    """Return the status, and the field that a refusal names."""
    status, body = answer
    return status, body["errors"][0]["field"]


def again(shown):
    """Return content in the form in which it can be sent again."""
    return {name: value for name, value in shown.items() if name not in SHOWN_ONLY}


# Content


def test_content_that_was_never_written_is_empty(account, place, texts):
    for path in (place, texts):
        status, shown = account.call("GET", f"{path}/content")

        assert (200, 0, "", []) == (status, shown["version"], shown["text"], shown["warnings"])


def test_what_is_written_is_read(account, place):
    lists = [made(account, "lists")]
    opt_outs = [made(account, "email-opt-out-lists")]
    wanted = MAIL | {
        "sender": "news@signalbox.example",
        "sender_name": "Newsroom",
        "reply_to": "answers@signalbox.example",
        "attachments": [PDF],
        "audience": {
            "lists": lists,
            "opt_out_lists": opt_outs,
            "filter": {"fields": {"SIZE": [{"numeric": [">", 5]}]}},
        },
        "tracking_mode": "personal",
        "marketing": False,
        "track_clicks": False,
        "honeypot": False,
    }

    status, written = account.call("PUT", f"{place}/content", wanted)

    assert 200 == status, written
    assert written == account.call("GET", f"{place}/content")[1]
    sha256 = hashlib.sha256(b"%PDF-").hexdigest()
    assert (1, 0, False, "global_admin", []) == (
        written["version"],
        written["active_mailings"],
        written["protected"],
        written["author"],
        written["warnings"],
    )
    assert wanted | {
        "attachments": [
            {"name": "a.pdf", "media_type": "application/pdf", "size": 5, "sha256": sha256}
        ],
        "audience": wanted["audience"] | {"contact_ids": []},
    } == {name: written[name] for name in wanted}


@pytest.mark.parametrize("path", ["place", "texts"])
def test_what_is_read_can_be_sent_again_and_is_no_new_version(account, request, path):
    place = request.getfixturevalue(path)
    content = MAIL | {"attachments": [PDF]} if path == "place" else TEXT
    content |= {"audience": {"contact_ids": [account.ada.contact_id]}}
    _, written = account.call("PUT", f"{place}/content", content)

    status, same = account.call("PUT", f"{place}/content", again(written))

    assert (200, written) == (status, same)
    _, changed = account.call("PUT", f"{place}/content", again(written) | {"text": "Bye"})
    assert (2, "Bye") == (changed["version"], changed["text"])
    assert [account.ada.contact_id] == changed["audience"]["contact_ids"]


def test_older_versions_stay_as_they_are(account, place):
    account.call("PUT", f"{place}/content", MAIL)
    account.call("PUT", f"{place}/content", MAIL | {"subject": "Later"})

    campaign_id = place.rpartition("/")[2]
    assert ["News for %FIRSTNAME%", "Later"] == [
        campaigns.fetch_version(ACCOUNT_ID, campaign_id, version).subject for version in (1, 2)
    ]


def test_long_content_and_work_lists_stand_in_the_bucket(account, place, cloud):
    ids = [str(number) for number in range(1, 1_502)]
    wanted = MAIL | {"html": "<p>" + "ü" * 300_000 + "</p>", "audience": {"contact_ids": ids}}

    status, written = account.call("PUT", f"{place}/content", wanted)

    assert 200 == status, written
    assert (wanted["html"], ids) == (written["html"], written["audience"]["contact_ids"])
    assert 2 == len(cloud.objects())
    assert written == account.call("GET", f"{place}/content")[1]
    assert written == account.call("PUT", f"{place}/content", again(written))[1]


def test_who_read_an_older_version_is_told(account, place):
    account.call("PUT", f"{place}/content", MAIL)

    status, answer = account.call("PUT", f"{place}/content", MAIL | {"version": 0})

    assert (409, "the content has version 1 by now; read it again") == (
        status,
        answer["errors"][0]["message"],
    )


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("subject", {"subject": " "}),
        ("html", {"html": "", "text": " "}),
        ("sender", {"sender": "nobody"}),
        ("reply_to", {"reply_to": "a@b@c"}),
        ("html", {"html": '<a href="java\nscript:alert(1)">x</a>'}),
        ("tracking_mode", {"tracking_mode": "secret"}),
        ("audience.lists.0", {"audience": {"lists": ["7"]}}),
        ("audience.opt_out_lists.0", {"audience": {"opt_out_lists": ["7"]}}),
        ("audience.filter.email", {"audience": {"filter": {"email": 7}}}),
        ("audience", {"audience": {"lists": ["7"], "contact_ids": ["7"]}}),
        ("attachments.0", {"attachments": [PDF | {"sha256": "0" * 64}]}),
        ("attachments.0.content", {"attachments": [PDF | {"content": "!"}]}),
        ("attachments.0.name", {"attachments": [PDF | {"name": "../a.pdf"}]}),
        ("attachments.0.name", {"attachments": [PDF | {"name": "a.EXE"}]}),
        ("attachments.0.media_type", {"attachments": [PDF | {"media_type": "pdf"}]}),
        ("attachments.0.sha256", {"attachments": [{**PDF, "content": "", "sha256": "0" * 64}]}),
        ("attachments", {"attachments": [PDF, PDF | {"name": "A.pdf"}]}),
        ("nonsense", {"nonsense": 1}),
    ],
)
def test_content_that_cannot_be_sent_is_refused(account, place, cloud, field, changes):
    assert (422, field) == fault(account.call("PUT", f"{place}/content", MAIL | changes))
    assert 0 == account.call("GET", f"{place}/content")[1]["version"]
    assert [] == cloud.objects()


def test_attachments_that_are_too_large_are_refused(account, place):
    half = base64.b64encode(b"x" * (LARGEST_AT_ONCE // 2 + 1)).decode()
    files = [PDF | {"name": f"{number}.pdf", "content": half} for number in range(2)]

    answer = account.call("PUT", f"{place}/content", MAIL | {"attachments": files})

    assert (422, "attachments") == fault(answer)


def test_opt_out_lists_are_of_the_campaigns_own_kind(account, texts):
    emails = made(account, "email-opt-out-lists")

    answer = account.call(
        "PUT", f"{texts}/content", TEXT | {"audience": {"opt_out_lists": [emails]}}
    )

    assert (422, "audience.opt_out_lists.0") == fault(answer)


def test_an_sms_campaign_is_no_email_campaign(account, place, texts):
    other = texts.replace("sms", "email")

    assert 404 == account.call("GET", f"{other}/content")[0]
    assert 404 == account.call("PUT", f"{other}/content", MAIL)[0]
    assert 422 == account.call("PUT", f"{texts}/content", TEXT | {"subject": "a"})[0]


def test_an_author_is_told_what_to_look_at(account, place):
    wanted = {
        "subject": "%FIRTSNAME%",
        "html": '<a href="/shop">x</a> %EVENT: upload% <a href="https://x.example/?e=%EMAIL%">y</a>'
        f"<!--{'x' * 102_400}-->",
        "audience": {"filter": {"emial": ["a"]}},
    }

    _, written = account.call("PUT", f"{place}/content", wanted)

    assert [
        "%FIRTSNAME% is no personalisation tag, and stays in the text",
        "%EVENT: upload% names an event that is not registered",
        "is nothing that contacts have",
        "is longer than 102400 bytes, of which Gmail cuts the rest",
        "the link '/shop' leads nowhere out of a mail",
        "nothing in it says %UNSUBSCRIBELINK%; mail programs still offer to leave",
        PERSONAL_LINK,
    ] == [one["message"] for one in written["warnings"]]


def test_the_segments_of_a_text_are_counted(account, texts):
    _, short = account.call("PUT", f"{texts}/content", {"text": "x" * 160})
    _, long = account.call("PUT", f"{texts}/content", {"text": "ü€" * 300 + "漢"})

    assert (1, "GSM-7", []) == (short["segments"], short["encoding"], short["warnings"])
    assert (9, "UCS-2", ["text"]) == (
        long["segments"],
        long["encoding"],
        [one["field"] for one in long["warnings"]],
    )


OUR_LINK = len("https://api.example/l/")
LONG_LINK = f"https://shop.example/?of={'x' * 80}"


@pytest.mark.parametrize(
    ("changes", "length", "segments"),
    [
        ({"tracking_mode": "personal"}, OUR_LINK + 39, 1),
        ({"tracking_mode": "anonymous"}, OUR_LINK + 42, 1),
        ({"tracking_mode": "permission"}, OUR_LINK + 42, 1),
        ({"tracking_mode": "off"}, len(LONG_LINK), 2),
        ({"tracking_mode": "personal", "track_clicks": False}, len(LONG_LINK), 2),
    ],
)
def test_the_segments_of_a_text_are_those_that_go_out(account, texts, changes, length, segments):
    """With short links where clicks are tracked; a preview has them, and they lead nowhere."""
    written = f"%FIRSTNAME%, {LONG_LINK} " * 2
    _, content = account.call("PUT", f"{texts}/content", {"text": written} | changes)
    asked = {"contact_id": account.ada.contact_id}
    _, shown = account.call("POST", f"{texts}/preview", asked)

    links = re.findall(r"https://\S+", shown["text"])
    assert [length] * 2 == [len(one) for one in links]
    assert f"Ada, {links[0]} Ada, {links[1]}" == shown["text"]
    assert [segments] * 2 == [content["segments"], shown["segments"]]
    if length < len(LONG_LINK):
        answers = [hits.answered(hits.request("GET", one)) for one in links]
        assert [404] * 2 == [one["statusCode"] for one in answers]


def test_a_text_that_short_links_make_too_long_is_warned_of(account, texts):
    """Ours may be longer than those that are written."""
    _, content = account.call("PUT", f"{texts}/content", {"text": "http://a.de " * 100})

    assert ["text", "text"] == [one["field"] for one in content["warnings"]]
    assert "longer" in content["warnings"][0]["message"]


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
