"""The rules beside which another one stands, in the rules table; see `store.rules`, `store.waking`.

Access  the active rules at places, or all of an account, up to a number of rules that are read
"""

from collections.abc import Iterable

from signalbox.environment import environment
from signalbox.model.rule import Rule, RuleStatus
from signalbox.model.trigger import Place
from signalbox.store import rules, table, waking

PAGE = 1_000


def at_places(account_id: str, places: Iterable[Place], *, most: int) -> tuple[list[Rule], bool]:
    """Return the active rules at places, each once, and whether these are all of them."""
    ids: dict[str, None] = {}
    complete = True
    for place in dict.fromkeys(places):
        after: table.Item | None = None
        while complete:
            page = table.query(
                environment().rules_table,
                waking.partition(account_id, place),
                prefix=waking.RULE,
                limit=PAGE,
                after=after,
                consistent=True,
            )
            ids |= dict.fromkeys(item["sk"].removeprefix(waking.RULE) for item in page.items)
            after = page.resume
            complete = len(ids) <= most
            if after is None:
                break
    wanted = [rules.key(account_id, rule_id) for rule_id in list(ids)[:most]]
    items = table.get_many({environment().rules_table: wanted})
    found = [rules.rule_from(items[where], account_id) for where in wanted if where in items]
    return _active(found), complete


def of_account(account_id: str, *, most: int) -> tuple[list[Rule], bool]:
    """Return the active rules of an account, oldest first, and whether these are all of them."""
    found: list[Rule] = []
    read, after = 0, ""
    while read < most:
        page = rules.of_account(account_id, limit=min(PAGE, most - read), after=after)
        read += len(page.items)
        found += [rules.rule_from(item, account_id) for item in page.items]
        if page.last is None:
            return _active(found), True
        after = page.last[1]
    return _active(found), False


def _active(found: Iterable[Rule]) -> list[Rule]:
    return [rule for rule in found if rule.status is RuleStatus.ACTIVE]
