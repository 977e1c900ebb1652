"""Campaigns' content, in the rules table; what is large stands in the bucket (`store.content`).

Item    pk A#<account>#campaigns         sk <campaign, 16 digits>
        version          of the content, moves with every change
        active           how many of its mailings are scheduled, running or paused
        unprotected      1 where somebody left the protected mode since one of them became so
        named            what the audience of the newest version names, as `list#31`; none for nothing
        closed           1 where the campaign is archived or deleted: no mailing of it goes on
        begun            how often one of them was scheduled, started or resumed; none for never
Item    pk A#<account>#campaign#<campaign>   sk version#<8 digits>
        body             the content, never changed
Access  write the next version; read the newest, or one; leave the protected mode and go back
The container has name, mailer and who is in it (`store.containers`). A mailing counts itself in and
out (`entering`, `leaving`), and writing a version is refused while one is in, in one condition, as is
closing the campaign. Who leaves the protected mode does so on the condition that none has begun since
the campaign was read.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from signalbox.environment import environment
from signalbox.model.audience import Audience
from signalbox.model.campaign import Attachment, Campaign
from signalbox.model.contact_index import place
from signalbox.model.container import ContainerKind
from signalbox.model.errors import ConflictError, NotFoundError
from signalbox.model.wire import packed, unpacked
from signalbox.store import content, keys, table
from signalbox.store.table import Item, Key

LARGEST_INLINE = 200_000  # bytes of a version's HTML and text as JSON; the rest has room beside
MOST_INLINE = 1_000  # contacts of a work list
OUTSIDE_BODY = {"account_id", "campaign_id", "version", "active", "unprotected", "begun"}
FREE = "attribute_not_exists(pk)"
OPEN = "(active = :none OR unprotected = :yes)"
PROTECTED = (
    "the campaign is in protected mode, for a mailing of it is scheduled, running or paused; "
    "POST …/unprotect leaves it and pauses those that run"
)
CLOSED = "the campaign is archived or gone: nothing of it is sent any more"
MOVED = "the campaign was changed meanwhile; read it again"


class ProtectedError(ConflictError):
    """The campaign is in protected mode."""


class BegunError(ConflictError):
    """A mailing of the campaign was scheduled, started or resumed meanwhile."""


class ClosedError(ConflictError):
    """The campaign was archived or deleted."""


def key(account_id: str, campaign_id: str) -> Key:
    """Return where it says which version is the newest."""
    return keys.collection(account_id, "campaigns"), place(campaign_id)


def version_key(account_id: str, campaign_id: str, version: int) -> Key:
    """Return where one version of the content stands."""
    return keys.collection(account_id, f"campaign#{campaign_id}"), f"version#{version:08d}"


def save(wanted: Campaign, *, since: Campaign, work_list: Sequence[str] = ()) -> Campaign:
    """Write content as the next version and return it; `since` is what it was made of.

    `work_list` are the ids of the contacts to write to, where the audience is those.

    Raises:
        ProtectedError: the campaign is in protected mode.
        ConflictError: somebody wrote another version since `since` was read.
    """
    changed = replace(
        wanted,
        version=since.version + 1,
        audience=replace(wanted.audience, work_size=len(work_list)),
        active=since.active,
        unprotected=since.unprotected,
        begun=since.begun,
    )
    body = _body(changed, work_list)
    changed = replace(changed, audience=_audience_from(unpacked(body)["audience"]))
    pk, sk = version_key(wanted.account_id, wanted.campaign_id, changed.version)
    writes = [
        table.putting(
            environment().rules_table, {"pk": pk, "sk": sk, "body": body}, condition=FREE
        ),
        _moving(changed, since.version),
    ]
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _settle(body, since, error)
    return changed


def find(account_id: str, campaign_id: str) -> Campaign | None:
    """Return a campaign's newest content; None where none was written yet."""
    head = table.get(environment().rules_table, key(account_id, campaign_id))
    if head is None:
        return None
    found = fetch_version(account_id, campaign_id, head["version"])
    return replace(
        found,
        active=head["active"],
        unprotected=bool(head["unprotected"]),
        begun=head.get("begun", 0),
    )


