"""Which stack a command talks to."""

import json
import os

import pytest

from cli import stack
from cli.errors import UsageError

NOTHING = {"SIGNALBOX_URL": None, "SIGNALBOX_TOKEN": None}


@pytest.fixture(name="file")
def _file(tmp_path):
    """A local stack's file, as `make run` writes it, below the test's folder."""
    file = tmp_path / ".signalbox" / "stack.json"
    file.parent.mkdir()
    told = {"api_url": "http://127.0.0.1:8800", "api_token": "T", "event_key": "E", "actid": "1"}
    file.write_text(json.dumps(told))
    return file


def test_the_local_stack_is_found_from_a_folder_below(stand, account, file, monkeypatch):
    told = {"api_url": stand.server.url, "actid": account.account_id}
    told |= {"api_token": account.tokens["global_admin"], "event_key": account.event_key}
    file.write_text(json.dumps(told))
    (file.parent.parent / "docs").mkdir()
    monkeypatch.chdir("docs")

    assert stand.server.url == stand.read("status", **NOTHING)["api_url"]


def test_the_form_is_sent_with_the_local_stacks_event_key(stand, account, cloud, file):
    told = {"api_url": stand.server.url, "api_token": "T", "event_key": account.event_key}
    file.write_text(json.dumps(told))
    ada = ("--email", "ada@signalbox.example")

    assert 1 == stand.read("send", "download", *ada, "--form", **NOTHING)["success"]


def test_what_is_given_wins_over_the_file(stand, file):
    assert stand.server.url == stand.read("status")["api_url"]


def test_options_win_over_the_environment(stand):
    nowhere = {"SIGNALBOX_URL": "http://127.0.0.1:1", "SIGNALBOX_TOKEN": "x"}
    token = stand.account.tokens["global_admin"]

    assert (
        "Test"
        == stand.read("status", "--url", f"{stand.server.url}/", "--token", token, **nowhere)[
            "account"
        ]["name"]
    )


def test_a_token_alone_is_for_the_local_stack(file):
    found = stack.find("", "mine", file.parent)

    assert stack.Stack("http://127.0.0.1:8800", "mine") == found


def test_the_local_stacks_url_alone_takes_its_token(file):
    found = stack.find("http://127.0.0.1:8800/", "", file.parent)

    assert stack.Stack("http://127.0.0.1:8800", "T", "E") == found


def test_the_local_stacks_token_is_never_sent_elsewhere(file):
    found = stack.find("https://other.example", "", file.parent)

    assert stack.Stack("https://other.example", "") == found


def test_a_file_of_another_user_is_not_used(file, monkeypatch):
    """Somebody's file in a folder above must not lead a token to them."""
    monkeypatch.setattr(os, "getuid", lambda: file.stat().st_uid + 1)

    with pytest.raises(UsageError, match="belongs to another user"):
        stack.find("", "mine", file.parent)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"api_url": 1, "api_token": "x"}', "\x00"])
def test_a_broken_file_is_told(stand, file, text):
    file.write_text(text)
    result = stand.run("status", **NOTHING)

    assert (2, "") == (result.exit_code, result.stdout)
    assert f"signalbox: {file} cannot be read: " in result.stderr


def test_no_stack_at_all_says_how_to_name_one(stand):
    result = stand.run("status", **NOTHING)

    assert (2, "") == (result.exit_code, result.stdout)
    assert f"signalbox: {stack.UNKNOWN}\n" == result.stderr


def test_no_token_is_told_before_anything_is_sent(stand):
    result = stand.run("status", SIGNALBOX_TOKEN=None)

    assert (2, "") == (result.exit_code, result.stdout)
    assert "signalbox: No token was given: use --token or SIGNALBOX_TOKEN.\n" == result.stderr
    assert [] == stand.server.requests


@pytest.mark.parametrize("token", ["a\r\nHost: other", "tökén", "a\x00"])
def test_a_token_that_no_header_carries_is_a_fault_of_usage(stand, token):
    result = stand.run("status", "--token", token)

    assert (2, 1) == (result.exit_code, result.stderr.count("\n"))
    assert [] == stand.server.requests
