"""Who opened and who clicked, in the tracking table.

Item    pk A#<account>#mailing#<mailing>#<shard>   sk open#<who>, click#<who>
        human, machine   sets of texts, one for each hit:
                         <hours since 1970>.<link>.<8 hex of the event's id>
        expires          seconds, for TTL; full hours, so that it tells no more than the texts
Access  add a hit; judge those that stand there otherwise; the table's stream tells the counters
Who is a contact's id, or `~` and the nonce of an anonymous message: of that nothing else is kept, no
program, no time of day. A text is made from its event, so adding it again changes nothing. Each set
takes `MOST` texts, which keeps an item of opens within one write unit for good, and one of clicks on
as many links as a newsletter has; who comes more often than that is counted that often, and has the
rest on the record only.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from signalbox.environment import environment
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

MOST: Final = {"open": 20, "click": 44}
ANONYMOUS: Final = "~"
HOUR_MS: Final = 3_600_000


class CountedHit(NamedTuple):
    """A hit as it is counted.

    `kind` is open or click, `link` the number of a click's link, `event_hash` the event's
    `key_hash`. `expires_s` is when it may be forgotten, at any time within that hour.
    """

    account_id: str
    mailing_id: str
    kind: str
    who: str
    at_ms: int
    link: int
    event_hash: str
    is_human: bool
    expires_s: int

    @property
    def text(self) -> str:
        """Return what stands in the set."""
        return text_of(self.at_ms, self.link, self.event_hash)

    @property
    def key(self) -> Key:
        """Return where it is counted."""
        return key(self.account_id, self.mailing_id, self.kind, self.who)


class Standing(NamedTuple):
    """The texts of the hits of one kind that are counted of a message, by who was behind them."""

    human: frozenset[str] = frozenset()
    machine: frozenset[str] = frozenset()

    @property
    def texts(self) -> frozenset[str]:
        """Return all of them."""
        return self.human | self.machine

    def judged(self, readers: Mapping[str, bool]) -> "Standing":
        """Return the same texts with those that are named where they belong; others are not added."""
        known = {text: readers.get(text, text in self.human) for text in self.texts}
        return Standing(
            frozenset(text for text, is_reader in known.items() if is_reader),
            frozenset(text for text, is_reader in known.items() if not is_reader),
        )


class MovedError(Exception):
    """Somebody else counted a hit, or judged one otherwise: `standing` is what stands at `place`."""

    def __init__(self, place: Key, standing: Standing) -> None:
        super().__init__("hits were counted meanwhile")
        self.place = place
        self.standing = standing


def hours_of(texts: Iterable[str]) -> set[int]:
    """Return the hours since 1970 in which hits of texts came."""
    return {int(text.partition(".")[0]) for text in texts}


def text_of(at_ms: int, link: int, event_hash: str) -> str:
    """Return what stands in a set of a hit; `link` is 0 for an open."""
    return f"{at_ms // HOUR_MS}.{link}.{event_hash[:8]}"


def key(account_id: str, mailing_id: str, kind: str, who: str) -> Key:
    """Return where the hits of this kind of one message are counted."""
    shard = keys.mailing_shard(who.removeprefix(ANONYMOUS))
    return keys.mailing(account_id, mailing_id, shard), f"{kind}#{who}"


def standing_of(item: Item | None) -> Standing:
    """Return what an item counts; nothing where there is none."""
    there = item or {}
    return Standing(there.get("human", frozenset()), there.get("machine", frozenset()))


def add(hit: CountedHit) -> Standing:
    """Count a hit, once however often it is added; return what is counted of its message now.

    The hit is not among that where the message has too many. One that is counted already stays what
    it was judged then.
    """
    own, other = ("human", "machine") if hit.is_human else ("machine", "human")
    try:
        item = table.updated(
            environment().tracking_table,
            hit.key,
            f"ADD {own} :added SET expires = if_not_exists(expires, :expires)",
            {
                ":added": frozenset({hit.text}),
                ":text": hit.text,
                ":most": MOST[hit.kind],
                ":expires": hit.expires_s // 3600 * 3600,
            },
            condition=f"(attribute_not_exists({own}) OR size({own}) < :most)"
            f" AND NOT contains({other}, :text)",
            whole=True,
        )
    except table.RefusedError as error:
        return standing_of(error.old)
    return standing_of(item)


def judge_again(place: Key, seen: Standing, judged: Standing) -> None:
    """Have what is counted stand where it belongs; `judged` has the texts of `seen`, and no others.

    Raises:
        MovedError: there stands something else than what was seen.
    """
    if judged == seen:
        return
    sets = {"human": judged.human, "machine": judged.machine}
    full = ", ".join(f"{name} = :{name}" for name, texts in sets.items() if texts)
    empty = ", ".join(name for name, texts in sets.items() if not texts)
    values = {f":{name}": texts for name, texts in sets.items() if texts}
    values |= {f":{name}_seen": texts for name, texts in seen._asdict().items() if texts}
    conditions = [
        f"{name} = :{name}_seen" if texts else f"attribute_not_exists({name})"
        for name, texts in seen._asdict().items()
    ]
    try:
        table.update(
            environment().tracking_table,
            place,
            f"SET {full}" + (f" REMOVE {empty}" if empty else ""),
            values,
            condition=" AND ".join(conditions),
        )
    except table.RefusedError as error:
        there = standing_of(error.old)
        if there != judged:  # else it is our own write, whose answer was lost
            raise MovedError(place, there) from error
