"""Hits: loads of an open pixel and visits of a tracked link, and who was behind them.

A hit is judged human, proxy, machine or scanner by what it says itself (`judge_alone`) and by the
other hits of its message (`judge`). Both are pure functions of the stored signals, so judgements can
be computed again, with better rules or with hits that came later. Nothing that comes more than
`SETTLING_MS` after a hit changes what is thought of it.

`docs/hits.md` explains verdicts, reasons and limits, and holds the figures of a labelled corpus.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from signalbox.model.agents import Agent, is_desktop_browser, recognised, system_of

NO_LINK: Final = -1
"""The link number of an open."""

HONEYPOT: Final = 0xFFFF
"""The link number of the hidden link that no reader can see, and every follower of all links takes."""

SETTLING_MS: Final = 20_000
"""After this time without a reason a hit is human for good."""

_SECOND_MS: Final = 1000
_TOO_SOON_MS: Final = 3 * _SECOND_MS
_SOON_MS: Final = 6 * _SECOND_MS
_PREFETCH_MS: Final = 2 * _SECOND_MS
_COMPANY_MS: Final = 10 * _SECOND_MS
_SECOND_LOOK_MS: Final = 15 * _SECOND_MS

_BURSTS: Final = ((3, 2 * _SECOND_MS), (2, 500))
"""How many links within which time are more than a hand can do."""

_WALKS: Final = (
    (2, 2 * _SECOND_MS, 60 * _SECOND_MS),
    (3, 10 * _SECOND_MS, 120 * _SECOND_MS),
    (5, 8 * _SECOND_MS, 3_600 * _SECOND_MS),
)
"""How many links within which time, how soon after delivery; later the reader's open is out of sight."""
_PREFETCHING: Final = ("prefetch", "prerender", "preview")


class HitKind(StrEnum):
    """What was asked for: the pixel, or a link."""

    OPEN = "open"
    CLICK = "click"


class Hit(NamedTuple):
    """One request for the pixel or a link of one message, with the raw signals that were kept of it.

    `link` is the number of the link, `NO_LINK` or `HONEYPOT`; `method` GET or HEAD; `agent` the first
    `agents.LONGEST_AGENT` characters of `User-Agent`; `ip` the address, or as much of it as is kept,
    empty for none; `delivered_ms` when the mail was handed to the reader's mail service, 0 while
    that is not known; `purpose` the text of `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`. Times
    are in milliseconds since the epoch.
    """

    kind: HitKind
    link: int
    method: str
    agent: str
    at_ms: int
    ip: str = ""
    delivered_ms: int = 0
    purpose: str = ""

    @property
    def age_ms(self) -> int | None:
        """Return the time since delivery, below 0 before it; None where that is not known."""
        return self.at_ms - self.delivered_ms if self.delivered_ms else None


class Verdict(StrEnum):
    """Who was behind a hit.

    `human`: a reader. `proxy`: a reader, through the image proxy of a mail service, so that place
    and device are not the reader's. `machine`: a program that fetches for a reader, whether the mail
    is read or not. `scanner`: a program that examines the mail or its links.
    """

    HUMAN = "human"
    PROXY = "proxy"
    MACHINE = "machine"
    SCANNER = "scanner"

    @property
    def is_reader(self) -> bool:
        """Tell whether a person is behind it, near or far: what reports count as human."""
        return self in {Verdict.HUMAN, Verdict.PROXY}


class Reason(StrEnum):
    """What speaks against a reader of flesh and blood; `docs/hits.md` explains each."""

    GOOGLE_PROXY = "google_proxy"
    YAHOO_PROXY = "yahoo_proxy"
    IMAGE_PROXY = "image_proxy"
    APPLE_PRIVACY = "apple_privacy"
    GMAIL_PREFETCH = "gmail_prefetch"
    PREFETCH_HEADER = "prefetch_header"
    PREVIEW_BOT = "preview_bot"
    MAIL_SERVICE = "mail_service"
    HONEYPOT = "honeypot"
    NEAR_HONEYPOT = "near_honeypot"
    MANY_LINKS = "many_links"
    LINK_WALK = "link_walk"
    HEAD = "head"
    TOO_SOON = "too_soon"
    NO_OPEN_BEFORE_CLICK = "no_open_before_click"
    SAME_VISITOR = "same_visitor"
    SECOND_LOOK = "second_look"
    AGENT_KNOWN = "agent_known"
    AGENT_HEADLESS = "agent_headless"
    AGENT_LIBRARY = "agent_library"
    AGENT_CRAWLER = "agent_crawler"
    AGENT_EMPTY = "agent_empty"
    AGENT_NO_BROWSER = "agent_no_browser"
    AGENT_OUTDATED = "agent_outdated"
    AGENT_FORGED = "agent_forged"


