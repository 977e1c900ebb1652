"""An address that opts out, bounces or complains, and is somebody else's before that is worked on."""

import pytest

from functions.dispatch import app as dispatch
from functions.feedback import app as feedback
from functions.feedback import notifications
from signalbox import containing
from signalbox.channels import outbound
from signalbox.model.container import ContainerKind
from signalbox.model.retries import Answer
from signalbox.model.signature import public_key
from signalbox.people import add_contact, change_contact, erase
from signalbox.store import contacts, container_memberships, dispatches
from tests.cloud import Context, sqs_event
from tests.people import work
from tests.ses import certificate, notified
from tests.streams import Stream, flow

OLD, NEW = "ada@signalbox.example", "ada@new.example"
TAG = {"kind": "add_tag", "tag": "woken"}
LIST = ContainerKind.EMAIL_OPT_OUT_LIST
PARTNER = "https://partner.example/opt-out?address={event.properties.address}"


class Town:
    """An account with an opt-out list, and what comes of changes there."""

    def __init__(self, account, cloud):
        self.account, self.cloud, self.stream = account, cloud, Stream(cloud)
        body = {"name": "No mail"}
        self.list_id = account.call("POST", "/api/email-opt-out-lists", body)[1]["container_id"]
        self.ada = account.ada.contact_id

    def rule(self, action, trigger="contact_added"):
        """Put a rule at the list."""
        at = {"level": LIST, "container_id": self.list_id, "trigger": trigger}
        self.account.rule(action, trigger_settings={}, **at)

    def opt_out(self):
        """Put the address that Ada has on the list."""
        ada = contacts.fetch(self.account.account_id, self.ada)
        containing.add_contact_to(self.account.account_id, LIST, self.list_id, ada)

    def opt_in(self, email):
        """Take an address off the list."""
        path = f"/api/email-opt-out-lists/{self.list_id}/contacts/delete"
        assert 200 == self.account.call("POST", path, {"contacts": [{"email": email}]})[0]

    def move(self, email=NEW):
        """Give Ada another address."""
        change_contact(self.account.account_id, self.ada, email=email)

    def flow(self):
        """Let changes cause what follows from them."""
        flow(self.cloud, self.stream)

    def woken(self, contact_id):
        """Return the outcomes of what rules did for a contact."""
        found, _ = dispatches.of_contact(self.account.account_id, contact_id)
        return [str(one.outcome) for one in found]

    def told(self, contact_id):
        """Return kind and address of the opt-outs on a contact's record."""
        path = f"/api/contacts/{contact_id}/activities"
        events = self.account.call("GET", path)[1]["events"]
        return [
            (one["kind"], one["properties"]["address"])
            for one in events
            if one["properties"].get("container") == LIST
        ]

    def dropped(self):
        """Return the dropped events."""
        return self.account.call("GET", "/api/dropped-events")[1]["dropped_events"]

    def is_out(self, email):
        """Tell whether an address is on the list."""
        out = container_memberships.opt_outs(self.account.account_id, f"email:{email}")
        return out == [self.list_id]


@pytest.fixture(name="town")
def _town(account, cloud, monkeypatch):
    monkeypatch.setattr(notifications, "_fetched", lambda _url: public_key(certificate()))
    notifications.forget()
    yield Town(account, cloud)
    notifications.forget()


def test_an_opt_out_is_of_who_had_the_address_then(town):
    """Who takes the address over before the event is worked on has not opted out."""
    town.rule(TAG)
    town.opt_out()
    town.move()
    bob = add_contact(town.account.account_id, email=OLD)

    town.flow()

    assert ["done"] == town.woken(town.ada)
    assert [("contact_added", OLD)] == town.told(town.ada)
    assert ([], []) == (town.woken(bob.contact_id), town.told(bob.contact_id))


def test_the_end_of_an_opt_out_is_of_who_left_the_address_behind(town):
    town.rule(TAG, trigger="opt_in")
    town.opt_out()
    town.move()
    town.flow()

    town.opt_in(OLD)
    town.flow()

    assert ["done"] == town.woken(town.ada)
    assert [("contact_deleted", OLD), ("contact_added", OLD)] == town.told(town.ada)


def test_the_end_of_an_opt_out_is_of_who_has_the_address(town):
    """Who wants mail again is the one who reads it, not the one who opted out long ago."""
    town.rule(TAG, trigger="opt_in")
    town.opt_out()
    town.move()
    bob = add_contact(town.account.account_id, email=OLD)
    town.flow()

    town.opt_in(OLD)
    town.flow()

    assert ["done"] == town.woken(bob.contact_id)
    assert [("contact_deleted", OLD)] == town.told(bob.contact_id)
    assert [("contact_added", OLD)] == town.told(town.ada)


def test_an_opt_out_of_whom_nobody_knows_any_more_is_dropped_without_the_address(town, cloud):
    """It can be seen that it was, and nothing of who was erased."""
    town.opt_out()
    assert erase(town.account.account_id, town.ada)

    town.flow()

    (dropped,) = town.dropped()
    assert ("contact_added", "unknown_contact") == (dropped["name"], dropped["reason"])
    assert town.list_id == dropped["properties"]["list_id"]
    assert not any(OLD in str(item) for item in cloud.items("TRACKING"))


