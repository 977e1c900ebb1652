"""Who opened and who clicked, in the tracking table.

Item    pk A#<account>#mailing#<mailing>#<shard>   sk open#<who>, click#<who>
        human, machine   sets of texts, one for each hit:
                         <hours since 1970>.<link>.<8 hex of the event's id>
        expires          seconds, for TTL; full hours, so that it tells no more than the texts
Access  add a hit; the table's stream tells the counters
Who is a contact's id, or `~` and the nonce of an anonymous message: of that nothing else is kept, no
program, no time of day. A text is made from its event, so adding it again changes nothing. Each set
takes `MOST` texts, which keeps the item within one write unit for good; a reader who comes back more
often than that is counted that often, and has the rest on the record only.
"""

from typing import Final, NamedTuple

from signalbox.environment import environment
from signalbox.store import keys, table
from signalbox.store.table import Key

MOST: Final = 20
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
        return f"{self.at_ms // HOUR_MS}.{self.link}.{self.event_hash[:8]}"


def key(hit: CountedHit) -> Key:
    """Return where the hits of this kind of one message are counted."""
    shard = keys.mailing_shard(hit.who.removeprefix(ANONYMOUS))
    return keys.mailing(hit.account_id, hit.mailing_id, shard), f"{hit.kind}#{hit.who}"


def add(hit: CountedHit) -> bool:
    """Count a hit, once however often it is added; False where the message has too many by now.

    A hit that was judged otherwise before, with other company, stays what it was.
    """
    own, other = ("human", "machine") if hit.is_human else ("machine", "human")
    try:
        table.update(
            environment().tracking_table,
            key(hit),
            f"ADD {own} :added SET expires = if_not_exists(expires, :expires)",
            {
                ":added": frozenset({hit.text}),
                ":text": hit.text,
                ":most": MOST,
                ":expires": hit.expires_s // 3600 * 3600,
            },
            condition=f"(attribute_not_exists({own}) OR size({own}) < :most)"
            f" AND NOT contains({other}, :text)",
        )
    except table.RefusedError as error:
        there = error.old or {}
        return any(hit.text in there.get(judged, ()) for judged in (own, other))
    return True
