"""What campaigns say and to whom, over the native API: written, read, refused, warned of."""

import base64
import hashlib
import re

import pytest

from signalbox.model.campaign import LARGEST_AT_ONCE
from signalbox.store import campaigns
from tests import hits
from tests.campaigns import MAIL, PDF, TEXT, fault, made
from tests.people import ACCOUNT_ID

SHOWN_ONLY = {
    *("campaign_id", "protected", "active_mailings", "author", "updated_ms", "warnings"),
    *("segments", "encoding"),
}
PERSONAL_LINK = (
    "the link 'https://x.example/?e=%EMAIL%' holds tags, so a click on it tells who clicked, "
    "which is not anonymous"
)


def again(shown):
    """Return content in the form in which it can be sent again."""
    return {name: value for name, value in shown.items() if name not in SHOWN_ONLY}


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
