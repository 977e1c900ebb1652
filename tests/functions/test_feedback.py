"""Feedback: what SES says marks the message, suppresses the address, and stands on the record."""

import itertools
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from functions.feedback import app as feedback
from functions.feedback import facts, notifications, pausing
from functions.feedback.notifications import CertificateUnreachableError
from signalbox import aws
from signalbox.awsjson import AwsError
from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome
from signalbox.model.event import Event
from signalbox.model.mailing import Limits, MailingState
from signalbox.model.message import Message, State
from signalbox.model.signature import public_key
from signalbox.model.suppression import SuppressionReason
from signalbox.people import erase
from signalbox.store import dispatches, mailing_counts, mailings, messages, suppressions
from tests.cloud import sqs_event
from tests.mailings import CAMPAIGN_ID, MAILING_ID, campaign, draft
from tests.people import ACCOUNT_ID, MAIL, work
from tests.ses import MAILING, TOPIC, certificate, envelope, notified, said
from tests.store.things import event

NOW = 1_795_254_840_000
ADDRESS = "email:ada@signalbox.example"
KINDS = ("sent", "delivery", "delivery_delay", "soft_bounce", "hard_bounce", "complaint")


@pytest.fixture(name="fetched", autouse=True)
def _fetched(monkeypatch):
    """SNS's certificate is that of the tests; the list says what was fetched."""
    urls = []

    def fetch(url):
        urls.append(url)
        return public_key(certificate())

    monkeypatch.setattr(notifications, "_fetched", fetch)
    forget()
    yield urls
    forget()


def forget():
    """Forget what a process would forget when it ends."""
    for module in (notifications, facts, pausing):
        module.forget()


@pytest.fixture(name="ada")
def _ada(account):
    """The id of a contact whom a mailing wrote to: its message is claimed, its mailing runs."""
    campaign()
    draft(state=MailingState.RUNNING, run=1, mailer_id="41", mode="personal")
    claim(account.ada.contact_id)
    return account.ada.contact_id


def claim(contact_id, mailing_id=MAILING_ID):
    """Claim the message to a contact; return the claim."""
    wish = Message(ACCOUNT_ID, mailing_id, contact_id, State.CLAIMED, "me", 1, NOW, mode="personal")
    messages.claim(wish, retry_run=0, expires=NOW)
    return wish


def standing(contact_id):
    """Return the message to a contact; None where there is none."""
    return messages.states_of(ACCOUNT_ID, MAILING_ID, [contact_id]).get(contact_id)


def take(*bodies):
    """Let the function take bodies of messages in; return the numbers of those that failed."""
    answer = feedback.handler(sqs_event(list(bodies)), None)
    return [int(one["itemIdentifier"][1:]) for one in answer["batchItemFailures"]]


def about(kind, contact_id, **more):
    """Return a notification about the message of the mailing."""
    return notified(kind, contact_id=contact_id, mailing_id=MAILING_ID, **more)


def queued(cloud):
    """Return the events that were queued."""
    return [Event.from_wire(body) for body in cloud.waiting("EVENTS")]


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


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "\x00",
        "[" * 50_000,
        envelope("{}", TopicArn=TOPIC + "-of-another"),
        envelope("{}", Type="SubscriptionConfirmation", SubscribeURL="https://evil.example/"),
        envelope("{}", SigningCertURL="https://evil.example/SimpleNotificationService-0.pem"),
        envelope("{}", SignatureVersion="1"),
        envelope("no JSON"),
        envelope('{"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}'),
    ],
)
def test_what_cannot_be_read_or_is_not_ours_comes_back(body, ada, cloud, fetched, capsys):
    """So it ends on the dead-letter queue; the good ones beside it are done."""
    assert take(about("delivery", ada), body, about("complaint", ada)) == [1]

    assert {event.kind for event in queued(cloud)} == {"delivery", "complaint"}
    assert all(url.startswith("https://sns.us-east-1.amazonaws.com/") for url in fetched)
    assert "feedback refused" in capsys.readouterr().out


def test_a_forged_signature_is_refused(ada, cloud):
    """Whoever could write to the queue could not speak for SES."""
    forged = json.loads(about("hard_bounce", ada)) | {
        "Message": json.dumps(said("hard_bounce", contact_id=ada, email="bob@signalbox.example"))
    }

    assert take(json.dumps(forged)) == [0]

    assert suppressions.find(ACCOUNT_ID, "email:bob@signalbox.example") is None


def test_the_greeting_of_ses_is_done_with(account):
    assert take(envelope("Successfully validated SNS topic for Amazon SES event publishing.")) == []


