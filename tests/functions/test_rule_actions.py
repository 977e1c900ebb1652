"""Actions of rules as they are sent: every kind, and what is refused."""

import pytest
from pydantic import TypeAdapter

from functions.admin.rule_actions import AnyAction, action_from
from signalbox.model import action as model
from signalbox.model.action import KINDS, kind_of, stored_action
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.errors import InvalidError
from signalbox.model.field import Field
from signalbox.model.mailer import Mailer
from signalbox.model.placeholder import KNOWN
from signalbox.model.tag import Tag
from signalbox.store import accounts, containers, fields, lists, mailers, tags
from tests.store.things import A, account

SENT = TypeAdapter(AnyAction)
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:signalbox-thank"
PING = {"kind": "ping_url", "url": "https://t.example/a?who={email}&c={fields.COMPANY}"}
POST = PING | {"method": "POST", "body": '{"a": "{first_name}", "b": {event.properties.x}}'}


@pytest.fixture(name="setup", autouse=True)
def _setup(cloud):
    """An account with a list, opt-out lists, campaigns, a group, a mailer, a tag and a field."""
    accounts.create(account())
    lists.create(ContactList(A, "1", "News"))
    for container_id, kind in (
        ("2", ContainerKind.EMAIL_OPT_OUT_LIST),
        ("3", ContainerKind.PHONE_OPT_OUT_LIST),
        ("4", ContainerKind.EMAIL_CAMPAIGN),
        ("5", ContainerKind.SMS_CAMPAIGN),
    ):
        containers.create(Container(A, kind, container_id, "one"))
    group = Container(A, ContainerKind.EMAIL_OPT_OUT_LIST, "6", "all", grouped=True, members=("2",))
    containers.create(group)
    mailers.create(Mailer(A, "7", "Post"))
    tags.create(Tag(A, "8", "VIP"))
    fields.create(Field(A, "9", "Company", "COMPANY"))


def made(sent: dict, account_id: str = A):
    """Return the action that comes of what was sent."""
    return action_from(SENT.validate_python(sent), "actions.0", account_id)


def case(one) -> str:
    """Name a case by its kind."""
    return one["kind"] if isinstance(one, dict) else ""


WRITTEN = [
    (PING, model.PingUrl(url=PING["url"])),
    (
        POST | {"headers": {"X-Who": "{full_name}"}},
        model.PingUrl(
            PING["url"], "POST", {"X-Who": "{full_name}"}, POST["body"], "application/json"
        ),
    ),
    (
        PING | {"method": "POST", "body": "a={email}", "content_type": "text/plain"},
        model.PingUrl(PING["url"], "POST", {}, "a={email}", "text/plain"),
    ),
    (
        {"kind": "webhook", "url": "https://t.example/in", "headers": {"x-a": "b"}},
        model.CallWebhook("https://t.example/in", {"x-a": "b"}),
    ),
    (
        {"kind": "send_email", "subject": "Hi", "text": "Hi", "respect_opt_outs": False},
        model.SendEmail("Hi", text="Hi", respect_opt_outs=False),
    ),
    ({"kind": "send_sms", "text": "Hi %FIRSTNAME%"}, model.SendSms("Hi %FIRSTNAME%")),
    (
        {"kind": "notify", "to": " Box@x.example", "subject": "New", "text": "%EMAIL%"},
        model.Notify("Box@x.example", "New", "%EMAIL%"),
    ),
    ({"kind": "add_to_list", "list_id": "1", "mailer_id": "7"}, model.AddToList("1", "7")),
    ({"kind": "remove_from_list", "list_id": "1"}, model.RemoveFromList("1")),
    (
        {"kind": "add_to_opt_out_list", "list_id": "2"},
        model.AddToOptOutList("2", "email_opt_out_list"),
    ),
    (
        {"kind": "remove_from_opt_out_list", "list_id": "3", "mailer_id": "7"},
        model.RemoveFromOptOutList("3", "phone_opt_out_list", "7"),
    ),
    ({"kind": "add_to_campaign", "campaign_id": "4"}, model.AddToCampaign("4", "email_campaign")),
    (
        {"kind": "remove_from_campaign", "campaign_id": "5"},
        model.RemoveFromCampaign("5", "sms_campaign"),
    ),
    ({"kind": "add_tag", "tag_id": "8"}, model.AddTag("8", "VIP")),
    ({"kind": "add_tag", "tag": " vip "}, model.AddTag("8", "VIP")),
    ({"kind": "remove_tag", "tag": "vip"}, model.RemoveTag("8", "VIP")),
    ({"kind": "set_field", "field": "COMPANY", "value": "x"}, model.SetField("COMPANY", "x")),
    ({"kind": "set_field", "field": "first_name"}, model.SetField("first_name")),
    (
        {"kind": "record_event", "name": "thanked", "properties": {"a": ["%EMAIL%"]}},
        model.RecordEvent("thanked", "", {"a": ["%EMAIL%"]}),
    ),
    (
        {"kind": "put_event", "bus": "orders", "detail_type": "bought"},
        model.PutEvent("orders", "signalbox", "bought"),
    ),
    ({"kind": "start_execution", "state_machine_arn": MACHINE}, model.StartExecution(MACHINE)),
]