def test_an_erasure_takes_the_address_of_an_opt_out_with_it(town, cloud):
    """It stands on the contact's record and in what rules were to do, and goes with both."""
    town.rule({"kind": "ping_url", "url": PARTNER})
    town.opt_out()
    town.flow()
    assert any(OLD in str(item) for item in cloud.items("TRACKING"))

    assert erase(town.account.account_id, town.ada)

    assert not any(OLD in str(item) for item in cloud.items("TRACKING"))


def test_a_partner_hears_of_the_address_that_opted_out(town, cloud, monkeypatch):
    """Also at the second try, when the contact has another by then."""
    urls = []

    def request(_method, url, **_more):
        urls.append(url)
        return Answer(status=503 if len(urls) == 1 else 200)

    monkeypatch.setattr(outbound, "request", request)
    town.rule({"kind": "ping_url", "url": PARTNER})
    town.opt_out()
    town.flow()
    town.move()
    (schedule,) = cloud.schedules()
    dispatch.handler(sqs_event([schedule["Target"]["Input"]]), Context())

    assert [PARTNER.partition("{")[0] + "ada%40signalbox.example"] * 2 == urls


@pytest.mark.parametrize("kind", ["hard_bounce", "soft_bounce", "complaint"])
@pytest.mark.parametrize("is_taken", [False, True])
def test_late_feedback_opts_out_the_address_that_it_is_about(town, cloud, kind, is_taken):
    """A contact who has a good address by now keeps it; the old one is out, whoever has it."""
    action = {"kind": "add_to_opt_out_list", "list_id": town.list_id}
    town.account.rule(action, trigger=kind, trigger_settings={})
    town.move()
    if is_taken:
        add_contact(town.account.account_id, email=OLD)

    body = notified(kind, contact_id=town.ada, mailing_id="")
    assert feedback.handler(sqs_event([body]), None) == {"batchItemFailures": []}
    work(cloud)

    assert ["done"] == town.woken(town.ada)
    assert (True, False) == (town.is_out(OLD), town.is_out(NEW))


def test_a_rule_ends_the_opt_out_of_the_event_s_address(town):
    """As for one list that follows another."""
    other = town.account.call("POST", "/api/email-opt-out-lists", {"name": "B"})[1]["container_id"]
    town.rule({"kind": "remove_from_opt_out_list", "list_id": other}, trigger="opt_in")
    ada = contacts.fetch(town.account.account_id, town.ada)
    for list_id in (town.list_id, other):
        containing.add_contact_to(town.account.account_id, LIST, list_id, ada)
    town.move()
    town.flow()

    town.opt_in(OLD)
    town.flow()

    assert [] == container_memberships.opt_outs(town.account.account_id, f"email:{OLD}")


def test_a_test_run_shows_the_address_that_would_opt_out(town):
    town.rule({"kind": "ping_url", "url": PARTNER})
    rule_id = town.account.call("GET", "/api/rules")[1]["rules"][0]["rule_id"]

    path, body = f"/api/rules/{rule_id}/test", {"contact_id": town.ada}
    answer = town.account.call("POST", path, body)[1]

    assert "address=ada%40signalbox.example" in str(answer)


def disabled_mailer(account):
    """Return the id of a mailer that may add nobody."""
    mailer_id = account.call("POST", "/api/mailers", {"name": "Acme"})[1]["mailer_id"]
    account.call("PATCH", f"/api/mailers/{mailer_id}", {"status": "disabled"})
    return mailer_id


def test_an_opt_out_in_the_name_of_a_disabled_mailer_holds(town):
    """By API and by a rule: whoever heard the person say it, it was said."""
    mailer_id = disabled_mailer(town.account)
    action = {"kind": "add_to_opt_out_list", "mailer_id": mailer_id}
    other = town.account.call("POST", "/api/email-opt-out-lists", {"name": "B"})[1]["container_id"]
    town.rule(action | {"list_id": other})

    body = {"contacts": [{"email": OLD}], "mailer_id": mailer_id}
    path = f"/api/email-opt-out-lists/{town.list_id}/contacts"
    assert 200 == town.account.call("POST", path, body)[0]
    town.flow()

    out = container_memberships.opt_outs(town.account.account_id, f"email:{OLD}")
    assert sorted([town.list_id, other]) == sorted(out)


@pytest.mark.parametrize("where", ["lists", "email-campaigns"])
def test_a_disabled_mailer_adds_nobody_to_lists_and_campaigns(town, where):
    mailer_id = disabled_mailer(town.account)
    held = town.account.call("POST", f"/api/{where}", {"name": "A"})[1]["container_id"]

    body = {"contacts": [{"email": OLD}], "mailer_id": mailer_id}
    status, answer = town.account.call("POST", f"/api/{where}/{held}/contacts", body)

    assert (422, "mailer_id") == (status, answer["errors"][0]["field"])