_PROXIES: Final = frozenset({Reason.GOOGLE_PROXY, Reason.YAHOO_PROXY, Reason.IMAGE_PROXY})
_MACHINES: Final = frozenset(
    {
        Reason.APPLE_PRIVACY,
        Reason.GMAIL_PREFETCH,
        Reason.PREFETCH_HEADER,
        Reason.PREVIEW_BOT,
        Reason.MAIL_SERVICE,
    }
)

_SCANNERS: Final = {
    Agent.GATEWAY: Reason.AGENT_KNOWN,
    Agent.HEADLESS: Reason.AGENT_HEADLESS,
    Agent.LIBRARY: Reason.AGENT_LIBRARY,
    Agent.CRAWLER: Reason.AGENT_CRAWLER,
    Agent.EMPTY: Reason.AGENT_EMPTY,
    Agent.PREVIEW: Reason.PREVIEW_BOT,
    Agent.SERVICE: Reason.MAIL_SERVICE,
}
_LOADERS: Final = {
    Agent.GOOGLE_PROXY: Reason.GOOGLE_PROXY,
    Agent.YAHOO_PROXY: Reason.YAHOO_PROXY,
    Agent.IMAGE_PROXY: Reason.IMAGE_PROXY,
    Agent.APPLE_PRIVACY: Reason.APPLE_PRIVACY,
    Agent.GMAIL_PREFETCH: Reason.GMAIL_PREFETCH,
}
_ON_OPENS: Final = _SCANNERS | _LOADERS
# What loads images only has no business with links, and neither has what is no browser.
_ON_CLICKS: Final = _SCANNERS | {
    **dict.fromkeys((*_LOADERS, Agent.PROGRAM), Reason.AGENT_NO_BROWSER),
    Agent.OUTDATED: Reason.AGENT_OUTDATED,
    Agent.FORGED: Reason.AGENT_FORGED,
}

_SURE: Final = frozenset({Reason.HONEYPOT, Reason.MANY_LINKS, Reason.LINK_WALK})
"""What a visitor is remembered for; everything else counts for some seconds at most."""

_PASSING: Final = _SURE | {Reason.HEAD, Reason.TOO_SOON}


