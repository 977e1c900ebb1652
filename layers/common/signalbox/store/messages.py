"""Messages of mailings, in the tracking table.

Item    pk A#<account>#mailing#<mailing>#<shard>   sk message#<contact>
        state reason owner run changed_ms    where it stands, see `model.message`
        mode click_mode  how opens and clicks of it are tracked
        sent_ms ses_id   SES's acceptance
        delivered_ms soft_bounce_ms hard_bounce_ms complaint_ms reject_ms unsubscribe_ms
                         what came back, each at the earliest time reported
        soft_bounce hard_bounce complaint reject   a word about each of these
        attention        A#<account>#mailing#<mailing>#attention, while it failed or is uncertain
        changed          changed_ms, the sort key of index `attention`
        expires          seconds, for TTL
Access  claim, settle, give back, take in feedback: each a conditional write; the messages of many
        contacts; a page of those of a mailing, of a state or of all; how many there are
Each change is one of `model.message`, which says what stands afterwards.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from signalbox.environment import environment
from signalbox.model import message as model
from signalbox.model.message import DETAILS, MARKS, Message, Report, State, Verdict
from signalbox.store import keys, table
from signalbox.store.table import Item, Key

PREFIX: Final = "message#"
LAST: Final = PREFIX + "~"
ATTENTION: Final = frozenset({State.FAILED, State.UNCERTAIN})
NAMES: Final = {"#state": "state", "#owner": "owner", "#mode": "mode"}
OWNED: Final = "#state = :claimed AND #owner = :owner"


class Claim(NamedTuple):
    """What came of a wish to claim: the verdict, and the message that stands."""

    verdict: Verdict
    message: Message


class Place(NamedTuple):
    """Where a list of messages goes on: in which share, after which item."""

    shard: int
    after: Item | None = None


def key(account_id: str, mailing_id: str, contact_id: str) -> Key:
    """Return where a message stands."""
    shard = keys.mailing_shard(contact_id)
    return keys.mailing(account_id, mailing_id, shard), PREFIX + contact_id


def claim(wish: Message, *, retry_run: int, expires: int) -> Claim:
    """Claim a message, and say what stands there.

    Where a dead worker left a claim, the message is uncertain from then on.
    """
    condition = "attribute_not_exists(pk)"
    values: dict[str, Any] = {
        ":claimed": State.CLAIMED,
        ":owner": wish.owner,
        ":run": wish.run,
        ":changed": wish.changed_ms,
        ":mode": wish.mode,
        ":click": wish.click_mode,
        ":expires": expires,
    }
    if retry_run:
        condition += " OR (#state = :failed AND run < :retry)"
        values |= {":failed": State.FAILED, ":retry": retry_run}
    try:
        table.update(
            environment().tracking_table,
            _key(wish),
            "SET #state = :claimed, #owner = :owner, run = :run, changed_ms = :changed,"
            " #mode = :mode, click_mode = :click, expires = :expires REMOVE reason, attention, changed",
            values,
            condition=condition,
            names=NAMES,
        )
    except table.RefusedError as error:
        return _refused(wish, error, retry_run)
    return Claim(Verdict.TAKEN, wish)


def settle(outcome: Message) -> Message:
    """Write down what came of a message that `outcome.owner` holds; return what stands.

    Where SES's event was faster the message is sent already.
    """
    try:
        _set(
            outcome,
            {
                "#state": outcome.state,
                "reason": outcome.reason,
                "changed_ms": outcome.changed_ms,
                "sent_ms": outcome.sent_ms,
                "ses_id": outcome.ses_id,
                **_attention(outcome),
            },
        )
    except table.RefusedError as error:
        return message_from(error.old, outcome.account_id) if error.old else outcome
    return outcome


def interrupt(standing: Message, now_ms: int) -> Message:
    """Note of a claim that its owner died; return what stands."""
    return settle(model.interrupted(standing, now_ms))


def release(claimed: Message, before: Message | None) -> None:
    """Give a claim back of which nothing came, so that the message is again what it was.

    Only for a claim of which it is known that nothing was sent. One that is not held any more is
    nothing to give back.
    """
    with contextlib.suppress(table.RefusedError):
        if before is None:
            table.delete(
                environment().tracking_table,
                _key(claimed),
                condition=OWNED,
                values={":claimed": State.CLAIMED, ":owner": claimed.owner},
                names=_names(OWNED),
            )
            return
        _set(
            claimed,
            {
                "#state": before.state,
                "#owner": before.owner,
                "run": before.run,
                "changed_ms": before.changed_ms,
                "reason": before.reason,
                **_attention(before),
            },
        )


def report(  # noqa: PLR0913, PLR0917 the parts of one report
    account_id: str,
    mailing_id: str,
    contact_id: str,
    what: str,
    at_ms: int,
    ses_id: str = "",
    detail: str = "",
) -> Message | None:
    """Take in what SES says of a message; return what stands, None where there is no such message.

    `what` is a word of `Report`; any other only tells that SES took the mail. The `reason` of the
    message is `model.message.SETTLED` where a report, and not its worker, told that it was sent.
    """
    where = key(account_id, mailing_id, contact_id)
    told = Report(what) if what in _REPORTS else Report.OTHER
    standing: Message | None = None
    if told in MARKS:
        standing = _mark(account_id, where, told, at_ms, detail)
        if standing is None or not model.is_news(standing, told, at_ms):
            return standing
    standing = _settle(account_id, where, told, at_ms, ses_id)
    if standing is not None and told in MARKS:
        standing = _mark(account_id, where, told, at_ms, detail)
    return standing


def mark_unsubscribed(account_id: str, mailing_id: str, contact_id: str, at_ms: int) -> bool:
    """Mark that a person unsubscribed by a message; tell whether there is such a message."""
    where = key(account_id, mailing_id, contact_id)
    return _mark(account_id, where, Report.UNSUBSCRIBE, at_ms, "") is not None


def states_of(account_id: str, mailing_id: str, contact_ids: Iterable[str]) -> dict[str, Message]:
    """Return the messages that there are to these contacts, by contact."""
    wanted = {key(account_id, mailing_id, one): one for one in contact_ids}
    found = table.get_many({environment().tracking_table: wanted})
    return {wanted[where]: message_from(item, account_id) for where, item in found.items()}


def of_mailing(
    account_id: str,
    mailing_id: str,
    *,
    state: State | None = None,
    limit: int,
    place: Place | None = None,
) -> tuple[list[Message], Place | None]:
    """Return a page of a mailing's messages, and where to go on; None at the end.

    Those that failed or are uncertain are found by an index, latest first. Others are read share by
    share, and a page may hold fewer than `limit` of them.
    """
    if state in ATTENTION:
        return _needing_attention(account_id, mailing_id, state, limit, place)
    place = place or Place(0)
    page = table.query(
        environment().tracking_table,
        keys.mailing(account_id, mailing_id, place.shard),
        prefix=PREFIX,
        limit=limit,
        after=place.after,
        consistent=True,
    )
    found = [message_from(item, account_id) for item in page.items]
    shown = [one for one in found if state is None or one.state is state]
    if page.resume:
        return shown, Place(place.shard, page.resume)
    following = place.shard + 1
    return shown, Place(following) if following < keys.MAILING_SHARDS else None


def count(account_id: str, mailing_id: str, shard: int) -> int:
    """Return how many messages one share of a mailing has; all are read, none sent."""
    partition = keys.mailing(account_id, mailing_id, shard)
    return table.count(environment().tracking_table, partition, between=(PREFIX, LAST))


def message_from(item: Item, account_id: str) -> Message:
    """Read an item."""
    mailing_id = item["pk"].split("#")[3]
    return Message(
        account_id=account_id,
        mailing_id=mailing_id,
        contact_id=item["sk"].removeprefix(PREFIX),
        state=State(item["state"]),
        owner=item["owner"],
        run=item["run"],
        changed_ms=item["changed_ms"],
        reason=item.get("reason", ""),
        mode=item.get("mode", ""),
        click_mode=item.get("click_mode", ""),
        sent_ms=item.get("sent_ms", 0),
        ses_id=item.get("ses_id", ""),
        **{name: item.get(name, 0) for name in MARKS.values()},
        **{name: item.get(name, "") for name in DETAILS.values()},
    )


def _refused(wish: Message, error: table.RefusedError, retry_run: int) -> Claim:
    """Say what a claim met; one whose message came and went meanwhile comes back."""
    if error.old is None:
        return Claim(Verdict.BUSY, wish)
    standing = message_from(error.old, wish.account_id)
    found = model.verdict(standing, wish, retry_run=retry_run)
    if found is Verdict.INTERRUPTED:
        standing = interrupt(standing, wish.changed_ms)
    return Claim(found, standing)


def _settle(account_id: str, where: Key, told: Report, at_ms: int, ses_id: str) -> Message | None:
    """Take in that a message was sent of which nobody knew it; return what stands."""
    condition = "#state IN (:claimed, :uncertain)"
    values: dict[str, Any] = {
        ":claimed": State.CLAIMED,
        ":uncertain": State.UNCERTAIN,
        ":sent": State.SENT,
        ":settled": model.SETTLED,
        ":at": at_ms,
        ":ses": ses_id,
    }
    if told is Report.SENT:
        condition += " OR (reason = :settled AND sent_ms <> :at)"
    expression = (
        "SET #state = :sent, reason = :settled, sent_ms = :at, ses_id = :ses, changed_ms = :at"
        " REMOVE attention, changed"
    )
    return _changed(account_id, where, expression, values, condition)


def _mark(account_id: str, where: Key, told: Report, at_ms: int, detail: str) -> Message | None:
    """Write when a report was made, if it was the earliest of its kind; return what stands.

    A message of which nobody knows that it was sent is marked only by its person.
    """
    mark = MARKS[told]
    condition = f"(attribute_not_exists({mark}) OR {mark} > :at)"
    values: dict[str, Any] = {":at": at_ms}
    if told is Report.UNSUBSCRIBE:
        condition = f"attribute_exists(pk) AND {condition}"
    else:
        condition = f"attribute_exists(pk) AND NOT #state IN (:claimed, :uncertain) AND {condition}"
        values |= {":claimed": State.CLAIMED, ":uncertain": State.UNCERTAIN}
    expression = f"SET {mark} = :at"
    if told in DETAILS:
        expression += f", {DETAILS[told]} = :detail"
        values[":detail"] = detail
    return _changed(account_id, where, expression, values, condition)


def _changed(
    account_id: str, where: Key, expression: str, values: Mapping[str, Any], condition: str
) -> Message | None:
    """Change a message where the condition holds; return what stands in any case."""
    names = _names(expression + condition)
    tracking = environment().tracking_table
    try:
        item = table.updated(
            tracking, where, expression, values, condition=condition, names=names, whole=True
        )
    except table.RefusedError as error:
        return message_from(error.old, account_id) if error.old else None
    return message_from(item, account_id)


def _set(message: Message, sets: Mapping[str, Any]) -> None:
    """Set attributes of a message that its `owner` holds; those that are empty are removed."""
    given = {name: value for name, value in sets.items() if value}
    gone = [name for name in sets if name not in given]
    values = {f":{name.lstrip('#')}_": value for name, value in given.items()}
    expression = "SET " + ", ".join(f"{name} = :{name.lstrip('#')}_" for name in given)
    if gone:
        expression += " REMOVE " + ", ".join(gone)
    table.update(
        environment().tracking_table,
        _key(message),
        expression,
        values | {":claimed": State.CLAIMED, ":owner": message.owner},
        condition=OWNED,
        names=_names(expression + OWNED),
    )


def _attention(message: Message) -> dict[str, Any]:
    if message.state not in ATTENTION:
        return {"attention": "", "changed": 0}
    partition = keys.mailing_attention(message.account_id, message.mailing_id)
    return {"attention": partition, "changed": message.changed_ms}


def _names(text: str) -> dict[str, str]:
    """Return the names that an expression uses in place of DynamoDB's own words."""
    return {short: name for short, name in NAMES.items() if short in text}


def _key(message: Message) -> Key:
    return key(message.account_id, message.mailing_id, message.contact_id)


def _needing_attention(
    account_id: str, mailing_id: str, state: State | None, limit: int, place: Place | None
) -> tuple[list[Message], Place | None]:
    page = table.query(
        environment().tracking_table,
        keys.mailing_attention(account_id, mailing_id),
        index="attention",
        sort="changed",
        limit=limit,
        after=place.after if place else None,
        newest_first=True,
    )
    found = [message_from(item, account_id) for item in page.items]
    shown = [one for one in found if one.state is state]
    return shown, Place(0, page.resume) if page.resume else None


_REPORTS: Final = frozenset(Report)
