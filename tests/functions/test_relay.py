"""Mail of other programs is passed on: tracked as the account has it, and to whom it may go."""

import time
from collections import Counter
from typing import Any

import pytest

from functions.relay import app as relay
from functions.relay import sending
from functions.relay.request import MOST_BYTES, MOST_RECIPIENTS
from signalbox import aws
from signalbox.model.credential import Role
from signalbox.model.relay_day import relay_day
from signalbox.model.suppression import Suppression, SuppressionReason
from signalbox.model.tracking_permission import Mode
from signalbox.people import add_contact
from signalbox.store import suppressions, table, tracking, unsubscribes
from tests import hits
from tests.cloud import Context, http_event
from tests.mailed import AT_MS, TrackingStream, hit, write
from tests.mailed import hits as opened
from tests.people import ACCOUNT_ID, People
from tests.relaying import ADA, EVE, ask, mail, states, switch, urls

DAY = "20261121"


def test_mail_is_passed_on_as_it_is(account, cloud):
    """Tracking is off unless it was switched on: one mail for all, and only the blind copies are gone."""
    raw = mail(f"{ADA}, {EVE}")
    status, answer = ask(account, raw)

    (sent,) = cloud.mails()
    assert (200, "off", False) == (status, answer["tracking"], answer["sealed"])
    assert raw.replace("Bcc: hidden@signalbox.example\r\n", "") == sent
    assert [
        (ADA, "sent"),
        (EVE, "sent"),
        ("hidden@signalbox.example", "sent"),
    ] == states(answer)
    assert 1 == len({one["message_id"] for one in answer["recipients"]})


def test_the_request_says_to_whom(account, cloud):
    """The envelope counts, and not what the mail's head says; each gets it once."""
    _, answer = ask(account, mail(), to=f'{EVE}, "a,b"@Bücher.example, Eve@signalbox.example')

    assert [(EVE, "sent"), ('"a,b"@xn--bcher-kva.example', "sent")] == states(answer)
    assert f"To: {ADA}" in cloud.mails()[0]


def test_personal_links_are_the_contacts_and_stand_on_its_record(account, cloud):
    """Ada's hits are hers, Eve is no contact and so nobody; tags of ours in the text stay."""
    switch(account, "personal")
    stream = TrackingStream(cloud)
    status, answer = ask(account, mail(f"{ADA}, {EVE}"), to=f"{ADA},{EVE}")
    mails = cloud.mails()

    for raw in mails:
        assert "Hello %FIRSTNAME%" in raw
        for url in urls(raw):
            asked = hits.at(hits.request("GET", url), url[-9:])
            assert hits.answered(asked)["statusCode"] in (200, 302)
            hits.tracked(asked)

    assert (200, "personal", 2) == (status, answer["tracking"], len(mails))
    entries = tracking.latest(ACCOUNT_ID, account.ada.contact_id, limit=9)
    assert {"open", "click"} == {entry.kind for entry in entries}
    items = [item["sk"]["S"] for item in cloud.items("TRACKING") if "human" in item]
    assert {f"open#{account.ada.contact_id}", f"click#{account.ada.contact_id}"} < set(items)
    assert 4 == len(items)
    stream.flow()
    evaluated = account.call("GET", "/api/relay/evaluation")[1]
    for told in (evaluated["opened"], evaluated["clicked"]):
        assert (1, 1, 0) == (told["human"], told["anonymous"], told["machine"])


def test_the_record_shows_relayed_mail(account, cloud):
    """The API reads such an entry, though no campaign and no mailing belongs to it."""
    switch(account, "personal")
    ask(account, mail())
    hits.tracked(hits.request("GET", urls(cloud.mails()[0])[0]))

    for path in (
        f"/api/contacts/{account.ada.contact_id}/activities",
        f"/api/3/activities?contact={account.ada.contact_id}",
    ):
        where, _, query = path.partition("?")
        assert 200 == account.call("GET", where, query=query)[0]


def test_anonymous_links_name_nobody(account, cloud):
    """Two mails to one contact differ in random numbers only, and nothing stands on the record."""
    switch(account, "anonymous")
    for key in "ab":
        ask(account, mail(), to=ADA, idempotency_key=key)
    pixels = [urls(raw)[0] for raw in cloud.mails()]
    hits.tracked(*[hits.request("GET", one) for one in pixels])

    assert 2 == len(set(pixels))
    assert [] == tracking.latest(ACCOUNT_ID, account.ada.contact_id, limit=9)
    assert 2 == len([one for one in cloud.items("TRACKING") if one["sk"]["S"].startswith("open#~")])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"open": "no"}, (False, True)),
        ({"click": "no"}, (True, False)),
        ({"open": "no", "click": "no"}, (False, False)),
    ],
)
def test_a_contacts_no_wins(account, cloud, said, expected):
    switch(account, "personal")
    where = f"/api/contacts/{account.ada.contact_id}/tracking-permission"
    account.call("PUT", where, said)

    ask(account, mail())

    assert expected == tuple(map(bool, urls(cloud.mails()[0])))


