"""`signalbox evaluation` and `signalbox rebuild`: what came of mailings, and counting it again."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import csv_files
from cli.errors import CommandError, UsageError
from cli.paging import everything, pages
from cli.patience import patiently
from cli.screen import moment
from cli.session import Session
from signalbox.model.mailing_person import Seen, What
from signalbox.model.relay_day import is_relay_day

BAR = 30  # marks of the longest bar
LONGEST_TARGET = 60
SETTLED = ("unchanged", "corrected")
SHOWN_PEOPLE = 50

MailingId = Annotated[
    str, typer.Argument(metavar="[MAILING_ID]", help="As `mailings list` shows it.")
]
Links = Annotated[bool, typer.Option("--links", help="By link.")]
Hours = Annotated[bool, typer.Option("--hours", help="By hour.")]
People = Annotated[
    What | None,
    typer.Option("--people", metavar="WHAT", help=f"Who did what: {', '.join(What)}."),
]
File = Annotated[str, typer.Option("--csv", metavar="FILE", help="Write a CSV file instead.")]
Days = Annotated[int, typer.Option(min=1, max=400, help="Without an id: mailings that old.")]


def evaluate(  # noqa: PLR0913 each is an option of the command
    session: Session,
    mailing_id: MailingId = "",
    *,
    campaign: Annotated[str, typer.Option(metavar="ID", help="All mailings of a campaign.")] = "",
    days: Days = 30,
    links: Links = False,
    hours: Hours = False,
    people: People = None,
    seen: Annotated[Seen, typer.Option(help="Of who opened or clicked.")] = Seen.HUMAN,
    csv: File = "",
) -> None:
    """Show what came of a mailing, of a campaign's mailings, or of all of the last days."""
    if mailing_id and campaign:
        raise UsageError("Say either a mailing or --campaign.")
    if sum((links, hours, people is not None)) > 1:
        raise UsageError("Say one of --links, --hours and --people.")
    if not mailing_id and (links or people):
        raise UsageError("--links and --people are of one mailing: say which.")
    path = _path(session, mailing_id, campaign)
    if links:
        _tell_links(session, path, csv)
    elif hours:
        _tell_hours(session, path, csv, {} if mailing_id or campaign else _since(days))
    elif people is not None:
        _tell_people(session, path, csv, {"what": people, "seen": seen})
    elif csv:
        raise UsageError("--csv goes with --links, --hours or --people.")
    else:
        _tell_all(session, path, {} if mailing_id or campaign else _since(days))


def rebuild(
    session: Session,
    mailing_id: MailingId = "",
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Of all mailings, and of relayed mail.")
    ] = False,
) -> None:
    """Make the counters of a mailing, a day's relayed mail, or all, again from the log.

    Twice does no harm.
    """
    if bool(mailing_id) is every:
        raise UsageError("Say either a mailing or --all.")
    ids = _all_counted(session) if every else [_checked(mailing_id)]
    done = [_rebuilt(session, one) for one in ids]
    session.screen.say({"rebuilt": done}, *map(_outcome, done))
    unsettled = [one for one in done if any(one[name] for name in ("moving", "untold"))]
    if unsettled:
        raise CommandError("Not all could be rebuilt: ask again when it is quieter.")


def _all_counted(session: Session) -> list[str]:
    """Return the ids of the mailings that have started, and the days with relayed mail."""
    known = pages(session.api, "/api/mailings", "mailings", {})
    days = pages(session.api, "/api/relay/days", "days", {})
    return [one["mailing_id"] for one in known if one["run"]] + [one["day"] for one in days]


def _rebuilt(session: Session, mailing_id: str) -> dict[str, Any]:
    """Rebuild a mailing, or a day of the relay; return how many of its shards came to what."""
    is_day = is_relay_day(mailing_id)
    place = "relay/days" if is_day else "mailings"
    outcomes: Counter[str] = Counter()
    after = ""
    while True:
        asked = {"query": {"after": after}}
        path = f"/api/{place}/{mailing_id}/rebuild"
        answer = patiently(partial(session.api.call, "POST", path, **asked))
        outcomes.update(one["outcome"] for one in answer["shards"])
        after = answer["next"]
        if not after:
            break
    names = (*SETTLED, "moving", "untold")
    named = {"day" if is_day else "mailing_id": mailing_id}
    return named | {name: outcomes[name] for name in names}


def _outcome(done: dict[str, Any]) -> str:
    told = [f"{done[name]} {name}" for name in (*SETTLED, "moving", "untold") if done[name]]
    return f"{done.get('mailing_id') or done['day']}  {', '.join(told)} of 16 shards"


def _checked(mailing_id: str) -> str:
    if not mailing_id.isdecimal():
        raise UsageError(f"{mailing_id!r} is no id of a mailing.")
    return mailing_id


def _path(session: Session, mailing_id: str, campaign: str) -> str:
    """Return where the evaluation, and what belongs to it, is asked for."""
    if mailing_id:
        return f"/api/mailings/{_checked(mailing_id)}/"
    if not campaign:
        return "/api/"
    if not campaign.isdecimal():
        raise UsageError(f"--campaign {campaign!r} is no id.")
    for kind in ("email-campaigns", "sms-campaigns"):
        known = pages(session.api, f"/api/{kind}", "containers", {})
        if any(one["container_id"] == campaign for one in known):
            return f"/api/{kind}/{campaign}/"
    raise UsageError(f"There is no campaign {campaign}.")


def _since(days: int) -> dict[str, int]:
    now_ms = int(time.time() * 1000)
    return {"since_ms": now_ms - days * 86_400_000, "until_ms": now_ms}


def _tell_all(session: Session, path: str, query: dict[str, int]) -> None:
    answer = session.api.call("GET", f"{path}evaluation", query={**query})
    found = answer["evaluation"]
    session.screen.say(answer, *_heading(answer), *_funnel(found))


