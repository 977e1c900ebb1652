"""Hits as events carry them: from the pixel to the worker, and on a contact's record.

On its way to the worker an event has what the request said; `completed` adds what the mailing says,
and what was thought of the hit. The signals stay, so that the judgement can be made again.
"""

from collections.abc import Mapping
from typing import Any, Final

from signalbox.model.event import Event
from signalbox.model.hit import NO_LINK, Hit, HitKind, Judgement

SOURCE: Final = "messages"
_PLAIN_METHOD: Final = "GET"
_CONTACT_KINDS: Final = {"email_campaign": "email", "sms_campaign": "phone"}


def hit_of(event: Event, delivered_ms: int = 0) -> Hit:
    """Return the hit that an event tells of.

    `delivered_ms` is when the mail was delivered, where the event does not say so itself.
    """
    said = event.properties
    kind = HitKind(event.kind)
    return Hit(
        kind=kind,
        link=int(said.get("link", 0)) if kind is HitKind.CLICK else NO_LINK,
        method=said.get("method", _PLAIN_METHOD),
        agent=said.get("agent", ""),
        at_ms=event.at_ms,
        delivered_ms=said.get("delivered_ms", delivered_ms),
        purpose=said.get("purpose", ""),
    )


def completed(
    event: Event, mailing: Mapping[str, str], judgement: Judgement, delivered_ms: int
) -> Event:
    """Return the event of a contact's hit with all that its record shall tell.

    `mailing` has `campaign_id`, `container` and `mailer_id`; what is empty or usual is left out.
    """
    said = event.properties
    method = said.get("method", _PLAIN_METHOD)
    facts: dict[str, Any] = {
        "contact_id": event.address.partition(":")[2],
        "initiated_from": "system",
        "container": mailing["container"],
        "list_id": mailing["campaign_id"],
        "mailing_id": said["mailing_id"],
        "mailer_id": mailing["mailer_id"],
        "contact_kind": _CONTACT_KINDS.get(mailing["container"], "email"),
        "verdict": judgement.verdict,
        "reasons": list(judgement.reasons),
        "agent": said.get("agent", ""),
        "purpose": said.get("purpose", ""),
        "method": "" if method == _PLAIN_METHOD else method,
        "delivered_ms": delivered_ms,
        "url": said.get("url", ""),
    }
    kept = {name: value for name, value in facts.items() if value}
    return event._replace(properties=kept | ({"link": said["link"]} if "link" in said else {}))
