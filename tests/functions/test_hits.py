"""What the worker makes of opens and clicks: permitted or not, by whom, kept where."""

import json

import pytest

from functions.dispatch import app as dispatch
from signalbox.environment import environment
from signalbox.model.hit import Verdict
from signalbox.model.tracking_token import HONEYPOT, NO_MAILING, TokenKind, signed
from signalbox.model.tracking_url import open_url
from signalbox.model.waking import NO_READER
from signalbox.queues import ACTIONS
from signalbox.store import keys, messages, table, tracking
from tests import hits
from tests.cloud import Context, client, sqs_event
from tests.hits import (
    FIREFOX,
    GATEWAY,
    TARGET,
    at,
    clicking,
    mailing_with,
    opening,
    texted,
    texts_with,
    tracked,
)
from tests.people import ACCOUNT_ID, MAIL

YES, NO = {"answer": "yes"}, {"answer": "no"}
OTHER_LINK = "https://www.signalbox.example/imprint"


@pytest.fixture(name="ada")
def _ada(account):
    """The contact whose mails are read here; the mailing is personal."""
    mailing_with("personal")
    return account.ada.contact_id


def log(contact_id: str) -> list[dict]:
    """Return what stands on a contact's record of opens and clicks, oldest first."""
    entries = tracking.latest(ACCOUNT_ID, contact_id, limit=100)
    return [dict(entry.properties) for entry in entries[::-1] if entry.kind in {"open", "click"}]


def counted(cloud) -> dict[str, dict[str, list[str]]]:
    """Return the hits that are counted, by sort key: hour and link of each, by who was behind."""
    return {
        item["sk"]["S"]: {
            name: [text.rpartition(".")[0] for text in item[name]["SS"]]
            for name in ("human", "machine")
            if name in item
        }
        for item in cloud.items("TRACKING")
        if "#mailing#" in item["pk"]["S"]
    }


def says(purpose: str, answer: str) -> str:
    """Return what a contact's item says who answered so."""
    return json.dumps({purpose: answer, f"{purpose}_ms": 1, f"{purpose}_by": "page"})


def test_an_open_stands_on_the_record(cloud, ada):
    """With all that rules and activities ask of an event of a message."""
    tracked(opening(ada))

    expected = {
        "contact_id": ada,
        "initiated_from": "system",
        "container": "email_campaign",
        "list_id": hits.CAMPAIGN_ID,
        "mailing_id": hits.MAILING_ID,
        "mailer_id": hits.MAILER_ID,
        "contact_kind": "email",
        "verdict": "human",
        "agent": FIREFOX,
    }
    assert [expected] == log(ada)
    hour = 1795254840000 // 3_600_000
    assert {f"open#{ada}": {"human": [f"{hour}.0"]}} == counted(cloud)


def test_a_click_has_its_link(cloud, ada):
    tracked(clicking(ada, 3))

    (entry,) = log(ada)
    assert (3, TARGET) == (entry["link"], entry["url"])
    hour = 1795254840000 // 3_600_000
    assert {f"click#{ada}": {"human": [f"{hour}.3"]}} == counted(cloud)


def test_a_click_in_a_text_is_a_click_of_the_phone(cloud, account):
    texts_with("personal")
    ada = account.ada.contact_id
    tracked(texted(ada))

    (entry,) = log(ada)
    assert {
        "container": "sms_campaign",
        "contact_kind": "phone",
        "mailing_id": hits.MAILING_ID,
        "link": 1,
        "url": TARGET,
        "verdict": "human",
    }.items() <= entry.items()
    hour = 1795254840000 // 3_600_000
    assert {f"click#{ada}": {"human": [f"{hour}.1"]}} == counted(cloud)


@pytest.mark.parametrize("mode", ["permission", "anonymous", "off"])
def test_a_click_in_a_text_needs_permission_too(cloud, account, mode):
    texts_with(mode)
    tracked(texted(account.ada.contact_id))

    assert ([], {}) == (log(account.ada.contact_id), counted(cloud))


