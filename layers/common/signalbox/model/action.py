"""Actions: what a rule does. A closed set of kinds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Write an e-mail to the contact; texts may hold personalisation tags."""

    subject: str
    html: str = ""
    text: str = ""
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Tell another system, by a signed POST of the event as JSON (Standard Webhooks 1.0.0)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostForm:
    """Tell another system, by a signed POST of a form: what a webhook of `model.webhook` does.

    With `list_id` it is told of updates of that list's members only.
    """

    url: str
    list_id: str = ""


Action = SendEmail | CallWebhook | PostForm

FORM_KIND: Final = "webhook_form"  # no rule can have it

KINDS: Final[Mapping[str, type[SendEmail] | type[CallWebhook]]] = {
    "send_email": SendEmail,
    "webhook": CallWebhook,
}


def kind_of(action: Action) -> str:
    """Return the kind's name in rules and logs."""
    if isinstance(action, PostForm):
        return FORM_KIND
    return next(kind for kind, shape in KINDS.items() if isinstance(action, shape))


def action_from(stored: Mapping[str, Any]) -> Action:
    """Read an action as it stands in a rule: its fields and its `kind`."""
    fields = {name: value for name, value in stored.items() if name != "kind"}
    return KINDS[stored["kind"]](**fields)


def stored_action(action: Action) -> dict[str, Any]:
    """Return what `action_from` reads."""
    return {"kind": kind_of(action), **asdict(action)}
