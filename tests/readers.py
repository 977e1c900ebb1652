"""A reader of a mailing, and what she does with the link to her own page."""

import base64
from dataclasses import replace
from urllib.parse import urlencode

from functions.subscribe import app
from signalbox.environment import environment
from signalbox.model.contact_list import ContactList
from signalbox.model.mailing import MailingState
from signalbox.model.membership import Subscription
from signalbox.model.message import Message, State, Verdict
from signalbox.model.tracking_permission import Answer, Permission
from signalbox.model.tracking_token import KeyRing, Token, TokenKind, signed
from signalbox.store import contacts, lists, mailings, memberships, messages, table, unsubscribes
from tests.cloud import TOKEN_KEYS, Context, http_event
from tests.hits import MAILING
from tests.people import ACCOUNT_ID

RING = KeyRing.from_text(TOKEN_KEYS)
FORM = "application/x-www-form-urlencoded"
ONE_CLICK = "List-Unsubscribe=One-Click"
MAILING_ID = "1795254840000123"
ADDRESS = "email:ada@signalbox.example"
ACTIVE, UNSUBSCRIBED = Subscription.ACTIVE, Subscription.UNSUBSCRIBED
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NOW = 1_795_254_840_000
MULTIPART = (
    '--b0und\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    "--b0und--\r\n"
)


class Reader:
    """Ada, on the lists News and Offers, and what she does with the link in a mail to News."""

    def __init__(self, account, cloud) -> None:
        self.account, self.cloud = account, cloud
        self.contact_id = account.ada.contact_id
        for list_id, name in (("77", "News"), ("78", "Offers <b>")):
            lists.create(ContactList(ACCOUNT_ID, list_id, name))
            memberships.subscribe(ACCOUNT_ID, self.contact_id, list_id, now_ms=NOW)
        self.mailed("77")

    def mailed(self, *list_ids: str) -> None:
        """Write a mailing to lists, and its message to Ada."""
        running = MailingState.RUNNING
        mailing = replace(MAILING, mailing_id=MAILING_ID, state=running, lists=list_ids)
        table.put(environment().rules_table, mailings._item(mailing))
        wish = Message(ACCOUNT_ID, MAILING_ID, self.contact_id, State.CLAIMED, "me", 1, NOW)
        verdict, _ = messages.claim(wish, retry_run=0, expires=NOW // 1000 + 86_400)
        if verdict is Verdict.TAKEN:
            messages.settle(replace(wish, state=State.SENT, sent_ms=NOW, changed_ms=NOW))

    def path(self, **changes) -> str:
        """Return the path of Ada's page, as the mail has it."""
        token = Token(TokenKind.PERSON, ACCOUNT_ID, MAILING_ID, self.contact_id)
        return f"/u/{signed(token._replace(**changes), RING)}"

    def ask(self, method="GET", body=None, *, path="", kind=FORM, binary=False) -> dict:
        """Make a request without a key or a cookie."""
        event = http_event(method, path or self.path(), headers={"content-type": kind}, body=body)
        if binary:
            encoded = base64.b64encode(body.encode()).decode()
            event |= {"body": encoded, "isBase64Encoded": True}
        return app.handler(event, Context())

    def page(self, **options) -> str:
        """Return Ada's page; fail unless it is shown."""
        answer = self.ask(**options)
        assert 200 == answer["statusCode"], answer
        return answer["body"]

    def save(self, *kept: str, shown=("77", "78"), **answers: str) -> str:
        """Send the form with ticks at some lists; return the page that answers it."""
        fields = [("action", "save"), *(("shown", one) for one in shown)]
        fields += [*(("list", one) for one in kept), *answers.items()]
        return self.page(method="POST", body=urlencode(fields))

    def press(self, action: str) -> str:
        """Press one of the other buttons."""
        return self.page(method="POST", body=urlencode({"action": action}))

    def status(self, list_id: str) -> Subscription | None:
        """Return Ada's status on a list."""
        found = memberships.find(ACCOUNT_ID, self.contact_id, list_id)
        return found.status if found else None

    @property
    def permission(self) -> Permission:
        """Return what Ada says to being tracked."""
        return contacts.fetch(ACCOUNT_ID, self.contact_id).permission

    @property
    def is_barred(self) -> bool:
        """Tell whether Ada's address gets no marketing mail at all."""
        return bool(unsubscribes.find_many(ACCOUNT_ID, [ADDRESS]))

    def unsubscribed_ms(self) -> int:
        """Return when the message says that its reader unsubscribed by it."""
        return messages.states_of(ACCOUNT_ID, MAILING_ID, [self.contact_id])[
            self.contact_id
        ].unsubscribe_ms

    def tables(self) -> list:
        """Return everything that is stored."""
        return [self.cloud.items(name) for name in ("CONTACTS", "RULES", "TRACKING")]
