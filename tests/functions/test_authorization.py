"""Who may do what: every operation, asked by everybody.

The table is written by hand, so that who changes a permission changes it here and in docs/api.md.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.activecampaign.app import app as activecampaign
from functions.admin.app import app as admin
from functions.admin.document import describe
from functions.ingest import app as ingest
from functions.relay import app as relay
from signalbox.channels import webhook
from signalbox.model.credential import Role
from signalbox.model.dispatch import Outcome
from signalbox.model.permission import ALLOWED as PERMISSIONS
from signalbox.model.retries import Answer
from signalbox.store import event_names, relay_days
from tests.cloud import Cloud, http_event
from tests.functions.authorization_table import (
    ADMINS,
    DIALECT,
    EMPTY_ELSEWHERE,
    EVERYBODY,
    NEW_CONTACT,
    NEW_LIST,
    NEW_WEBHOOK,
    NOT_FOUND,
    READERS,
    UNRELATED,
    WRITERS,
    named,
)
from tests.people import ACCOUNT_ID, MAIL, People, settle, work

OTHER = "200000002"
TABLES = ("CONTACTS", "RULES", "TRACKING")

GLOBAL_ADMINS = {Role.GLOBAL_ADMIN}
SENDERS = {Role.GLOBAL_ADMIN, Role.ADMIN, Role.EVENT}
RELAYS = WRITERS | {Role.RELAY}

NEW_RULE = {
    "name": "new",
    "trigger": "event_recorded",
    "trigger_settings": {"event_name": "download"},
    "actions": [MAIL],
}

ADA = {"email": "ada@signalbox.example"}
NEW_MAIL = f"From: box@signalbox.example\nTo: {ADA['email']}\nMessage-ID: <1@shop.example>\n\nHello"

# Operation -> who may, and the body that it is asked with.
ALLOWED: dict[str, tuple[set[Role], Any]] = {
    "GET /api/account": (EVERYBODY, None),
    "PATCH /api/account": (ADMINS, {"name": "new"}),
    "GET /api/key": (set(Role), None),
    "GET /api/keys": (ADMINS, None),
    "POST /api/keys": (ADMINS, {"role": "viewer", "name": "new"}),
    "DELETE /api/keys/{key_id}": (ADMINS, None),
    "GET /api/webhook-secrets": (ADMINS, None),
    "POST /api/webhook-secrets/rotate": (ADMINS, None),
    "GET /api/event-names": (EVERYBODY, None),
    "POST /api/event-names": (WRITERS, {"name": "new"}),
    "DELETE /api/event-names/{name}": (WRITERS, None),
    "GET /api/contacts": (READERS, None),
    "POST /api/contacts": (WRITERS, NEW_CONTACT),
    "GET /api/contacts/{contact_id}": (READERS, None),
    "GET /api/contacts/{contact_id}/activities": (READERS, None),
    "GET /api/contacts/{contact_id}/tracking-permission": (READERS, None),
    "PUT /api/contacts/{contact_id}/tracking-permission": (WRITERS, {"open": "yes"}),
    "GET /api/contacts/{contact_id}/consents": (READERS, None),
    "GET /api/suppressions/{address}": (READERS, None),
    "PUT /api/suppressions/{address}": (WRITERS, None),
    "DELETE /api/suppressions/{address}": (ADMINS, None),
    "GET /api/rules": (EVERYBODY, None),
    "POST /api/rules": (GLOBAL_ADMINS, NEW_RULE),
    "GET /api/rules/{rule_id}": (EVERYBODY, None),
    "PUT /api/rules/{rule_id}": (GLOBAL_ADMINS, NEW_RULE),
    "GET /api/rules/{rule_id}/adjacent": (EVERYBODY, None),
    "POST /api/rules/{rule_id}/duplicate": (GLOBAL_ADMINS, {}),
    "GET /api/rules/{rule_id}/explanation": (READERS, None),
    "POST /api/rules/{rule_id}/test": (READERS, {"contact_id": "{contact_id}"}),
    "GET /api/presets": (EVERYBODY, None),
    "POST /api/presets": (WRITERS, {"name": "new", "rule_id": "{rule_id}"}),
    "GET /api/presets/{preset_id}": (EVERYBODY, None),
    "POST /api/presets/{preset_id}/rules": (GLOBAL_ADMINS, {"name": "made"}),
    "DELETE /api/presets/{preset_id}": (WRITERS, None),
    "DELETE /api/rules/{rule_id}": (GLOBAL_ADMINS, None),
    "GET /api/rule-log": (READERS, None),
    "GET /api/rule-log/accesses": (ADMINS, None),
    "POST /api/rule-log/{dispatch_id}/details": (ADMINS, {"reason": "somebody complained"}),
    "GET /api/dispatches": (READERS, None),
    "GET /api/dispatches/{dispatch_id}": (READERS, None),
    "POST /api/dispatches/{dispatch_id}/retry": (ADMINS, None),
    "GET /api/dropped-events": (READERS, None),
    "GET /api/dropped-events/{dropped_id}": (READERS, None),
    "POST /api/dropped-events/{dropped_id}/replay": (ADMINS, None),
    "GET /api/dead-letters": (GLOBAL_ADMINS, None),
    "POST /api/dead-letters/{queue}/redrive": (GLOBAL_ADMINS, None),
    "GET /api/tail": (READERS, None),
    "GET /api/mailers": (EVERYBODY, None),
    "POST /api/mailers": (WRITERS, {"name": "new"}),
    "GET /api/mailers/{mailer_id}": (EVERYBODY, None),
    "PATCH /api/mailers/{mailer_id}": (WRITERS, {"name": "changed"}),
    "GET /api/email-campaigns/{campaign_id}/content": (EVERYBODY, None),
    "PUT /api/email-campaigns/{campaign_id}/content": (WRITERS, {"subject": "new", "text": "x"}),
    "POST /api/email-campaigns/{campaign_id}/preview": (READERS, {}),
    "POST /api/email-campaigns/{campaign_id}/test": (WRITERS, {"to": [ADA["email"]]}),
    "POST /api/email-campaigns/{campaign_id}/unprotect": (WRITERS, None),
    "POST /api/email-campaigns/{campaign_id}/protect": (WRITERS, None),
    "GET /api/sms-campaigns/{sms_campaign_id}/content": (EVERYBODY, None),
    "PUT /api/sms-campaigns/{sms_campaign_id}/content": (WRITERS, {"text": "new"}),
    "POST /api/sms-campaigns/{sms_campaign_id}/preview": (READERS, {}),
    "POST /api/sms-campaigns/{sms_campaign_id}/test": (WRITERS, {"to": ["+4930123456"]}),
    "POST /api/sms-campaigns/{sms_campaign_id}/unprotect": (WRITERS, None),
    "POST /api/sms-campaigns/{sms_campaign_id}/protect": (WRITERS, None),
    "GET /api/mailings": (EVERYBODY, None),
    "POST /api/mailings": (WRITERS, {"campaign_id": "{campaign_id}"}),
    "GET /api/mailings/{mailing_id}": (EVERYBODY, None),
    "GET /api/mailings/{mailing_id}/messages": (READERS, None),
    "GET /api/mailings/{mailing_id}/evaluation": (EVERYBODY, None),
    "GET /api/mailings/{mailing_id}/links": (EVERYBODY, None),
    "GET /api/mailings/{mailing_id}/links.csv": (EVERYBODY, None),
    "GET /api/mailings/{mailing_id}/hours": (EVERYBODY, None),
    "GET /api/mailings/{mailing_id}/hours.csv": (EVERYBODY, None),
    "GET /api/mailings/{mailing_id}/people": (READERS, None),
    "GET /api/mailings/{mailing_id}/people.csv": (READERS, None),
    "POST /api/mailings/{mailing_id}/rebuild": (ADMINS, None),
    "GET /api/email-campaigns/{campaign_id}/evaluation": (EVERYBODY, None),
    "GET /api/email-campaigns/{campaign_id}/hours": (EVERYBODY, None),
    "GET /api/sms-campaigns/{sms_campaign_id}/evaluation": (EVERYBODY, None),
    "GET /api/sms-campaigns/{sms_campaign_id}/hours": (EVERYBODY, None),
    "GET /api/evaluation": (EVERYBODY, None),
    "GET /api/evaluation/hours": (EVERYBODY, None),
    "GET /api/relay/evaluation": (EVERYBODY, None),
    "GET /api/relay/days": (EVERYBODY, None),
    "POST /api/relay/days/{day}/rebuild": (ADMINS, None),
    "POST /relay": (RELAYS, NEW_MAIL),
    "PATCH /api/mailings/{mailing_id}": (WRITERS, {"limits": {"after": 9}}),
    "POST /api/mailings/{mailing_id}/start": (WRITERS, None),
    "POST /api/mailings/{mailing_id}/pause": (WRITERS, None),
    "POST /api/mailings/{mailing_id}/resume": (WRITERS, None),
    "POST /api/mailings/{mailing_id}/retry": (WRITERS, None),
    "POST /api/mailings/{mailing_id}/cancel": (WRITERS, None),
    "DELETE /api/mailings/{mailing_id}": (WRITERS, None),
    "GET /api/{kind}": (EVERYBODY, None),
    "POST /api/{kind}": (WRITERS, {"name": "new"}),
    "GET /api/{kind}/{container_id}": (EVERYBODY, None),
    "PATCH /api/{kind}/{container_id}": (WRITERS, {"name": "changed"}),
    "GET /api/{kind}/{container_id}/contacts": (READERS, None),
    "POST /api/{kind}/{container_id}/contacts": (WRITERS, {"contacts": [ADA]}),
    "GET /api/{kind}/{container_id}/contacts/{address}": (READERS, None),
    "POST /api/{kind}/{container_id}/contacts/delete": (WRITERS, {"contacts": [ADA]}),
    "DELETE /api/mailers/{mailer_id}": (WRITERS, None),
    "DELETE /api/{kind}/{container_id}": (WRITERS, None),
    "POST /api/events": (
        SENDERS,
        {"events": [{"name": "n", "contact": {"email": "ada@signalbox.example"}}]},
    ),
} | DIALECT

# What is asked about another thing of the kind: a mailing that runs cannot be deleted.
OTHERS = {"DELETE /api/mailings/{mailing_id}": "DELETE /api/mailings/{draft_id}"}

QUERIES = {
    "GET /api/rules/{rule_id}/explanation": "contact_id={contact_id}&entry_id={entry_id}",
    "GET /api/3/activities": "contact={contact_id}",
    "GET /api/3/import/info": "batchId={batch_id}",
}

WRONG_KEYS = {
    "no key": None,
    "an empty key": "",
    "nonsense": "x",
    "an unknown token": f"sb_100000001_{'y' * 43}",
    "an unknown event key": "100000001" + "b" * 31,
}


@dataclass
class World:
    """Two accounts with the same contact and event name; the first has one of everything."""

    cloud: Cloud
    first: People
    second: People
    ids: dict[str, str]

    def ask(self, operation: str, key: str | None) -> tuple[int, str]:
        """Ask for an operation on the first account's things; return status and body."""
        asked = OTHERS.get(operation, operation)
        method, _, path = self._filled(named(self._filled(asked))).partition(" ")
        headers = {} if key is None else {"api-token": key}
        body = json.loads(self._filled(json.dumps(ALLOWED[operation][1])))
        if operation == "POST /api/events":
            event = http_event(method, path, headers=headers, body=body)
            answer = ingest.handler(event, None)
            return answer["statusCode"], answer["body"]
        if operation == "POST /relay":
            event = http_event(method, path, headers=headers, body=body)
            answer = relay.handler(event, None)
            return answer["statusCode"], answer["body"]
        query = self._filled(QUERIES.get(operation, ""))
        status, shown = self.first.call(method, path, body, role=None, query=query, headers=headers)
        return status, json.dumps(shown)

    def _filled(self, text: str) -> str:
        """Return a text with the first account's things in place of their names."""
        text = text.replace("{part}", "contact" if "/contactLists/" in text else "lists")
        for name, value in self.ids.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def dump(self) -> dict[str, str]:
        """Return everything that is stored, by table and key."""
        return {
            f"{table} {item['pk']['S']} {item['sk']['S']}": json.dumps(item, sort_keys=True)
            for table in TABLES
            for item in self.cloud.items(table)
        }

    def queued(self) -> list[str]:
        """Return what is on the queues, and take it off."""
        queues = ("EVENTS", "ACTIONS", "SENDS")
        return [body for queue in queues for body in self.cloud.waiting(queue)]


