"""Mailings, in the rules table.

Item    pk A#<account>#mailings          sk <mailing: digits in the order of age>
        body, version    the version moves with every change
Item    pk A#<account>#campaign#<campaign>   sk mailing#<mailing>
        nothing else: it says that the campaign has the mailing
Access  create, read, change; delete a draft; a page of an account's or of a campaign's, newest first
Workers keep of a mailing what never changes once it has started: `campaign_id`, `container`,
`mailer_id`, `mode` and `targets` of the body. Nothing here moves the account's version.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from signalbox.awsjson import jitter
from signalbox.environment import environment
from signalbox.model import mailing as model
from signalbox.model.campaign import Campaign
from signalbox.model.container import ContainerKind
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.mailing import Limits, Mailing, MailingState, Returns
from signalbox.model.wire import packed, unpacked
from signalbox.store import campaigns, keys, table
from signalbox.store.table import Item, Key

OUTSIDE_BODY = {"account_id", "mailing_id", "version"}
PREFIX = "mailing#"
UNMOVED = "version = :since"
MOVED = "the mailing, or its campaign, was changed meanwhile; read it again"
TRIES = 10  # where other hands change the same mailing at the same time

sleep = time.sleep


class MovedError(ConflictError):
    """Somebody else changed the mailing, or wrote a version of its campaign, meanwhile."""


def key(account_id: str, mailing_id: str) -> Key:
    """Return where the mailing stands."""
    return keys.collection(account_id, "mailings"), mailing_id


def create(mailing: Mailing) -> None:
    """Write a new mailing.

    Raises:
        NotFoundError: its campaign has no content.
        ConflictError: the id is taken.
    """
    rules_table = environment().rules_table
    pk, sk = _pointer(mailing)
    writes = [
        table.putting(rules_table, _item(mailing), condition="attribute_not_exists(pk)"),
        table.putting(rules_table, {"pk": pk, "sk": sk}),
        campaigns.standing(mailing.account_id, mailing.campaign_id),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        (code, there), *_ = error.reasons
        if code != "ConditionalCheckFailed":
            raise NotFoundError("content of campaign", mailing.campaign_id) from error
        if there is None or there["body"] != _body(mailing):
            raise ConflictError(f"mailing {mailing.mailing_id} exists") from error


def save(wanted: Mailing, *, since: Mailing) -> Mailing:
    """Write a changed mailing and return it with its new version.

    It counts in its campaign while it is active, and protects it when it is scheduled or runs.

    Raises:
        MovedError: the mailing changed since `since` was read, or its campaign since the snapshot.
        ClosedError: it is to send, and its campaign was archived or deleted.
    """
    changed = replace(wanted, version=since.version + 1)
    put = table.putting(
        environment().rules_table,
        _item(changed),
        condition=UNMOVED,
        values={":since": since.version},
    )
    try:
        table.transact([put, *_protecting(changed, since)])
    except table.CancelledError as error:
        (code, there), *_ = error.reasons
        if code == "ConditionalCheckFailed" and there and there["body"] == _body(changed):
            return changed  # our own write, whose answer was lost
        if any(head and "closed" in head for _, head in error.reasons[1:]):
            raise campaigns.ClosedError(campaigns.CLOSED) from error
        raise MovedError(MOVED) from error
    return changed


def change(account_id: str, mailing_id: str, decide: Callable[[Mailing], Mailing]) -> Mailing:
    """Let a decision of `model.mailing` change a mailing, and return it as it stands then.

    The decision is asked again where somebody else was faster; what changes nothing is not written.

    Raises:
        NotFoundError: there is no such mailing.
        MovedError: others changed it all the while.
        MoveRefusedError: the decision is that it cannot be.
    """
    for attempt in range(1, TRIES + 1):
        standing = fetch(account_id, mailing_id)
        wanted = decide(standing)
        if wanted == standing:
            return standing
        try:
            return save(wanted, since=standing)
        except MovedError:
            if attempt == TRIES:
                raise
        sleep(jitter() * 0.02 * 2**attempt)
    raise AssertionError("the last try returns or raises")


def pause(account_id: str, mailing_id: str, reason: str) -> Mailing:
    """Pause a mailing that runs and return it as it stands; any other stays as it is.

    Raises:
        NotFoundError, MovedError: as for `change`.
    """

    def decide(mailing: Mailing) -> Mailing:
        return model.paused(mailing, reason) if mailing.state is MailingState.RUNNING else mailing

    return change(account_id, mailing_id, decide)


def finish(account_id: str, mailing_id: str, run: int, now_ms: int) -> Mailing:
    """Note that this run left nobody to write to, and return the mailing as it stands.

    One that does not send in this run any more stays as it is.

    Raises:
        NotFoundError, MovedError: as for `change`.
    """

    def decide(mailing: Mailing) -> Mailing:
        return model.finished(mailing, run, now_ms) if mailing.sends_in(run) else mailing

    return change(account_id, mailing_id, decide)


def note_audience(account_id: str, mailing_id: str, size: int) -> Mailing:
    """Note how many contacts the audience of a mailing has, and return it as it stands.

    Raises:
        NotFoundError, MovedError: as for `change`.
    """
    return change(account_id, mailing_id, lambda mailing: replace(mailing, audience_size=size))


def find(account_id: str, mailing_id: str) -> Mailing | None:
    """Return a mailing; None where there is none."""
    item = table.get(environment().rules_table, key(account_id, mailing_id))
    return mailing_from(item, account_id) if item else None


def fetch(account_id: str, mailing_id: str) -> Mailing:
    """Return a mailing; raise `NotFoundError` where there is none."""
    found = find(account_id, mailing_id)
    if found is None:
        raise NotFoundError("mailing", mailing_id)
    return found


def of_account(account_id: str, *, limit: int, after: str = "") -> tuple[list[Mailing], str]:
    """Return a page of an account's mailings, newest first, and the id to go on after."""
    page = table.query(
        environment().rules_table,
        keys.collection(account_id, "mailings"),
        limit=limit,
        after=key(account_id, after) if after else None,
        newest_first=True,
        consistent=True,
    )
    found = [mailing_from(item, account_id) for item in page.items]
    return found, page.last[1] if page.last else ""


