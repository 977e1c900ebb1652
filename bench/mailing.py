"""What a mail of a mailing costs beside bare MIME building and the bare call of SES.

Both sides hand SES the same content at a local endpoint. Bare is what a script would do that sends
one mail: the standard library builds it, boto3 sends it. Ours fills the campaign's content for a
contact, signs and writes the address of each link, puts in the pixel, builds the mail with what a
marketing mail needs in its head, and sends it.
"""

import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from time import process_time
from typing import Any
from unittest.mock import patch

from bench import world
from bench.figures import Figure, compared
from bench.stub import serving
from signalbox import aws
from signalbox.channels.mail import Mail, build, send
from signalbox.model.mail_content import Filled, MailContent, compiled
from signalbox.model.mail_text import html_of
from signalbox.model.personalisation import Values

MAILS = 100
REPEATS = 7
TARGET = 2.0
PRODUCTS = 24
TRACKER = "https://track.example.com"
KEY = b"k" * 32

Write = Callable[[int], Any]


def figures() -> list[Figure]:
    """Measure whole mails with their sending, and what is done before they are sent."""
    with serving() as url, patch.dict(os.environ, world.VARIABLES | {"AWS_ENDPOINT_URL": url}):
        aws.client.cache_clear()
        found = [
            figure
            for name, content in (("newsletter", campaign()), ("short mail", letter()))
            for figure in _figures_of(name, content)
        ]
        aws.client.cache_clear()
    return found


def _figures_of(name: str, content: MailContent) -> list[Figure]:
    example = filled(content, 0)
    works: dict[str, Write] = {
        "bare": lambda _: _send_barely(example),
        "ours": lambda number: send(mail_of(number, filled(content, number))),
        "bare building": lambda _: _built_barely(example),
        "filling": lambda number: filled(content, number),
        "building": lambda number: build(mail_of(number, example)),
    }
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(REPEATS):
        for step, work in works.items():
            spent[step].append(_round(work))
    size = f"{len(example.html) / 1000:.1f} KB, {len(content.links)} links"
    wanted = (
        (f"{name} ({size})", "ours", "bare", TARGET),
        (f"{name}, filled", "filling", "bare building", 0.0),
        (f"{name}, built", "building", "bare building", 0.0),
    )
    return [
        compared(
            title,
            spent[ours],
            spent[bare],
            unit="µs CPU",
            against="EmailMessage and boto3 send_email" if target else "EmailMessage",
            target=target,
        )
        for title, ours, bare, target in wanted
    ]


def campaign() -> MailContent:
    """Return a newsletter as shops send them: tables, styles, and a link or two for each product."""
    products = "\n".join(
        f"""<tr><td align="center" style="padding:12px 24px;font-family:Arial,sans-serif;font-size:15px">
<a href="https://shop.example.com/products/{number}?utm_source=mail&amp;utm_campaign=autumn"
   style="color:#1a5fb4;text-decoration:none"><img src="https://cdn.example.com/{number}.jpg"
   width="260" height="180" alt="Product {number}" style="display:block;border:0"></a>
<p style="margin:8px 0;line-height:22px;color:#333333">%FIRSTNAME%, we thought of you: € {number}.99, für Sie. It is made of oak, oiled twice, and keeps for a lifetime.</p>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr><td
 style="border-radius:4px;background:#1a5fb4"><a href="https://shop.example.com/cart?add={number}"
 style="display:inline-block;padding:10px 18px;color:#ffffff">Buy</a></td></tr></table></td></tr>"""
        for number in range(PRODUCTS)
    )
    html = f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Autumn</title><style>{"p {{ margin: 0 }} " * 20}</style>
</head><body style="margin:0"><table role="presentation" width="600" align="center">{products}
</table><p><a href="%UNSUBSCRIBELINK%">Unsubscribe</a></p></body></html>"""
    return compiled(html, "", "%FIRSTNAME%, something new")


def letter() -> MailContent:
    """Return a few lines of text, sent as HTML so that they can be tracked."""
    text = "Hi %FIRSTNAME%,\n\nyour file: https://example.com/f?n=%CONTACTID%\n\nBye\n"
    return compiled(html_of(text), text, "Your file")


def filled(content: MailContent, number: int) -> Filled:
    """Return the content for one contact, with links of its own."""
    message = f"157-1790000000000-{number:08d}"

    def wrap(link: int, target: str) -> str:
        signed = hmac.digest(KEY, f"click\0{message}\0{link}\0{target}".encode(), "sha256")
        packed = urlsafe_b64encode(target.encode()).decode("ascii")
        return f"{TRACKER}/c/{_text(signed)}{message}.{link}/{packed}"

    opened = _text(hmac.digest(KEY, f"open\0{message}".encode(), "sha256"))
    return content.filled(
        Values(email=world.email(number % 1000), first_name=f"Ada {number}"),
        wrap_link=wrap,
        pixel_url=f"{TRACKER}/o/{opened}.gif",
        honeypot_url=f"{TRACKER}/c/{opened}/h",
        pages={"UNSUBSCRIBELINK": f"{TRACKER}/u/{opened}"},
    )


def mail_of(number: int, content: Filled) -> Mail:
    """Return the mail that a mailing sends one contact."""
    return Mail(
        message_id=f"157-1790000000000-{number:08d}",
        sender="news@example.com",
        sender_name="Shop",
        recipient=world.email(number % 1000),
        reply_to="help@example.com",
        subject=content.subject,
        html=content.html,
        text=content.text,
        unsubscribe_mailto="mailto:unsubscribe@example.com?subject=157",
        unsubscribe_url=f"{TRACKER}/u/{'a' * 50}",
        feedback_ids=("autumn", "shop"),
        tags=(("mailing_id", "1790000000000-1"),),
    )


def _built_barely(content: Filled) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Shop <news@example.com>"
    message["To"] = world.email(1)
    message["Subject"] = content.subject
    message.set_content(content.text)
    message.add_alternative(content.html, subtype="html")
    return message.as_bytes()


def _send_barely(content: Filled) -> str:
    answer = aws.client("sesv2").send_email(
        Destination={"ToAddresses": [world.email(1)]},
        Content={"Raw": {"Data": _built_barely(content)}},
    )
    return str(answer["MessageId"])


def _round(work: Write) -> float:
    """Return the microseconds of processor time of one mail."""
    begun = process_time()
    for number in range(MAILS):
        work(number)
    return (process_time() - begun) / MAILS * 1e6


def _text(signature: bytes) -> str:
    return urlsafe_b64encode(signature[:16]).decode("ascii").rstrip("=")
