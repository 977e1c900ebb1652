"""`signalbox relay`: SMTP in, the API's word out."""

import asyncio
import json
import signal
import smtplib
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli.api import Api
from cli.relay import Way, reply_to
from cli.screen import Screen
from cli.session import Session
from cli.smtp_listener import MOST_BYTES, MOST_RECIPIENTS, Entrance, Listener, one_line
from cli.stack import Stack
from signalbox.model.credential import Role
from tests.template import ROOT

ADA, EVE = "ada@signalbox.example", "eve@signalbox.example"
HERE = "127.0.0.1"


@contextmanager
def listening(hand_in, **entrance) -> Iterator[int]:
    """Let a listener take mails, on the port that this yields, until the block ends."""
    started, port, end = threading.Event(), [], []

    def run() -> None:
        async def serve() -> None:
            end.append((asyncio.get_running_loop(), asyncio.Event()))

            def tell(number: int) -> None:
                port.append(number)
                started.set()

            await Listener(Entrance(HERE, 0, **entrance), hand_in).serve(tell, end[0][1])

        asyncio.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(10)
    try:
        yield port[0]
    finally:
        loop, event = end[0]
        loop.call_soon_threadsafe(event.set)
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(name="way")
def _way(stand):
    """What hands mails to the stack."""
    stack = Stack(stand.server.url, stand.account.tokens[Role.MARKETER])
    return Way(Session(Api(stack), Screen(is_json=True)))


@pytest.fixture(name="smtp")
def _smtp(way):
    """A program's connection to the listener before the stack."""
    with listening(way) as port, smtplib.SMTP(HERE, port) as client:
        yield client


def mail(**more: str) -> EmailMessage:
    """Return a mail as Python's programs write it."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "box@signalbox.example", ADA, "Your order"
    made.set_content("It is on its way.")
    for name, value in more.items():
        made[name] = value
    return made


def reply(smtp: smtplib.SMTP, raw: bytes, *recipients: str) -> tuple[int, str]:
    """Send a mail; return the reply to it."""
    smtp.ehlo_or_helo_if_needed()
    smtp.mail("box@signalbox.example")
    for one in recipients or (ADA,):
        smtp.rcpt(one)
    code, text = smtp.data(raw)
    return code, text.decode()


def test_a_mail_goes_to_whom_the_envelope_names(smtp, cloud, stand):
    """Taken means that the stack has it; a mail without Message-ID is known by a key of its own."""
    assert {} == smtp.send_message(mail(), to_addrs=[ADA, EVE])

    (sent,) = cloud.mails()
    (_, path, headers) = stand.server.requests[-1]
    assert "It is on its way." in sent
    assert ("/relay", f"{ADA}, {EVE}") == (path, headers["x-signalbox-recipients"])
    assert 32 == len(headers["idempotency-key"])


def test_a_repeat_is_known_by_the_message_id(smtp, cloud, stand):
    raw = mail(**{"Message-ID": "<1@shop.example>"}).as_bytes()

    first, second = (reply(smtp, raw) for _ in range(2))

    assert first == second
    assert (250, True) == (first[0], first[1].startswith("2.0.0 Ok: "))
    assert 1 == len(cloud.mails())
    assert "idempotency-key" not in stand.server.requests[-1][2]


def test_it_tells_what_it_takes(smtp):
    smtp.ehlo()

    assert str(MOST_BYTES) == smtp.esmtp_features["size"]
    assert {"8bitmime", "smtputf8"} <= set(smtp.esmtp_features)
    assert "starttls" not in smtp.esmtp_features


def test_letters_of_all_alphabets_go_through(smtp, cloud):
    """Eight-bit bodies, headers in UTF-8 and domains of other letters; not so names before the @."""
    made = mail()
    made.replace_header("Subject", "Größe")
    made.replace_header("To", "Ü <u@bücher.example>")
    made.set_content("Größe", cte="8bit")

    assert {} == smtp.send_message(made)
    assert (553, b"5.6.7 SES knows ASCII alone before the @") == rcpt(smtp, "ü@signalbox.example")

    (sent,) = cloud.mails()
    assert "Subject: =?utf-8?" in sent
    assert "u@xn--bcher-kva.example" in sent


def rcpt(smtp: smtplib.SMTP, address: str) -> tuple[int, bytes]:
    """Name a recipient; return the reply."""
    smtp.ehlo_or_helo_if_needed()
    smtp.rset()
    smtp.mail("box@signalbox.example", ["SMTPUTF8"])
    smtp.command_encoding = "utf-8"
    return smtp.rcpt(address)


def test_recipients_are_looked_at_as_they_are_named(smtp):
    assert 553 == rcpt(smtp, "x" * 65 + "@signalbox.example")[0]
    assert 250 == rcpt(smtp, ADA)[0]
    codes = [smtp.rcpt(f"{n}@signalbox.example")[0] for n in range(MOST_RECIPIENTS)]
    assert [250] * (MOST_RECIPIENTS - 1) + [452] == codes


def test_a_mail_that_is_too_large_is_refused_before_it_comes(smtp):
    smtp.ehlo()

    assert 552 == smtp.mail("box@signalbox.example", [f"SIZE={MOST_BYTES + 1}"])[0]


ANSWERS = {
    "busy": (503, {"Retry-After": "0"}, "{}", 451),
    "another stack": (404, {}, '{"message": "Not Found"}', 451),
    "revoked key": (403, {}, '{"errors": [{"field": "Api-Token", "message": "not valid"}]}', 451),
    "faulty": (400, {}, '{"errors": [{"field": "From", "message": "is missing"}]}', 554),
    "refused": (422, {}, '{"errors": [{"field": "", "message": "not verified"}]}', 554),
    "too large": (413, {}, '{"message": "Request Entity Too Large"}', 552),
    "suppressed": (200, {}, {"state": "skipped", "reason": "complaint"}, 550),
    "uncertain": (200, {}, {"state": "uncertain", "reason": "nobody knows"}, 554),
    "no JSON": (200, {}, "<html>", 451),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_the_api_says_is_said_in_smtp(case, smtp, stand):
    """4xx for what may come again, 5xx for what may not, with the reason."""
    status, headers, body, code = ANSWERS[case]
    text = body if isinstance(body, str) else json.dumps({"recipients": [{"address": ADA} | body]})
    stand.server.planned += [(status, headers, text)] * (4 if status == 503 else 1)

    found, said = reply(smtp, mail().as_bytes())

    reason = {"busy": "busy or down", "no JSON": "is not a stack"}.get(case)
    assert (code, True) == (found, (reason or text.rpartition('": "')[2].partition('"')[0]) in said)


def test_a_stack_that_is_gone_leaves_the_mail_with_its_sender(way, stand):
    stand.server.shutdown()
    stand.server.socket.close()
    with listening(way) as port, smtplib.SMTP(HERE, port) as client:
        code, said = reply(client, mail().as_bytes())

    assert (451, True) == (code, "cannot be reached" in said)


def test_what_should_not_happen_leaves_the_mail_with_its_sender():
    def broken(_content: bytes, _recipients: list[str]) -> str:
        raise RuntimeError("what\r\n250 nobody saw")

    with listening(broken) as port, smtplib.SMTP(HERE, port) as client:
        assert (451, "4.3.0 RuntimeError: what 250 nobody saw") == reply(client, b"x")


def test_a_reply_is_one_line():
    assert "250 a b c" == one_line("250 a\r\nb\x00\tc")
    assert 400 == len(one_line("x" * 999))


def test_one_that_was_sent_is_success():
    results = [
        {"state": "skipped", "reason": "complaint"},
        {"state": "sent", "message_id": "1"},
        {"state": "uncertain", "reason": "?"},
    ]

    assert "250 2.0.0 Ok: 1" == reply_to(results)


def taken(_content: bytes, _recipients: list[str]) -> str:
    """Take a mail."""
    return "250 2.0.0 Ok"


def test_only_who_logs_in_comes_in():
    with listening(taken, user="shop", password="secret") as port:
        with smtplib.SMTP(HERE, port) as client:
            client.ehlo()
            assert 530 == client.mail("box@signalbox.example")[0]
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("shop", "wrong")
        with smtplib.SMTP(HERE, port) as client:
            client.login("shop", "secret")
            assert (250, "2.0.0 Ok") == reply(client, b"x")


def certificate() -> bytes:
    """Return a certificate of this machine with its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HERE)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_with_a_certificate_nothing_is_said_in_the_clear(tmp_path):
    file = tmp_path / "both.pem"
    file.write_bytes(certificate())
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours = ssl.create_default_context()
    server.load_cert_chain(file)
    ours.load_verify_locations(file)

    with (
        listening(taken, user="shop", password="secret", tls=server) as port,
        smtplib.SMTP(HERE, port) as client,
    ):
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert 530 == client.mail("box@signalbox.example")[0]
        client.starttls(context=ours)
        client.login("shop", "secret")
        assert (250, "2.0.0 Ok") == reply(client, b"x")