def of_campaign(
    account_id: str, campaign_id: str, *, limit: int, after: str = ""
) -> tuple[list[Mailing], str]:
    """Return a page of a campaign's mailings, newest first, and the id to go on after."""
    rules_table = environment().rules_table
    partition, _ = campaigns.version_key(account_id, campaign_id, 0)
    page = table.query(
        rules_table,
        partition,
        prefix=PREFIX,
        limit=limit,
        after=(partition, PREFIX + after) if after else None,
        newest_first=True,
        consistent=True,
    )
    places = [key(account_id, item["sk"].removeprefix(PREFIX)) for item in page.items]
    items = table.get_many({rules_table: places})
    found = [mailing_from(items[where], account_id) for where in places if where in items]
    return found, page.last[1].removeprefix(PREFIX) if page.last else ""


def active_of(campaign: Campaign) -> list[Mailing]:
    """Return the mailings of a campaign that keep it in protected mode, newest first."""
    found: list[Mailing] = []
    after = ""
    while len(found) < campaign.active:
        page, after = of_campaign(campaign.account_id, campaign.campaign_id, limit=100, after=after)
        found += [one for one in page if one.is_active]
        if not after:
            break
    return found


def delete(draft: Mailing) -> None:
    """Delete a draft; one that is gone already stays so.

    Raises:
        MovedError: it was changed since it was read.
    """
    rules_table = environment().rules_table
    writes = [
        table.deleting(
            rules_table,
            key(draft.account_id, draft.mailing_id),
            condition=UNMOVED,
            values={":since": draft.version},
        ),
        table.deleting(rules_table, _pointer(draft)),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        (_, there), *_ = error.reasons
        if there is not None:
            raise MovedError(MOVED) from error


def mailing_from(item: Item, account_id: str) -> Mailing:
    """Read an item."""
    body: dict[str, Any] = unpacked(item["body"])
    return Mailing(
        account_id=account_id,
        mailing_id=item["sk"],
        version=item["version"],
        container=ContainerKind(body.pop("container")),
        state=MailingState(body.pop("state")),
        limits=Limits(**body.pop("limits")),
        forgiven=Returns(**body.pop("forgiven", {})),
        lists=tuple(body.pop("lists")),
        targets=tuple(body.pop("targets", ())),
        **body,
    )


def _protecting(changed: Mailing, since: Mailing) -> list[Item]:
    """Return what a change of a mailing means for its campaign."""
    where = (changed.account_id, changed.campaign_id)
    starting = changed.run and not since.run
    version = changed.campaign_version if starting else 0
    if changed.is_active and not since.is_active:
        return [campaigns.entering(*where, version=version)]
    if since.is_active and not changed.is_active:
        return [campaigns.leaving(*where)]
    goes_on = changed.state in {MailingState.SCHEDULED, MailingState.RUNNING}
    if goes_on and changed.state is not since.state:
        return [campaigns.protecting(*where, version=version)]
    return []


def _pointer(mailing: Mailing) -> Key:
    partition, _ = campaigns.version_key(mailing.account_id, mailing.campaign_id, 0)
    return partition, PREFIX + mailing.mailing_id


def _item(mailing: Mailing) -> Item:
    pk, sk = key(mailing.account_id, mailing.mailing_id)
    return {"pk": pk, "sk": sk, "body": _body(mailing), "version": mailing.version}


def _body(mailing: Mailing) -> str:
    facts = {name: value for name, value in asdict(mailing).items() if name not in OUTSIDE_BODY}
    told = {"limits": mailing.limits._asdict(), "forgiven": mailing.forgiven._asdict()}
    return packed(facts | told)
