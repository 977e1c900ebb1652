"""Feedback: what SES says marks the message, suppresses the address, and stands on the record."""

import itertools
import json
from dataclasses import replace

import pytest

from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome
from signalbox.model.message import State
from signalbox.model.suppression import SuppressionReason
from signalbox.people import erase
from signalbox.store import dispatches, messages, suppressions
from tests.feedbacks import ADDRESS, NOW, about, claim, queued, standing, take
from tests.mailings import CAMPAIGN_ID, MAILING_ID
from tests.people import ACCOUNT_ID, MAIL, work
from tests.ses import MAILING, notified
from tests.store.things import event

pytestmark = pytest.mark.usefixtures("fetched")


KINDS = ("sent", "delivery", "delivery_delay", "soft_bounce", "hard_bounce", "complaint")


def test_a_delivery_settles_and_marks_the_message(ada):
    """Whoever claimed it never said so, but SES did: it was sent."""
    assert take(about("delivery", ada)) == []

    message = standing(ada)
    assert message.state is State.SENT
    assert message.delivered_ms == NOW + 1000
    assert message.ses_id == "ses-1"


def test_a_message_that_ses_alone_knows_of_is_told_of_once(ada, cloud):
    """Its worker died at it, and so told nobody; SES's Send does it in its place."""
    take(about("sent", ada))
    take(about("sent", ada))

    first, again = queued(cloud)
    assert first == again
    assert ("sent", f"sent-{MAILING_ID}-{ada}") == (first.kind, first.event_id)
    assert standing(ada).sent_ms == first.at_ms


def test_a_message_that_its_worker_settled_is_told_of_by_the_worker(ada, cloud):
    messages.settle(replace(standing(ada), state=State.SENT, sent_ms=NOW, ses_id="ses-1"))

    take(about("sent", ada))

    assert [] == queued(cloud)


def test_an_event_tells_the_rules(ada, cloud):
    """With all that narrows a rule: campaign, mailer, kind of address."""
    assert take(about("hard_bounce", ada)) == []

    (event,) = queued(cloud)
    assert (event.kind, event.name, event.address) == (
        "hard_bounce",
        "hard_bounce",
        f"contact:{ada}",
    )
    assert event.event_id == "hard_bounce-ses-1-bounce-1"
    assert (event.at_ms, event.source) == (NOW + 1000, "messages")
    assert event.properties == {
        "contact_id": ada,
        "initiated_from": "system",
        "container": "email_campaign",
        "list_id": CAMPAIGN_ID,
        "mailing_id": MAILING_ID,
        "mailer_id": "41",
        "contact_kind": "email",
        "bounce_type": "Permanent",
        "bounce_sub_type": "General",
        "address": "ada@signalbox.example",
    }


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("sent", True),
        ("delivery", True),
        ("delivery_delay", True),
        ("soft_bounce", True),
        ("hard_bounce", True),
        ("complaint", True),
        ("reject", False),
        ("rendering_failure", False),
        ("open", False),
    ],
)
def test_what_stands_on_the_record(kind, told, ada, cloud):
    """What happened to the contact; what its worker tells of is told here where the worker did not."""
    assert take(about(kind, ada)) == []

    assert [event.kind for event in queued(cloud)] == ([kind] if told else [])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("hard_bounce", SuppressionReason.HARD_BOUNCE),
        ("complaint", SuppressionReason.COMPLAINT),
        ("soft_bounce", None),
        ("delivery_delay", None),
        ("delivery", None),
    ],
)
def test_who_bounced_or_complained_gets_no_more(kind, reason, ada):
    take(about(kind, ada))

    found = suppressions.find(ACCOUNT_ID, ADDRESS)
    assert (found.reason if found else None) == reason


def test_not_spam_is_praise(ada, cloud):
    """It neither marks nor suppresses nor wakes anything."""
    assert take(about("complaint", ada, complaintFeedbackType="not-spam")) == []

    assert queued(cloud) == []
    assert suppressions.find(ACCOUNT_ID, ADDRESS) is None
    assert standing(ada).complaint_ms == 0


def test_a_complaint_that_lists_a_domain_is_about_the_one_who_was_written_to(ada):
    """Nobody else at the domain is suppressed."""
    everybody = [{"emailAddress": f"{name}@signalbox.example"} for name in ("ada", "bob", "eve")]

    take(about("complaint", ada, complainedRecipients=everybody))

    found = suppressions.find_many(
        ACCOUNT_ID, [f"email:{one['emailAddress']}" for one in everybody]
    )
    assert set(found) == {ADDRESS}


def test_what_ses_itself_suppressed_is_no_bounce_of_ours(ada, cloud):
    """It counts for nothing and wakes nothing, but is believed: SES would not try again either."""
    take(about("hard_bounce", ada, bounceSubType="OnAccountSuppressionList"))

    assert standing(ada).hard_bounce_ms == 0
    assert standing(ada).state is State.SENT
    assert queued(cloud) == []
    assert suppressions.find(ACCOUNT_ID, ADDRESS).reason is SuppressionReason.HARD_BOUNCE


def test_a_rules_mail_bounces_too(ada, cloud):
    """It belongs to no mailing: the contact's record and the address tell."""
    take(notified("hard_bounce", contact_id=ada, mailing_id=""))

    (event,) = queued(cloud)
    assert "mailing_id" not in event.properties
    assert "list_id" not in event.properties
    assert suppressions.find(ACCOUNT_ID, ADDRESS)