def test_a_no_holds_for_relayed_mail_that_was_delivered(account, cloud):
    switch(account, "personal")
    ask(account, mail())
    where = f"/api/contacts/{account.ada.contact_id}/tracking-permission"
    account.call("PUT", where, {"open": "no"})

    hits.tracked(hits.request("GET", urls(cloud.mails()[0])[0]))

    assert [] == [one for one in cloud.items("TRACKING") if one["sk"]["S"].startswith("open#")]


def test_a_signed_mail_is_told_and_not_touched(account, cloud):
    switch(account, "personal")
    raw = mail().replace("MIME-Version", "DKIM-Signature: v=1\r\nMIME-Version")

    _, answer = ask(account, raw)

    assert ("off", True) == (answer["tracking"], answer["sealed"])
    assert raw.replace("Bcc: hidden@signalbox.example\r\n", "") == cloud.mails()[0]


def suppress(address: str) -> None:
    """Let a mail to an address have come back."""
    bounced = Suppression(SuppressionReason.HARD_BOUNCE, 1_795_254_840_000, "Permanent")
    suppressions.suppress(ACCOUNT_ID, f"email:{address}", bounced)


def test_suppressed_addresses_get_nothing(account, cloud):
    suppress(EVE)
    status, answer = ask(account, mail(), to=f"{ADA},{EVE}")

    assert (200, [(ADA, "sent"), (EVE, "skipped")]) == (status, states(answer))
    assert "hard_bounce" == answer["recipients"][1]["reason"]

    status, answer = ask(account, mail(), to=EVE)

    assert (200, [(EVE, "skipped")]) == (status, states(answer))
    assert 1 == len(cloud.mails())


def opt_out(account: People, address: str) -> None:
    """Put an address on an opt-out list."""
    made = account.call("POST", "/api/email-opt-out-lists", {"name": "News"})[1]
    where = f"/api/email-opt-out-lists/{made['container_id']}/contacts"
    assert 200 == account.call("POST", where, {"contacts": [{"email": address}]})[0]


def test_opt_outs_count_where_they_are_asked_for(account, cloud):
    """Transactional mail goes to who opted out of marketing; a program may say that it is none."""
    bob = "bob@signalbox.example"
    add_contact(ACCOUNT_ID, email=bob)
    opt_out(account, ADA)
    unsubscribes.note(ACCOUNT_ID, f"email:{EVE}", mailing_id="0", at_ms=1)
    suppress("cleo@signalbox.example")
    everybody = f"{ADA},{EVE},{bob},cleo@signalbox.example"

    _, respected = ask(account, mail(), to=everybody, x_signalbox_respect_opt_outs="true")
    _, usual = ask(account, mail(html="other"), to=everybody)

    assert ["skipped", "skipped", "sent", "skipped"] == [state for _, state in states(respected)]
    assert ["opted_out", "opted_out", "hard_bounce"] == [
        one["reason"] for one in respected["recipients"] if "reason" in one
    ]
    assert ["sent", "sent", "sent", "skipped"] == [state for _, state in states(usual)]


def test_feedback_of_a_contacts_mail_names_the_contact(account, monkeypatch):
    """SES tells what became of it with these tags; a mail to several names nobody."""
    seen: list[dict[str, str]] = []
    real = aws.call

    def call(service: str, operation: str, **request: Any) -> dict[str, Any]:
        if service == "sesv2":
            seen.append({tag["Name"]: tag["Value"] for tag in request["EmailTags"]})
        return real(service, operation, **request)

    monkeypatch.setattr(aws, "call", call)
    ask(account, mail(), to=ADA)
    ask(account, mail(html="x"), to=f"{ADA},{EVE}")

    assert [
        {"account": ACCOUNT_ID, "contact": account.ada.contact_id},
        {"account": ACCOUNT_ID},
    ] == seen


OPEN = mail().replace("Bcc: hidden@signalbox.example\r\n", "")
BOUND = OPEN + "x" * (MOST_BYTES - len(OPEN))
MANY = ",".join(f"{n}@signalbox.example" for n in range(MOST_RECIPIENTS + 1))


@pytest.mark.parametrize(
    ("raw", "headers", "expected"),
    [
        ("", {}, (400, "body")),
        ("Subject: x\r\n\r\nx", {}, (400, "From")),
        (mail().replace("Subject", "From"), {}, (400, "From")),
        (mail().replace("Message-ID", "X-Id"), {}, (400, "Idempotency-Key")),
        (mail(), {"to": "nobody"}, (400, "X-Signalbox-Recipients")),
        (mail(), {"to": "ä@signalbox.example"}, (400, "X-Signalbox-Recipients")),
        (mail(), {"to": MANY}, (400, "X-Signalbox-Recipients")),
        (mail(), {"to": ","}, (400, "X-Signalbox-Recipients")),
        (mail(""), {}, (400, "To")),
        (mail().replace("Shop", "\udcff"), {}, (400, "from")),
        (mail(), {"x_signalbox_respect_opt_outs": "maybe"}, (400, "X-Signalbox-Respect-Opt-Outs")),
        (BOUND + "x", {}, (413, "body")),
        (BOUND, {}, (200, None)),
        (mail(), {"to": MANY.split(",", 2)[2]}, (200, None)),
    ],
    ids=lambda given: "" if isinstance(given, str) else None,
)
def test_what_cannot_be_is_refused_with_its_place(account, cloud, raw, headers, expected):
    raw = raw.replace("Bcc: hidden@signalbox.example\r\n", "").encode("utf-8", "surrogateescape")
    found, answer = ask(account, raw, **headers)

    assert expected == (found, answer["errors"][0]["field"] if "errors" in answer else None)
    assert (found == 200) is bool(cloud.mails())