@pytest.fixture(name="world")
def _world(cloud, monkeypatch):
    monkeypatch.setattr(webhook, "deliver", lambda *_, **__: Answer(status=410))
    return populate(cloud)


def populate(cloud: Cloud) -> World:
    """Make two accounts and let things happen in the first."""
    first = settle()
    rule = first.rule({"kind": "webhook", "url": "https://hooks.example/in"})
    first.report()
    first.report(visit='{"email":"nobody@signalbox.example"}')
    work(cloud)
    ada = first.ada.contact_id
    happened = first.call("GET", f"/api/contacts/{ada}/activities")[1]
    (event,) = happened["events"]
    (due,) = happened["dispatches"]
    assert Outcome.FAILED == due["outcome"]
    preset = {"name": "first", "rule_id": rule["rule_id"]}
    ids = {
        "contact_id": ada,
        "rule_id": rule["rule_id"],
        "preset_id": first.call("POST", "/api/presets", preset)[1]["preset_id"],
        "entry_id": event["entry_id"],
        "dispatch_id": due["dispatch_id"],
        "dropped_id": first.call("GET", "/api/dropped-events")[1]["dropped_events"][0][
            "dropped_id"
        ],
        "key_id": first.call("GET", "/api/keys")[1]["keys"][-1]["key_id"],
        "name": "download",
        "quoted": "upload",
        "queue": "events",
        "day": "20261121",
        "user_id": "1",
        "kind": "email-opt-out-lists",
        "address": "ada@signalbox.example",
        **things_of(first),
    }
    cloud.waiting("SENDS")
    relay_days.note(ACCOUNT_ID, ids["day"])
    second = settle(OTHER)
    for account_id in (ACCOUNT_ID, OTHER):
        event_names.register(account_id, "upload", 1)
    return World(cloud, first, second, ids)


