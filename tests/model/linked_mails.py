"""Mail content with its links tracked, as a mail has it and as parsers read it."""

import re
from html.parser import HTMLParser

from signalbox.model.link_slots import slots_in
from signalbox.model.mail_content import MailContent, as_sent, compiled
from signalbox.model.personalisation import Values

TRACKER = "https://t.example/c"
ADA = Values(
    email="ada@example.com",
    first_name="Ada",
    last_name="Lovelace & Söhne",
    contact_id="157",
    fields={"COMPANY": "engine.example"},
    events={"file download request": "https://www.example.com/file.pdf?a=1&b=2", "Q&A": "4/2"},
)
PAGES = {
    "UNSUBSCRIBELINK": "https://t.example/u/1?a=1&b=2",
    "UPDATELINK": "https://t.example/p/1",
}


def wrapped(number: int, _target: str) -> str:
    """Return an address that tells its link."""
    return f"{TRACKER}/{number}/"


def content(html: str, text: str = "", subject: str = "") -> MailContent:
    """Return content, mostly of HTML alone."""
    return compiled(html, text, subject)


def tracked(html: str, values: Values = ADA) -> str:
    """Return HTML with its links wrapped."""
    return content(html).filled(values, wrap_link=wrapped, pages=PAGES).html


def targets(html: str, values: Values = ADA) -> list[str]:
    """Return what the links of HTML lead to, as it is handed over to be wrapped."""
    found = []
    content(html).filled(values, wrap_link=lambda _, target: found.append(target) or "")
    return found


def unwrapped(html: str, original: str) -> str:
    """Put the targets as they were written back into tracked HTML, each where its number stands.

    What stands around them must be an attribute `href`, which is looked for in the original.
    """
    kept = [slot for slot in slots_in(original).links if is_tracked(slot)]
    for number, slot in enumerate(kept):
        written = original[slot.start : slot.end]
        quote = "" if slot.quoted else '"'
        once = f"{quote}{TRACKER}/{number}/{quote}"

        assert 1 == html.count(once)
        assert re.search(r"href\s*=\s*[\"']?\Z", original[: slot.start], re.IGNORECASE)
        html = html.replace(once, written)
    return html


def is_tracked(slot) -> bool:
    """Tell of a target without tags whether it is tracked."""
    target = re.sub(r"[\t\r\n]", "", slot.target.strip("".join(map(chr, range(33)))))
    is_web = re.match("https?://", target, re.IGNORECASE) is not None
    return is_web and slot.tracking != "off" and "{{" not in target and as_sent(target) != ""


class Elements(HTMLParser):
    """Reads HTML as the standard library does."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        """Keep an element; of two attributes of a name the first one counts."""
        self.found.append((tag, {name: value or "" for name, value in reversed(attrs)}))

    def parse_marked_section(self, i, report=1):
        """Read `<![x[` as the HTML standard has it."""
        return self.parse_bogus_comment(i, report)


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    """Return the start tags of HTML with their attributes."""
    reader = Elements()
    reader.feed(html)
    reader.close()
    return reader.found