def fetch(account_id: str, campaign_id: str) -> Campaign:
    """Return a campaign's newest content; raise `NotFoundError` where none was written yet."""
    found = find(account_id, campaign_id)
    if found is None:
        raise NotFoundError("content of campaign", campaign_id)
    return found


def fetch_version(account_id: str, campaign_id: str, version: int) -> Campaign:
    """Return one version, which never changes; raise `NotFoundError` where there is none.

    It does not know whether the campaign is in protected mode.
    """
    item = table.get(environment().rules_table, version_key(account_id, campaign_id, version))
    if item is None:
        raise NotFoundError("campaign version", f"{campaign_id} version {version}")
    body: dict[str, Any] = unpacked(item["body"])
    if "large" in body:
        body |= unpacked(content.fetch(account_id, body.pop("large")).decode())
    body.pop("work_list", None)
    return Campaign(
        account_id=account_id,
        campaign_id=campaign_id,
        version=version,
        kind=ContainerKind(body.pop("kind")),
        attachments=tuple(Attachment(**one) for one in body.pop("attachments", ())),
        audience=_audience_from(body.pop("audience")),
        **body,
    )


def work_list(campaign: Campaign) -> tuple[str, ...]:
    """Return the ids of the contacts on the work list of a version; none where it has no such."""
    if not campaign.audience.work_size:
        return ()
    if campaign.audience.work_list:
        listed = content.fetch(campaign.account_id, campaign.audience.work_list)
        return tuple(unpacked(listed.decode()))
    where = version_key(campaign.account_id, campaign.campaign_id, campaign.version)
    item = table.get(environment().rules_table, where)
    return tuple(unpacked(item["body"])["work_list"]) if item else ()


def leave_protection(since: Campaign) -> None:
    """Let new versions be written although mailings of the campaign are under way.

    Raises:
        BegunError: one of them was scheduled, started or resumed since the campaign was read.
        NotFoundError: it has no content.
    """
    where = since.account_id, since.campaign_id
    if since.begun:
        _protect(*where, 1, "begun = :begun", begun=since.begun)
    else:
        _protect(*where, 1, "attribute_exists(pk) AND attribute_not_exists(begun)")


def protect(account_id: str, campaign_id: str) -> None:
    """Go back to protected mode.

    Raises:
        NotFoundError: it has no content.
    """
    _protect(account_id, campaign_id, 0)


def entering(account_id: str, campaign_id: str, *, version: int = 0) -> Item:
    """Return the part of a transaction that counts a mailing in, and protects the campaign.

    A `version` says which one the campaign must have.
    """
    return _counting(account_id, campaign_id, "ADD active :one, begun :one", version)


def protecting(account_id: str, campaign_id: str, *, version: int = 0) -> Item:
    """Return the part of a transaction that protects the campaign of a mailing that is counted."""
    return _counting(account_id, campaign_id, "ADD begun :one", version)


def leaving(account_id: str, campaign_id: str) -> Item:
    """Return the part of a transaction that counts a mailing out."""
    return table.updating(
        environment().rules_table,
        key(account_id, campaign_id),
        "ADD active :minus",
        {":minus": -1},
        condition="attribute_exists(pk)",
    )


def closing(account_id: str, campaign_id: str) -> Item:
    """Return the part of a transaction that lets no mailing of a campaign start or go on any more.

    It is refused in protected mode (`refused`).
    """
    values = {":closed": 1, ":none": 0, ":yes": 1}
    return _shutting(account_id, campaign_id, "SET closed = :closed", values, OPEN)


def opening(account_id: str, campaign_id: str) -> Item:
    """Return the part of a transaction that lets mailings of a campaign start again."""
    return _shutting(account_id, campaign_id, "REMOVE closed", {}, "attribute_exists(pk)")


def refused(head: Item | None) -> ConflictError:
    """Return why a campaign was not closed or opened whose own item, `head`, stood against it."""
    if head and head["active"] and not head["unprotected"]:
        return ProtectedError(PROTECTED)
    return ConflictError(MOVED)