def things_of(people: People) -> dict[str, str]:
    """Make one thing of each kind in an account; return their ids."""

    def made(path: str, noun: str, **facts: Any) -> str:
        status, answer = people.call("POST", f"/api/3/{path}", {noun: facts})
        assert status in (200, 201), answer
        return answer[noun]["id"]

    ada = people.ada.contact_id
    ids = {
        "list_id": made("lists", "list", **NEW_LIST | {"name": "first"}),
        "tag_id": made("tags", "tag", tag="first", tagType="contact"),
        "field_id": made("fields", "field", type="text", title="First"),
        "webhook_id": made("webhooks", "webhook", **NEW_WEBHOOK | {"name": "first"}),
    }
    imported = people.call("POST", "/api/3/import/bulk_import", {"contacts": [ADA]})[1]
    mailer = people.call("POST", "/api/mailers", {"name": "first"})[1]
    opt_outs = people.call("POST", "/api/email-opt-out-lists", {"name": "first"})[1]
    where = f"/api/email-opt-out-lists/{opt_outs['container_id']}/contacts"
    assert 200 == people.call("POST", where, {"contacts": [ADA]})[0]
    return ids | {
        "mailer_id": mailer["mailer_id"],
        "container_id": opt_outs["container_id"],
        "membership_id": made("contactLists", "contactList", list=ids["list_id"], contact=ada),
        "contact_tag_id": made("contactTags", "contactTag", tag=ids["tag_id"], contact=ada),
        "relation_id": made("fieldRels", "fieldRel", field=ids["field_id"], relid=ids["list_id"]),
        "value_id": made(
            "fieldValues", "fieldValue", contact=ada, field=ids["field_id"], value="7"
        ),
        "batch_id": imported["batchId"],
        **mailings_of(people),
    }


