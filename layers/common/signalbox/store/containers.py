"""Containers of every kind, in the rules table; lists are kept by `store.lists`.

Item    pk A#<account>#<kind>s   sk <id of 16 digits>
        body, version    the version moves with every change
        deleted          milliseconds since when the container is gone; its members are then taken
                         off one by one, and the item goes last
Access  create, read, change; by id alone; a page of a kind; which of many exist; mark as gone; what
        is gone and still has members
Grouped lists stand in `store.groups`, too, and move the account's version with every change.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, Final

from signalbox.environment import environment
from signalbox.model.contact_index import contact_id_at, place
from signalbox.model.contact_list import ContactList
from signalbox.model.container import Container, ContainerKind, ContainerStatus
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.wire import packed, unpacked
from signalbox.store import accounts, campaigns, counters, groups, keys, lists, table
from signalbox.store.table import Item, Key

LIST: Final = ContainerKind.LIST
OWN_KINDS: Final = tuple(kind for kind in ContainerKind if kind is not LIST)
OUTSIDE_BODY = {"account_id", "kind", "container_id", "version"}
FREE = "attribute_not_exists(pk)"
STANDS = "attribute_exists(pk) AND attribute_not_exists(deleted)"
UNMOVED = "version = :since AND attribute_not_exists(deleted)"
NOTES = "notes"  # among the settings of a list


def key(account_id: str, kind: ContainerKind, container_id: str) -> Key:
    """Return where the container stands."""
    if kind is LIST:
        return lists.key(account_id, container_id)
    return keys.collection(account_id, f"{kind}s"), place(container_id)


def counted(kind: ContainerKind, container_id: str) -> str:
    """Return the name of the number of members."""
    return f"{kind}#{container_id}"


def noun(kind: ContainerKind) -> str:
    """Return what people call a container of this kind."""
    return kind.replace("opt_out", "opt-out").replace("sms", "SMS").replace("_", " ")


def create(wanted: Container) -> None:
    """Write a new container.

    Raises:
        ConflictError: another has its id.
        InvalidError: a group names what is no single list of its kind.
    """
    if wanted.kind is LIST:
        lists.create(_as_list(wanted))
        return
    write = table.putting(environment().rules_table, _item(wanted), condition=FREE)
    try:
        table.transact([write, *_grouping(wanted)])
    except table.CancelledError as error:
        _settle(wanted, error)


def save(wanted: Container, *, since: Container) -> Container:
    """Write a changed container and return it with its new version.

    Raises:
        ProtectedError: a campaign in protected mode was to be archived.
        ConflictError: somebody changed or deleted it since `since` was read.
        InvalidError: as for `create`.
    """
    if wanted.kind is LIST:
        return _saved_list(wanted, since)
    changed = replace(wanted, version=since.version + 1)
    write = table.putting(
        environment().rules_table,
        _item(changed),
        condition=UNMOVED,
        values={":since": since.version},
    )
    try:
        table.transact([write, *_grouping(changed), *_archiving(changed, since)])
    except table.CancelledError as error:
        _settle(changed, error)
    return changed


def find(account_id: str, kind: ContainerKind, container_id: str) -> Container | None:
    """Return a container; None where there is none."""
    item = table.get(environment().rules_table, key(account_id, kind, container_id))
    return _container_from(item, account_id, kind) if item and "deleted" not in item else None


def fetch(account_id: str, kind: ContainerKind, container_id: str) -> Container:
    """Return a container; raise `NotFoundError` where there is none."""
    found = find(account_id, kind, container_id)
    if found is None:
        raise NotFoundError(noun(kind), container_id)
    return found


def find_any(account_id: str, container_id: str) -> Container | None:
    """Return the container of whatever kind that has this id; None where none has."""
    found = find_many(account_id, ((kind, container_id) for kind in ContainerKind))
    return next(iter(found.values()), None)


def find_many(
    account_id: str, wanted: Iterable[tuple[ContainerKind, str]]
) -> dict[tuple[ContainerKind, str], Container]:
    """Return those of the containers that exist, by kind and id."""
    places = {key(account_id, kind, one): (kind, one) for kind, one in wanted}
    found = table.get_many({environment().rules_table: places})
    return {
        places[where]: _container_from(item, account_id, places[where][0])
        for where, item in found.items()
        if "deleted" not in item
    }


def of_account(
    account_id: str, kind: ContainerKind, *, limit: int, after: str = ""
) -> tuple[list[Container], str]:
    """Return a page of an account's containers, oldest first, and the id to go on after."""
    found: list[Container] = []
    partition, start = key(account_id, kind, after)
    last: Key | None = (partition, start) if after else None
    while len(found) < limit:
        page = table.query(
            environment().rules_table,
            partition,
            limit=limit - len(found),
            after=last,
            consistent=True,
        )
        standing = [item for item in page.items if "deleted" not in item]
        found += [_container_from(item, account_id, kind) for item in standing]
        last = page.last
        if last is None:
            return found, ""
    return found, found[-1].container_id


def counts(account_id: str, kind: ContainerKind, ids: Iterable[str]) -> dict[str, int]:
    """Return how many members each container has; of a list those that are active."""
    if kind is LIST:
        return lists.active_counts(account_id, ids)
    names = {counted(kind, one): one for one in ids}
    return {names[name]: n for name, n in counters.totals(account_id, names).items()}


