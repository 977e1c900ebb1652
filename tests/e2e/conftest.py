"""The real stack: `sam build` and `sam deploy` of the template, on the emulator, on free ports."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.template import ROOT

LOCAL = [str(ROOT / ".venvs/run/bin/python"), "-m", "local"]
PATIENCE_S = 60


@dataclass
class Stack:
    """A running stack and what opens it."""

    home: Path
    about: dict[str, Any]
    http: urllib3.PoolManager

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """Call the API as the global admin, or with another token."""
        headers = {"Api-Token": self.about["api_token"] if token is None else token}
        answer = self.http.request(method, self.about["api_url"] + path, json=body, headers=headers)
        return answer.status, answer.json() if answer.data else None

    def report(self, **changes: str) -> tuple[int, Any]:
        """Report an event by the form, as a browser would: no token, no special header."""
        form = {
            "actid": self.about["actid"],
            "key": self.about["event_key"],
            "event": "file download request",
            "eventdata": "https://files.example/a.pdf",
        } | changes
        url = self.about["api_url"] + "/event"
        answer = self.http.request("POST", url, fields=form, encode_multipart=False)
        return answer.status, answer.json()

    def mails(self) -> list[dict[str, Any]]:
        """Return what arrived in the mailbox, newest last."""
        return self.http.request("GET", self.about["mailbox_url"]).json()

    def hooks(self) -> list[dict[str, Any]]:
        """Return what arrived at the webhook receiver, newest last."""
        return self.http.request("GET", self.about["receiver_url"]).json()


def local(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the local stack to its end."""
    environment = os.environ | {"SIGNALBOX_HOME": str(home)}
    return subprocess.run(
        [*LOCAL, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def eventually(look: Any, *, what: str) -> Any:
    """Return what `look` finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"no {what} within {PATIENCE_S} s")


@pytest.fixture(scope="session", name="stack")
def _stack(tmp_path_factory):
    home = tmp_path_factory.mktemp("stack")
    started = local(home, "up", "--ports", "free")
    if started.returncode != 0:
        logs = "\n".join(log.read_text()[-3000:] for log in home.glob("*.log"))
        pytest.fail(f"{started.stdout}{started.stderr}\n{logs}")
    about = json.loads((home / "stack.json").read_text())
    yield Stack(home, about, urllib3.PoolManager(retries=False, timeout=30))
    local(home, "reset")
