"""The demo's mailing: three people, three answers to being tracked, and what is seen of each.

Alice said yes: her opens and clicks stand on her record. Bob said nothing: he is counted, and nobody
knows that it was he. Carol said no: her mail has no pixel, and her links lead where they lead.
"""

import html
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from local.client import Api
from local.errors import StackError
from local.stack import Stack

LIST = "Demo readers"
CAMPAIGN = "Demo news"
LISTS, CAMPAIGNS = "/api/lists", "/api/email-campaigns"
ALICE, BOB, CAROL = (f"{name}@example.com" for name in ("alice", "bob", "carol"))
ANSWERS = {ALICE: "yes", CAROL: "no"}
SHOP = "https://www.example.com/spring"
HTML = (
    "<html><body><p>Hello %FIRSTNAME%,</p>"
    f'<p><a href="{SHOP}">spring is here</a>, and <a href="{SHOP}/shoes">so are the shoes</a>.</p>'
    '<p><a href="%UNSUBSCRIBELINK%">Unsubscribe</a></p></body></html>'
)
CONTENT = {
    "subject": "News for %FIRSTNAME%",
    "html": HTML,
    "sender": "hello@signalbox.example",
    "sender_name": "Signalbox Demo",
    "tracking_mode": "permission",
}
READER = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0"  # a mail program
)
PATIENCE_SECONDS = 90.0
READING_SECONDS = 5.0  # who is quicker is taken for a machine

Show = Callable[[str], None]


class Seeded(NamedTuple):
    """What the mailing goes out from: its list and its campaign."""

    list_id: str
    campaign_id: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect unfollowed: the demo's links lead out of this machine."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""
        return


def seed(api: Api) -> Seeded:
    """Make the list with its three readers, what they said, and the campaign, unless they are there."""
    list_id = _container(api, LISTS, LIST)
    readers = [{"email": address} for address in (ALICE, BOB, CAROL)]
    added = api.call("POST", f"{LISTS}/{list_id}/contacts", {"contacts": readers})["results"]
    for reader, result in zip(readers, added, strict=True):
        answer = ANSWERS.get(reader["email"])
        if answer:
            path = f"/api/contacts/{result['contact_id']}/tracking-permission"
            api.call("PUT", path, {"open": answer, "click": answer})
    there = {one["name"] for one in api.call("GET", CAMPAIGNS)["containers"]}
    campaign_id = _container(api, CAMPAIGNS, CAMPAIGN)
    if CAMPAIGN not in there:
        content = CONTENT | {"audience": {"lists": [list_id]}}
        api.call("PUT", f"{CAMPAIGNS}/{campaign_id}/content", content)
    return Seeded(list_id, campaign_id)


def play(stack: Stack, step: Callable[..., Any], show: Show, first: int) -> None:
    """Send the mailing, read it as its readers would, and show what became of it.

    Args:
        stack: the stack, running and seeded.
        step: makes a request and shows it with its answer.
        show: shows a line.
        first: the number of the first step.

    Raises:
        StackError: a step failed, or something did not come about in time.
    """
    api = Api(stack.api_url, stack.api_token)
    seeded = seed(api)
    for reader in (ALICE, BOB, CAROL):  # who unsubscribed in an earlier run is asked back
        member = {"contacts": [{"email": reader}], "resubscribe": True}
        api.call("POST", f"{LISTS}/{seeded.list_id}/contacts", member)
    known = {mail["id"] for mail in _mails(stack)}
    wanted = {"campaign_id": seeded.campaign_id}
    mailing = step(f"{first}. A mailing of the campaign", "POST", "/api/mailings", wanted)
    path = f"/api/mailings/{mailing['mailing_id']}"
    step(f"{first + 1}. Start it", "POST", f"{path}/start")
    mails = _arrived(stack, known)
    time.sleep(READING_SECONDS)
    show(f"\n{first + 2}. Alice opens and clicks, Bob opens, Carol's mail cannot be tracked")
    for reader, links in ((ALICE, 1), (BOB, 0)):
        for url in _read(mails[reader]["html"], links):
            show(f"  {reader}  GET {url[:100]}  {_get(url)}")
    if stack.api_url + "/o/" in mails[CAROL]["html"]:
        raise StackError("Carol's mail has a pixel, although she said no.")
    show(f"  {CAROL}  no pixel; her first link is {_links(mails[CAROL]['html'])[0]}")
    show(f"\n{first + 3}. Bob unsubscribes with one click (RFC 8058)")
    page = mails[BOB]["headers"]["List-Unsubscribe"].rpartition("<")[2].rstrip(">")
    show(f"  POST {page[:100]}  {_get(page, {'List-Unsubscribe': 'One-Click'})}")
    show("\n  Hits settle for 15 s, so that a machine's many are told from a person's one …")
    _await_counts(api, path)
    step(f"{first + 4}. What became of the mailing", "GET", f"{path}/evaluation")
    step(f"{first + 5}. Who opened it, as far as they let us know", "GET", f"{path}/people")
    step(f"{first + 6}. Which links were clicked", "GET", f"{path}/links")


def _container(api: Api, path: str, name: str) -> str:
    """The id of a container of that name, which is made unless it is there."""
    there = api.call("GET", path)["containers"]
    found = next((one for one in there if one["name"] == name), None)
    return str((found or api.call("POST", path, {"name": name}))["container_id"])


def _mails(stack: Stack) -> list[dict[str, Any]]:
    return list(Api(stack.mailbox_url).call("GET", ""))


def _arrived(stack: Stack, known: set[str]) -> dict[str, dict[str, Any]]:
    """Wait for a new mail to each reader; return them by address."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = {mail["to"][0]: mail for mail in _mails(stack) if mail["id"] not in known}
        if {ALICE, BOB, CAROL} <= found.keys():
            return found
        time.sleep(0.2)
    raise StackError(f"The mailing did not arrive within {PATIENCE_SECONDS:.0f} s.")


def _read(body: str, links: int) -> list[str]:
    """Return what a mail program loads of a mail, and the links that its reader follows."""
    pixels = [url for url in map(html.unescape, re.findall(r'src="([^"]+)"', body)) if "/o/" in url]
    return pixels + _links(body)[:links]


def _links(body: str) -> list[str]:
    return [html.unescape(url) for url in re.findall(r'<a href="([^"]+)"', body)]


def _get(url: str, form: Mapping[str, str] | None = None) -> str:
    """Ask for a URL as a mail program does; return the status, and where a redirect leads."""
    data = None if form is None else "&".join(f"{k}={v}" for k, v in form.items()).encode()
    request = urllib.request.Request(url, data, {"User-Agent": READER})  # noqa: S310 - of our mails
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(request, timeout=30) as answer:
            return f"-> {answer.status} {answer.headers.get('Content-Type', '')}"
    except urllib.error.HTTPError as error:
        return f"-> {error.code} {error.headers.get('Location', '')}"
    except OSError as error:
        raise StackError(f"{url} does not answer: {error}") from error


def _await_counts(api: Api, path: str) -> None:
    """Wait until the mailing is finished and everything that was read is counted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = api.call("GET", f"{path}/evaluation")
        counts = found["evaluation"]
        opened = counts["opened"]["human"] + counts["opened"]["anonymous"]
        clicked = counts["clicked"]["human"]
        if found["state"] == "finished" and (opened, clicked, counts["unsubscribed"]) == (2, 1, 1):
            return
        time.sleep(1)
    raise StackError(f"Not everything was counted within {PATIENCE_SECONDS:.0f} s.")
