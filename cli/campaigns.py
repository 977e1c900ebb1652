"""`signalbox campaigns`: what campaigns say, and to whom."""

import base64
import json
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import UsageError
from cli.paging import everything
from cli.screen import moment, show_json
from cli.session import Session, command, open_session
from signalbox.model.container import ContainerStatus

group = typer.Typer(help="What campaigns say, and to whom.", no_args_is_help=True)

SHOWN_ONLY = {
    *("campaign_id", "protected", "active_mailings", "author", "updated_ms", "warnings"),
    *("segments", "encoding"),
}
UNKNOWN_TYPE = "application/octet-stream"

CampaignId = Annotated[
    str, typer.Argument(metavar="CAMPAIGN_ID", help="As `campaigns list` shows it.")
]
Notes = Annotated[str | None, typer.Option(help="What is to be known of it.")]
MailerId = Annotated[
    str | None, typer.Option("--mailer", metavar="ID", help="In whose name it writes.")
]
Sms = Annotated[bool, typer.Option("--sms", help="An SMS campaign, not one by e-mail.")]


@command(group, open_session, name="list")
def list_campaigns(session: Session, *, sms: Sms = False) -> None:
    """List the e-mail campaigns, or those by SMS, oldest first."""
    found = everything(session.api, _path(sms=sms), "containers")
    rows = [
        (one["container_id"], one["status"], str(one["contacts"]), one["name"]) for one in found
    ]
    headings = ("CAMPAIGN ID", "STATUS", "CONTACTS", "NAME")
    session.screen.table({"campaigns": found}, headings, rows, "There are no campaigns.")


@command(group, open_session)
def show(session: Session, campaign_id: CampaignId, *, sms: Sms = False) -> None:
    """Show a campaign: what it says, to whom, and what its author should look at."""
    path = _path(campaign_id, sms=sms)
    container = session.api.call("GET", path)
    content = session.api.call("GET", f"{path}/content")
    audience = content["audience"]
    facts = [
        ("id", campaign_id),
        ("name", container["name"]),
        ("status", container["status"]),
        ("mailer", container["mailer_id"]),
        ("subject", content.get("subject", "")),
        ("sender", content.get("sender", "")),
        ("lists", ", ".join(audience["lists"])),
        ("work list", _number(audience["contact_ids"], "contact")),
        ("filter", json.dumps(audience["filter"]) if audience["filter"] else ""),
        ("opt-out lists", ", ".join(audience["opt_out_lists"])),
        ("attachments", ", ".join(one["name"] for one in content.get("attachments", ()))),
        ("segments", str(content.get("segments", ""))),
        ("tracking", content["tracking_mode"] or "as the account's"),
        (
            "protected",
            f"yes, {content['active_mailings']} mailings" if content["protected"] else "",
        ),
        ("version", str(content["version"])),
        ("updated", moment(content["updated_ms"])),
        *(("look at", f"{one['field']} {one['message']}".strip()) for one in content["warnings"]),
    ]
    session.screen.facts({"campaign": container, "content": content}, facts)


@command(group, open_session)
def add(
    session: Session,
    *,
    name: Annotated[str, typer.Option(help="Its name.")],
    notes: Notes = None,
    mailer: MailerId = None,
    sms: Sms = False,
) -> None:
    """Make a campaign, which says nothing yet."""
    wanted = _given(name=name, notes=notes, mailer_id=mailer)
    made = session.api.call("POST", _path(sms=sms), body=wanted)
    session.screen.say(made, f"Made campaign {made['container_id']}.")


@command(group, open_session)
def change(  # noqa: PLR0913 what can change of a campaign
    session: Session,
    campaign_id: CampaignId,
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    notes: Notes = None,
    mailer: MailerId = None,
    status: Annotated[
        ContainerStatus | None, typer.Option(help="One that is archived takes nobody in.")
    ] = None,
    sms: Sms = False,
) -> None:
    """Change what is given of a campaign; what it says stays."""
    changes = _given(name=name, notes=notes, mailer_id=mailer, status=status)
    if not changes:
        raise UsageError("Say what shall change: --name, --notes, --mailer or --status.")
    changed = session.api.call("PATCH", _path(campaign_id, sms=sms), body=changes)
    session.screen.say(changed, f"Campaign {campaign_id} is changed.")


@command(group, open_session)
def delete(session: Session, campaign_id: CampaignId, *, sms: Sms = False) -> None:
    """Delete a campaign; the contacts in it stay."""
    session.api.call("DELETE", _path(campaign_id, sms=sms))
    session.screen.say({"deleted": campaign_id}, f"Campaign {campaign_id} is deleted.")


