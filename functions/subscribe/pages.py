"""The pages that people see: plain HTML without scripts, images or cookies, light and dark."""

import base64
import hashlib
from html import escape

from signalbox.model.contact_list import ContactList

from .form import BAIT, Form

STYLE = """
:root { color-scheme: light dark; --line: #6b7280; --act: #1d4ed8; --on-act: #fff; --bad: #b91c1c }
@media (prefers-color-scheme: dark) {
  :root { --line: #9ca3af; --act: #93c5fd; --on-act: #111827; --bad: #fca5a5 }
}
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 0 auto; padding: 2rem 1rem;
  overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25 }
label { display: block; margin-top: 1rem }
input { font: inherit; box-sizing: border-box; width: 100%; padding: .5rem;
  border: 1px solid var(--line); border-radius: .25rem }
button { font: inherit; margin-top: 1.5rem; padding: .6rem 1.2rem; border: 0; border-radius: .25rem;
  background: var(--act); color: var(--on-act) }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
.choice { margin-top: .5rem }
.choice input { width: auto; margin-right: .5rem }
fieldset { margin-top: 1rem; padding: .5rem 1rem 1rem; border: 1px solid var(--line);
  border-radius: .25rem }
fieldset p { margin: .25rem 0 }
.wrong { color: var(--bad) }
.more { position: absolute; left: -100vw }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def form_page(contact_list: ContactList, sent: Form, *, field: str = "", fault: str = "") -> str:
    """Return the form, with what was sent and, where there is one, the fault of a field."""
    title = f"Subscribe to {contact_list.name}"
    alert = f'<p class="wrong" id="fault" role="alert">{escape(fault)}</p>' if fault else ""
    asked = [
        ("email", "E-mail address", sent.email, 'type="email" autocomplete="email" required'),
        ("first_name", "First name", sent.first_name, 'autocomplete="given-name"'),
        ("last_name", "Last name", sent.last_name, 'autocomplete="family-name"'),
    ]
    inputs = "\n".join(
        f'<label for="{name}">{label}</label>\n'
        f'<input id="{name}" name="{name}" value="{escape(value)}" maxlength="255" {more}'
        f"{_wrong(name == field)}>"
        for name, label, value, more in asked
    )
    return page(
        title,
        f"""{alert}
<form method="post">
{inputs}
<div class="more" aria-hidden="true"><label for="{BAIT}">Leave this empty</label>
<input id="{BAIT}" name="{BAIT}" tabindex="-1" autocomplete="off"></div>
<button>Subscribe</button>
</form>""",
    )


def thanks_page(contact_list: ContactList) -> str:
    """Return the answer to a sign-up, the same whoever the address belongs to."""
    return page("Thank you", f"<p>{escape(thanks(contact_list))}</p>")


def thanks(contact_list: ContactList) -> str:
    """Return what is said to a sign-up."""
    if contact_list.double_opt_in:
        return (
            f"One more step: check your mailbox for a mail about {contact_list.name} and follow the "
            "link in it. If none comes within ten minutes, sign up again."
        )
    return (
        f"You have subscribed to {contact_list.name}. If you left this list before, you get a mail "
        "with a link to confirm that you want to be on it again."
    )


def confirm_page(contact_list: ContactList) -> str:
    """Return the page behind the link in the mail; only its button confirms."""
    return page(
        f"Subscribe to {contact_list.name}",
        "<p>Press the button to confirm that you want to be on this list.</p>\n"
        '<form method="post"><button>Confirm</button></form>',
    )


def confirmed_page(contact_list: ContactList) -> str:
    """Return what is said to a confirmation."""
    return page("Confirmed", f"<p>You are subscribed to {escape(contact_list.name)}.</p>")


def message_page(title: str, message: str) -> str:
    """Return a page that says one thing."""
    return page(title, f"<p>{escape(message)}</p>")


def _wrong(is_wrong: bool) -> str:
    return ' aria-invalid="true" aria-describedby="fault"' if is_wrong else ""


def page(title: str, content: str) -> str:
    """Return a whole page; the title is escaped here, the content is HTML already."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{content}
</main>
</body>
</html>
"""
