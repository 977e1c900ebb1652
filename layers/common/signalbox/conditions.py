"""Whether a rule's conditions are met: what must be read for them, and what came of each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from signalbox.model.change import SOURCE as CHANGES
from signalbox.model.contact import Contact, addresses
from signalbox.model.event import Event
from signalbox.model.explanation import CLOCKS_MS, event_of
from signalbox.model.hit import SETTLING_MS, HitKind, judge
from signalbox.model.hit_event import hit_of
from signalbox.model.membership import Subscription
from signalbox.model.pattern import Finding, compiled, explained
from signalbox.model.rule import PastEvents, Rule
from signalbox.model.waking import document
from signalbox.store import contact_tags, container_memberships, memberships, tags, tracking

EVENT, CONTACT, PAST = "event", "contact", "past_events"
COMPANY_MS = 3_600_000  # before a hit, in which others of its message are looked for
HITS = frozenset(HitKind)
FACTS = ("email", "first_name", "last_name", "phone", "external_id")


def first_unmet(rule: Rule, event: Event, contact: Contact) -> Finding | None:
    """Return the first condition that is not met; None where the rule may fire."""
    return next((found for found in findings(rule, event, contact) if not found.met), None)


def findings(rule: Rule, event: Event, contact: Contact) -> Iterator[Finding]:
    """Yield what came of each condition: of the event, the contact, then the past.

    What is read for one is read when its turn comes, so who stops early pays for no more. An open or
    a click has to be a reader's still, now that the hits are known that came right after it.
    """
    asked = rule.conditions
    if event.kind in HITS and "verdict" in event.properties:
        yield _of_verdict(event, contact)
    if asked.event:
        yield from _of(EVENT, asked.event, document(event))
    if asked.contact:
        yield from _of(CONTACT, asked.contact, contact_document(contact, _named(asked.contact)))
    for number, past in enumerate(asked.past_events):
        yield _of_past(number, past, event, contact)


def met_by(pattern: Mapping[str, Any], contacts: Iterable[Contact]) -> Iterator[Contact]:
    """Yield those of the contacts that a pattern on contacts lets through."""
    meets, named = compiled(pattern), _named(pattern)
    for contact in contacts:
        if meets(contact_document(contact, named)):
            yield contact


def contact_document(contact: Contact, named: frozenset[str]) -> dict[str, Any]:
    """Return the contact as conditions see it; of what costs a question only what is `named`."""
    found: dict[str, Any] = {fact: getattr(contact, fact) for fact in FACTS}
    found["contact_id"] = contact.contact_id
    found["fields"] = dict(contact.fields)
    for name, read in _READ.items():
        if name in named:
            found[name] = read(contact)
    return found


def _of(what: str, pattern: Mapping[str, Any], shown: Mapping[str, Any]) -> list[Finding]:
    return [one._replace(path=f"{what}.{one.path}") for one in explained(pattern, shown)]


def _named(pattern: Mapping[str, Any]) -> frozenset[str]:
    """Return the names on a pattern's top floor, those of its alternatives included."""
    below = [_named(branch) for branch in pattern.get("$or", ())]
    return frozenset(pattern).union(*below)


def _of_verdict(event: Event, contact: Contact) -> Finding:
    """Judge a hit again, with all that the record holds of its message around that time."""
    mailing_id = event.properties.get("mailing_id")
    entries = tracking.changes_between(
        event.account_id,
        contact.contact_id,
        event.at_ms - COMPANY_MS,
        event.at_ms + SETTLING_MS,
    )
    company = [
        hit_of(event_of(entry))
        for entry in entries
        if entry.kind in HITS and entry.properties.get("mailing_id") == mailing_id
    ]
    judgement = judge(hit_of(event), company)
    return Finding(
        path=f"{EVENT}.properties.verdict",
        wanted="a reader",
        found=str(judgement.verdict),
        present=True,
        met=judgement.verdict.is_reader,
    )


def _of_past(number: int, past: PastEvents, event: Event, contact: Contact) -> Finding:
    counted = _count(past, event, contact)
    most = f" and at most {past.at_most}" if past.at_most >= 0 else ""
    return Finding(
        path=f"{PAST}.{number}",
        wanted=f"{past.kind or past.name!r} at least {past.at_least}{most} times in {past.within_s} s",
        found=counted,
        present=True,
        met=past.at_least <= counted and (past.at_most < 0 or counted <= past.at_most),
    )


def _count(past: PastEvents, event: Event, contact: Contact) -> int:
    """Count until the answer is known."""
    enough = past.at_least if past.at_most < 0 else past.at_most + 1
    meets = compiled(past.pattern) if past.pattern else _always
    counted = 0
    asked = past.kind or past.name
    entries = tracking.before(
        event,
        contact.contact_id,
        asked,
        past.within_s,
        kind=bool(past.kind),
        clock_ms=CLOCKS_MS if event.source == CHANGES else 1,
    )
    for entry in entries:
        if counted >= enough:
            break
        shown = {"name": entry.name, "value": entry.value, "properties": entry.properties}
        counted += meets(shown)
    return counted


def _always(_shown: Mapping[str, Any]) -> bool:
    return True


def _tags(contact: Contact) -> list[str]:
    """Return the names of the tags on a contact."""
    on = [one.tag_id for one in contact_tags.of_contact(contact.account_id, contact.contact_id)]
    named = tags.existing(contact.account_id, on)
    return [named[one].name for one in on if one in named]


def _lists(contact: Contact) -> list[str]:
    """Return the ids of the lists on which a contact is active."""
    joined = memberships.of_contact(contact.account_id, contact.contact_id)
    return [one.list_id for one in joined if one.status is Subscription.ACTIVE]


def _campaigns(contact: Contact) -> list[str]:
    """Return the ids of the campaigns that a contact is in."""
    found = container_memberships.of_contact(contact.account_id, contact.contact_id)
    return [one.container_id for one in found]


def _opt_out_lists(contact: Contact) -> list[str]:
    """Return the ids of the opt-out lists that one of the contact's addresses is on."""
    found = [
        container_memberships.opt_outs(contact.account_id, address)
        for address in addresses(contact)
    ]
    return [one for ids in found for one in ids]


_READ = {
    "tags": _tags,
    "lists": _lists,
    "campaigns": _campaigns,
    "opt_out_lists": _opt_out_lists,
}