def test_a_hit_that_comes_again_is_one(cloud, ada):
    """In one batch and in the next."""
    tracked(opening(ada), opening(ada))
    tracked(opening(ada))

    assert 1 == len(log(ada))
    assert [["human"]] == [list(one) for one in counted(cloud).values()]


def test_an_anonymous_hit_is_counted_and_nothing_else(cloud, account):
    """No entry, no program, no minute: the hour, the link, and a number that was drawn."""
    mailing_with("anonymous")
    before = cloud.items("TRACKING")
    tracked(opening())

    (item,) = [item for item in cloud.items("TRACKING") if item not in before]
    assert {"pk", "sk", "human", "expires"} == set(item)
    assert f"open#~{hits.NONCE}" == item["sk"]["S"]
    assert 0 == int(item["expires"]["N"]) % 3600
    assert [] == log(account.ada.contact_id)
    assert [] == cloud.waiting("ACTIONS")


@pytest.mark.parametrize(
    ("mode", "said", "kept"),
    [
        ("personal", "", True),
        ("personal", says("open", "yes"), True),
        ("personal", says("open", "no"), False),
        ("personal", says("click", "no"), True),
        ("permission", "", False),
        ("permission", says("open", "yes"), True),
        ("permission", says("click", "yes"), False),
        ("permission", says("open", "no"), False),
        ("anonymous", "", False),
        ("off", "", False),
    ],
)
def test_the_permission_of_now_counts(cloud, account, mode, said, kept):
    """What is not permitted leaves no trace in any table or queue."""
    mailing_with(mode)
    contact_id = account.ada.contact_id
    if said:
        hits.permit(contact_id, said)
    before = cloud.items("TRACKING")
    account.rule(MAIL, trigger="open", trigger_settings={})
    tracked(opening(contact_id))

    assert kept is (cloud.items("TRACKING") != before)
    assert kept is bool(log(contact_id))
    assert kept is bool(counted(cloud))
    assert kept is bool(delayed("ACTIONS", cloud))


def test_what_is_refused_is_counted(account, capsys):
    mailing_with("permission")
    tracked(opening(account.ada.contact_id), clicking(account.ada.contact_id))

    assert '"HitsRefused":2' in capsys.readouterr().out


