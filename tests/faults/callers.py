"""A town of contacts, lists, tags, fields and webhooks, and the requests that change it.

A caller repeats the same request for as long as nothing is answered, or 503.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from functions.activecampaign import app as activecampaign
from functions.admin import app as admin
from functions.subscribe import app as subscribe
from functions.track import app as track
from signalbox.environment import environment
from signalbox.model.container import ContainerKind
from signalbox.model.credential import Role
from signalbox.model.import_fault import ImportFault
from signalbox.model.mailing import Mailing
from signalbox.model.message import Message, State
from signalbox.model.tracking_token import KeyRing, Token, TokenKind, signed
from signalbox.store import mailings, messages, table, unsubscribes
from tests.cloud import TOKEN_KEYS, Context, forget, http_event, sqs_event
from tests.faults.enumerator import Death
from tests.faults.stored import stored
from tests.faults.world import NOON_MS, World, event, mail_of
from tests.people import ACCOUNT_ID
from tests.streams import Stream

HANDLERS = {
    "activecampaign": activecampaign.handler,
    "admin": admin.handler,
    "subscribe": subscribe.handler,
}
TRIES = 4
GONE, TAKEN = 404, 422
ADA, EVE = "ada@signalbox.example", "eve@signalbox.example"
MAILING_ID = "1795254840000123"  # to the list News, with a message to Ada
EMAIL_WAIT_S = 660  # after which a sign-up that got no mail may be repeated
SOURCES = ["public", "admin", "api", "system"]

Answer = dict[str, Any]
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """A request; `{ada}` and the like in it stand for ids of the town.

    `again`: what a repeat of one that was done may be answered beside a success. `twice`: a repeat
    of one that was done makes a second thing, for nothing tells that it is the same.
    """

    function: str
    method: str
    path: str
    body: Any = None
    again: frozenset[int] = frozenset()
    twice: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def mails(self) -> bool:
        """Tell whether a mail belongs to it."""
        return self.function == "subscribe"


def api(method: str, path: str, body: Any = None, *again: int, twice: bool = False) -> Request:
    """Return a request of the ActiveCampaign API."""
    return Request("activecampaign", method, f"/api/3/{path}", body, frozenset(again), twice)


def native(method: str, path: str, body: Any = None, *again: int) -> Request:
    """Return a request of the native API."""
    return Request("admin", method, f"/api/{path}", body, frozenset(again))


def form(path: str, **fields: str) -> Request:
    """Return a form that the public sends."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Request("subscribe", "POST", f"/subscribe/{path}", urlencode(fields), headers=kind)