def mailings_of(people: People) -> dict[str, str]:
    """Make campaigns with content, a draft, and a mailing that runs of another campaign."""

    def made(path: str, wanted: dict[str, Any], noun: str) -> str:
        status, answer = people.call("POST", f"/api/{path}", wanted)
        assert status == 201, answer
        return answer[noun]

    ids = [made("email-campaigns", {"name": f"{n}"}, "container_id") for n in range(2)]
    texts = made("sms-campaigns", {"name": "texts"}, "container_id")
    for place in (*(f"email-campaigns/{one}" for one in ids), f"sms-campaigns/{texts}"):
        wanted = {"text": "first"} | ({"subject": "first"} if "email" in place else {})
        assert 200 == people.call("PUT", f"/api/{place}/content", wanted)[0]
    draft, running = (made("mailings", {"campaign_id": one}, "mailing_id") for one in ids)
    assert 200 == people.call("POST", f"/api/mailings/{running}/start")[0]
    return {
        "campaign_id": ids[0],
        "sms_campaign_id": texts,
        "draft_id": draft,
        "mailing_id": running,
    }


def test_the_table_names_every_operation():
    """An operation that is added stands in this table, or this test fails."""
    served = {
        f"{method.upper()} {path}"
        for app in (admin, activecampaign)
        for path, operations in describe(app)["paths"].items()
        for method in operations
    }

    assert served | {"POST /api/events", "POST /relay"} == set(ALLOWED)


