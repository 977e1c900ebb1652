"""A list that the public can sign up to, and what the public does with it."""

import email
import re
from datetime import UTC, datetime
from urllib.parse import urlencode

from functions.subscribe import app
from signalbox.model.contact_list import ContactList
from signalbox.model.membership import Subscription
from signalbox.store import contacts, lists, memberships
from tests.cloud import Context, http_event

FORM = "application/x-www-form-urlencoded"
ACTIVE, UNSUBSCRIBED = Subscription.ACTIVE, Subscription.UNSUBSCRIBED
UNCONFIRMED = Subscription.UNCONFIRMED
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Desk:
    """A list, and what the public does with it."""

    def __init__(self, account, cloud, **changes) -> None:
        self.account_id = account.account_id
        self.account, self.cloud = account, cloud
        wanted = {"list_id": "77", "name": "News", "double_opt_in": True} | changes
        self.list = ContactList(account_id=self.account_id, **wanted)
        lists.create(self.list)
        self.path = f"/subscribe/{self.list.public_id}"

    def ask(self, method, path="", body=None, kind=FORM) -> dict:
        """Make a request of the public."""
        event = http_event(method, path or self.path, headers={"content-type": kind}, body=body)
        return app.handler(event, Context())

    def sign_up(self, address="eve@signalbox.example", **fields) -> dict:
        """Send the form."""
        return self.ask("POST", body=urlencode({"email": address, **fields}))

    def links(self) -> list[str]:
        """Return the paths of the links that were mailed, oldest first."""
        found = []
        for raw in self.cloud.mails():
            text = email.message_from_string(raw).get_payload(0).get_payload(decode=True).decode()
            found.append(re.search(r"https://api\.example(/subscribe/confirm/\S+)", text)[1])
        return found

    def membership(self, address="eve@signalbox.example"):
        """Return the membership of the contact of this address; None where there is none."""
        contact_id = contacts.id_at(self.account_id, f"email:{address}")
        return contact_id and memberships.find(self.account_id, contact_id, self.list.list_id)

    def status(self, address="eve@signalbox.example"):
        """Return the status of the contact of this address."""
        found = self.membership(address)
        return found.status if found else None

    def tables(self) -> list:
        """Return everything that is stored."""
        return [self.cloud.items(name) for name in ("CONTACTS", "RULES", "TRACKING")]

    def unsubscribe(self, address="eve@signalbox.example") -> None:
        """Let the account note an opt-out."""
        contact_id = contacts.id_at(self.account_id, f"email:{address}")
        body = {"contact": contact_id, "list": self.list.list_id, "status": 2}
        assert self.account.call("POST", "/api/3/contactLists", {"contactList": body})[0] < 300
