"""How the command copes with what a network and a busy stack do."""

import socket

import pytest
import urllib3

from cli import api
from cli.errors import RefusedError, UnreachableError

BUSY = (429, {"Retry-After": "0"}, '{"message": "Too Many Requests"}')
KEYS = '{"keys": []}'


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """Let no retry wait longer than it is told to."""
    monkeypatch.setattr(urllib3.Retry, "get_backoff_time", lambda _: 0)


def test_a_busy_stack_is_asked_again(stand):
    stand.server.planned = [BUSY, (503, {}, "")]

    assert "Test" == stand.read("status")["account"]["name"]


def test_a_stack_that_stays_busy_counts_as_not_reachable(stand):
    stand.server.planned = [BUSY] * 4
    result = stand.run("keys", "list")

    assert (3, "", 4) == (result.exit_code, result.stdout, len(stand.server.requests))
    assert (
        f"signalbox: {stand.server.url} is busy or down (HTTP 429): try again later.\n"
        == result.stderr
    )


def test_an_hour_of_retry_after_is_not_waited_for(stand, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    stand.server.planned = [(503, {"Retry-After": "3600"}, "")]
    stand.read("keys", "list")

    assert [api.LONGEST_PAUSE_SECONDS] == pauses


def test_a_redirect_is_not_followed(stand):
    """The token goes nowhere else, not even to where the stack itself points."""
    stand.server.planned = [(307, {"Location": f"{stand.server.url}/api/keys"}, "")]
    result = stand.run("keys", "list")

    assert (3, "", 1) == (result.exit_code, result.stdout, len(stand.server.requests))
    assert "which is not followed" in result.stderr


def test_a_page_of_some_other_server_is_told(stand):
    stand.server.planned = [(200, {}, "<html>Welcome</html>")]
    result = stand.run("keys", "list")

    assert (3, "") == (result.exit_code, result.stdout)
    assert f"signalbox: {stand.server.url} is not a stack of Signalbox: no JSON.\n" == result.stderr


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"message": "Internal Server Error"}', "Internal Server Error"),
        ("", "The stack answered 500."),
        ("[]", "The stack answered 500."),
        ('{"message": "a\\u001b[2J\\n b"}', r"a\x1b[2J b"),
        ('{"errors": [{"field": "a", "message": "b"}, {"message": "c"}]}', "a: b; c"),
        ('{"errors": [{"title": "a is b", "detail": "", "code": "field_invalid"}]}', "a is b"),
        (
            '{"errors": [{"title": "Not Found", "detail": "No tag", "status": 404}]}',
            "Not Found: No tag",
        ),
        ('{"errors": [{"title": "", "code": "duplicate"}, "x"]}', "duplicate"),
    ],
)
def test_a_refusal_is_told_in_whatever_form_it_comes(stand, body, told):
    stand.server.planned = [(500, {}, body)]
    result = stand.run("keys", "list")

    assert (1, "", f"signalbox: {told}\n") == (result.exit_code, result.stdout, result.stderr)


def test_a_stack_that_does_not_listen_is_told(stand):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        result = stand.run("status", "--json", SIGNALBOX_URL=url)

    assert (3, "") == (result.exit_code, result.stdout)
    assert f"signalbox: {url} cannot be reached: Connection refused.\n" == result.stderr


def test_a_stack_that_says_nothing_is_told(stand, monkeypatch):
    monkeypatch.setattr(api, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        result = stand.run("status", SIGNALBOX_URL=url)

    assert (3, "") == (result.exit_code, result.stdout)
    assert f"signalbox: {url} cannot be reached: it did not answer in time.\n" == result.stderr


@pytest.mark.parametrize("url", ["localhost:8800", "ftp://box.example", "https://", "http://[::1"])
def test_what_is_no_url_is_a_fault_of_usage(stand, url):
    result = stand.run("status", SIGNALBOX_URL=url)

    assert (2, "") == (result.exit_code, result.stdout)
    assert "is not a URL" in result.stderr
    assert 1 == result.stderr.count("\n")


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(stand, monkeypatch):
    monkeypatch.setenv("http_proxy", stand.server.url)
    monkeypatch.setenv("no_proxy", "near.example")
    stand.read("openapi")
    stand.server.planned = [(200, {}, KEYS)]
    stand.read("keys", "list", SIGNALBOX_URL="http://far.example")

    assert ["/api/openapi.json", "http://far.example/api/keys"] == [
        path for _, path, _ in stand.server.requests
    ]
    assert "" == api._proxy("http://near.example")


def test_errors_carry_the_documented_codes():
    assert (1, 3) == (RefusedError.exit_code, UnreachableError.exit_code)