def test_who_may_not_is_refused_and_changes_nothing(world):
    """Without a key, with a wrong one, or with a role that may not: 403, and all stays as it was."""
    before = world.dump()
    refused = {
        (operation, who): key
        for operation, (allowed, _) in ALLOWED.items()
        for who, key in (WRONG_KEYS | world.first.tokens).items()
        if who not in allowed
    }

    answers = {pair: world.ask(pair[0], key)[0] for pair, key in refused.items()}

    assert dict.fromkeys(refused, 403) == answers
    assert before == world.dump()
    assert [] == world.queued()


def test_who_may_read_is_served(world):
    """Each role that may read something gets it."""
    reading = {
        (operation, role)
        for operation, (allowed, _) in ALLOWED.items()
        for role in allowed
        if operation.startswith("GET")
    }

    answers = {pair: world.ask(pair[0], world.first.tokens[pair[1]])[0] for pair in reading}

    assert dict.fromkeys(reading, 200) == answers


@pytest.mark.parametrize("operation", [name for name in ALLOWED if not name.startswith("GET")])
def test_who_may_change_is_served(world, operation):
    """The role with the fewest rights that may change something does so; the others may too."""
    allowed, _ = ALLOWED[operation]
    first, *others = sorted(allowed, key=lambda role: len(PERMISSIONS[role]))

    assert 200 <= world.ask(operation, world.first.tokens[first])[0] < 300
    for role in others:  # what is created or deleted already is refused, but not with 403
        assert 403 != world.ask(operation, world.first.tokens[role])[0]


