"""Relay: pass on the mail of other programs, with a pixel and tracked links where the account wants it.

    POST /relay -> read the mail -> suppressed? sent before? -> SES, once for each recipient

200 says of each recipient what came of it. 503 says that something was not sent and may be asked for
again: what was sent is not sent twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from signalbox import access, aws, emf
from signalbox.aws import AwsError
from signalbox.model.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from signalbox.model.permission import Permission
from signalbox.model.tracking_token import KeyRingError
from signalbox.model.wire import packed
from signalbox.store import accounts

from .request import TooLargeError, Wanted, header, read
from .sending import Fate, Result, mode_of, pass_on

Response = dict[str, Any]

NOT_NOW: Final = "Signalbox cannot pass this mail on right now; send it again."
PASSING_S: Final = 5

aws.prepare("dynamodb")


def relay(event: Mapping[str, Any]) -> Response:
    """Pass on the mail of a request, or say why not."""
    key = access.caller(header(event, "api-token"))
    access.require(key, Permission.RELAY_MAIL)
    wanted = read(event)
    account = accounts.fetch(key.account_id)
    results = pass_on(account, wanted)
    emf.count(Counter(f"Relayed{one.fate.title()}" for one in results), Function="relay")
    return _answer(results, mode_of(account, wanted), wanted)


def handler(event: Mapping[str, Any], context: Any) -> Response:
    """Answer one request of the HTTP API (payload format 2.0)."""
    try:
        return relay(event)
    except InvalidError as error:
        return _refused(400, error.field, error.message)
    except TooLargeError as error:
        return _refused(413, "body", str(error))
    except ConflictError as error:
        return _refused(409, "Idempotency-Key", str(error))
    except (ForbiddenError, NotFoundError) as error:
        return _refused(403, "Api-Token", str(error))
    except (AwsError, KeyRingError) as error:
        emf.fault("not relayed", error=type(error).__name__, code=getattr(error, "code", ""))
        return _refused(503, "", NOT_NOW)


def _answer(results: Sequence[Result], mode: str, wanted: Wanted) -> Response:
    """Tell what came of each recipient; the status is that of the mail as a whole."""
    fates = {one.fate for one in results}
    status = 200
    if Fate.DEFERRED in fates:
        status = 503
    elif Fate.FAILED in fates and not fates & {Fate.SENT, Fate.UNCERTAIN}:
        status = 422
    body: dict[str, Any] = {
        "recipients": [_shown(one) for one in results],
        "tracking": mode,
        "sealed": wanted.letter.is_sealed,
    }
    if status != 200:  # noqa: PLR2004 HTTP's success
        said = [one for one in results if one.fate in (Fate.DEFERRED, Fate.FAILED)]
        reasons = dict.fromkeys(one.reason for one in said)
        body["errors"] = [{"field": "", "message": reason} for reason in reasons]
    return _response(status, body)


def _shown(result: Result) -> dict[str, Any]:
    shown = {
        "address": result.recipient.mailbox,
        "state": result.fate,
        "message_id": result.message_id,
        "reason": result.reason,
        "repeated": result.repeated,
    }
    return {name: value for name, value in shown.items() if value}


def _refused(status: int, field: str, message: str) -> Response:
    return _response(status, {"errors": [{"field": field, "message": message}]})


def _response(status: int, body: Mapping[str, Any]) -> Response:
    headers = {"Content-Type": "application/json"}
    if status == 503:  # noqa: PLR2004 HTTP's "later"
        headers["Retry-After"] = str(PASSING_S)
    return {"statusCode": status, "headers": headers, "body": packed(body)}