@command(group, open_session)
def content(  # noqa: PLR0913 the parts of a campaign's content
    session: Session,
    campaign_id: CampaignId,
    *,
    sms: Sms = False,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="JSON as `--json` prints it.", exists=True, dir_okay=False),
    ] = None,
    subject: Annotated[str, typer.Option(help="The subject.")] = "",
    html: Annotated[
        Path | None, typer.Option(help="A file with the HTML.", exists=True, dir_okay=False)
    ] = None,
    text: Annotated[
        Path | None, typer.Option(help="A file with the text.", exists=True, dir_okay=False)
    ] = None,
    attach: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file to go with each mail; also several.", exists=True, dir_okay=False
        ),
    ] = None,
) -> None:
    """Print what a campaign says as JSON, or write what files say in its place."""
    path = f"{_path(campaign_id, sms=sms)}/content"
    standing = session.api.call("GET", path)
    wanted = _sendable(_read(file)) if file else _sendable(standing)
    given = {"subject": subject, "html": _text(html), "text": _text(text)}
    wanted |= {name: value for name, value in given.items() if value}
    if attach:
        kept = wanted.get("attachments", [])
        names = {one.name for one in attach}
        wanted["attachments"] = [one for one in kept if one["name"] not in names]
        wanted["attachments"] += [_attachment(one) for one in attach]
    if not (file or attach or any(given.values())):
        show_json(standing if session.screen.is_json else _sendable(standing))
        return
    written = session.api.call("PUT", path, body=wanted | {"version": standing["version"]})
    warnings = [f"Look at: {one['field']} {one['message']}" for one in written["warnings"]]
    session.screen.say(written, f"This is version {written['version']}.", *warnings)


@command(group, open_session, name="test")
def send_test(
    session: Session,
    campaign_id: CampaignId,
    *,
    to: Annotated[list[str] | None, typer.Option(help="An address; also several.")] = None,
    contact: Annotated[str, typer.Option(metavar="ID", help="Whose facts stand in it.")] = "",
    sms: Sms = False,
) -> None:
    """Send a campaign as a test to addresses, or to a contact; it is neither tracked nor counted."""
    if not to and not contact:
        raise UsageError("Say to whom: --to an address, or --contact.")
    path = f"{_path(campaign_id, sms=sms)}/test"
    answer = session.api.call("POST", path, body={"to": to or [], "contact_id": contact})
    rows = [(one["to"], one["outcome"], one["detail"]) for one in answer["sent"]]
    session.screen.table(answer, ("TO", "OUTCOME", "DETAIL"), rows, "")


@command(group, open_session)
def unprotect(session: Session, campaign_id: CampaignId, *, sms: Sms = False) -> None:
    """Leave the protected mode, to change what a campaign says; its running mailings are paused."""
    answer = session.api.call("POST", f"{_path(campaign_id, sms=sms)}/unprotect")
    told = [f"Paused mailing {one}." for one in answer["paused"]]
    session.screen.say(answer, *told, "The content can be changed.")


@command(group, open_session)
def protect(session: Session, campaign_id: CampaignId, *, sms: Sms = False) -> None:
    """Go back to protected mode; paused mailings stay paused."""
    answer = session.api.call("POST", f"{_path(campaign_id, sms=sms)}/protect")
    told = "is protected" if answer["protected"] else "has no mailing under way, and can be changed"
    session.screen.say(answer, f"The content {told}.")


def _path(campaign_id: str = "", *, sms: bool) -> str:
    if campaign_id and not campaign_id.isdecimal():
        raise UsageError(f"{campaign_id!r} is no id of a campaign.")
    path = f"/api/{'sms' if sms else 'email'}-campaigns"
    return f"{path}/{campaign_id}" if campaign_id else path


def _given(**facts: str | None) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value is not None}


def _sendable(content: dict[str, Any]) -> dict[str, Any]:
    """Return content as it can be sent, without what the API only shows."""
    return {name: value for name, value in content.items() if name not in {*SHOWN_ONLY, "version"}}


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise UsageError(f"{file} holds no JSON object.")
    return found


def _text(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text.") from error


def _attachment(file: Path) -> dict[str, str]:
    return {
        "name": file.name,
        "media_type": mimetypes.guess_type(file.name)[0] or UNKNOWN_TYPE,
        "content": base64.b64encode(file.read_bytes()).decode(),
    }


def _number(found: Sequence[Any], noun: str) -> str:
    return f"{len(found)} {noun}{'s' * (len(found) != 1)}" if found else ""
