"""What people see and do without a key: signing up for lists, and their own page.

    GET  /subscribe/<account>-<list>  -> the form
    POST /subscribe/<account>-<list>  -> contact, membership -> a confirmation mail where one is due
    GET  /subscribe/confirm/<token>   -> a page with a button; nothing changes
    POST /subscribe/confirm/<token>   -> active
    GET  /u/<token>                   -> the lists that they are on, and their tracking permission
    POST /u/<token>                   -> what they want; by one click (RFC 8058) unsubscribed

Whoever asks, the answer to a sign-up is the same, so that nobody learns which addresses are known.
A mail scanner that opens every link confirms nothing and unsubscribes nobody.
"""

import json
import time
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from signalbox.aws import AwsError
from signalbox.model.errors import ConflictError, InvalidError, NotFoundError
from signalbox.model.tracking_token import InvalidTokenError
from signalbox.observability import logger, metrics, tracer

from . import pages, preference_form, preference_pages, preferences
from .form import JSON, Form, check, is_json, read
from .signing_up import awaited, confirm, opening, sign_up

app = APIGatewayHttpResolver()
READING = ["GET", "HEAD"]


@app.route("/subscribe/confirm/<token>", method=READING)
def ask(token: str) -> Response[str]:
    """Show what a link would confirm."""
    _, contact_list = awaited(token, _now_ms())
    return _page(pages.confirm_page(contact_list))


@app.post("/subscribe/confirm/<token>")
def settle(token: str) -> Response[str]:
    """Confirm."""
    contact_list = confirm(token, _now_ms())
    metrics.add_metric("SignUpsConfirmed", MetricUnit.Count, 1)
    return _page(pages.confirmed_page(contact_list))


@app.route("/subscribe/<public_id>", method=READING)
def show(public_id: str) -> Response[str]:
    """Show the form of a list."""
    return _page(pages.form_page(opening(public_id).contact_list, Form()))


@app.post("/subscribe/<public_id>")
def take(public_id: str) -> Response[str]:
    """Take a sign-up in."""
    offer = opening(public_id)
    sent = Form()
    try:
        sent = read(_event())
        email = check(sent)
    except InvalidError as error:
        if is_json(_event()):
            return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error.field, error.message)
        fault = f"{error.field.replace('_', ' ').capitalize()} {error.message}"
        page = pages.form_page(offer.contact_list, sent, field=error.field, fault=fault)
        return _page(page, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not offer.is_ready:
        logger.error("no sender for confirmations", list_id=offer.contact_list.list_id)
        return _not_now()
    if not sent.bait:
        mailed = sign_up(offer, email, sent, base_url=_base_url(), now_ms=_now_ms())
        metrics.add_metric("SignUps", MetricUnit.Count, 1)
        metrics.add_metric("ConfirmationMailsFailed", MetricUnit.Count, int(mailed is False))
    if is_json(_event()):
        return _json(HTTPStatus.OK, {"message": pages.thanks(offer.contact_list)})
    return _page(pages.thanks_page(offer.contact_list))


@app.route("/u/<token>", method=READING)
def show_preferences(token: str) -> Response[str]:
    """Show a person's own page; nothing changes by looking."""
    return _preferences(token)


@app.post("/u/<token>")
def take_preferences(token: str) -> Response[str]:
    """Do what a person wants, before it is answered, so that it counts for the next mail."""
    opened = preferences.opened(token)
    try:
        wish = preference_form.read(_event())
    except InvalidError:
        message = "What you sent cannot be read. Open the link in the mail again."
        return _page(pages.message_page("Not read", message), HTTPStatus.UNPROCESSABLE_ENTITY)
    said = preferences.perform(opened, wish, _now_ms())
    metrics.add_metric("PreferencesChanged", MetricUnit.Count, 1)
    if not said:
        return _page(preference_pages.unsubscribed_page())
    return _preferences(token, said)


@app.exception_handler(InvalidTokenError)
def refuse_person(error: InvalidTokenError) -> Response[str]:
    """Answer a link to nobody's page."""
    message = "This link does not work, or not any more."
    return _page(pages.message_page("Not found", message), HTTPStatus.NOT_FOUND)


@app.exception_handler(NotFoundError)
def refuse_unknown(error: NotFoundError) -> Response[str]:
    """Answer for a list that does not exist, or no longer."""
    return _unknown()


@app.not_found
def no_such_path(error: Exception) -> Response[str]:
    """Answer a path that is not served."""
    return _unknown()


@app.exception_handler(InvalidError)
def refuse_link(error: InvalidError) -> Response[str]:
    """Answer a link that does not confirm anything."""
    message = "This link does not work, or not any more. Sign up again to get a new one."
    return _page(pages.message_page("Link not valid", message), HTTPStatus.GONE)


@app.exception_handler([AwsError, ConflictError])
def refuse_for_now(error: AwsError | ConflictError) -> Response[str]:
    """Answer 503 where AWS fails; what was asked for may be asked for again."""
    logger.error("not done", error=type(error).__name__, code=getattr(error, "code", ""))
    return _not_now()


def _unknown() -> Response[str]:
    if is_json(_event()):
        return _refusal(HTTPStatus.NOT_FOUND, "", "there is no such list")
    message = "There is no list here that takes subscriptions."
    return _page(pages.message_page("Not found", message), HTTPStatus.NOT_FOUND)


def _not_now() -> Response[str]:
    message = "This is not possible at the moment. Please try again later."
    if is_json(_event()):
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "", message)
    return _page(pages.message_page("Not now", message), HTTPStatus.SERVICE_UNAVAILABLE)


def _preferences(token: str, said: str = "") -> Response[str]:
    found = preferences.standing(preferences.opened(token))
    page = preference_pages.preference_page(
        found.contact.email,
        found.joined,
        found.contact.permission,
        unsubscribed=found.is_unsubscribed,
        said=said,
    )
    return _page(page)


def _page(page: str, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    body = "" if _event().request_context.http.method == "HEAD" else page
    return Response(status, "text/html; charset=utf-8", body, headers=dict(pages.HEADERS))


def _refusal(status: HTTPStatus, field: str, message: str) -> Response[str]:
    return _json(status, {"errors": [{"field": field, "message": message}]})


def _json(status: HTTPStatus, body: dict[str, Any]) -> Response[str]:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(status, JSON, json.dumps(body), headers=headers)


def _base_url() -> str:
    """Return the URL of this API; API Gateway routes by `host`, so it is one of ours."""
    event = _event()
    scheme = event.headers.get("x-forwarded-proto", "https")
    host = event.headers.get("host", event.request_context.domain_name)
    stage = event.request_context.stage
    return f"{scheme}://{host}" + ("" if stage in ("", "$default") else f"/{stage}")


def _event() -> APIGatewayProxyEventV2:
    event = app.current_event
    if not isinstance(event, APIGatewayProxyEventV2):
        raise TypeError(type(event))
    return event


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of the HTTP API."""
    metrics.add_metric("SignUpRequests", MetricUnit.Count, 1)
    return app.resolve(event, context)