def test_the_command_ends_when_it_is_interrupted(stand):
    """It lets the mail come to its end that is under way, and says what became of it."""
    program = [sys.executable, "-c", "from cli.main import app; app()", "relay", "--port", "0"]
    variables = {
        "SIGNALBOX_URL": stand.server.url,
        "SIGNALBOX_TOKEN": stand.account.tokens[Role.MARKETER],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/common'}",
    }
    with subprocess.Popen(
        program, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        where = running.stdout.readline().split()[2].rstrip(";")
        with smtplib.SMTP(*where.split(":")) as client:
            client.send_message(mail())
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)

    assert (0, "") == (running.returncode, err)
    assert f"250  {ADA}  sent" in out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--user", "shop"), "both, --user and --password-file"),
        (("--user", "shop", "--password-file", "none"), "none cannot be read"),
        (("--user", "shop", "--password-file", "empty"), "holds no password"),
        (("--certificate", "empty"), "is no certificate"),
        (("--host", "192.0.2.1"), "Cannot listen at 192.0.2.1:2525"),
    ],
)
def test_what_cannot_work_is_said_at_once(stand, tmp_path, options, told):
    (tmp_path / "empty").write_text("")

    result = stand.run("relay", *options)

    assert (2, True) == (result.exit_code, told in result.stderr)


def test_who_listens_to_others_is_warned(stand):
    """An address that is not this machine's own, so that nothing is opened by this test."""
    result = stand.run("relay", "--host", "192.0.2.1")

    assert "whoever reaches it can send mail" in result.stderr
    assert "in the clear" in result.stderr


def test_a_token_that_may_not_relay_is_told_before_the_first_mail(stand):
    result = stand.run("relay", "--port", "0", role=Role.EVENT)

    assert (2, True) == (result.exit_code, "may not relay mail" in result.stderr)


def test_a_key_for_the_relay_alone_is_enough(stand):
    """It may ask who it is, and that is all that is asked before the first mail."""
    result = stand.run("relay", "--host", "192.0.2.1", role=Role.RELAY)

    assert "may not relay" not in result.stderr
    assert ["/api/key"] == [path for _, path, _ in stand.server.requests]