def _heading(answer: dict[str, Any]) -> Iterator[str]:
    if "mailing_id" in answer:
        tracked = f", tracking {answer['mode']}" if answer["mode"] else ""
        started = f", started {moment(answer['started_ms'])}" if answer["started_ms"] else ""
        yield f"{answer['name']}: {answer['state']}{started}{tracked}"
    else:
        yield f"{answer['mailings']} mailings"


def _funnel(found: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each step; bars are shares of the audience."""
    opened, clicked = found["opened"], found["clicked"]
    reasons = ", ".join(f"{name} {count}" for name, count in found["suppressed_by"].items())
    steps = [
        ("audience", found["audience"], ""),
        ("  suppressed", found["suppressed"], reasons),
        ("  failed", found["failed"], ""),
        ("  uncertain", found["uncertain"], ""),
        ("  pending", found["pending"], ""),
        ("sent", found["sent"], ""),
        ("  underway", found["underway"], ""),
        ("  hard bounced", found["hard_bounced"], ""),
        ("  soft bounced", found["soft_bounced"], ""),
        ("  rejected", found["rejected"], ""),
        ("delivered", found["delivered"], _percent(found["delivery_rate"], "of sent")),
        ("opened", _people(opened), _response(opened)),
        ("clicked", _people(clicked), _response(clicked)),
        (
            "unsubscribed",
            found["unsubscribed"],
            _percent(found["unsubscribe_rate"], "of delivered"),
        ),
        ("complained", found["complained"], _percent(found["complaint_rate"], "of delivered")),
    ]
    whole = max(found["audience"], 1)
    for name, number, more in steps:
        if number or not name.startswith(" "):
            bar = "█" * min(BAR, -(-number * BAR // whole))
            yield f"{name:<14} {number:>9,}  {bar:<{BAR}}  {more}".rstrip()


def _people(response: dict[str, Any]) -> int:
    people: int = response["human"] + response["anonymous"]
    return people


def _response(response: dict[str, Any]) -> str:
    """Return who it was, and the rate."""
    if not response["tracked"] and not _people(response):
        return "not tracked"
    parts = [
        _percent(response["rate"], f"of {response['tracked']:,} tracked"),
        f"{response['anonymous']:,} of them anonymous" if response["anonymous"] else "",
        f"{response['machine']:,} machines beside" if response["machine"] else "",
    ]
    return "; ".join(filter(None, parts))


def _percent(rate: float | None, of: str) -> str:
    return f"{rate:.1%} {of}" if rate is not None else ""


def _tell_links(session: Session, path: str, csv: str) -> None:
    answer = session.api.call("GET", f"{path}links")
    names = ("number", "target", "label", "human", "machine", "human_times", "machine_times")
    if csv:
        _write(session, csv, names, ([str(one[name]) for name in names] for one in answer["links"]))
        return
    rows = [
        (
            str(one["number"]),
            f"{one['human']:,}",
            f"{one['human_times']:,}",
            f"{one['machine']:,}",
            _short(one["target"]),
            one["label"],
        )
        for one in answer["links"]
    ]
    headings = ("LINK", "PEOPLE", "CLICKS", "MACHINES", "TARGET", "LABEL")
    session.screen.table(answer, headings, rows, "There are no links.")


def _tell_hours(session: Session, path: str, csv: str, query: dict[str, int]) -> None:
    where = "evaluation/hours" if path == "/api/" else "hours"
    answer = session.api.call("GET", f"{path}{where}", query={**query})
    names = ("sent", "opens_human", "opens_machine", "clicks_human", "clicks_machine")
    rows = [[moment(one["at_ms"]), *(str(one[name]) for name in names)] for one in answer["hours"]]
    if csv:
        _write(session, csv, ("at", *names), rows)
        return
    headings = ("HOUR", "SENT", "OPENS", "BY MACHINES", "CLICKS", "BY MACHINES")
    session.screen.table(answer, headings, rows, "Nothing happened in that time.")


def _tell_people(session: Session, path: str, csv: str, query: dict[str, str | int]) -> None:
    names = ("contact_id", "email", "first_name", "last_name", "first_at", "last_at")
    more = ("times", "machine_times", "links", "reason")
    if csv:
        found = pages(session.api, f"{path}people", "people", query)
        _write(session, csv, (*names, *more), (_person(one, _in_utc) for one in found))
        return
    listed = everything(session.api, f"{path}people", "people", limit=SHOWN_PEOPLE, **query)
    rows = [
        (one[0], one[1], f"{one[2]} {one[3]}".strip(), one[5], one[6], one[8] or one[9])
        for one in (_person(told, moment) for told in listed)
    ]
    headings = ("CONTACT", "E-MAIL", "NAME", "LAST", "TIMES", "LINKS, REASON")
    nothing = "Nobody, or nobody of whom it may be known."
    session.screen.table({"people": listed}, headings, rows, nothing)


def _in_utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")


def _person(told: dict[str, Any], when: Callable[[int], str]) -> list[str]:
    return [
        *(told[name] for name in ("contact_id", "email", "first_name", "last_name")),
        when(told["first_ms"]),
        when(told["last_ms"]),
        str(told["times"]),
        str(told["machine_times"]),
        " ".join(map(str, told["links"])),
        told["reason"],
    ]


def _write(
    session: Session, path: str, names: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Write a CSV file, no cell of which is a formula."""
    count = 0
    try:
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            csv_files.write_row(file, names)
            for row in rows:
                csv_files.write_row(file, row)
                count += 1
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    session.screen.facts({"file": path, "rows": count}, [("file", path), ("rows", str(count))])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TARGET else f"{text[: LONGEST_TARGET - 1]}…"
