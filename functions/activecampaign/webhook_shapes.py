"""What a webhook looks like in ActiveCampaign's API, and how one is read from a request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from signalbox.channels import webhook as channel
from signalbox.environment import environment
from signalbox.model.contact_list import ID
from signalbox.model.errors import InvalidError
from signalbox.model.webhook import EVERY_LIST, REPORTED, SOURCES, TAKEN, Webhook
from signalbox.store import event_names, lists

from .requests import text
from .schemas import (
    DIGITS,
    FLAG,
    LINK,
    NONE,
    REFERENCE,
    STAMP,
    TEXT,
    either,
    filled,
    limited,
    many,
    maybe,
    shape,
    word,
)
from .shapes import stamp

LONGEST_NAME = 255
LONGEST_URL = 2048
MOST_TEXTS = 100
WEBHOOK = shape(
    {
        "cdate": STAMP,
        "listid": DIGITS,
        "name": TEXT,
        "url": TEXT,
        "events": many(TEXT),
        "sources": many(word(*SOURCES)),
        "active": FLAG,
        "links": NONE,
        "id": DIGITS,
    },
    title="Webhook",
)
SENT = {
    "name": filled(LONGEST_NAME),
    "url": LINK,
    "events": limited(
        either(word(*sorted(TAKEN)), {"type": "string", "pattern": f"^{REPORTED}"}), 1, MOST_TEXTS
    ),
    "sources": limited(word(*SOURCES), 1, MOST_TEXTS),
    "listid": maybe(REFERENCE),
}


def webhook_shape(webhook: Webhook) -> dict[str, Any]:
    """Return the webhook as the original shows it, and whether it is `active` ("0" after a 410)."""
    return {
        "cdate": stamp(webhook.created_ms, "UTC"),
        "listid": webhook.list_id,
        "name": webhook.name,
        "url": webhook.url,
        "events": list(webhook.events),
        "sources": list(webhook.sources),
        "active": str(int(webhook.active)),
        "links": [],
        "id": webhook.webhook_id,
    }


def changed_by(sent: Mapping[str, Any], standing: Webhook, now_ms: int) -> Webhook:
    """Return the webhook with what was sent, active again; what was not sent stays.

    Raises:
        InvalidError: something that was sent cannot be.
    """
    changes: dict[str, Any] = {"active": True, "updated_ms": now_ms}
    for name, read in READERS.items():
        if name in sent:
            field = "list_id" if name == "listid" else name
            changes[field] = read(dict(sent), standing.account_id)
    return replace(standing, **changes)


def _name(sent: dict[str, Any], account_id: str) -> str:
    name = text(sent, "name", LONGEST_NAME).strip()
    if not name:
        raise InvalidError("name", "must not be empty")
    return name


def _url(sent: dict[str, Any], account_id: str) -> str:
    url = text(sent, "url", LONGEST_URL).strip()
    try:
        channel.check(url, {}, environment().webhook_allowed_hosts, field="webhook")
    except InvalidError as error:
        raise InvalidError("url", error.message) from error
    return url


def _events(sent: dict[str, Any], account_id: str) -> tuple[str, ...]:
    events = _texts(sent, "events")
    for event in events:
        name = event.removeprefix(REPORTED)
        if event in TAKEN:
            continue
        if name == event or not event_names.is_registered(account_id, name):
            raise InvalidError("events", f"must not hold {event!r}, which is no event")
    return events


def _sources(sent: dict[str, Any], account_id: str) -> tuple[str, ...]:
    sources = _texts(sent, "sources")
    for source in sources:
        if source not in SOURCES:
            raise InvalidError("sources", f"must not hold {source!r}, which is no source")
    return sources


def _list_id(sent: dict[str, Any], account_id: str) -> str:
    list_id = str(sent["listid"] or EVERY_LIST)
    if list_id == EVERY_LIST:
        return list_id
    if not ID.fullmatch(list_id) or lists.find(account_id, list_id) is None:
        raise InvalidError("listid", "refers to a list that does not exist")
    return list_id


def _texts(sent: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of texts without repetitions."""
    values = sent[name]
    if not isinstance(values, list) or not values:
        raise InvalidError(name, "must be a list of at least one text")
    if len(values) > MOST_TEXTS:
        raise InvalidError(name, f"are more than {MOST_TEXTS}")
    texts = [text({name: value}, name, LONGEST_NAME) for value in values]
    return tuple(dict.fromkeys(texts))


READERS = {"name": _name, "url": _url, "events": _events, "sources": _sources, "listid": _list_id}
