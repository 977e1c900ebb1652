"""`signalbox relay`: SMTP for programs that speak nothing else."""

import asyncio
import secrets
import signal
import ssl
import sys
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.errors import CommandError, RefusedError, UsageError
from cli.screen import printable, show_json_line
from cli.session import Session

if TYPE_CHECKING:
    from cli.smtp_listener import Entrance

PERMISSION: Final = "relay_mail"
TAKEN: Final = frozenset({"sent"})
# HTTP's refusals that say something of the stack or the token, and nothing of the mail.
OURS: Final = frozenset({401, 403, 404, 405, 408})
TOO_LARGE: Final = 413

Host = Annotated[str, typer.Option(help="Address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 for any that is free.")]
User = Annotated[str, typer.Option(help="Name that programs have to log in with.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File whose first line is their password.", dir_okay=False)
]
Certificate = Annotated[
    Path | None,
    typer.Option(help="Certificate in PEM, with its key: asks for TLS.", dir_okay=False),
]
RespectOptOuts = Annotated[
    bool, typer.Option("--respect-opt-outs", help="Leave out who opted out, as of marketing mail.")
]


def relay(  # noqa: PLR0913 the options of the command
    session: Session,
    *,
    host: Host = "127.0.0.1",
    port: Port = 2525,
    user: User = "",
    password_file: PasswordFile = None,
    certificate: Certificate = None,
    respect_opt_outs: RespectOptOuts = False,
) -> None:
    """Take mails by SMTP and pass them on through the stack, until Ctrl-C."""
    from cli.smtp_listener import Entrance, Listener  # noqa: PLC0415 aiosmtpd costs 100 ms

    if bool(user) != bool(password_file):
        raise UsageError("Say both, --user and --password-file, or neither.")
    entrance = Entrance(host, port, user, _password(password_file), _tls(certificate))
    _check_key(session)
    _warn(entrance)
    way = Way(session, respects_opt_outs=respect_opt_outs)
    asyncio.run(_serve(Listener(entrance, way), session, entrance))


class Way:
    """Hands mails to the API, and says in SMTP what came of each."""

    def __init__(self, session: Session, *, respects_opt_outs: bool = False) -> None:
        self._session = session
        self._headers = {"X-Signalbox-Respect-Opt-Outs": "true"} if respects_opt_outs else {}

    def __call__(self, content: bytes, recipients: list[str]) -> str:
        """Hand a mail on; return the reply."""
        from cli.smtp_listener import one_line  # noqa: PLC0415 see above

        headers = self._headers | {"X-Signalbox-Recipients": ", ".join(recipients)}
        if not _has_message_id(content):
            # So that what this command sends again, when the stack is busy, is one mail.
            headers["Idempotency-Key"] = secrets.token_hex(16)
        answer: dict[str, Any] = {}
        try:
            answer = self._session.api.post_mail("/relay", content, headers)
            reply = one_line(reply_to(answer["recipients"]))
        except RefusedError as error:
            reply = one_line(_refusal(error))
        except CommandError as error:
            reply = one_line(f"451 4.4.1 {error}")
        self._tell(reply, recipients, answer)
        return reply

    def _tell(self, reply: str, recipients: list[str], answer: dict[str, Any]) -> None:
        results = answer.get("recipients", [{"address": one} for one in recipients])
        if self._session.screen.is_json:
            show_json_line({"reply": reply, "recipients": results})
            return
        for one in results:
            words = (one["address"], one.get("state", ""), one.get("reason", ""))
            line = f"{datetime.now().astimezone():%H:%M:%S}  {reply[:3]}  {'  '.join(filter(None, words))}"
            print(printable(line if answer else f"{line}  {reply[4:]}"), flush=True)


def reply_to(results: list[dict[str, Any]]) -> str:
    """Return the reply to a mail that the API answered with what came of each recipient.

    SMTP has one reply for all of them: 250 where SES took the mail for one at least.
    """
    ids = list(dict.fromkeys(one["message_id"] for one in results if one["state"] in TAKEN))
    if ids:
        return f"250 2.0.0 Ok: {' '.join(ids)}"
    uncertain = [one["reason"] for one in results if one["state"] == "uncertain"]
    if uncertain:
        return f"554 5.3.0 {uncertain[0]}"
    reasons = ", ".join(dict.fromkeys(one["reason"] for one in results))
    return f"550 5.7.1 Nothing is sent to these recipients: {reasons}"


def _refusal(error: RefusedError) -> str:
    if error.status in OURS:
        return f"451 4.3.5 {error}"
    if error.status == TOO_LARGE:
        return f"552 5.3.4 {error}"
    return f"554 5.6.0 {error}"


def _has_message_id(content: bytes) -> bool:
    from signalbox.model.mime_parts import part_of  # noqa: PLC0415 only while it listens

    head = content.partition(b"\r\n\r\n")[0]
    return bool(part_of(head + b"\r\n\r\n").value("message-id"))


def _check_key(session: Session) -> None:
    """Raise `UsageError` at once, and not for each mail, where the token may not relay."""
    if PERMISSION not in session.api.call("GET", "/api/key")["permissions"]:
        raise UsageError("This token may not relay mail: it takes one with the role relay.")


def _password(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        password = file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error
    if not password:
        raise UsageError(f"{file} holds no password in its first line.")
    return password


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{certificate} is no certificate with its key: {error}.") from error
    return context


def _warn(entrance: "Entrance") -> None:
    """Say what is open to others where not only this machine can come in."""
    if _is_this_machine(entrance.host):
        return
    open_to = (
        [] if entrance.user else ["whoever reaches it can send mail (--user, --password-file)"]
    )
    open_to += [] if entrance.tls else ["mails and passwords travel in the clear (--certificate)"]
    if open_to:
        print(
            f"signalbox: {entrance.host} is not this machine alone: {'; '.join(open_to)}.",
            file=sys.stderr,
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(listener: Any, session: Session, entrance: "Entrance") -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, end.set)

    def started(port: int) -> None:
        where = f"{entrance.host}:{port}"
        line = f"Listening at {where}; mails go to {session.api.stack.api_url}. Ctrl-C ends it."
        if session.screen.is_json:
            show_json_line({"listening": where, "port": port})
        else:
            print(line, flush=True)

    try:
        await listener.serve(started, end)
    except OSError as error:
        raise UsageError(
            f"Cannot listen at {entrance.host}:{entrance.port}: {error.strerror}."
        ) from error
