"""A person's own page: what they get from us, and whether we may see that they read it."""

from collections.abc import Sequence
from html import escape

from signalbox.model.contact_list import ContactList
from signalbox.model.tracking_permission import Answer, Permission, Purpose

from .pages import page
from .preference_form import ACTION, FIELDS, KEPT, SHOWN, Action

QUESTIONS = {
    Purpose.OPEN: ("Opening mails", "May we see that you open our mails?"),
    Purpose.CLICK: ("Clicking links", "May we see which links in our mails you follow?"),
}
CHOICES = ((Answer.YES, "Yes"), (Answer.NO, "No"))


def masked(email: str) -> str:
    """Return an address so that its owner knows it and others do not learn it: `a***@example.com`.

    Mails are forwarded, with the link to this page in them.
    """
    local, _, domain = email.rpartition("@")
    if not local:
        return "you"
    return f"{local[0] if len(local) > 1 else ''}***@{domain}"


def preference_page(
    email: str,
    joined: Sequence[ContactList],
    permission: Permission,
    *,
    unsubscribed: bool,
    said: str = "",
) -> str:
    """Return the page with its forms; `said` is what has just been done."""
    status = f'<p role="status">{escape(said)}</p>\n' if said else ""
    return page(
        "Your mails",
        f"""{status}<p>This page is about mail to <b>{escape(masked(email))}</b>.</p>
<form method="post">
{_lists(joined)}
{"".join(_question(purpose, permission) for purpose in Purpose)}
<button name="{ACTION}" value="{Action.SAVE}">Save</button>
</form>
{_end(unsubscribed=unsubscribed)}""",
    )


def unsubscribed_page() -> str:
    """Return what is said to an unsubscription by one click."""
    return page("Unsubscribed", "<p>You get no more of these mails.</p>")


def _lists(joined: Sequence[ContactList]) -> str:
    if not joined:
        return "<p>You are on none of our lists.</p>"
    boxes = "\n".join(
        f'<input type="hidden" name="{SHOWN}" value="{one.list_id}">'
        f'<label class="choice"><input type="checkbox" name="{KEPT}" value="{one.list_id}" checked> '
        f"{escape(one.name)}</label>"
        for one in joined
    )
    return f"<fieldset>\n<legend>Lists that you are on</legend>\n{boxes}\n</fieldset>"


def _question(purpose: Purpose, permission: Permission) -> str:
    legend, question = QUESTIONS[purpose]
    answer, name = permission.of(purpose), FIELDS[purpose]
    options = "\n".join(
        f'<label class="choice"><input type="radio" name="{name}" value="{one}"'
        f"{' checked' if one is answer else ''}> {shown}</label>"
        for one, shown in CHOICES
    )
    return f"<fieldset>\n<legend>{legend}</legend>\n<p>{question}</p>\n{options}\n</fieldset>\n"


def _end(*, unsubscribed: bool) -> str:
    if unsubscribed:
        told = "You have unsubscribed from everything. To be on a list again, sign up for it."
        action, label = Action.AGAIN, "Allow mail again"
    else:
        told = "Or leave all lists, get no other advertising mail, and be tracked no more:"
        action, label = Action.EVERYTHING, "Unsubscribe from everything"
    return (
        f'<form method="post">\n<p>{told}</p>\n'
        f'<button name="{ACTION}" value="{action}">{label}</button>\n</form>'
    )
