"""The HTTP API of the emulator: what the shims mend, that it still needs mending, and the front door."""

import base64
import copy

import pytest

from local import processes
from local.front_door import MAXIMUM_BODY_BYTES

from .toy import TEMPLATE, call


@pytest.fixture
def mended_api(mended):
    return mended.api_url


@pytest.fixture(scope="module")
def shipped_api(shipped):
    return shipped.explicit_api()


def route_keys(emulator):
    routes = emulator.client("apigatewayv2").get_routes(ApiId=emulator.outputs["Api"])["Items"]
    return {route["RouteKey"] for route in routes}


def test_routes_of_functions_are_imported(mended):
    assert {"POST /event", "ANY /api/{proxy+}", "ANY /api/3/{proxy+}"} == route_keys(mended)


def test_cors_and_id_are_imported(mended):
    api = mended.client("apigatewayv2").get_api(ApiId="cafe0001")

    assert api["CorsConfiguration"]["AllowOrigins"] == ["https://allowed.example"]


def test_gap_routes_of_functions_are_not_imported(shipped):
    assert route_keys(shipped) == set()


def test_changed_routes_are_imported_and_the_api_keeps_its_id(mended):
    runtime = processes.python_version(processes.RUNTIME_PYTHON)
    changed = copy.deepcopy(TEMPLATE)
    changed["Resources"]["Http"]["Properties"]["Events"]["Post"]["Properties"]["Path"] = "/other"
    mended.deploy(runtime, changed)
    after = (mended.outputs["Api"], "POST /other" in route_keys(mended))
    mended.deploy(runtime)

    assert ("cafe0001", True) == after
    assert "POST /event" in route_keys(mended)


def test_events_have_cookies_forwarding_headers_and_no_empty_path_parameters(mended_api):
    event = call(
        "POST", f"{mended_api}/event", b"a=b", cookie="a=1; b=2", x_forwarded_for="9.9.9.9"
    ).json()

    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert "pathParameters" not in event
    assert event["headers"]["x-forwarded-for"] == "9.9.9.9, 127.0.0.1"
    assert event["headers"]["x-forwarded-proto"] == "http"


def test_gap_events_lack_cookies_and_forwarding_headers(shipped_api):
    event = call("POST", f"{shipped_api}/event", b"a=b", cookie="a=1; b=2").json()

    assert "cookies" not in event
    assert event["pathParameters"] is None
    assert "x-forwarded-proto" not in event["headers"]


def test_a_function_that_fails_is_answered_500_without_its_text(mended_api):
    answer = call("GET", f"{mended_api}/api/fail")

    assert answer.status == 500
    assert answer.content == b'{"message":"Internal Server Error"}'


def test_gap_a_function_that_fails_is_answered_502_with_its_text(shipped_api):
    answer = call("GET", f"{shipped_api}/api/fail")

    assert answer.status == 502
    assert b"the secret of the function" in answer.content


def test_an_answer_without_content_type_is_plain_text(mended_api, shipped_api):
    assert call("GET", f"{mended_api}/api/plain").headers["content-type"].startswith("text/plain")
    assert call("GET", f"{shipped_api}/api/plain").headers["content-type"] == "application/json"


def test_a_preflight_from_a_foreign_origin_is_answered_without_cors_headers(mended_api):
    answer = call("OPTIONS", f"{mended_api}/event", origin="https://foreign.example")

    assert answer.status == 204
    assert "access-control-allow-origin" not in answer.headers


def test_gap_a_preflight_from_a_foreign_origin_is_answered_403(shipped_api):
    answer = call("OPTIONS", f"{shipped_api}/event", origin="https://foreign.example")

    assert answer.status == 403


def test_a_preflight_from_an_allowed_origin_is_answered(mended_api):
    answer = call("OPTIONS", f"{mended_api}/event", origin="https://allowed.example")

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://allowed.example"


def test_the_narrower_of_two_greedy_routes_is_chosen(mended_api):
    event = call("GET", f"{mended_api}/api/3/contacts/1").json()

    assert event["routeKey"] == "ANY /api/3/{proxy+}"
    assert event["pathParameters"] == {"proxy": "contacts/1"}


def test_the_front_door_passes_the_query_as_it_came(mended_api):
    event = call("GET", f"{mended_api}/api/x?x=1&x=2&y=a%20b&z").json()

    assert event["rawQueryString"] == "x=1&x=2&y=a%20b&z"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "a b", "z": ""}


def test_the_front_door_decodes_the_path_but_for_percent_signs(mended_api):
    assert call("GET", f"{mended_api}/api/a%20b%252F").json()["rawPath"] == "/api/a b%252F"


def test_the_front_door_passes_a_body_of_any_bytes(mended_api):
    body = bytes(range(256))
    event = call(
        "POST", f"{mended_api}/event", body, content_type="application/octet-stream"
    ).json()

    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def test_the_front_door_sends_binary_answers_as_bytes(mended_api):
    answer = call("GET", f"{mended_api}/api/gif")

    assert answer.headers["content-type"] == "image/gif"
    assert answer.content == bytes(range(42))


def test_the_front_door_answers_what_no_route_matches_with_404(mended_api):
    answer = call("GET", f"{mended_api}/nothing")

    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})


def test_the_front_door_refuses_a_body_over_10_mb(mended_api):
    answer = call("POST", f"{mended_api}/event", bytes(MAXIMUM_BODY_BYTES + 1))

    assert (answer.status, answer.json()) == (413, {"message": "Request Entity Too Large"})
