"""The shapes of ActiveCampaign's answers; `docs/activecampaign.md` has their table."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response

from signalbox.aws import AwsError
from signalbox.model.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignalboxError,
)

# The names that the original's 404 texts have for our nouns.
MODELS = {
    "contact tag": "SubscriberTag",
    "tag": "Tag",
    "contact list": "SubscriberList",
    "list": "_List",
    "contact": "Subscriber",
    "field": "Field",
    "field value": "FieldValue",
    "field relation": "FieldRel",
    "log entry": "TrackingLog",
    "event name": "EventTrackingEvent",
}
HEADERS = {"Cache-Control": "no-store, no-cache, must-revalidate"}


def answer(body: Any, status: int = 200) -> Response[str]:
    """Return a JSON answer."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=json.dumps(body, separators=(",", ":")),
        headers=dict(HEADERS),
    )


def answer_error(error: SignalboxError) -> Response[str]:
    """Return what the original would answer to this fault."""
    match error:
        case NotFoundError(noun=noun, key=key):
            model = MODELS.get(noun, noun.title())
            return answer({"message": f"No Result found for {model} with id {key}"}, 404)
        case ForbiddenError():
            return answer({"message": str(error)}, 403)
        case InvalidError(field=field, message=message):
            return answer(_invalid(field, f"{field} {message}", "field_invalid"), 422)
        case ConflictError():
            return answer(_invalid("", str(error), "duplicate"), 422)
        case AwsError():
            return answer({"message": "Signalbox cannot do this right now; try again."}, 503)
    raise error


def answer_duplicate(field: str, title: str) -> Response[str]:
    """Return the refusal of something that exists already."""
    return answer(_invalid(field, title, "duplicate"), 422)


def answer_unknown_path() -> Response[str]:
    """Return the refusal of a path that is not served."""
    return answer({"message": "No such endpoint; docs/activecampaign.md lists what is served"}, 404)


def _invalid(field: str, title: str, code: str) -> dict[str, Any]:
    fault: dict[str, Any] = {"title": title, "detail": "", "code": code}
    if field:
        fault["source"] = {"pointer": f"/data/attributes/{field}"}
    return {"errors": [fault]}
