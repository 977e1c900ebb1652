"""Ingest: take events in, at the price of one call.

    POST /event, POST /api/events -> read the dialect -> events queue

An answer that says accepted means that the queue holds the event. Each dialect's file says how it
is read and what is answered; here is what they share.
"""

from collections.abc import Callable, Mapping
from typing import Any

from signalbox import aws, emf
from signalbox.aws import AwsError
from signalbox.model.errors import ConflictError, ForbiddenError, InvalidError
from signalbox.queues import QueueRefusedError

from . import activecampaign, native
from .request import Request, TooLargeError

Response = dict[str, Any]
Dialect = Callable[[Request], Response]
Refusal = Callable[[int, str, str], Response]

ROUTES: Mapping[str, tuple[Dialect, Refusal]] = {
    "POST /event": (activecampaign.take_event, activecampaign.refuse),
    "POST /api/events": (native.take_events, native.refuse),
}


aws.prepare("sqs", "dynamodb")


def take(request: Request, accept: Dialect, refuse: Refusal) -> Response:
    """Let the dialect accept the request; refuse it in its own words where that fails."""
    try:
        return accept(request)
    except InvalidError as error:
        return refuse(400, error.field, error.message)
    except TooLargeError as error:
        return refuse(413, "", str(error))
    except ForbiddenError as error:
        return refuse(403, "", str(error))
    except ConflictError as error:
        return refuse(409, "Idempotency-Key", str(error))
    except (AwsError, QueueRefusedError) as error:
        emf.fault("not accepted", error=type(error).__name__, code=getattr(error, "code", ""))
        return refuse(503, "", "Signalbox cannot take events right now; send it again.")


def handler(event: Mapping[str, Any], context: Any) -> Response:
    """Answer one request of the HTTP API (payload format 2.0)."""
    accept, refuse = ROUTES[event["routeKey"]]
    return take(Request(event), accept, refuse)
