"""Evaluations: what came of a mailing, or of several together, from what was counted of them.

Every step is made of the one before, so that nobody is lost between two lines:

    audience = suppressed + sent + failed + uncertain + pending
    sent     = delivered + hard bounced + soft bounced + rejected + underway

Rates of opening and clicking are over those whose opens or clicks are tracked and whom the mail
reached, or may have; where there are none, there is no rate. Whoever responded was reached, whatever
was said of the mail, so that nothing is ever a share of fewer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from signalbox.model.mailing_count import HOUR_MS, Numbers

ADDED_UP: Final = ("skipped", "sent", "failed", "uncertain")
SKIPPED: Final = "skipped_"
DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Response:
    """Who opened, or who clicked, each once, and how often in all.

    `human` are known contacts, `anonymous` people of whom nobody is to know who they are, and
    `machine` those, of both, of whom only machines were seen. `tracked` are whose response could be
    seen at all, never fewer than these; `rate` is the share of them who responded, machines left out, None of nobody.
    """

    human: int
    anonymous: int
    machine: int
    human_times: int
    anonymous_times: int
    machine_times: int
    tracked: int
    rate: float | None

    @property
    def people(self) -> int:
        """Return how many people responded, known or not."""
        return self.human + self.anonymous


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of the messages to an audience; `suppressed_by` says why some got none.

    `pending` are those of whom nothing is known yet, `underway` those whose mail was sent and
    neither arrived nor came back.
    """

    audience: int
    suppressed: int
    suppressed_by: Mapping[str, int]
    failed: int
    uncertain: int
    pending: int
    sent: int
    delivered: int
    hard_bounced: int
    soft_bounced: int
    rejected: int
    underway: int
    complained: int
    unsubscribed: int
    opened: Response
    clicked: Response
    delivery_rate: float | None
    bounce_rate: float | None
    complaint_rate: float | None
    unsubscribe_rate: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened in an hour; `at_ms` is when it began."""

    at_ms: int
    sent: int
    opens_human: int
    opens_machine: int
    clicks_human: int
    clicks_machine: int


@dataclass(frozen=True, slots=True)
class Link:
    """Who followed a link: how many, each once, and how often."""

    link: int
    human: int
    machine: int
    human_times: int
    machine_times: int


def evaluation(numbers: Numbers, audience: int = 0) -> Evaluation:
    """Evaluate what was counted of an audience, as far as it is listed.

    That of several mailings is the sum of what `audience_of` says of each.
    """

    def of(name: str) -> int:
        return numbers.get(name, 0)

    known = _known(numbers)
    fared = [of(name) for name in ("delivered", "hard_bounced", "soft_bounced", "rejected")]
    delivered, hard_bounced, soft_bounced, rejected = fared
    sent, complained, unsubscribed = of("sent"), of("complained"), of("unsubscribed")
    return Evaluation(
        audience=audience_of(numbers, audience),
        suppressed=of("skipped"),
        suppressed_by={
            name.removeprefix(SKIPPED): number
            for name, number in sorted(numbers.items())
            if name.startswith(SKIPPED)
        },
        failed=of("failed"),
        uncertain=of("uncertain"),
        pending=max(audience - known, 0),
        sent=sent,
        delivered=delivered,
        hard_bounced=hard_bounced,
        soft_bounced=soft_bounced,
        rejected=rejected,
        underway=sent - sum(fared),
        complained=complained,
        unsubscribed=unsubscribed,
        opened=_response(numbers, "open", "opened", "opens"),
        clicked=_response(numbers, "click", "clicked", "clicks"),
        delivery_rate=rate(delivered, sent),
        bounce_rate=rate(hard_bounced + soft_bounced, sent),
        complaint_rate=rate(complained, max(delivered, complained)),
        unsubscribe_rate=rate(unsubscribed, max(delivered, unsubscribed)),
    )


def audience_of(numbers: Numbers, listed: int) -> int:
    """Return how many contacts the audience of a mailing has of which so many were listed.

    Numbers come in moments after what they count; an audience is never less than what became of it.
    """
    return max(listed, _known(numbers))


def hours(counted: Mapping[int, Numbers]) -> list[Hour]:
    """Return what was counted by the hour since 1970, oldest first."""
    return [
        Hour(
            at_ms=hour * HOUR_MS,
            sent=numbers.get("sent", 0),
            opens_human=numbers.get("opens_human", 0),
            opens_machine=numbers.get("opens_machine", 0),
            clicks_human=numbers.get("clicks_human", 0),
            clicks_machine=numbers.get("clicks_machine", 0),
        )
        for hour, numbers in sorted(counted.items())
    ]


def links(counted: Mapping[int, Numbers]) -> list[Link]:
    """Return what was counted by the number of the link, most people first."""
    found = [
        Link(
            link=link,
            human=numbers.get("clicked_human", 0),
            machine=numbers.get("clicked_machine", 0),
            human_times=numbers.get("clicks_human", 0),
            machine_times=numbers.get("clicks_machine", 0),
        )
        for link, numbers in counted.items()
    ]
    return sorted(found, key=lambda one: (-one.human, -one.machine, one.link))


def rate(part: int, whole: int) -> float | None:
    """Return a share, rounded; None of nothing."""
    return round(part / whole, DECIMALS) if whole > 0 else None


def _response(numbers: Numbers, purpose: str, whom: str, often: str) -> Response:
    def of(*names: str) -> int:
        return sum(numbers.get(name, 0) for name in names)

    human, anonymous = of(f"{whom}_personal_human"), of(f"{whom}_anonymous_human")
    machine = of(*_each(whom, "_machine"))
    tracked = max(of(*_each(f"{purpose}_tracked")), human + anonymous + machine)
    return Response(
        human=human,
        anonymous=anonymous,
        machine=machine,
        human_times=of(f"{often}_personal_human"),
        anonymous_times=of(f"{often}_anonymous_human"),
        machine_times=of(*_each(often, "_machine")),
        tracked=tracked,
        rate=rate(human + anonymous, tracked),
    )


def _known(numbers: Numbers) -> int:
    return sum(numbers.get(name, 0) for name in ADDED_UP)


def _each(name: str, judged: str = "") -> Iterable[str]:
    return (f"{name}_personal{judged}", f"{name}_anonymous{judged}")
