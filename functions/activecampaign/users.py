"""The user of the original is a key here: /users and /users/me."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.model.credential import Key
from signalbox.model.errors import NotFoundError
from signalbox.model.permission import Permission
from signalbox.store import accounts

from .answers import answer
from .requests import base_url, caller
from .routing import DescribedRouter, done
from .schemas import LINK, NONE, NULL, TEXT, TOTAL, constant, either, many, shape

router = DescribedRouter()
USER_ID = "1"
LINKS = ("lists", "userGroup", "dealGroupTotals", "dealGroupUsers", "configs")
# What a link of a user leads to: everybody sees every list, and there are no groups or deals.
LINKED: dict[str, Any] = {
    "lists": [],
    "userGroup": None,
    "dealGroupTotals": [],
    "dealGroupUsers": [],
    "configs": [],
}
ONE_PART = either(
    *(shape({part: NULL if linked is None else NONE}) for part, linked in LINKED.items())
)
USER = shape(
    {
        **dict.fromkeys(("username", "firstName", "lastName", "email", "phone"), TEXT),
        "signature": NULL,
        "lang": constant("english"),
        "localZoneid": TEXT,
        "links": shape(dict.fromkeys(LINKS, LINK)),
        "id": constant(USER_ID),
    },
    title="User",
)


@router.serve("GET /users/me", done(user=USER))
def me() -> Response[str]:
    """Return the caller."""
    return answer({"user": _shape(caller(router, Permission.READ_SETUP))})


@router.serve("GET /users", done(users=many(USER), meta=TOTAL))
def of_account() -> Response[str]:
    """List the caller, who is all that a caller sees of the account's keys."""
    key = caller(router, Permission.READ_SETUP)
    return answer({"users": [_shape(key)], "meta": {"total": "1"}})


@router.serve("GET /users/<user_id>", done(user=USER))
def read(user_id: str) -> Response[str]:
    """Return the caller by its id."""
    return answer({"user": _shape(_asked(user_id))})


@router.serve("GET /users/<user_id>/<part>", {200: ONE_PART})
def linked(user_id: str, part: str) -> Response[str]:
    """Return what a link of the caller leads to."""
    _asked(user_id)
    if part not in LINKED:
        raise NotFoundError("part of a user", part)
    return answer({part: LINKED[part]})


def _asked(user_id: str) -> Key:
    key = caller(router, Permission.READ_SETUP)
    if user_id != USER_ID:
        raise NotFoundError("user", user_id)
    return key


def _shape(key: Key) -> dict[str, Any]:
    account = accounts.fetch(key.account_id)
    at = f"{base_url(router)}/api/3/users/{USER_ID}"
    return {
        "username": key.name,
        "firstName": key.name,
        "lastName": "",
        "email": account.mail_from,
        "phone": "",
        "signature": None,
        "lang": "english",
        "localZoneid": account.time_zone,
        "links": {name: f"{at}/{name}" for name in LINKS},
        "id": USER_ID,
    }
