"""Who may drive the emulator."""

import pytest

from local.guard import is_allowed

from .toy import call


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8801", "localhost", "localhost:8801", "[::1]:8801", "x.localhost:8801"]
)
def test_a_program_on_this_machine_is_allowed(host):
    assert is_allowed([(b"host", host.encode()), (b"user-agent", b"Boto3")])


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8801"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example:8801"},
        {},
        {"host": "127.0.0.1:8801", "Origin": "http://evil.example"},
        {"host": "127.0.0.1:8801", "Origin": "http://127.0.0.1:8801"},
        {"host": "127.0.0.1:8801", "referer": "http://evil.example/"},
        {"host": "127.0.0.1:8801", "sec-fetch-site": "cross-site"},
        {"host": "127.0.0.1:8801", "sec-fetch-site": "same-origin"},
    ],
)
def test_a_web_page_and_a_foreign_name_are_not(headers):
    assert not is_allowed([(name.encode(), value.encode()) for name, value in headers.items()])


def test_the_control_plane_refuses_a_web_page(mended):
    answer = call("GET", f"{mended.url}/_ministack/health", origin="http://evil.example")

    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_gap_the_emulator_allows_every_web_page(shipped):
    answer = call("OPTIONS", f"{shipped.url}/", origin="http://evil.example")

    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_front_door_answers_web_pages(mended):
    answer = call("GET", f"{mended.api_url}/api/x", origin="https://allowed.example")

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://allowed.example"
