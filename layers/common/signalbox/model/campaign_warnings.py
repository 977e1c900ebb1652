"""What an author should look at before a campaign goes out, though it can go out as it is."""

import html
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from signalbox.model.campaign import Campaign
from signalbox.model.errors import InvalidError
from signalbox.model.link_slots import slots_in
from signalbox.model.mail_content import MailContent, compiled
from signalbox.model.mail_text import UNSUBSCRIBE_LINK
from signalbox.model.sms import LONGEST_TEXT, size_of
from signalbox.model.tracking_permission import Mode

CLIPPED_BY_GMAIL: Final = 102_400
"""Bytes of HTML from which on Gmail shows a mail's beginning only, without the pixel at its end."""

SHORT_TEXT: Final = 3
"""Parts of a text message above which an author may not have known what it costs."""

_SEEN_OF_CONTACTS: Final = frozenset(
    {"contact_id", "email", "first_name", "last_name", "phone", "external_id", "fields"}
    | {"tags", "lists", "campaigns", "opt_out_lists", "$or"}
)
_LEADING: Final = ("http://", "https://", "mailto:", "tel:", "sms:", "#", "%", "{{")
_RUNNING: Final = ("javascript:", "vbscript:", "data:")


class Warned(NamedTuple):
    """Something to look at: where it is in the content, and what is the matter."""

    field: str
    message: str


class Known(NamedTuple):
    """What tags can stand for: tags of the account's custom fields, names of its events."""

    fields: Collection[str]
    events: Collection[str]


def check_links(document: str) -> None:
    """Accept the links of HTML; raise `InvalidError` for one that would run a program."""
    for slot in slots_in(document).links:
        if _squeezed(slot.target).startswith(_RUNNING):
            raise InvalidError("html", f"has a link that no mail may have: {slot.target[:80]!r}")


def warnings_of(campaign: Campaign, known: Known, mode: Mode, counted: str = "") -> list[Warned]:
    """Return what to look at; `mode` is how mailings of the campaign are tracked as things are.

    `counted` is the text of an SMS campaign in the length in which it goes out.
    """
    content = compiled(campaign.html, campaign.text, campaign.subject)
    found = [*_of_tags(content, known), *_of_filter(campaign.audience.filter)]
    if campaign.kind.contact_kind == "email":
        found += [*_of_html(campaign), *_of_permission(campaign, content, mode)]
    else:
        found += _of_length(counted or campaign.text)
    return found


def _of_length(text: str) -> Iterator[Warned]:
    if len(text) > LONGEST_TEXT:
        yield Warned("text", f"is longer with its short links than the {LONGEST_TEXT} that can go")
    if size_of(text).segments > SHORT_TEXT:
        yield Warned("text", f"is {size_of(text)}, and each is paid for")


def _of_tags(content: MailContent, known: Known) -> Iterator[Warned]:
    for tag in sorted(content.fields - frozenset(known.fields)):
        yield Warned("", f"%{tag}% is no personalisation tag, and stays in the text")
    named = {" ".join(html.unescape(name).split()) for name in content.events}
    for name in sorted(named - frozenset(known.events)):
        yield Warned("", f"%EVENT: {name}% names an event that is not registered")


def _of_filter(wanted: Mapping[str, Any]) -> Iterator[Warned]:
    for name in wanted.keys() - _SEEN_OF_CONTACTS:
        yield Warned(f"audience.filter.{name}", "is nothing that contacts have")


def _of_html(campaign: Campaign) -> Iterator[Warned]:
    if len(campaign.html.encode("utf-8", "replace")) > CLIPPED_BY_GMAIL:
        yield Warned(
            "html", f"is longer than {CLIPPED_BY_GMAIL} bytes, of which Gmail cuts the rest"
        )
    for slot in slots_in(campaign.html).links:
        if not _squeezed(slot.target).startswith(_LEADING):
            yield Warned("html", f"the link {slot.target[:80]!r} leads nowhere out of a mail")


def _of_permission(campaign: Campaign, content: MailContent, mode: Mode) -> Iterator[Warned]:
    if campaign.marketing and UNSUBSCRIBE_LINK not in content.pages:
        yield Warned(
            "", f"nothing in it says %{UNSUBSCRIBE_LINK}%; mail programs still offer to leave"
        )
    if not campaign.track_clicks or mode not in {Mode.ANONYMOUS, Mode.PERMISSION}:
        return
    for link in content.links:
        if link.is_personal:
            said = f"holds tags, so a click on it tells who clicked, which is not {mode}"
            yield Warned("html", f"the link {link.target[:80]!r} {said}")


def _squeezed(target: str) -> str:
    """Return the beginning of a target as browsers read it."""
    return "".join(target.split())[:20].lower()