class Judgement(NamedTuple):
    """A verdict, and all that led to it, in the order of `Reason`; nothing speaks against a human."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()


Found = set[Reason]
Home = tuple[bool, str]
Reader = tuple[int, str, Home]
_NOWHERE: Final[Home] = (False, "")


def judge_alone(hit: Hit) -> Judgement:
    """Judge a hit by what it says itself, where the others of its message are not read."""
    return _judgement(_own_reasons(hit))


def judge(hit: Hit, others: Iterable[Hit]) -> Judgement:
    """Judge a hit with the others of its message, in any order; the hit may be among them."""
    last_ms = hit.at_ms + SETTLING_MS
    return _judgement(_found([hit, *(one for one in others if one.at_ms <= last_ms)])[hit])


def judge_all(hits: Sequence[Hit]) -> list[Judgement]:
    """Judge all hits of a message, as `judge` does, in the order given."""
    found = _found(hits)
    return [_judgement(found[hit]) for hit in hits]


def verdict_of(reason: Reason) -> Verdict:
    """Return the verdict that a reason leads to, unless a graver one stands beside it."""
    if reason in _PROXIES:
        return Verdict.PROXY
    return Verdict.MACHINE if reason in _MACHINES else Verdict.SCANNER


def _judgement(found: Found) -> Judgement:
    verdicts = {verdict_of(reason) for reason in found}
    gravest = next((one for one in reversed(Verdict) if one in verdicts), Verdict.HUMAN)
    return Judgement(gravest, tuple(reason for reason in Reason if reason in found))


def _found(hits: Iterable[Hit]) -> dict[Hit, Found]:
    """Return what was found against each hit; the same hit twice is one."""
    found = {hit: _own_reasons(hit) for hit in sorted(set(hits), key=_by_time)}
    plain = [hit for hit, reasons in found.items() if reasons <= {Reason.TOO_SOON}]
    clicks = [hit for hit in plain if hit.kind is HitKind.CLICK]
    opened_ms = _first_open_ms(found)
    # A visitor's first click on each link: coming back to one says nothing.
    firsts = {(hit.agent, hit.ip, hit.link): hit for hit in clicks[::-1]}
    visits = sorted(firsts.values(), key=_by_time)
    for links, within_ms in _BURSTS:
        for hit in _crowded(visits, links, within_ms):
            found[hit].add(Reason.MANY_LINKS)
    for hit in _walking(clicks, opened_ms):
        found[hit].add(Reason.LINK_WALK)
    for hit in clicks:
        if _is_unread(hit, opened_ms):
            found[hit].add(Reason.NO_OPEN_BEFORE_CLICK)
    unsuspected = [hit for hit in plain if not found[hit]]
    caught = _Caught(found)
    for hit in unsuspected:
        found[hit] |= caught.company_of(hit)
    for hit in _second_looks([hit for hit in unsuspected if not found[hit]], clicks):
        found[hit].add(Reason.SECOND_LOOK)
    return found


def _by_time(hit: Hit) -> tuple[int, Hit]:
    return hit.at_ms, hit


def _own_reasons(hit: Hit) -> Found:
    found = {reason for reason in (_of_agent(hit), _of_time(hit)) if reason}
    if hit.method.upper() == "HEAD":
        found.add(Reason.HEAD)
    if hit.kind is HitKind.CLICK and hit.link == HONEYPOT:
        found.add(Reason.HONEYPOT)
    if any(word in hit.purpose.lower() for word in _PREFETCHING):
        found.add(Reason.PREFETCH_HEADER)
    return found


def _of_agent(hit: Hit) -> Reason | None:
    known = _ON_OPENS if hit.kind is HitKind.OPEN else _ON_CLICKS
    reason = known.get(recognised(hit.agent))
    # Gmail's proxy loads for the reader, but within a second or two of delivery nobody can have
    # seen that there is a mail.
    if reason is Reason.GOOGLE_PROXY and _is_within(hit, _PREFETCH_MS):
        return Reason.GMAIL_PREFETCH
    return reason


def _of_time(hit: Hit) -> Reason | None:
    """A mail program may show a mail the moment it comes in; a reader takes longer to get to it."""
    swift = hit.kind is HitKind.CLICK or is_desktop_browser(hit.agent)
    return Reason.TOO_SOON if swift and _is_within(hit, _TOO_SOON_MS) else None


def _first_open_ms(found: dict[Hit, Found]) -> int | None:
    """Return when the mail was first opened by anybody but a scanner."""
    opens = ((hit, reasons) for hit, reasons in found.items() if hit.kind is HitKind.OPEN)
    others = (hit for hit, why in opens if _judgement(why).verdict is not Verdict.SCANNER)
    return next((hit.at_ms for hit in others), None)


def _crowded(visits: Sequence[Hit], links: int, within_ms: int) -> Iterator[Hit]:
    """Yield each visit that lies in a stretch of that time with that many links."""
    counts: dict[int, int] = {}
    left = told = 0
    for right, visit in enumerate(visits):
        counts[visit.link] = counts.get(visit.link, 0) + 1
        while visit.at_ms - visits[left].at_ms > within_ms:
            first = visits[left].link
            counts[first] -= 1
            if not counts[first]:
                del counts[first]
            left += 1
        if len(counts) >= links:
            yield from visits[max(left, told) : right + 1]
            told = right + 1


def _walking(clicks: Sequence[Hit], opened_ms: int | None) -> Iterator[Hit]:
    """Yield the clicks of walks: link after link in a mail that nobody has opened.

    Who walks may change its agent and its address; who does not is found on every round.
    """
    unopened = [hit for hit in clicks if opened_ms is None or hit.at_ms < opened_ms]
    firsts = sorted({hit.link: hit for hit in unopened[::-1]}.values(), key=_by_time)
    visitors: dict[tuple[str, str], list[Hit]] = {}
    for hit in unopened:
        visitors.setdefault((hit.agent, hit.ip), []).append(hit)
    for links, within_ms, latest_ms in _WALKS:
        for visits in (firsts, *visitors.values()):
            early = [hit for hit in visits if _is_within(hit, latest_ms)]
            yield from _crowded(early, links, within_ms)


def _is_unread(hit: Hit, opened_ms: int | None) -> bool:
    """Tell whether a click at a desk came within seconds, and before any open."""
    unopened = opened_ms is None or opened_ms > hit.at_ms
    return unopened and _is_within(hit, _SOON_MS) and is_desktop_browser(hit.agent)


def _is_within(hit: Hit, latest_ms: int) -> bool:
    """Tell whether a hit came earlier than that after delivery."""
    return hit.age_ms is not None and hit.age_ms < latest_ms


class _Caught:
    """The visitors who gave themselves away, and when."""

    def __init__(self, found: dict[Hit, Found]) -> None:
        self._sure_ms: dict[tuple[str, str], int] = {}
        self._times: dict[tuple[str, ...], list[int]] = {}
        for hit, reasons in found.items():
            if reasons & _SURE:
                self._sure_ms.setdefault((hit.agent, hit.ip), hit.at_ms)
            if reasons & _PASSING:
                self._note(hit, ("agent", hit.agent), ("visitor", hit.agent, hit.ip))
            if Reason.HONEYPOT in reasons:
                self._note(hit, ("trapped agent", hit.agent), ("trapped ip", hit.ip))

    def company_of(self, hit: Hit) -> Found:
        """Return what the company of a hit says: that of a honeypot, or of the same visitor."""
        is_like = self._is_near(hit, "trapped agent", hit.agent)
        if is_like or (hit.ip and self._is_near(hit, "trapped ip", hit.ip)):
            return {Reason.NEAR_HONEYPOT}
        return {Reason.SAME_VISITOR} if self._is_same(hit) else set()

    def _is_same(self, hit: Hit) -> bool:
        """Compare visitors; an address that is not known can be any, but only for some seconds."""
        if not hit.ip:
            return self._is_near(hit, "agent", hit.agent)
        since_ms = self._sure_ms.get((hit.agent, hit.ip))
        return (
            (since_ms is not None and since_ms <= hit.at_ms + _COMPANY_MS)
            or self._is_near(hit, "visitor", hit.agent, hit.ip)
            or self._is_near(hit, "visitor", hit.agent, "")
        )

    def _note(self, hit: Hit, *keys: tuple[str, ...]) -> None:
        for key in keys:
            self._times.setdefault(key, []).append(hit.at_ms)

    def _is_near(self, hit: Hit, *key: str) -> bool:
        return _is_among(self._times.get(key, ()), hit, _COMPANY_MS)


def _home(hit: Hit) -> Home:
    """Return a visitor's address, or where none is kept the operating system, and which it is."""
    return bool(hit.ip), hit.ip or system_of(hit.agent)