def test_the_certificate_is_fetched_once(ada, fetched):
    take(about("sent", ada), about("delivery", ada))
    take(about("complaint", ada))

    assert len(fetched) == 1


def test_without_the_certificate_nothing_is_decided(ada, cloud, monkeypatch):
    """SNS does not answer: the feedback comes again."""

    def fail(_url):
        raise CertificateUnreachableError("no answer")

    monkeypatch.setattr(notifications, "_fetched", fail)

    assert take(about("delivery", ada)) == [0]
    assert queued(cloud) == []


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


# The certificate


class Sns(BaseHTTPRequestHandler):
    """Serves a certificate where SNS would."""

    def do_GET(self):
        """Answer with the certificate, or as the path says."""
        status = 404 if "404" in self.path else 200
        body = b"nonsense" if "bad" in self.path else certificate().encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(name="sns")
def _sns(monkeypatch):
    """Where certificates lie on this machine, as an operator may say."""
    monkeypatch.undo()
    with HTTPServer(("127.0.0.1", 0), Sns) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_certificate_is_fetched_and_read(sns):
    found = notifications._fetched(f"{sns}/SimpleNotificationService-0.pem")

    assert found == public_key(certificate())


@pytest.mark.parametrize("name", ["404.pem", "bad.pem"])
def test_what_is_no_certificate_is_unreachable(sns, name):
    """It may be there later."""
    with pytest.raises(CertificateUnreachableError):
        notifications._fetched(f"{sns}/{name}")


def test_nobody_there_is_unreachable(sns):
    host, _, _ = sns.rpartition(":")

    with pytest.raises(CertificateUnreachableError):
        notifications._fetched(f"{host}:1/SimpleNotificationService-0.pem")


# Pausing


@pytest.fixture(name="counted")
def _counted(monkeypatch):
    """What the counters say; they are another function's."""
    numbers = {}
    monkeypatch.setattr(mailing_counts, "totals", lambda *_: numbers)
    return numbers


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"delivered": 480, "hard_bounced": 19}, ""),  # not 500 yet
        ({"delivered": 490, "hard_bounced": 9, "soft_bounced": 1}, ""),
        ({"delivered": 490, "hard_bounced": 10}, "hard bounces"),
        ({"delivered": 2000, "complained": 1}, ""),
        ({"delivered": 2000, "complained": 2}, "complaints"),
    ],
)
def test_a_mailing_pauses_itself_where_too_much_comes_back(numbers, reason, ada, counted):
    """At 2 % hard bounces or 0.08 % complaints of what arrived or bounced, after 500."""
    counted.update(numbers)

    take(about("delivery", ada))

    mailing = mailings.fetch(ACCOUNT_ID, MAILING_ID)
    expected = MailingState.PAUSED if reason else MailingState.RUNNING
    assert mailing.state is expected
    assert reason in mailing.pause_reason


def test_the_limits_are_the_mailings_own(account, counted):
    """0 is none."""
    campaign()
    draft(
        state=MailingState.RUNNING, run=1, limits=Limits(hard_bounce_percent=0, complaint_percent=0)
    )
    claim(account.ada.contact_id)
    counted.update(delivered=500, hard_bounced=500, complained=500)

    take(about("delivery", account.ada.contact_id))

    assert mailings.fetch(ACCOUNT_ID, MAILING_ID).state is MailingState.RUNNING


def test_a_mailing_is_looked_at_once_in_a_while(ada, counted, monkeypatch):
    """Not with every batch; but again after some seconds, for the counters come later."""
    clock = [1000.0]
    monkeypatch.setattr(pausing.time, "monotonic", lambda: clock[0])
    take(about("delivery", ada))
    counted.update(delivered=500, hard_bounced=100)

    take(about("hard_bounce", ada))
    assert mailings.fetch(ACCOUNT_ID, MAILING_ID).state is MailingState.RUNNING
    clock[0] += pausing.EVERY_S
    take(about("hard_bounce", ada))
    assert mailings.fetch(ACCOUNT_ID, MAILING_ID).state is MailingState.PAUSED


def test_a_mailing_that_cannot_be_looked_at_holds_nothing_up(ada, cloud, monkeypatch, capsys):
    """The feedback is taken in; the next looks again."""

    def fail(*_):
        raise AwsError("InternalServerError", "no", 500, {})

    monkeypatch.setattr(mailing_counts, "totals", fail)

    assert take(about("delivery", ada)) == []
    assert "mailing not looked at" in capsys.readouterr().out
    assert [event.kind for event in queued(cloud)] == ["delivery"]


def test_the_topic_is_asked_of_the_environment(account):
    assert environment().feedback_topic_arn == TOPIC
