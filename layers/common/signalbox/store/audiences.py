"""Lists and opt-out lists that audiences name, and whether they are there.

Access  which campaigns name one (a Query of the account's campaigns, a read of those that do, and of
        what older version a mailing under way sends); what an audience names that is gone
An opt-out list that is gone keeps nobody out any more. So no list is deleted that a campaign names,
and a mailing does not start whose lists are gone all the same; one that sends pauses without an opt-out
list.
"""

from typing import Final

from signalbox.environment import environment
from signalbox.model.campaign import Campaign
from signalbox.model.contact_index import contact_id_at
from signalbox.model.container import CAMPAIGNS, ContainerKind, ContainerStatus
from signalbox.model.errors import ConflictError
from signalbox.store import campaigns, containers, keys, mailings, table
from signalbox.store.table import Item

MOST_SHOWN: Final = 10
"""Campaigns that an error names; of more it says how many."""


def check_unnamed(account_id: str, kind: ContainerKind, container_id: str) -> None:
    """Accept that a list or an opt-out list goes.

    Archived campaigns do not count: they send nothing.

    Raises:
        ConflictError: the audience of a campaign names it.
    """
    name = f"{kind}#{container_id}"
    heads = table.query_all(
        environment().rules_table, keys.collection(account_id, "campaigns"), consistent=True
    )
    naming = [contact_id_at(one["sk"]) for one in heads if _names(account_id, one, name)]
    ids = _in_use(account_id, naming)
    if ids:
        shown = ", ".join(ids[:MOST_SHOWN])
        more = f" and {len(ids) - MOST_SHOWN} more" if len(ids) > MOST_SHOWN else ""
        raise ConflictError(
            f"the {containers.noun(kind)} belongs to the audiences of the campaigns {shown}{more}: "
            "take it out of these (PUT …/content), or archive them"
        )


def missing_in(campaign: Campaign) -> str:
    """Say what an audience names that is gone; empty where everything is there."""
    named = campaign.named
    asked = [(one.kind, one.container_id) for one in named]
    found = containers.find_many(campaign.account_id, asked) if asked else {}
    for one in named:
        if (one.kind, one.container_id) not in found:
            gone = f"there is no {containers.noun(one.kind)} {one.container_id}"
            return missing(one.field, gone)
    return ""


def missing(field: str, gone: str) -> str:
    """Return what to say where an audience names what is gone."""
    return (
        f"{field}: {gone} any more; change the audience (PUT …/content) and start another mailing"
    )


def _names(account_id: str, head: Item, name: str) -> bool:
    """Tell whether the newest content of a campaign names it, or an older one that is being sent."""
    if name in head.get("named", ()):
        return True
    if not head["active"]:
        return False
    campaign = campaigns.fetch(account_id, contact_id_at(head["sk"]))
    older = {one.campaign_version for one in mailings.active_of(campaign)} - {0, campaign.version}
    sent = [campaigns.fetch_version(account_id, campaign.campaign_id, one) for one in older]
    return any(name == one.name for version in sent for one in version.named)


def _in_use(account_id: str, campaign_ids: list[str]) -> list[str]:
    """Return those of the campaigns that are there and not archived."""
    found = containers.find_many(
        account_id, ((kind, one) for kind in CAMPAIGNS for one in campaign_ids)
    )
    standing = [one for one in found.values() if one.status is not ContainerStatus.ARCHIVED]
    return sorted((one.container_id for one in standing), key=int)