def _second_looks(unsuspected: Sequence[Hit], clicks: Iterable[Hit]) -> Iterator[Hit]:
    """Yield clicks that only look at what a reader clicks: another agent, from another home.

    Which of the two is the reader is known where the mail was opened from the home of one.
    """
    homes: dict[Home, int] = {}
    for hit in unsuspected:
        if hit.kind is HitKind.OPEN:
            homes.setdefault(_home(hit), hit.at_ms)
    readers: dict[Reader, list[int]] = {}
    for hit in clicks:
        if _home(hit) in homes and _home(hit) != _NOWHERE:
            readers.setdefault((hit.link, hit.agent, _home(hit)), []).append(hit.at_ms)
    for hit in unsuspected:
        home = _home(hit)
        if hit.kind is HitKind.CLICK and home != _NOWHERE and not _is_at(homes, home, hit):
            yield from (hit for one, times in readers.items() if _looks_at(hit, one, times, homes))


def _looks_at(hit: Hit, reader: Reader, times: Sequence[int], homes: dict[Home, int]) -> bool:
    link, agent, home = reader
    return (
        link == hit.link
        and agent != hit.agent
        and home[0] == _home(hit)[0]
        and _is_at(homes, home, hit)
        and _is_among(times, hit, _SECOND_LOOK_MS)
    )


def _is_at(homes: dict[Home, int], home: Home, hit: Hit) -> bool:
    return homes.get(home, hit.at_ms + 1) <= hit.at_ms


def _is_among(times: Sequence[int], hit: Hit, within_ms: int) -> bool:
    nearest = bisect_left(times, hit.at_ms - within_ms)
    return nearest < len(times) and times[nearest] <= hit.at_ms + within_ms
