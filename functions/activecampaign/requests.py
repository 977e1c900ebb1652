"""What every endpoint reads of its request: the caller, the body, the base URL."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from signalbox import access
from signalbox.model.address import contact_address
from signalbox.model.credential import Key
from signalbox.model.errors import InvalidError, NotFoundError
from signalbox.model.permission import Permission

from .schemas import WHOLE_NUMBER, asked

LARGEST_PAGE = 100
USUAL_PAGE = 20
AMOUNT = WHOLE_NUMBER | {"minimum": 0}
PAGE = {
    "limit": asked(AMOUNT, f"How many; {USUAL_PAGE} unless sent, {LARGEST_PAGE} at most"),
    "offset": asked(AMOUNT, "How many to skip"),
}


def caller(router: Router, permission: Permission) -> Key:
    """Return the key in `Api-Token`; raise `ForbiddenError` unless it allows this."""
    key, _ = access.limited_caller(_event(router).headers.get("api-token", ""))
    access.require(key, permission)
    return key


def body_part(router: Router, name: str) -> dict[str, Any]:
    """Return the object under `name` in the JSON body, which is how the API wraps every body."""
    try:
        body = _event(router).json_body
    except (ValueError, RecursionError) as error:
        raise InvalidError("body", "is not valid JSON") from error
    part = body.get(name) if isinstance(body, dict) else None
    if not isinstance(part, dict):
        raise InvalidError(name, "must be an object in the body")
    return part


def text(part: dict[str, Any], name: str, longest: int) -> str:
    """Return a text of a body's object; empty where it is absent or null."""
    value = part.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidError(name, "must be a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(name, "is not valid Unicode") from error
    if len(value) > longest:
        raise InvalidError(name, f"is longer than {longest} characters")
    return value


def contact_id(shown: str) -> str:
    """Return a contact's id as a caller wrote it; raise `NotFoundError` where none can be so."""
    try:
        contact_address(shown)
    except InvalidError as error:
        raise NotFoundError("contact", shown) from error
    return shown


def query(router: Router, name: str) -> str:
    """Return a query parameter; empty where it was not sent."""
    return _event(router).query_string_parameters.get(name, "")


def page(router: Router) -> tuple[int, int]:
    """Return `limit` and `offset`."""
    limit = _number(router, "limit", USUAL_PAGE)
    return min(limit, LARGEST_PAGE), _number(router, "offset", 0)


def base_url(router: Router) -> str:
    """Return the URL under which the caller reached this API, without a slash at the end."""
    event = _event(router)
    scheme = event.headers.get("x-forwarded-proto", "https")
    host = event.headers.get("host", event.request_context.domain_name)
    stage = event.request_context.stage
    suffix = "" if not stage or stage == "$default" else f"/{stage}"
    return f"{scheme}://{host}{suffix}"


def _number(router: Router, name: str, otherwise: int) -> int:
    value = query(router, name)
    if not value:
        return otherwise
    if not (value.isascii() and value.isdigit() and len(value) < 10):  # noqa: PLR2004 digits
        raise InvalidError(name, "must be a whole number of at least 0")
    return int(value)


def _event(router: Router) -> APIGatewayProxyEventV2:
    event = router.current_event
    if not isinstance(event, APIGatewayProxyEventV2):
        raise TypeError(type(event))
    return event