def test_text_bodies_are_read_too(account, cloud):
    """API Gateway hands on as text what says that it is text."""
    headers = {"api-token": account.tokens[Role.ADMIN]}
    answer = relay.handler(http_event("POST", "/relay", headers=headers, body=mail()), Context())

    assert (200, 1) == (answer["statusCode"], len(cloud.mails()))


def test_who_may_not_relay_is_refused(account, cloud):
    """An event key above all: it stands in web pages."""
    may_not = {Role.EVENT, Role.ANALYST, Role.VIEWER}
    shown = {role: account.tokens[role] for role in Role} | {"nobody": "", "wrong": "x"}

    answers = {who: ask(account, mail(), api_token=token)[0] for who, token in shown.items()}

    assert {who: 200 if who in set(Role) - may_not else 403 for who in shown} == answers
    assert 1 == len(cloud.mails())


def test_without_keys_of_links_nothing_is_lost(account, cloud, monkeypatch):
    switch(account, "personal")
    monkeypatch.setenv("TOKEN_KEYS", "nonsense")
    sending.environment.cache_clear()

    assert (503, []) == (ask(account, mail())[0], cloud.mails())


def test_a_mode_that_relayed_mail_cannot_have_is_refused(account):
    status, answer = account.call("PATCH", "/api/account", {"relay_tracking_mode": "permission"})

    assert (422, True) == (status, "does not say what its readers permit" in str(answer))
    assert Mode.OFF == account.call("GET", "/api/account")[1]["relay_tracking_mode"]


def test_an_evaluation_has_a_span(account):
    status, answer = account.call("GET", "/api/relay/evaluation", query="since_ms=9&until_ms=1")
    none = account.call("GET", "/api/relay/evaluation")[1]

    assert (422, "until_ms") == (status, answer["errors"][0]["field"])
    assert (31, 0, None) == (none["days"], none["opened"]["human"], none["opened"]["rate"])


def test_the_days_of_tracked_mail_are_listed(account):
    """Mail that is not tracked has no opens and clicks to count, so its day is none of them."""
    ask(account, mail())
    before = account.call("GET", "/api/relay/days")[1]
    switch(account, "anonymous")
    for name in "ab":
        ask(account, mail(), idempotency_key=name)

    answer = account.call("GET", "/api/relay/days", role=Role.VIEWER)[1]

    assert {"days": [], "next": ""} == before
    assert ([{"day": relay_day(time.time_ns() // 1_000_000)}], "") == (
        answer["days"],
        answer["next"],
    )


def test_a_day_is_counted_again(account, cloud, monkeypatch):
    """What was opened, and not counted, is in the numbers then."""
    write(cloud, opened("open", account.ada.contact_id, human=[hit()], mailing_id=DAY))
    stream = TrackingStream(cloud)
    stream.records()  # are lost
    monkeypatch.setattr(table, "sleep", lambda _: stream.flow())
    path = f"/api/relay/days/{DAY}/rebuild"

    status, answer = account.call("POST", path, role=Role.ADMIN)

    found = Counter(one["outcome"] for one in answer["shards"])
    assert (200, DAY, "", {"unchanged": 15, "corrected": 1}) == (
        status,
        answer["day"],
        answer["next"],
        found,
    )
    span = f"since_ms={AT_MS}&until_ms={AT_MS}"
    evaluated = account.call("GET", "/api/relay/evaluation", query=span)[1]
    assert (1, 1) == (evaluated["days"], evaluated["opened"]["human"])
    assert 403 == account.call("POST", path, role=Role.MARKETER)[0]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("20261131", 404),
        ("2026W471", 422),
        ("2026-1-1", 422),
        ("1", 422),
        ("\u0662\u0660\u0662\u0666\u0661\u0661\u0662\u0661", 422),
    ],
)
def test_what_is_no_day_is_not_counted_again(account, day, expected):
    assert expected == account.call("POST", f"/api/relay/days/{day}/rebuild")[0]


def test_counting_a_day_again_goes_on_where_the_time_ran_out(account, monkeypatch):
    monkeypatch.setattr("functions.admin.rebuilds.WHILE_S", -1)
    path = f"/api/relay/days/{DAY}/rebuild"
    _, first = account.call("POST", path)
    _, last = account.call("POST", path, query="after=11")

    assert ([0, 1, 2, 3], "3") == ([one["shard"] for one in first["shards"]], first["next"])
    assert ([12, 13, 14, 15], "") == ([one["shard"] for one in last["shards"]], last["next"])