def delete(standing: Container, now_ms: int) -> None:
    """Make a container gone for every reader, at once; the contacts stay.

    Its members are on record until they are swept (`store.container_memberships`).

    Raises:
        NotFoundError: it is gone already.
        ProtectedError: it is a campaign in protected mode.
        ConflictError: it is in a group, which has to let it go first.
    """
    account_id, kind, container_id = standing.account_id, standing.kind, standing.container_id
    if kind is LIST:
        lists.delete(account_id, container_id, now_ms)
        return
    inside = groups.holding(account_id).get(container_id) if kind.is_opt_out_list else None
    if inside:
        raise ConflictError(f"the list belongs to the groups {', '.join(inside)}")
    writes = [
        table.updating(
            environment().rules_table,
            key(account_id, kind, container_id),
            "SET deleted = :now",
            {":now": now_ms},
            condition=STANDS,
        )
    ]
    if standing.grouped:
        writes += [groups.deleting(account_id, container_id), accounts.bumping(account_id)]
    if kind.is_campaign:
        writes.append(campaigns.closing(account_id, container_id))
    try:
        table.transact(writes)
    except table.CancelledError as error:
        _settle_deletion(standing, now_ms, error)


def gone(account_id: str) -> list[tuple[ContainerKind, str]]:
    """Return deleted containers, but for lists, that may have members on record."""
    return [
        (kind, contact_id_at(item["sk"]))
        for kind in OWN_KINDS
        for item in table.query_all(
            environment().rules_table, keys.collection(account_id, f"{kind}s"), consistent=True
        )
        if "deleted" in item
    ]


def forget(account_id: str, kind: ContainerKind, container_id: str) -> None:
    """Remove what is left of a deleted container once nobody is in it: item and number."""
    counters.clear(account_id, counted(kind, container_id))
    table.delete_many(environment().rules_table, [key(account_id, kind, container_id)])


def _grouping(wanted: Container) -> list[Item]:
    """Return the parts of a transaction that keep a group's lists, each of which must stand."""
    if not wanted.grouped:
        return []
    account_id, rules_table = wanted.account_id, environment().rules_table
    return [
        *(
            table.checking(rules_table, key(account_id, wanted.kind, one), STANDS)
            for one in wanted.members
        ),
        groups.putting(account_id, wanted.container_id, wanted.members),
        accounts.bumping(account_id),
    ]


def _archiving(wanted: Container, since: Container) -> list[Item]:
    """Return the part of a transaction that ends, or allows, the mailings of a campaign."""
    if not wanted.kind.is_campaign or wanted.status is since.status:
        return []
    archived = wanted.status is ContainerStatus.ARCHIVED
    return [
        (campaigns.closing if archived else campaigns.opening)(
            wanted.account_id, wanted.container_id
        )
    ]


def _settle(wanted: Container, error: table.CancelledError) -> None:
    """Tell our own write, whose answer was lost, from what stands in its way."""
    (code, standing), *others = error.reasons
    if standing is not None and standing["body"] == _body(wanted) and "deleted" not in standing:
        return
    if code == "ConditionalCheckFailed":
        raise ConflictError("the container was changed meanwhile; read it again") from error
    if wanted.kind.is_campaign:
        raise campaigns.refused(others[-1][1]) from error
    for member, (other, _) in zip(wanted.members, others, strict=False):
        if other == "ConditionalCheckFailed":
            raise InvalidError("members", f"there is no list {member} of this kind") from error
    raise error


def _settle_deletion(standing: Container, now_ms: int, error: table.CancelledError) -> None:
    """Tell our own deletion, whose answer was lost, from what stands in its way."""
    (code, old), *others = error.reasons
    if code == table.REFUSED:
        if old is None or old["deleted"] != now_ms:
            raise NotFoundError(noun(standing.kind), standing.container_id) from error
    elif standing.kind.is_campaign:
        raise campaigns.refused(others[-1][1]) from error
    else:
        raise error


def _as_list(wanted: Container) -> ContactList:
    return ContactList(
        account_id=wanted.account_id,
        list_id=wanted.container_id,
        name=wanted.name,
        settings={NOTES: wanted.notes} if wanted.notes else {},
        created_ms=wanted.created_ms,
        updated_ms=wanted.updated_ms,
    )


def _saved_list(wanted: Container, since: Container) -> Container:
    standing = lists.fetch(wanted.account_id, wanted.container_id)
    changed = replace(
        standing,
        name=wanted.name,
        settings={**standing.settings, NOTES: wanted.notes},
        updated_ms=wanted.updated_ms,
    )
    saved = lists.save(changed, since=replace(standing, version=since.version))
    return replace(wanted, version=saved.version)


def _container_from(item: Item, account_id: str, kind: ContainerKind) -> Container:
    body: dict[str, Any] = unpacked(item["body"])
    if kind is LIST:
        notes = body["settings"].get(NOTES, "")
        body = {name: body[name] for name in ("name", "created_ms", "updated_ms")}
        body |= {"notes": notes, "status": ContainerStatus.ACTIVE, "members": ()}
    return Container(
        account_id=account_id,
        kind=kind,
        container_id=contact_id_at(item["sk"]),
        version=item["version"],
        status=ContainerStatus(body.pop("status")),
        members=tuple(body.pop("members")),
        **body,
    )


def _item(wanted: Container) -> Item:
    pk, sk = key(wanted.account_id, wanted.kind, wanted.container_id)
    return {"pk": pk, "sk": sk, "body": _body(wanted), "version": wanted.version}


def _body(wanted: Container) -> str:
    facts = asdict(wanted)
    return packed({name: value for name, value in facts.items() if name not in OUTSIDE_BODY})
