"""Opens and clicks: is it permitted to write them down, who was behind them, what is kept of them.

A personal hit is written on the contact's record, as every event, and counted; an anonymous one is
counted, and nothing else is kept. What the contact does not permit by now is not kept at all.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from signalbox.model.account import Account
from signalbox.model.event import Event
from signalbox.model.hit import Hit, Judgement, judge_all
from signalbox.model.hit_event import completed, hit_of
from signalbox.model.tracking_permission import Mode, Purpose, may_record, permission_from
from signalbox.store import contacts, hits, mailing_facts, messages
from signalbox.store.hits import ANONYMOUS, CountedHit
from signalbox.store.mailing_facts import MailingFacts
from signalbox.store.table import Key

from . import company, unled
from .company import Counted
from .known import NOBODY, Known, is_hit


class Settled(NamedTuple):
    """A batch with its hits judged.

    `events` are those to be written on records, in their order; `refused` is how many hits were not
    permitted, or belong to nothing that is still there.
    """

    events: list[Event]
    counted: list[CountedHit]
    refused: int


class Found(NamedTuple):
    """A hit with what is known about it; `who` as in `store.hits`."""

    event: Event
    account: Account
    facts: MailingFacts
    who: str
    delivered_ms: int

    @property
    def hit(self) -> Hit:
        """Return what is judged."""
        return hit_of(self.event, self.delivered_ms)


def mailing_keys(event: Event) -> list[Key]:
    """Return where to read of a hit's mailing what is not remembered."""
    return mailing_facts.unknown(event.account_id, _mailing_id(event))


def message_keys(event: Event) -> list[Key]:
    """Return where to read of a hit's message.

    Of a personal one the message's item, which tells when it was delivered, and its hits of the other
    kind; for a click that was not led on, what is counted of its own kind.
    """
    unled_keys = [_hits_key(event)] if unled.is_unled(event) else []
    if event.address.startswith(NOBODY):
        return unled_keys
    return [_message_key(event), company.other_key(_hits_key(event)), *unled_keys]


def settle(events: Sequence[Event], known: Known) -> Settled:
    """Judge the hits of a batch, those of one message together, and complete their events."""
    found = {number: _found(event, known) for number, event in enumerate(events) if is_hit(event)}
    permitted = {number: one for number, one in found.items() if one is not None}
    judged = _judged(permitted)
    counted = {number: _counted(one, judged[number]) for number, one in permitted.items()}
    for number in unled.repeated(events, counted, known.items):
        del counted[number]
    kept: list[Event] = []
    for number, event in enumerate(events):
        if number in counted:
            kept.extend(_for_the_record(permitted[number], judged[number]))
        elif number not in found:
            kept.append(event)
    return Settled(kept, [*counted.values()], len(found) - len(permitted))


def count(counted: Sequence[CountedHit], known: Known) -> int:
    """Count hits that are on the record by now; return how many messages had too many for another.

    Those of a contact are judged again where their company came in another batch.
    """
    standing = [(one, hits.add(one)) for one in counted]
    company.judge_again(
        Counted(
            hit=one,
            own=own,
            other=hits.standing_of(known.items.get(company.other_key(one.key))),
        )
        for one, own in standing
        if one.text in own.texts and not one.who.startswith(ANONYMOUS)
    )
    return sum(one.text not in own.texts for one, own in standing)


def _found(event: Event, known: Known) -> Found | None:
    """Return a hit that may be kept; None where it may not."""
    account = known.accounts.get(event.account_id)
    facts = mailing_facts.known(event.account_id, _mailing_id(event), known.items)
    if account is None or facts is None:
        return None
    who = _who(event)
    if who.startswith(ANONYMOUS):
        return Found(event, account, facts, who, 0)
    item = known.items.get(contacts.address_key(event.account_id, event.address))
    if item is None:
        return None
    permission = permission_from(item.get("permission", ""))
    if not may_record(Mode(facts.mode), permission, Purpose(event.kind)):
        return None
    return Found(event, account, facts, who, _delivered_ms(event, known))


def _delivered_ms(event: Event, known: Known) -> int:
    """Return when the mail was delivered, or else sent; 0 where neither is known."""
    message = known.items.get(_message_key(event), {})
    delivered_ms: int = message.get("delivered_ms") or message.get("sent_ms", 0)
    return delivered_ms


def _judged(found: dict[int, Found]) -> dict[int, Judgement]:
    """Judge each hit with those of its message that came with it."""
    by_message: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, one in found.items():
        by_message[one.event.account_id, _mailing_id(one.event), one.who].append(number)
    return {
        number: judgement
        for numbers in by_message.values()
        for number, judgement in zip(
            numbers, judge_all([found[number].hit for number in numbers]), strict=True
        )
    }


def _for_the_record(found: Found, judgement: Judgement) -> Iterator[Event]:
    """Yield the event of a personal hit as it is written on the contact's record."""
    if not found.who.startswith(ANONYMOUS):
        mailing = found.facts._asdict()
        yield completed(found.event, mailing, judgement, found.delivered_ms)


def _counted(found: Found, judgement: Judgement) -> CountedHit:
    event = found.event
    return CountedHit(
        account_id=event.account_id,
        mailing_id=_mailing_id(event),
        kind=event.kind,
        who=found.who,
        at_ms=event.at_ms,
        link=int(event.properties.get("link", 0)),
        event_hash=event.key_hash(),
        is_human=judgement.verdict.is_reader,
        expires_s=found.account.expiry_s(event.received_ms),
    )


def _message_key(event: Event) -> Key:
    return messages.key(event.account_id, _mailing_id(event), _contact_id(event))


def _hits_key(event: Event) -> Key:
    return hits.key(event.account_id, _mailing_id(event), event.kind, _who(event))


def _mailing_id(event: Event) -> str:
    return str(event.properties.get("mailing_id", ""))


def _who(event: Event) -> str:
    """Return whose a hit is, as in `store.hits`."""
    if event.address.startswith(NOBODY):
        return ANONYMOUS + event.address.rpartition(":")[2]
    return _contact_id(event)


def _contact_id(event: Event) -> str:
    return event.address.partition(":")[2]