def person(who: str, **fields: str) -> Request:
    """Return what somebody sends from the page that a mail links to."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Request("subscribe", "POST", f"/u/{who}", urlencode(fields), headers=kind)


NEW = {
    "email": EVE,
    "firstName": "Eve",
    "phone": "+4930123457",
    "fieldValues": [{"field": "{colour}", "value": "red"}],
}
ROWS = [
    {
        "email": EVE,
        "tags": ["vip", "new"],
        "subscribe": [{"listid": "{news}"}],
        "tracking_clicks": "yes",
    },
    {
        "email": ADA,
        "first_name": "Augusta",
        "unsubscribe": [{"listid": "{news}"}],
        "tracking_opens": "no",
    },
    {
        "email": "bob@signalbox.example",
        "subscribe": [{"listid": "{news}"}],
        "exclude_automations": True,
    },
]
HOOK = {
    "name": "Second",
    "url": "https://hooks.example/in",
    "events": ["subscribe", "update"],
    "sources": SOURCES,
}
LIST = {"name": "Offers", "stringid": "offers", "sender_url": "x", "sender_reminder": "x"}

REQUESTS = {
    "contact-create": api("POST", "contacts", {"contact": NEW}, TAKEN),
    "contact-sync-new": api("POST", "contact/sync", {"contact": NEW}),
    "contact-sync-known": api(
        "POST", "contact/sync", {"contact": NEW | {"email": ADA, "phone": "+4930123458"}}
    ),
    "contact-change": api(
        "PUT", "contacts/{ada}", {"contact": {"email": "augusta@signalbox.example", "phone": ""}}
    ),
    "contact-delete": api("DELETE", "contacts/{ada}", None, GONE),
    "native-contact-create": native("POST", "contacts", {"email": EVE}, 409),
    "value-create": api(
        "POST",
        "fieldValues",
        {"fieldValue": {"contact": "{ada}", "field": "{colour}", "value": "x"}},
    ),
    "value-delete": api("DELETE", "fieldValues/{ada_colour}", None, GONE),
    "list-create": api("POST", "lists", {"list": LIST}, twice=True),
    "list-change": api("PUT", "lists/{news}", {"list": {"name": "Old news"}}),
    "list-delete": api("DELETE", "lists/{news}", None, GONE),
    "subscribe-new": api(
        "POST",
        "contactLists",
        {"contactList": {"list": "{letters}", "contact": "{ada}", "status": 1}},
    ),
    "subscribe-again": api(
        "POST", "contactLists", {"contactList": {"list": "{news}", "contact": "{bob}", "status": 1}}
    ),
    "unsubscribe": api(
        "POST", "contactLists", {"contactList": {"list": "{news}", "contact": "{ada}", "status": 2}}
    ),
    "tag-create": api("POST", "tags", {"tag": {"tag": "fresh", "tagType": "contact"}}, TAKEN),
    "tag-change": api("PUT", "tags/{vip}", {"tag": {"tag": "guest"}}),
    "tag-delete": api("DELETE", "tags/{vip}", None, GONE),
    "tag-add": api("POST", "contactTags", {"contactTag": {"contact": "{bob}", "tag": "{vip}"}}),
    "tag-remove": api("DELETE", "contactTags/{ada_vip}", None, GONE),
    "field-create": api(
        "POST", "fields", {"field": {"title": "Size", "type": "text", "perstag": "SIZE"}}, TAKEN
    ),
    "field-create-untagged": api(
        "POST", "fields", {"field": {"title": "Size", "type": "text"}}, twice=True
    ),
    "field-change": api("PUT", "fields/{colour}", {"field": {"title": "Tone"}}),
    "field-delete": api("DELETE", "fields/{colour}", None, GONE),
    "field-relate": api(
        "POST", "fieldRels", {"fieldRel": {"field": "{colour}", "relid": "{news}"}}
    ),
    "webhook-create": api("POST", "webhooks", {"webhook": HOOK}, twice=True),
    "webhook-change": api("PUT", "webhooks/{hook}", {"webhook": {"events": ["subscribe"]}}),
    "webhook-delete": api("DELETE", "webhooks/{hook}", None, GONE),
    "import": api("POST", "import/bulk_import", {"contacts": ROWS}, twice=True),
    "sign-up-new": form("{account}-{letters}", email=EVE, first_name="Eve"),
    "sign-up-known": form("{account}-{letters}", email=ADA),
    "sign-up-open": form("{account}-{news}", email=EVE),
    "sign-up-confirm": form("confirm/{token}"),
    "permission-change": native(
        "PUT", "contacts/{ada}/tracking-permission", {"open": "yes", "click": "no"}
    ),
    "person-one-click": person("{ada_page}", **{"List-Unsubscribe": "One-Click"}),
    "person-save": person("{ada_page}", action="save", shown="{news}", opens="yes"),
    "person-everything": person("{ada_page}", action="everything"),
    "person-again": person("{bob_page}", action="again"),
}


class Town:
    """What stands before each request, with the ids of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: dict[str, str] = {
            "account": ACCOUNT_ID,
            "ada": world.ada.contact_id,
            "bob": world.bob.contact_id,
        }
        self._settle()
        self.labels = {found: f"<{name}>" for name, found in self.ids.items() if found.isdecimal()}
        world.keep()
        self.beginning = stored(world, Stream(world.cloud), self.labels)

    def ask(self, request: Request) -> Answer | None:
        """Make the request once; None where the process dies and nothing is answered."""
        world = self.world
        headers = dict(request.headers)
        if request.function != "subscribe":
            headers["api-token"] = world.people.tokens[Role.GLOBAL_ADMIN]
        sent = http_event(
            request.method,
            self._with_ids(request.path),
            headers=headers,
            body=self._with_ids(request.body),
        )
        world.calls.function = request.function
        try:
            answer: Answer = HANDLERS[request.function](sent, Context())
        except Death:
            forget()
            return None
        else:
            return answer
        finally:
            world.calls.function, world.calls.dead = "", False

    def ask_until_answered(self, request: Request) -> list[Answer | None]:
        """Make the request as a good caller does, again after a failure; return the answers."""
        answers: list[Answer | None] = []
        for _ in range(TRIES):
            answers.append(self.ask(request))
            answer = answers[-1]
            if answer is not None and answer["statusCode"] != 503 and not in_part(answer):
                return answers
            self.world.clock.shift(EMAIL_WAIT_S if request.mails else 5)
        raise AssertionError("the request was never answered")

    def _settle(self) -> None:
        make = self._make
        self.ids["news"] = make("lists", "list", LIST | {"name": "News"})
        letters = LIST | {"name": "Letters", "double_opt_in": 1}
        self.ids["letters"] = make("lists", "list", letters)
        self.ids["vip"] = make("tags", "tag", {"tag": "vip", "tagType": "contact"})
        self.ids["colour"] = make("fields", "field", {"title": "Colour", "type": "text"})
        value = {"contact": "{ada}", "field": "{colour}", "value": "blue"}
        self.ids["ada_colour"] = make("fieldValues", "fieldValue", value)
        self._make("contact/sync", "contact", {"email": ADA, "phone": "+4930123456"})
        for who, status in (("ada", 1), ("bob", 1), ("bob", 2)):
            make(
                "contactLists",
                "contactList",
                {"list": "{news}", "contact": f"{{{who}}}", "status": status},
            )
        self.ids["ada_vip"] = make(
            "contactTags", "contactTag", {"contact": "{ada}", "tag": "{vip}"}
        )
        self.ids["hook"] = make("webhooks", "webhook", HOOK | {"name": "First"})
        happened = [event(1), event(2, who="nobody"), event(3, name="visit")]
        track.handler(sqs_event([one.to_wire() for one in happened]), None)
        self.world.cloud.waiting("ACTIONS")
        answer = self.ask(form("{account}-{letters}", email="cleo@signalbox.example"))
        assert answer is not None
        assert answer["statusCode"] == 200, answer
        _, _, text = mail_of(self.world.cloud.mails()[-1])
        mailing = Mailing(
            account_id=ACCOUNT_ID,
            mailing_id=MAILING_ID,
            campaign_id="9",
            container=ContainerKind.EMAIL_CAMPAIGN,
            name="News",
            author="somebody",
            created_ms=NOON_MS,
            lists=(self.ids["news"],),
        )
        table.put(environment().rules_table, mailings._item(mailing))
        message = Message(
            ACCOUNT_ID, MAILING_ID, self.ids["ada"], State.CLAIMED, "worker", 1, NOON_MS
        )
        messages.claim(message, retry_run=0, expires=NOON_MS // 1000)
        unsubscribes.note(
            ACCOUNT_ID, "email:bob@signalbox.example", mailing_id=MAILING_ID, at_ms=NOON_MS
        )
        for who in ("ada", "bob"):
            token = Token(TokenKind.PERSON, ACCOUNT_ID, MAILING_ID, self.ids[who])
            self.ids[f"{who}_page"] = signed(token, KeyRing.from_text(TOKEN_KEYS))
        self.ids["token"] = re.search(r"/subscribe/confirm/(\S+)", text)[1]

    def _make(self, path: str, part: str, sent: dict[str, Any]) -> str:
        status, answer = self.world.people.call(
            "POST", f"/api/3/{path}", {part: self._with_ids(sent)}
        )
        assert status in {200, 201}, answer
        made: str = answer[part]["id"]
        return made

    def _with_ids(self, sent: Any) -> Any:
        if isinstance(sent, dict):
            return {name: self._with_ids(value) for name, value in sent.items()}
        if isinstance(sent, list):
            return [self._with_ids(value) for value in sent]
        if isinstance(sent, str):
            return re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], sent)
        return sent


def in_part(answer: Answer) -> bool:
    """Tell whether an import says of rows that they are to be sent again."""
    if "failureReasons" not in answer["body"]:
        return False
    reasons = json.loads(answer["body"])["failureReasons"]
    return any(ImportFault(one["code"]).passes for one in reasons)
