"""Feedback, broken at every call that it makes, and then brought again by the queue."""

import json
import re
from copy import deepcopy

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from functions.feedback import app as feedback
from functions.feedback import facts, notifications, pausing
from signalbox.model.dispatch import Dispatch, DispatchRecord, Outcome
from signalbox.model.mailing import MailingState
from signalbox.model.message import Message, State
from signalbox.model.signature import public_key
from signalbox.store import dispatches, messages, table
from tests.cloud import REGION, Cloud, empty_cloud, forget, sqs_event
from tests.faults import sites
from tests.faults.enumerator import Break, Death, Enumerator, enumerated
from tests.faults.world import event
from tests.mailings import ACCOUNT_ID, MAILING_ID, campaign, draft
from tests.people import settle
from tests.ses import certificate, notified

SCENARIO = "feedback"
TABLES = ("CONTACTS", "RULES", "TRACKING")
HASH = re.compile(r"[0-9a-f]{64}")
CASES = [
    pytest.param(site, mode, id=f"{site}-{mode}")
    for site in sites.known().get(SCENARIO, [])
    for mode in sites.telling_modes(site)
]


class Post:
    """Notifications that wait, and whoever takes them in; the mailing has bounced too much."""

    def __init__(self, cloud: Cloud, calls: Enumerator) -> None:
        self.cloud, self.calls = cloud, calls
        ada = settle().ada.contact_id
        campaign()
        draft(state=MailingState.RUNNING, run=1, mode="personal")
        wish = Message(ACCOUNT_ID, MAILING_ID, ada, State.CLAIMED, "me", 1, 1, mode="personal")
        messages.claim(wish, retry_run=0, expires=1)
        of_ada = {"contact_id": ada, "mailing_id": MAILING_ID}
        of_nobody = {"contact_id": "", "mailing_id": "", "email": "gone@signalbox.example"}
        of_rules = [
            {"contact_id": ada, "mailing_id": "", "dispatch_id": self.left(ada, number, outcome)}
            for number, outcome in enumerate((Outcome.UNCERTAIN, Outcome.CLAIMED))
        ]
        self.bodies = [
            notified("delivery", **of_ada),
            notified("sent", **of_ada),
            notified("hard_bounce", **of_ada, after_s=2),
            notified("complaint", **of_nobody),
            *(notified("sent", **one) for one in of_rules),
        ]
        self.kept = {name: deepcopy(self.table(name).items) for name in TABLES}

    def left(self, contact_id: str, number: int, outcome: Outcome) -> str:
        """Let a worker have left a rule's mail like that; return the dispatch's id."""
        due = Dispatch(contact_id, "1", 1, 0, event(number))
        record = DispatchRecord(due, "send_email", outcome, "dead", 1, 1)
        dispatches.claim(record, now_ms=1, repeatable=True)
        return due.dispatch_id

    def table(self, name):
        """Return moto's own table."""
        where = self.cloud.variables[f"{name}_TABLE"]
        return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[where]

    def run(self, fault: Break | None = None) -> tuple[list[str], set[str]]:
        """Deliver what waits until it is done; return what is stored and what was queued."""
        for name, items in self.kept.items():
            self.table(name).items = deepcopy(items)
        self.end()
        self.calls.begin(fault)
        waiting = list(self.bodies)
        for _ in range(5):
            waiting = self.deliver(waiting)
            if not waiting:
                break
        assert waiting == []
        return self.stored(), set(self.cloud.waiting("EVENTS"))

    def deliver(self, bodies: list[str]) -> list[str]:
        """Hand the function a batch; return what is to come again."""
        self.calls.function = "feedback"
        try:
            answer = feedback.handler(sqs_event(bodies), None)
        except Death:
            self.end()
            return bodies
        finally:
            self.calls.function, self.calls.dead = "", False
        pausing.forget()  # the mailing is due to be looked at again
        failed = [int(one["itemIdentifier"][1:]) for one in answer["batchItemFailures"]]
        return [bodies[number] for number in failed]

    def end(self) -> None:
        """Forget what a process knew."""
        forget()
        for module in (notifications, facts, pausing):
            module.forget()

    def stored(self) -> list[str]:
        """Return every item, without what chance put there."""
        items = [item for name in TABLES for item in self.cloud.items(name)]
        return sorted(HASH.sub("<random>", json.dumps(item, sort_keys=True)) for item in items)


@pytest.fixture(scope="module", name="post")
def _post(_mocked_aws):
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        empty_cloud(monkeypatch) as cloud,
        enumerated(monkeypatch) as calls,
    ):
        monkeypatch.setattr(notifications, "_fetched", lambda _url: public_key(certificate()))
        monkeypatch.setattr(pausing, "reason_to_pause", lambda *_, **__: "too many bounces")
        monkeypatch.setattr(table, "sleep", lambda _seconds: None)
        yield Post(cloud, calls)
        forget()


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(post):
    """What is left, and the calls that are made, when nothing goes wrong."""
    left = post.run()
    return left, list(post.calls.calls)


def test_every_call_site_is_enumerated(undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    sites.check(SCENARIO, [call.site for call in undisturbed[1]])


def test_everything_that_feedback_does_is_done(undisturbed):
    """Marked, settled, suppressed, paused, and told to the rules."""
    stored, queued = undisturbed[0]
    everything = "\n".join(stored)

    assert {"sent", "delivery", "hard_bounce"} == {json.loads(one)["kind"] for one in queued}
    assert 2 == everything.count('"sk": {"S": "suppression"}')
    assert "hard_bounce_ms" in everything
    assert 1 == everything.count('"told": {"S": "ses-1"}')
    assert '"outcome": {"S": "uncertain"}' not in everything
    assert "too many bounces" in everything
    assert "gone@signalbox" not in everything


@pytest.mark.parametrize(("site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(site, mode, post, undisturbed):
    """After redelivery everything is as if nothing had happened.

    A mailing that could not be paused pauses with the next feedback.
    """
    (stored, queued), calls = undisturbed
    first = {str(call.site): number for number, call in reversed([*enumerate(calls)])}

    left, told = post.run(Break(first[site], mode, seed=first[site]))
    if left != stored:
        post.deliver([post.bodies[0]])
        left = post.stored()

    assert stored == left
    assert queued == told
