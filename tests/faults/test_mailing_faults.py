"""Campaigns and mailings, broken at every call that is made for them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.admin import app as admin
from signalbox import mailing_runs, schedules
from signalbox.aws import AwsError
from signalbox.model import sending
from signalbox.model.credential import Role
from signalbox.model.sending import Start
from signalbox.store import mailings
from tests.cloud import Context, forget, http_event
from tests.faults import sites
from tests.faults.enumerator import Break, Call, Death
from tests.faults.stored import masked
from tests.faults.world import NOON_MS, World, inhabited, items
from tests.people import ACCOUNT_ID

TRIES = 4
HOUR_MS = 3_600_000
DUE_MS = NOON_MS + HOUR_MS
SHORT = {"subject": "News", "text": "Hello"}
LONG = {
    "subject": "More news",
    "html": "<p>" + "x" * 250_000,
    "attachments": [
        {
            "name": "a.pdf",
            "media_type": "application/pdf",
            "content": base64.b64encode(b"a").decode(),
        }
    ],
    "audience": {"contact_ids": [str(number) for number in range(1, 1_200)]},
}


@dataclass(frozen=True)
class Request:
    """A request; `again` is what a repeat of one that was done may be answered beside a success."""

    method: str
    path: str
    body: Any = None
    again: frozenset[int] = frozenset()


REQUESTS = {
    "campaign-first-content": Request("PUT", "email-campaigns/{fresh}/content", SHORT),
    "campaign-long-content": Request("PUT", "email-campaigns/{written}/content", LONG),
    "campaign-content": Request("GET", "email-campaigns/{long}/content"),
    "campaign-unprotect": Request("POST", "email-campaigns/{busy}/unprotect"),
    "mailing-start": Request("POST", "mailings/{draft}/start"),
    "mailing-schedule": Request("POST", "mailings/{draft}/start", {"at": DUE_MS}),
    "mailing-move": Request("POST", "mailings/{scheduled}/start", {"at": DUE_MS + HOUR_MS}),
    "mailing-start-early": Request("POST", "mailings/{scheduled}/start", {"at": "now"}),
    "mailing-pause": Request("POST", "mailings/{running}/pause"),
    "mailing-resume": Request("POST", "mailings/{paused}/resume"),
    "mailing-resume-early": Request("POST", "mailings/{waiting}/resume"),
    "mailing-cancel": Request("POST", "mailings/{scheduled}/cancel"),
    "mailing-cancel-running": Request("POST", "mailings/{running}/cancel"),
    "mailing-change": Request("PATCH", "mailings/{running}", {"limits": {"after": 9}}),
    "mailing-delete": Request("DELETE", "mailings/{draft}", None, frozenset({404})),
    "mailing-due": Request("due", "{scheduled}"),
}
# Who asks is looked up in the same way by every request; it is broken elsewhere.
CASES = [
    pytest.param(name, site, mode, id=f"{name}-{site}-{mode}")
    for name in REQUESTS
    for site in sites.known().get(name, [])
    if not site.endswith("api_keys.py:find")
    for mode in sites.telling_modes(site)
]


@dataclass
class Office:
    """Campaigns and mailings in every state, from which each request starts."""

    world: World
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("fresh", "written", "long", "busy", "other"):
            made = self.done(Request("POST", "email-campaigns", {"name": name}))
            self.ids[name] = made["container_id"]
            if name != "fresh":
                body = LONG if name == "long" else SHORT
                self.done(Request("PUT", f"email-campaigns/{{{name}}}/content", body))
        for name, at_ms, verbs in (
            ("draft", 0, ""),
            ("running", 0, "start"),
            ("paused", 0, "start pause"),
            ("scheduled", DUE_MS, "start"),
            ("waiting", DUE_MS, "start pause"),
        ):
            campaign = self.ids["busy" if name in {"running", "paused"} else "other"]
            wanted = {"campaign_id": campaign, "at": at_ms or "now"}
            self.ids[name] = self.done(Request("POST", "mailings", wanted))["mailing_id"]
            for verb in verbs.split():
                self.done(Request("POST", f"mailings/{{{name}}}/{verb}"))
        self.world.keep()

    def begin(self, fault: Break | None = None) -> None:
        """Put everything back to the beginning."""
        self.world.begin(fault)
        self.world.cloud.waiting("SENDS")
        for name in ("scheduled", "waiting"):
            schedules.put_start(Start(ACCOUNT_ID, self.ids[name], DUE_MS), now_ms=NOON_MS)
        self.world.calls.begin(fault)

    def done(self, request: Request) -> Any:
        """Make a request that succeeds; return what is answered."""
        status, body = self.ask(request) or (0, None)
        assert 200 <= status < 300, body
        return body

    def ask(self, request: Request) -> tuple[int, Any] | None:
        """Make a request once; None where the process dies and nothing is answered."""
        self.world.calls.function = "send" if request.method == "due" else "admin"
        try:
            return self._asked(request)
        except Death:
            forget()
            return None
        finally:
            self.world.calls.function, self.world.calls.dead = "", False

    def ask_until_answered(self, request: Request) -> tuple[int, Any]:
        """Make a request as a good caller, or the queue, does: again after a failure."""
        for _ in range(TRIES):
            answer = self.ask(request)
            if answer is not None and answer[0] != 503:
                return answer
            self.world.clock.shift(1)
        raise AssertionError("the request was never answered")

    def state(self) -> dict[str, Any]:
        """Return what stands; pages may be queued more than once, but not others."""
        standing = [
            masked(json.dumps(item), {})
            for item in items(self.world.cloud, "RULES")
            if item["pk"]["S"].endswith("#mailings") or "#campaign" in item["pk"]["S"]
        ]
        return {
            "items": standing,
            "sends": set(self.world.cloud.waiting("SENDS")),
            "schedules": {
                one["Name"]: one["Target"]["Input"] for one in self.world.cloud.schedules()
            },
        }

    def check(self, expected: Mapping[str, Any]) -> None:
        """Assert that what stands is expected; a schedule that was left over fires in vain."""
        actual = self.state()
        assert expected["schedules"].items() <= actual["schedules"].items()
        left = actual["schedules"].keys() - expected["schedules"].keys()
        for name in left:
            mailing_runs.start_due(sending.from_wire(actual["schedules"][name]), now_ms=DUE_MS)
        after = self.state()
        assert expected["items"] == actual["items"] == after["items"]
        assert (expected["sends"], set()) == (actual["sends"], after["sends"])

    def _asked(self, request: Request) -> tuple[int, Any]:
        path = request.path.format(**self.ids)
        if request.method == "due":
            try:
                mailing_runs.start_due(Start(ACCOUNT_ID, path, DUE_MS), now_ms=DUE_MS)
            except AwsError:
                return 503, None
            return 200, None
        headers = {"api-token": self.world.people.tokens[Role.GLOBAL_ADMIN]}
        event = http_event(request.method, f"/api/{path}", headers=headers, body=request.body)
        answer = admin.handler(event, Context())
        body = answer.get("body")
        return answer["statusCode"], json.loads(body) if body else None


@pytest.fixture(scope="module", name="office")
def _office(_mocked_aws):
    with inhabited() as world, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(mailings, "sleep", lambda _seconds: None)
        yield Office(world)


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(office: Office):
    """What each request leaves behind, and the calls that it makes, when nothing goes wrong."""
    found: dict[str, tuple[Mapping[str, Any], list[Call]]] = {}

    def of(name: str) -> tuple[Mapping[str, Any], list[Call]]:
        if name not in found:
            office.begin()
            office.done(REQUESTS[name])
            calls = office.world.calls.calls
            found[name] = office.state(), calls
        return found[name]

    return of


@pytest.mark.parametrize("name", REQUESTS)
def test_every_call_site_is_enumerated(name, undisturbed):
    """A call that is not in sites.json fails here, so that no call stays untried."""
    _, calls = undisturbed(name)

    sites.check(name, [call.site for call in calls])


@pytest.mark.parametrize("name", REQUESTS)
def test_a_repeat_changes_nothing(name, office, undisturbed):
    """Whoever never heard the answer and asks again finds done what was asked, once."""
    expected, _ = undisturbed(name)
    office.begin()
    office.ask(REQUESTS[name])

    status, body = office.ask_until_answered(REQUESTS[name])

    assert status in {200, 204, *REQUESTS[name].again}, body
    office.check(expected)


@pytest.mark.parametrize(("name", "site", "mode"), CASES)
def test_a_fault_changes_nothing_in_the_end(name, site, mode, office, undisturbed):
    """After the caller's repeat everything is as if nothing had happened, and all pages are queued."""
    expected, calls = undisturbed(name)
    number = next(number for number, call in enumerate(calls) if str(call.site) == site)
    office.begin(Break(number, mode, seed=number))

    status, body = office.ask_until_answered(REQUESTS[name])

    assert status in {200, 204, *REQUESTS[name].again}, body
    office.check(expected)