@pytest.mark.parametrize("kind", ["sent", "delivery"])
def test_a_rules_mail_of_which_nobody_knew_is_settled(kind, account, cloud):
    """SES has it, so nobody has to look."""
    rule = account.rule(MAIL)
    due = Dispatch(account.ada.contact_id, rule["rule_id"], 1, 0, event())
    left = DispatchRecord(due, "send_email", Outcome.UNCERTAIN, "dead", 0, NOW)
    dispatches.claim(left, now_ms=NOW, repeatable=True)

    take(
        notified(
            kind,
            contact_id=account.ada.contact_id,
            mailing_id="",
            dispatch_id=due.dispatch_id,
        )
    )

    assert (Outcome.DONE, "ses-1") == (
        (found := dispatches.fetch(ACCOUNT_ID, due.dispatch_id)).outcome,
        found.detail,
    )


def test_a_mail_to_no_contact_suppresses_its_recipient(account, cloud):
    """As the mail that asks somebody to confirm a sign-up."""
    take(notified("hard_bounce", contact_id="", mailing_id="", email="eve@signalbox.example"))

    assert queued(cloud) == []
    assert suppressions.find(ACCOUNT_ID, "email:eve@signalbox.example")


def test_a_message_that_nobody_sent_is_not_made_up(ada, account, cloud):
    """Of an unknown mailing or contact: no message appears, and no event."""
    before = cloud.items("TRACKING")

    assert take(notified("delivery", contact_id=ada, mailing_id=MAILING)) == []
    assert take(about("delivery", "999")) == []

    assert cloud.items("TRACKING") == before
    assert queued(cloud) == []


def test_a_bounce_after_erasure_brings_nobody_back(ada, cloud):
    """The address stays suppressed as a hash, and nothing names it or its owner."""
    assert erase(ACCOUNT_ID, ada)
    cloud.waiting("EVENTS")

    assert take(about("hard_bounce", ada)) == []
    work(cloud)

    assert suppressions.find(ACCOUNT_ID, ADDRESS)
    everything = repr([cloud.items(table) for table in ("CONTACTS", "RULES", "TRACKING")])
    assert "ada@signalbox" not in everything
    assert f"contact#{ada}" not in everything.replace("#erasures", "")


@pytest.mark.parametrize(
    "told",
    [
        ("sent", "delivery", "hard_bounce", "complaint"),
        ("delivery_delay", "soft_bounce", "delivery", "complaint"),
        KINDS,
    ],
)
def test_any_order_leaves_the_same(told, ada, account, cloud):
    """Each permutation, its first told twice: the same message, suppression and events."""
    notifications_ = {
        kind: about(kind, ada, after_s=number) for number, kind in enumerate(told, start=1)
    }
    results = set()
    orders = list(itertools.permutations(told))
    for order in orders[:: max(1, len(orders) // 12)]:
        clear(cloud, ada)
        for kind in (*order, order[0]):
            assert take(notifications_[kind]) == []
        left = standing(ada)
        found = suppressions.find(ACCOUNT_ID, ADDRESS)
        events = {(event.event_id, event.at_ms) for event in queued(cloud)}
        results.add(
            (
                left.state,
                left.delivered_ms,
                left.soft_bounce_ms,
                left.hard_bounce_ms,
                left.complaint_ms,
                found,
                frozenset(events),
            )
        )

    assert len(results) == 1


def clear(cloud, ada):
    """Put the message and the address back to where they were."""
    for table, word in (("CONTACTS", "suppression"), ("TRACKING", "message#")):
        for item in cloud.items(table):
            if item["sk"]["S"].startswith(word):
                key = {name: item[name] for name in ("pk", "sk")}
                aws.call(
                    "dynamodb",
                    "DeleteItem",
                    TableName=cloud.variables[f"{table}_TABLE"],
                    Key=key,
                )
    claim(ada)


def test_the_same_again_is_the_same_event(ada, cloud):
    """Delivered twice by the queue, it is one entry in the log."""
    body = about("delivery", ada)
    take(body, body)
    work(cloud)

    entries = [one for one in cloud.items("TRACKING") if one["sk"]["S"].startswith("change#")]
    assert len(entries) == 1


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems", "SendMessageBatch"])
def test_a_fault_of_aws_brings_back_what_it_hit(operation, ada, cloud, monkeypatch):
    """And nothing else; once AWS works again, everything is as it should be."""
    call, failing = aws.call, [True]

    def sometimes(service, name, **request):
        if failing and name == operation:
            raise AwsError("InternalServerError", "no", 500, {})
        return call(service, name, **request)

    monkeypatch.setattr(aws, "call", sometimes)
    bodies = [about("hard_bounce", ada), about("complaint", ada, after_s=2)]

    assert take(*bodies) == [0, 1]
    failing.clear()
    assert take(*bodies) == []

    assert {event.kind for event in queued(cloud)} == {"hard_bounce", "complaint"}
    assert suppressions.find(ACCOUNT_ID, ADDRESS).reason is SuppressionReason.COMPLAINT


def test_the_counts_say_what_came(ada, capsys):
    """One line of metrics a batch, without an address in it."""
    take(about("hard_bounce", ada), about("open", ada), about("delivery", "999"))

    printed = capsys.readouterr().out
    counted = json.loads(printed.splitlines()[-1])
    assert {
        "FeedbackReceived": 3,
        "FeedbackIgnored": 1,
        "FeedbackEngagement": 1,
        "FeedbackUnknown": 1,
        "AddressesSuppressed": 1,
    }.items() <= counted.items()
    assert "@" not in printed