def test_another_account_sees_and_changes_its_own_only(world):
    """Another account's global admin is told nothing of this one's things and changes none."""
    key = world.second.tokens[Role.GLOBAL_ADMIN]
    secrets = {
        value
        for name, value in world.ids.items()
        if name.endswith("_id") and name != "user_id"  # which is every caller's own
    }
    before = world.dump()
    seen = {operation: world.ask(operation, key) for operation in EMPTY_ELSEWHERE}

    answers = {operation: world.ask(operation, key) for operation in ALLOWED}

    after = world.dump()
    touched = {
        where for where in before.keys() | after.keys() if before.get(where) != after.get(where)
    }
    assert set() == {where for where in touched if not re.match(rf"\w+ A#{OTHER}(#|\s)", where)}
    assert [] == [body for body in world.queued() if f'"account":"{OTHER}"' not in body]
    for operation, noun in EMPTY_ELSEWHERE.items():
        status, body = seen[operation]
        assert (200, []) == (status, json.loads(body)[noun])
    related = {name for name, (_, body) in answers.items() if '"related_missing"' in body}
    assert (UNRELATED, {422}) == (related, {answers[name][0] for name in related})
    on_things = {name for name in ALLOWED if re.search(r"_id}", name.replace("{user_id}", ""))}
    assert on_things | NOT_FOUND == {name for name, (status, _) in answers.items() if status == 404}
    told = {
        name
        for name, (status, body) in answers.items()
        if status != 404 and any(secret in body for secret in secrets)
    }
    assert set() == told


def test_keys_do_not_open_other_accounts_by_form(world):
    """The form refuses an account's key together with another account's id."""
    form = {"actid": OTHER, "key": world.first.event_key}

    assert (403, "The event key is not valid for this account ID.") == refusal(world, form)
    assert (403, "The account ID is unknown.") == refusal(world, form | {"actid": "999999999"})
    assert [] == world.queued()


def refusal(world: World, form: dict[str, str]) -> tuple[int, str]:
    """Report with these fields; return the status and what is said."""
    status, answer = world.first.report(**form)
    assert 0 == answer["success"]
    return status, answer["message"]


@pytest.mark.parametrize("role", Role)
def test_the_form_takes_the_keys_that_may_send(world, role):
    """The event key, and the tokens of the roles that may send events, are taken as `key`."""
    status, _ = world.first.report(key=world.first.tokens[role])

    assert (200 if role in SENDERS else 403) == status
    assert (1 if role in SENDERS else 0) == len(world.queued())


def test_nobody_makes_or_revokes_a_key_that_may_do_more(account):
    """An admin makes no global admin and takes no global admin's key away."""
    by_role = {kept["role"]: kept["key_id"] for kept in account.call("GET", "/api/keys")[1]["keys"]}
    wanted = {"role": "global_admin", "name": "mine"}

    assert 403 == account.call("POST", "/api/keys", wanted, role=Role.ADMIN)[0]
    path = f"/api/keys/{by_role['global_admin']}"
    assert 403 == account.call("DELETE", path, role=Role.ADMIN)[0]
    assert 200 == account.call("GET", "/api/account", role=Role.GLOBAL_ADMIN)[0]


def test_the_docs_show_the_same_table():
    """docs/api.md and docs/activecampaign.md: a line an operation, a tick a role that may."""
    docs = Path(__file__).parents[2] / "docs"
    native = shown_in((docs / "api.md").read_text().partition("## Answers")[0])
    dialect = shown_in((docs / "activecampaign.md").read_text())

    assert dialect == {named(name): allowed for name, (allowed, _) in DIALECT.items()}
    assert native == {
        name: allowed for name, (allowed, _) in ALLOWED.items() if name not in DIALECT
    }


def shown_in(text: str) -> dict[str, set[Role]]:
    """Return who may call what, by the ticks of a page's table; a role without a column has none."""
    (heading,) = re.findall(r"^\| operation \|((?: \w+ \|)+)", text, re.MULTILINE)
    roles = [Role(name.strip()) for name in heading.split("|")[:-1]]
    lines = re.findall(r"^\| `(\w+ /(?:api|relay)[^`]*)` \|(.*)\|$", text, re.MULTILINE)
    return {
        operation: {
            role for role, cell in zip(roles, ticks.split("|"), strict=False) if cell.strip()
        }
        for operation, ticks in lines
    }
