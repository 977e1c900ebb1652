"""`signalbox status`: is the stack there, who am I in it, is anything left lying."""

from typing import Any

from cli.api import Api
from cli.errors import RefusedError
from cli.session import Session

FORBIDDEN = 403


def status(session: Session) -> None:
    """Tell whether the stack answers, whose token this is, and what waits for somebody."""
    api = session.api
    key = api.call("GET", "/api/key")
    answer = {
        "api_url": api.stack.api_url,
        "account_id": key["account_id"],
        "account": _if_allowed(api, "/api/account"),
        "key": key,
        "dead_letters": _if_allowed(api, "/api/dead-letters"),
    }
    if answer["dead_letters"]:
        answer["dead_letters"] = answer["dead_letters"]["dead_letters"]
    session.screen.facts(answer, _facts(answer))


def _facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    account, key, letters = answer["account"], answer["key"], answer["dead_letters"]
    hidden = "not shown to this key"
    facts = [
        ("stack", f"{answer['api_url']} answers"),
        ("account", f"{answer['account_id']} {account['name'] if account else ''}".strip()),
        ("key", f"{key['role']}, {key['name']}"),
    ]
    if account is None:
        facts += [("mail tracking", hidden), ("event tracking", hidden)]
    else:
        facts.append(("mail tracking", account["tracking_mode"]))
        facts.append(("event tracking", "on" if account["tracking_enabled"] else "off"))
    if letters is None:
        facts.append(("dead letters", hidden))
    else:
        waiting = [f"{one['queue']} {one['waiting']}" for one in letters if one["waiting"]]
        facts.append(("dead letters", ", ".join(waiting) or "none"))
    return facts


def _if_allowed(api: Api, path: str) -> Any:
    """Return what a path answers; None where the key is good, but may not read this."""
    try:
        return api.call("GET", path)
    except RefusedError as error:
        if error.status != FORBIDDEN or error.is_lockout:
            raise
        return None