@pytest.mark.parametrize(("sent", "action"), WRITTEN, ids=case)
def test_an_action_is_what_was_sent_and_can_be_sent_as_it_is_shown(sent, action):
    assert action == made(sent)
    assert action == made(stored_action(action))


def test_an_events_name_is_kept_as_events_come_in():
    """Without the spaces around it, or no rule on the name would hear of the event."""
    sent = TypeAdapter(AnyAction).validate_python({"kind": "record_event", "name": " followed "})

    action = action_from(sent, "actions.0", A)

    assert model.RecordEvent(name="followed") == action


def test_every_kind_can_be_sent():
    assert set(KINDS) == {kind_of(action) for _, action in WRITTEN}


@pytest.mark.parametrize("kind", ["add_tag", "remove_tag"])
def test_a_tag_is_made_where_there_is_none(kind):
    action = made({"kind": kind, "tag": "New one"})

    assert (action.tag_id, "New one") == (tags.find_named(A, "new ONE").tag_id, action.tag)


REFUSED = [
    (PING | {"url": "https://t.example/{emial}"}, "url"),
    (PING | {"url": "https://t.example/{fields.NOBODY}"}, "url"),
    (PING | {"url": "https://{email}.example/"}, "url"),
    (PING | {"url": "https://t.example:{list_id}/"}, "url"),
    (PING | {"url": "{event.value}://t.example/"}, "url"),
    (PING | {"url": "http://169.254.169.254/latest"}, "url"),
    (PING | {"url": "http://[half"}, "url"),
    (PING | {"headers": {"X-A": "{nobody}"}}, "headers.X-A"),
    (PING | {"headers": {"Signalbox-Dispatch-Id": "1"}}, "headers.Signalbox-Dispatch-Id"),
    (PING | {"headers": {"Content-Type": "text/plain"}}, "headers.Content-Type"),
    (PING | {"headers": {"Host": "x"}}, "headers.Host"),
    (PING | {"headers": {"X-A": "a\r\nB: c"}}, "headers.X-A"),
    (PING | {"body": "x"}, "body"),
    (POST | {"body": "{nobody}"}, "body"),
    (POST | {"body": '{"a": {email}'}, "body"),
    ({"kind": "webhook", "url": "http://127.0.0.1/in"}, "url"),
    ({"kind": "send_email", "subject": "Hi"}, "text"),
    ({"kind": "send_email", "subject": "Hi", "text": "Hi", "sender": "nobody"}, "sender"),
    ({"kind": "send_sms", "text": "  "}, "text"),
    ({"kind": "notify", "to": "nobody", "subject": "a", "text": "b"}, "to"),
    ({"kind": "add_to_list", "list_id": "2"}, "list_id"),
    ({"kind": "add_to_list", "list_id": "1", "mailer_id": "1"}, "mailer_id"),
    ({"kind": "add_to_opt_out_list", "list_id": "1"}, "list_id"),
    ({"kind": "add_to_opt_out_list", "list_id": "6"}, "list_id"),
    ({"kind": "add_to_campaign", "campaign_id": "2"}, "campaign_id"),
    ({"kind": "add_tag"}, "tag"),
    ({"kind": "add_tag", "tag_id": "1"}, "tag_id"),
    ({"kind": "set_field", "field": "NOBODY"}, "field"),
    ({"kind": "set_field", "field": "email"}, "field"),
    ({"kind": "record_event", "name": "  "}, "name"),
    ({"kind": "record_event", "name": "a", "properties": {"a": "x" * 40_000}}, "properties"),
    ({"kind": "put_event", "source": "aws.ec2"}, "source"),
]


@pytest.mark.parametrize(("sent", "field"), REFUSED)
def test_what_can_never_be_performed_is_refused_by_its_field(sent, field):
    with pytest.raises(InvalidError) as raised:
        made(sent)

    assert f"actions.0.{field}" == raised.value.field


def test_who_names_an_unknown_placeholder_is_told_the_known_ones():
    with pytest.raises(InvalidError) as raised:
        made(PING | {"url": "https://t.example/{emial}"})

    assert all(f"{{{name}}}" in raised.value.message for name in KNOWN)


def test_who_names_a_group_is_told_its_lists():
    with pytest.raises(InvalidError, match="choose one of them: 2"):
        made({"kind": "add_to_opt_out_list", "list_id": "6"})


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "add_to_list", "list_id": "1"},
        {"kind": "add_to_opt_out_list", "list_id": "2"},
        {"kind": "add_to_campaign", "campaign_id": "4"},
        {"kind": "remove_tag", "tag_id": "8"},
        {"kind": "set_field", "field": "COMPANY"},
        PING,
    ],
)
def test_what_another_account_has_does_not_exist(sent):
    with pytest.raises(InvalidError):
        made(sent, "200000002")
