"""What every route shares: who calls, what is answered, how long a page is."""

import time
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, ConfigDict

from signalbox import access
from signalbox.model.credential import Key
from signalbox.model.permission import Permission

Limit = Annotated[int, Query(ge=1, le=100, description="Entries on a page")]
After = Annotated[str, Query(max_length=256, description="The `next` of the page before")]


class Sent(BaseModel):
    """A body that a caller sends: a field that is not known is a fault, not noise."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=100_000)


class Shown(BaseModel):
    """A body that we answer."""

    model_config = ConfigDict(frozen=True)


class Fault(Shown):
    """One thing that is wrong with a request."""

    field: str
    message: str


class Faults(Shown):
    """Why a request was refused."""

    errors: list[Fault]


def caller(router: Router, permission: Permission) -> Key:
    """Return the key of the caller; raise `ForbiddenError` unless it allows this."""
    key: Key = router.context["key"]
    access.require(key, permission)
    return key


def answers(success: str, *refusals: int, status: int = 200) -> dict[int, OpenAPIResponse]:
    """Describe what a route answers: its success, what every route may refuse, and more."""
    words = {
        403: "Not allowed",
        404: "Not found",
        409: "Conflict",
        422: "Not valid",
        503: "Not possible right now; ask again",
    }
    described: dict[int, Any] = {status: {"description": success}}
    for code in sorted({403, 422, 503, *refusals}):
        described[code] = {
            "description": words[code],
            "content": {"application/json": {"model": Faults}},
        }
    return described


def now_ms() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000
