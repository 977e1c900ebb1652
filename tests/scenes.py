"""What actions need to do their work: a furnished account, and what comes of performing them."""

from typing import Any

from functions.dispatch import app as dispatch
from functions.track import app as track
from signalbox.containing import add_contact_to
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind
from signalbox.model.event import Event
from signalbox.model.field import Field
from signalbox.model.tag import Tag
from signalbox.people import change_contact
from signalbox.store import contact_tags, contacts, containers, dispatches, fields, lists, tags
from tests.cloud import Context, client, sqs_event
from tests.people import ACCOUNT_ID as A

PHONE = "+4930123456"
EMAILS, PHONES = ContainerKind.EMAIL_OPT_OUT_LIST, ContainerKind.PHONE_OPT_OUT_LIST
CAMPAIGN = ContainerKind.EMAIL_CAMPAIGN
CONTAINERS = {"2": EMAILS, "3": PHONES, "4": CAMPAIGN, "5": ContainerKind.SMS_CAMPAIGN}


class Scene:
    """An account whose rules have one action, and what came of performing it."""

    def __init__(self, account: Any, cloud: Any) -> None:
        self.account = account
        self.cloud = cloud
        self.due: list[str] = []

    @property
    def ada(self) -> Any:
        """Return the contact as it stands."""
        return contacts.fetch(A, self.account.ada.contact_id)

    def fire(self, *actions: dict[str, Any], **event: Any) -> list[tuple[str, str, str]]:
        """Let an event wake a rule with these actions; return kind, outcome and detail of each."""
        self.account.rule(*actions)
        self.wake(**event)
        self.perform()
        return self.outcomes()

    def wake(self, **event: Any) -> None:
        """Let an event wake the rules that there are."""
        happened = {
            "account_id": A,
            "event_id": "e1",
            "name": "download",
            "at_ms": 1_795_254_840_000,
            "received_ms": 1_795_254_840_500,
            "address": f"contact:{self.account.ada.contact_id}",
            "value": "a.pdf",
            "properties": {"price": 7, "mailer_id": "6"},
            "depth": 2,
        }
        track.handler(sqs_event([Event(**(happened | event)).to_wire()]), None)
        self.due = self.cloud.waiting("ACTIONS")

    def perform(self) -> None:
        """Deliver what is due to the worker."""
        answer = dispatch.handler(sqs_event(self.due), Context())
        assert {"batchItemFailures": []} == answer

    def perform_again(self) -> None:
        """Deliver it as if the first worker had died after the deed and before it wrote it down."""
        for record in self.records():
            key = dispatches.key(A, record.dispatch.dispatch_id)
            client("dynamodb").delete_item(
                TableName=self.cloud.variables["TRACKING_TABLE"],
                Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            )
        self.perform()

    def records(self) -> list[Any]:
        """Return what is kept of the dispatches, in the order of the actions."""
        found, _ = dispatches.of_contact(A, self.account.ada.contact_id)
        return sorted(found, key=lambda record: record.dispatch.action)

    def outcomes(self) -> list[tuple[str, str, str]]:
        """Return kind, outcome and detail of each action."""
        return [(one.kind, str(one.outcome), one.detail) for one in self.records()]


def furnish(account: Any, **facts: Any) -> None:
    """Give Ada a phone and these facts; make a container of each kind, a tag and a field."""
    change_contact(A, account.ada.contact_id, phone="+49 30 123456", **facts)
    lists.create(ContactList(A, "1", "News"))
    for container_id, kind in CONTAINERS.items():
        containers.create(Container(A, kind, container_id, "one"))
    tags.create(Tag(A, "8", "VIP"))
    fields.create(Field(A, "9", "Company", "COMPANY"))


def prepare(ada: Any, action: dict[str, Any]) -> None:
    """Let Ada be where an action is to take her away."""
    if action["kind"] == "remove_tag":
        contact_tags.add(A, ada.contact_id, "8", now_ms=1)
    elif action["kind"] == "remove_from_list":
        add_contact_to(A, ContainerKind.LIST, action["list_id"], ada)
    elif action["kind"].startswith("remove_"):
        container_id = action.get("list_id") or action["campaign_id"]
        add_contact_to(A, CONTAINERS[container_id], container_id, ada)