def delayed(queue: str, cloud) -> int:
    """Return how many messages of a queue nobody sees yet."""
    answer = client("sqs").get_queue_attributes(
        QueueUrl=cloud.variables[f"{queue}_QUEUE_URL"],
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessagesDelayed"])


def test_opens_and_clicks_are_permitted_each_by_itself(cloud, ada):
    hits.permit(ada, says("click", "no"))
    tracked(opening(ada), clicking(ada))

    assert ["open"] == [key.partition("#")[0] for key in counted(cloud)]


@pytest.mark.parametrize("mailing_id", ["1795254840000999", hits.MAILING_ID])
def test_a_hit_of_no_mailing_that_was_sent_is_refused(cloud, account, mailing_id):
    """One that is none, or that never started: nobody knows then what is permitted."""
    mailing_with("")
    text = signed(
        hits.token(TokenKind.OPEN, account.ada.contact_id, mailing_id=mailing_id), hits.RING
    )
    tracked(hits.request("GET", open_url(hits.BASE, text)))

    assert ({}, []) == (counted(cloud), log(account.ada.contact_id))


def test_mail_without_a_mailing_is_tracked(cloud, account):
    """A rule's mail, or one that another program handed in."""
    contact_id = account.ada.contact_id
    text = signed(hits.token(TokenKind.OPEN, contact_id, mailing_id=NO_MAILING), hits.RING)
    tracked(hits.request("GET", open_url(hits.BASE, text)))

    (entry,) = log(contact_id)
    assert (NO_MAILING, False) == (entry["mailing_id"], "list_id" in entry)


def test_who_is_gone_is_gone(cloud, account):
    """A hit after a contact was erased is kept nowhere, not even as dropped."""
    mailing_with("personal")
    contact_id = account.ada.contact_id
    assert 200 == account.call("DELETE", f"/api/3/contacts/{contact_id}")[0]
    before = cloud.items("TRACKING")
    tracked(opening(contact_id))

    assert before == cloud.items("TRACKING")


def test_a_scanner_is_judged_with_its_company(cloud, ada):
    """Three links in two seconds, with the agent of a browser, and a program that says what it is."""
    walk = [
        at(clicking(ada, link, target=f"{TARGET}&{link}"), f"r{link}", 600 * link)
        for link in range(3)
    ]
    tracked(*walk, at(opening(ada, user_agent=GATEWAY), "r9", 5_000))

    assert ["scanner"] * 4 == [entry["verdict"] for entry in log(ada)]
    assert "many_links" in log(ada)[0]["reasons"]
    assert {"machine"} == {name for one in counted(cloud).values() for name in one}


def test_messages_are_judged_apart(cloud, account):
    """What one reader's gateway does speaks against nobody else."""
    mailing_with("personal")
    eve = account.call("POST", "/api/contacts", {"email": "eve@signalbox.example"})[1]["contact_id"]
    trapped = at(clicking(account.ada.contact_id, HONEYPOT), "r1")
    tracked(trapped, at(clicking(eve, 1), "r2", 100))

    assert ["scanner"] == [entry["verdict"] for entry in log(account.ada.contact_id)]
    assert ["human"] == [entry["verdict"] for entry in log(eve)]


def test_the_time_of_delivery_is_considered(cloud, ada):
    """Nobody clicks within a second of the mail's arrival. The record keeps what it was judged by."""
    hit_ms = opening(ada)["requestContext"]["timeEpoch"]
    key = messages.key(ACCOUNT_ID, hits.MAILING_ID, ada)
    item = {"pk": key[0], "sk": key[1], "state": "sent", "sent_ms": hit_ms - 9_000}
    table.put(environment().tracking_table, item | {"delivered_ms": hit_ms - 900})
    tracked(clicking(ada))

    (entry,) = log(ada)
    assert ("scanner", ["too_soon"]) == (entry["verdict"], [entry["reasons"][0]])
    assert hit_ms - 900 == entry["delivered_ms"]


def test_a_no_holds_from_when_it_was_said(cloud, ada, monkeypatch):
    """Contacts are read consistently for hits, and by the way for all events of the batch."""
    asked = []
    real = table.dynamodb

    def noted(operation: str, **request) -> dict:
        asked.append((operation, request))
        return real(operation, **request)

    monkeypatch.setattr(table, "dynamodb", noted)
    tracked(opening(ada))

    read, *_ = [request for operation, request in asked if operation == "BatchGetItem"]
    assert read["RequestItems"][cloud.variables["CONTACTS_TABLE"]]["ConsistentRead"]


def test_other_events_of_the_batch_go_their_way(cloud, account):
    """Hits among them change nothing for them."""
    mailing_with("personal")
    account.report()
    batch = [*cloud.waiting("EVENTS"), hits.message(opening(account.ada.contact_id))]
    from functions.track import app as track  # noqa: PLC0415 beside `tracked`

    assert {"batchItemFailures": []} == track.handler(sqs_event(batch), None)
    entries = tracking.latest(ACCOUNT_ID, account.ada.contact_id, limit=9)
    assert {"download", "open"} == {entry.name for entry in entries}


# Rules


@pytest.fixture(name="queued")
def _queued(monkeypatch):
    """What is put on the actions queue, and after which delay."""
    put = []
    monkeypatch.setattr(ACTIONS, "put", lambda due, delay_s=0: put.append((delay_s, list(due))))
    return put


def test_a_rule_on_opens_is_checked_once_all_hits_are_there(account, ada, queued):
    rule = account.rule(MAIL, MAIL, trigger="open", trigger_settings={})
    tracked(opening(ada))

    ((delay_s, (due,)),) = queued
    assert (30, rule["rule_id"], -1) == (delay_s, due.rule_id, due.action)


@pytest.mark.parametrize("agent", [GATEWAY, "Mozilla/5.0", ""])
def test_programs_wake_no_rules(account, ada, queued, agent):
    """Neither scanners nor what fetches for a reader."""
    account.rule(MAIL, trigger="open", trigger_settings={})
    tracked(opening(ada, user_agent=agent))

    assert [] == queued
    assert 1 == len(log(ada))


def test_the_words_for_programs_are_those_of_hits():
    assert NO_READER == {verdict for verdict in Verdict if not verdict.is_reader}


def test_a_rule_fires_for_a_reader(cloud, account, ada, queued):
    account.rule(MAIL, trigger="click", trigger_settings={})
    tracked(clicking(ada))
    perform(queued)

    assert [[0]] == [[due.action for due in dispatches] for _, dispatches in queued]
    perform(queued)
    assert 1 == len(cloud.mails())


def perform(queued: list) -> None:
    """Let the worker perform what is queued, and keep what it queues."""
    due = [one.to_wire() for _, dispatches in queued for one in dispatches]
    queued.clear()
    assert dispatch.handler(sqs_event(due), Context()) == {"batchItemFailures": []}


def test_a_rule_does_not_fire_for_whom_later_hits_give_away(cloud, account, ada, queued):
    """A scanner's first click looked like a reader's; by the time of the check it does not."""
    rule = account.rule(MAIL, trigger="click", trigger_settings={})
    tracked(at(clicking(ada, 1), "r1"))
    first = list(queued)
    tracked(at(clicking(ada, 2, target=OTHER_LINK), "r2", 300))
    queued[:] = first
    perform(queued)

    assert [] == queued
    (entry,) = account.call("GET", f"/api/contacts/{ada}/activities")[1]["dispatches"]
    assert ("skipped", "check") == (entry["outcome"], entry["kind"])
    assert "verdict" in entry["detail"]
    assert rule["rule_id"] == entry["rule_id"]


def test_a_webhook_is_told_of_readers_alone(account, ada, queued):
    hook = {
        "name": "a",
        "url": "https://hooks.example/in",
        "events": ["open"],
        "sources": ["public", "admin", "api", "system"],
    }
    assert 201 == account.call("POST", "/api/3/webhooks", {"webhook": hook})[0]
    tracked(at(opening(ada, user_agent=GATEWAY), "r1"))
    assert [] == queued
    tracked(at(opening(ada), "r2", 60_000))

    ((delay_s, (due,)),) = queued
    assert (30, 0) == (delay_s, due.action)


def test_an_explanation_says_that_it_was_no_reader(account, ada):
    rule = account.rule(MAIL, trigger="open", trigger_settings={})
    tracked(opening(ada, user_agent=GATEWAY))
    (entry,) = [one for one in tracking.latest(ACCOUNT_ID, ada, limit=9) if one.kind == "open"]
    query = f"contact_id={ada}&entry_id={entry.entry_id}"
    status, told = account.call("GET", f"/api/rules/{rule['rule_id']}/explanation", query=query)

    assert 200 == status, told
    (step,) = [step for step in told["steps"] if step["what"] == "verdict"]
    assert ("a reader", "scanner", False) == (step["wanted"], step["found"], step["met"])


def test_a_partition_holds_a_sixteenth_of_a_mailing():
    """A hundred thousand opens within a minute meet no hot key."""
    shards = [keys.mailing_shard(f"{115_964_116_992_000 + number}") for number in range(100_000)]
    sizes = [shards.count(shard) for shard in range(keys.MAILING_SHARDS)]

    assert 16 == len(sizes)
    assert max(sizes) <= 100_000 / 16 * 1.05
