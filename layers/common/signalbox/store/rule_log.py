"""The rule log of an account, in the tracking table: its dispatches by the time of their outcome.

Index   `logged`: logged A#<account>#logged#<shard>, changed milliseconds   (items: see `dispatches`)
Access  the account's, latest first, over all 8 shards; one contact's, latest event first; the versions
        of the rules that made some dispatches
The index is written a moment after the table, so the last second may be missing.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from signalbox.environment import environment
from signalbox.model.dispatch import Dispatch, DispatchRecord
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.rule_log import LogFilter, LogRow, RuleNamed, row_of, trigger_of
from signalbox.model.trigger import Level
from signalbox.store import dispatches, keys, rules, table, webhooks
from signalbox.store.dispatches import record_from
from signalbox.store.table import READ_AT_ONCE, Item, Key

INDEX = "logged"
END_OF_TIME_MS = 10**13
MOST_READ = 2_000  # entries for one page, whatever is filtered out
READ_AHEAD = 25  # entries of each shard that a page reads at once


class Place(NamedTuple):
    """Where a page of the log ended; places are in the order of the log, latest first."""

    changed_ms: int
    dispatch_id: str

    @classmethod
    def of(cls, text: str) -> "Place":
        """Read what `str` wrote; raise `InvalidError` for anything else."""
        changed, _, dispatch_id = text.partition("-")
        readable = (
            changed.isascii() and changed.isdigit() and len(changed) <= len(f"{END_OF_TIME_MS}")
        )
        try:
            dispatches.key("", dispatch_id)
        except NotFoundError:
            readable = False
        if not readable:
            raise InvalidError("after", "is not the `next` of a page of this log")
        return cls(int(changed), dispatch_id)

    def __str__(self) -> str:
        """Return the text that `of` reads."""
        return f"{self.changed_ms}-{self.dispatch_id}"


def place_of(record: DispatchRecord) -> Place:
    """Return where a dispatch stands in the log."""
    return Place(record.changed_ms, record.dispatch.dispatch_id)


def page(
    account_id: str, wanted: LogFilter, *, contact_id: str = "", after: str = "", limit: int
) -> tuple[list[LogRow], str]:
    """Return rows of the log of an account or of one contact, and the text to go on after.

    At most `MOST_READ` entries are looked at, so there may be few rows, or none, and still more to
    come; the text is empty at the end.

    Raises:
        InvalidError: `after` is not of this log.
    """
    start = Place.of(after) if after else None
    if contact_id:
        entries = of_contact(account_id, contact_id, after=start)
    else:
        times = {"since_ms": wanted.since_ms, "until_ms": wanted.until_ms}
        entries = latest_first(account_id, after=start, **times)
    rows: list[LogRow] = []
    for together in _batches(islice(entries, MOST_READ)):
        likely = [record for record in together if wanted.wants(record)]
        for record, rule in zip(likely, rules_of(likely), strict=True):
            if wanted.wants_rule(rule):
                rows.append(row_of(record, rule))
                if len(rows) == limit:
                    return rows, _going_on(record, together, entries)
        start = place_of(together[-1])
    return rows, str(start) if start and next(entries, None) else ""


def latest_first(
    account_id: str, *, since_ms: int = 0, until_ms: int = 0, after: Place | None = None
) -> Iterator[DispatchRecord]:
    """Yield the account's dispatches that came to an outcome between two times, both included.

    They are read as they are taken, some of each shard ahead. `until_ms` is 0 for no limit.
    """
    until_ms = min(until_ms or END_OF_TIME_MS, after.changed_ms if after else END_OF_TIME_MS)
    shards = [_shard(account_id, number, since_ms, until_ms) for number in range(keys.SHARDS)]
    merged = heapq.merge(*shards, key=lambda item: item["changed"], reverse=True)
    for _, together in groupby(merged, key=lambda item: item["changed"]):
        # The index keeps those of one millisecond in no order of ours, and a page may end there.
        for record in sorted(map(record_from, together), key=place_of, reverse=True):
            if after is None or place_of(record) < after:
                yield record


def of_contact(
    account_id: str, contact_id: str, *, after: Place | None = None
) -> Iterator[DispatchRecord]:
    """Yield a contact's dispatches, those of its latest event first."""
    resume: Key | None = dispatches.key(account_id, after.dispatch_id) if after else None
    while True:
        page, resume = dispatches.of_contact(account_id, contact_id, after=resume)
        yield from page
        if resume is None:
            return


def rules_of(records: Iterable[DispatchRecord]) -> list[RuleNamed]:
    """Return what is known of the rule that made each of these dispatches, in one question.

    A rule is known as the version was that fired, also when it was deleted; a webhook as it is.
    """
    due = [record.dispatch for record in records]
    places = [_key(dispatch) for dispatch in due]
    found = table.get_many({environment().rules_table: places}) if places else {}
    return [_named(one, found.get(where)) for one, where in zip(due, places, strict=True)]


def _batches(entries: Iterator[DispatchRecord]) -> Iterator[list[DispatchRecord]]:
    while batch := list(islice(entries, READ_AT_ONCE)):
        yield batch


def _going_on(
    last: DispatchRecord, together: Sequence[DispatchRecord], entries: Iterator[DispatchRecord]
) -> str:
    """Return where the page after a row begins; empty where nothing comes after it."""
    is_end = last is together[-1] and next(entries, None) is None
    return "" if is_end else str(place_of(last))


def _shard(account_id: str, number: int, since_ms: int, until_ms: int) -> Iterator[Item]:
    if since_ms > until_ms:  # DynamoDB refuses an empty span
        return iter(())
    return table.query_all(
        environment().tracking_table,
        keys.logged(account_id, number),
        index=INDEX,
        sort="changed",
        between=(since_ms, until_ms),
        newest_first=True,
        limit=READ_AHEAD,
    )


def _key(dispatch: Dispatch) -> Key:
    if webhooks.is_webhook(dispatch.rule_id):
        return webhooks.rule_key(dispatch.account_id, dispatch.rule_id)
    return rules.version_key(dispatch.account_id, dispatch.rule_id, dispatch.rule_version)


def _named(dispatch: Dispatch, item: Item | None) -> RuleNamed:
    if webhooks.is_webhook(dispatch.rule_id):
        name = webhooks.webhook_from(item, dispatch.account_id).name if item else ""
        return RuleNamed(name, Level.PROJECT, "", trigger_of(dispatch))
    if item is None:
        return RuleNamed("", "", "", trigger_of(dispatch))
    rule = rules.rule_from(item, dispatch.account_id)
    return RuleNamed(rule.name, rule.level, rule.container_id, rule.trigger)
