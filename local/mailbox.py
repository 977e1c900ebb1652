"""The mails that the emulator's SES sent, as a person or a test wants to see them.

Each is a JSON file that `local.shims.mail` wrote: the SES v2 request as it was sent. A raw mail is parsed
from its MIME; a simple one is put into MIME first, so that both look alike.
"""

import base64
import html
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #ddd;vertical-align:top}iframe{width:100%;height:24rem;"
    "border:1px solid #ddd}pre{white-space:pre-wrap;background:#f6f6f6;padding:1rem}"
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail.

    Attributes:
        mail_id: the id that SES gave it.
        at: when it was sent, ISO 8601, UTC.
        sender: its `From`.
        to: the addresses that SES was told to send to, copies included.
        subject: its subject.
        text: its plain text, empty when it has none.
        html: its HTML, empty when it has none.
        headers: its headers, the last of each name.
        tags: the tags that it was sent with.
        raw: the whole mail as MIME.
    """

    mail_id: str
    at: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    tags: dict[str, str]
    raw: bytes

    def described(self, base: str) -> dict[str, Any]:
        """The mail for programs; `base` is the URL of the mailbox."""
        return {
            "id": self.mail_id,
            "at": self.at,
            "from": self.sender,
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": self.headers,
            "tags": self.tags,
            "raw_url": f"{base}/{self.mail_id}/raw",
        }


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mails in a folder."""

    folder: Path

    def mails(self) -> list[Mail]:
        """Every mail, the newest last."""
        return [read(file) for file in sorted(self.folder.glob("*.json"))]

    def find(self, mail_id: str) -> Mail | None:
        """The mail with an id, or None."""
        for file in self.folder.glob("*.json"):
            if file.stem.partition("-")[2] == mail_id:
                return read(file)
        return None

    def clear(self) -> None:
        """Delete every mail."""
        for file in self.folder.glob("*.json"):
            file.unlink(missing_ok=True)

    def list_page(self, mails: list[Mail], root: str) -> str:
        """A page that lists mails, the newest first."""
        rows = "".join(
            f"<tr><td>{escape(mail.at[:19])}</td><td>{escape(', '.join(mail.to))}</td>"
            f'<td><a href="{root}/{escape(mail.mail_id)}">{escape(mail.subject or "(no subject)")}'
            "</a></td></tr>"
            for mail in reversed(mails)
        )
        head = "<tr><th>Sent (UTC)</th><th>To</th><th>Subject</th></tr>"
        table = f"<table>{head}{rows}</table>" if mails else "<p>No mail has been sent yet.</p>"
        return page("Mailbox", f"<h1>Mailbox</h1>{table}")

    def mail_page(self, mail: Mail, root: str) -> str:
        """A page that shows one mail; its HTML stands in a frame where nothing of it can run."""
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in mail.headers.items()
        )
        here = f"{root}/{escape(mail.mail_id)}"
        frame = f'<iframe sandbox title="HTML of the mail" src="{here}/html"></iframe>'
        parts = [
            f'<p><a href="{root}">All mails</a> · <a href="{here}/raw">Raw</a></p>',
            f"<h1>{escape(mail.subject or '(no subject)')}</h1><table>{rows}</table>",
            f"<h2>HTML</h2>{frame}" if mail.html else "",
            f"<h2>Text</h2><pre>{escape(mail.text)}</pre>" if mail.text else "",
        ]
        return page(mail.subject or "(no subject)", "".join(parts))


def escape(text: str) -> str:
    """Text as it may stand in HTML and in a quoted attribute."""
    return html.escape(text)


def page(title: str, body: str) -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><body>{body}</body></html>"
    )


def read(file: Path) -> Mail:
    """Read one mail."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    request = kept["request"]
    raw = raw_of(request)
    message = message_from_bytes(raw, policy=policy.default)
    destination = request.get("Destination") or {}
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    to = [address for kind in kinds for address in destination.get(kind, [])]
    return Mail(
        mail_id=kept["id"],
        at=datetime.fromtimestamp(kept["sent_at_ms"] / 1000, UTC).isoformat(
            timespec="milliseconds"
        ),
        sender=str(message["From"] or request.get("FromEmailAddress", "")),
        to=to or [part.strip() for part in str(message["To"] or "").split(",") if part.strip()],
        subject=str(message["Subject"] or ""),
        text=part_of(message, "plain"),
        html=part_of(message, "html"),
        headers={name: str(value) for name, value in message.items()},
        tags={tag["Name"]: tag["Value"] for tag in request.get("EmailTags") or []},
        raw=raw,
    )


def raw_of(request: dict[str, Any]) -> bytes:
    """The MIME of a SES v2 request: as it was sent, or put together as SES does for a simple mail."""
    content = request.get("Content") or {}
    if "Raw" in content:
        return base64.b64decode(content["Raw"]["Data"])
    simple = content.get("Simple") or {}
    message = EmailMessage()
    message["From"] = request.get("FromEmailAddress", "")
    message["To"] = ", ".join((request.get("Destination") or {}).get("ToAddresses", []))
    message["Subject"] = (simple.get("Subject") or {}).get("Data", "")
    if request.get("ReplyToAddresses"):
        message["Reply-To"] = ", ".join(request["ReplyToAddresses"])
    for header in simple.get("Headers") or []:
        message[header["Name"]] = header["Value"]
    body = simple.get("Body") or {}
    if "Text" in body:
        message.set_content(body["Text"]["Data"])
    if "Html" in body and "Text" in body:
        message.add_alternative(body["Html"]["Data"], subtype="html")
    elif "Html" in body:
        message.set_content(body["Html"]["Data"], subtype="html")
    return message.as_bytes()


def part_of(message: Any, subtype: str) -> str:
    """The text of the first part of a kind, empty when there is none."""
    part = message.get_body(preferencelist=(subtype,))
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n") if part else ""