def standing(account_id: str, campaign_id: str) -> Item:
    """Return the part of a transaction that checks that there is content."""
    return table.checking(
        environment().rules_table, key(account_id, campaign_id), "attribute_exists(pk)"
    )


def _counting(account_id: str, campaign_id: str, counted: str, version: int) -> Item:
    values: dict[str, Any] = {":no": 0, ":one": 1}
    condition = "attribute_exists(pk)"
    if version:
        condition, values[":version"] = "version = :version", version
    condition += " AND attribute_not_exists(closed)"
    return table.updating(
        environment().rules_table,
        key(account_id, campaign_id),
        f"SET unprotected = :no {counted}",
        values,
        condition=condition,
    )


def _shutting(
    account_id: str, campaign_id: str, expression: str, values: dict[str, Any], condition: str
) -> Item:
    """Return the part of a transaction that closes or opens; there is nothing to close without content."""
    where, rules_table = key(account_id, campaign_id), environment().rules_table
    if table.get(rules_table, where) is None:
        return table.checking(rules_table, where, FREE)
    return table.updating(rules_table, where, expression, values, condition=condition)


def _moving(changed: Campaign, since: int) -> Item:
    """Return the part of a transaction that makes a version the newest."""
    where = key(changed.account_id, changed.campaign_id)
    rules_table = environment().rules_table
    named = frozenset(one.name for one in changed.named)
    if not since:
        first: Item = {"pk": where[0], "sk": where[1], "version": 1, "active": 0, "unprotected": 0}
        if named:
            first["named"] = named
        return table.putting(rules_table, first, condition=FREE)
    values = {":next": changed.version, ":since": since, ":none": 0, ":yes": 1}
    return table.updating(
        rules_table,
        where,
        "SET version = :next, named = :named" if named else "SET version = :next REMOVE named",
        values | ({":named": named} if named else {}),
        condition=f"version = :since AND {OPEN}",
    )


def _settle(body: str, since: Campaign, error: table.CancelledError) -> None:
    """Tell our own write, whose answer was lost, from what stands in its way."""
    (code, written), (head_code, head) = error.reasons[:2]
    if "ConditionalCheckFailed" not in {code, head_code}:
        raise error
    if written is not None and written["body"] == body:
        return
    if head is not None and head["version"] == since.version:
        raise ProtectedError(PROTECTED) from error
    raise ConflictError(MOVED) from error


def _protect(
    account_id: str,
    campaign_id: str,
    unprotected: int,
    condition: str = "attribute_exists(pk)",
    **values: int,
) -> None:
    try:
        table.update(
            environment().rules_table,
            key(account_id, campaign_id),
            "SET unprotected = :unprotected",
            {":unprotected": unprotected} | {f":{name}": one for name, one in values.items()},
            condition=condition,
        )
    except table.RefusedError as error:
        if error.old is None:
            raise NotFoundError("content of campaign", campaign_id) from error
        raise BegunError(MOVED) from error


def _audience_from(stored: dict[str, Any]) -> Audience:
    stored = dict(stored)
    return Audience(
        lists=tuple(stored.pop("lists", ())),
        opt_out_lists=tuple(stored.pop("opt_out_lists", ())),
        **stored,
    )


def _body(campaign: Campaign, listed: Sequence[str]) -> str:
    """Return the content as it is stored, with what is large put into the bucket before."""
    facts = {name: value for name, value in asdict(campaign).items() if name not in OUTSIDE_BODY}
    facts["audience"] = {name: value for name, value in facts["audience"].items() if value}
    if len(listed) > MOST_INLINE:
        named = content.put(campaign.account_id, packed(listed).encode())
        facts["audience"]["work_list"] = named
    elif listed:
        facts["work_list"] = list(listed)
    large = packed({name: facts[name] for name in ("html", "text")})
    if len(large) > LARGEST_INLINE:
        del facts["html"], facts["text"]
        facts["large"] = content.put(campaign.account_id, large.encode())
    return packed(facts)
