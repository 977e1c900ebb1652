"""Lists, tags, and contacts on and with them in ActiveCampaign's shapes."""

from typing import Any

from signalbox.model.contact import Contact
from signalbox.model.contact_list import EMAIL_CHANNEL, SMS_CHANNEL, ContactList
from signalbox.model.membership import Membership, Subscription
from signalbox.model.tag import ContactTag, Tag

from .schemas import (
    DIGITS,
    FLAG,
    LINK,
    NULL,
    PLAIN_STAMP,
    STAMP,
    TEXT,
    YES_OR_NO,
    Properties,
    constant,
    maybe,
    shape,
    word,
)
from .shapes import plain_stamp, stamp

TAG_KINDS = ("contact", "template")
# What the original keeps with a list, and what it answers where nothing was set.
SETTINGS: dict[str, str | None] = {
    "userid": "1",
    "p_use_tracking": "1",
    "p_use_analytics_read": "0",
    "p_use_analytics_link": "0",
    "p_use_twitter": "0",
    "p_use_facebook": "0",
    "p_embed_image": "1",
    "p_use_captcha": "1",
    "send_last_broadcast": "0",
    "private": "0",
    "analytics_domains": None,
    "analytics_source": "",
    "analytics_ua": "",
    "twitter_token": "",
    "twitter_token_secret": "",
    "facebook_session": None,
    "carboncopy": None,
    "subscription_notify": None,
    "unsubscription_notify": None,
    "require_name": "0",
    "get_unsubscribe_reason": "0",
    "to_name": "Subscriber",
    "optinoptout": "1",
    "sender_name": "",
    "sender_addr1": "",
    "sender_addr2": "",
    "sender_city": "",
    "sender_state": "",
    "sender_zip": "",
    "sender_country": "",
    "sender_phone": "",
    "sender_url": "",
    "sender_reminder": "",
    "fulladdress": "",
    "optinmessageid": "0",
    "optoutconf": "0",
}
LIST_LINKS = ("contactGoalLists", "user", "addressLists")
MEMBERSHIP_LINKS = (
    "automation",
    "list",
    "contact",
    "form",
    "autosyncLog",
    "campaign",
    "unsubscribeAutomation",
    "message",
)
TIMES: Properties = {
    "created_timestamp": PLAIN_STAMP,
    "updated_timestamp": PLAIN_STAMP,
    "created_by": NULL,
    "updated_by": NULL,
}
LIST = shape(
    {
        "stringid": TEXT,
        "name": TEXT,
        "channel": word(EMAIL_CHANNEL, SMS_CHANNEL),
        **{name: maybe(TEXT) if usual is None else TEXT for name, usual in SETTINGS.items()},
        "cdate": STAMP,
        "udate": STAMP,
        "deletestamp": NULL,
        **TIMES,
        "active_subscribers": DIGITS,
        "double_opt_in": YES_OR_NO,
        "subscribe_url": LINK,
        "links": shape(dict.fromkeys(LIST_LINKS, LINK)),
        "id": DIGITS,
        "user": TEXT,
    },
    title="List",
)
MEMBERSHIP_FACTS: Properties = {
    "contact": DIGITS,
    "list": DIGITS,
    "form": NULL,
    "seriesid": constant("0"),
    "sdate": maybe(STAMP),
    "udate": maybe(STAMP),
    "status": word(*(str(int(status)) for status in Subscription)),
    "responder": FLAG,
    "sync": FLAG,
    "unsubreason": NULL,
    "campaign": NULL,
    "message": NULL,
    "first_name": TEXT,
    "last_name": TEXT,
    "ip4Sub": constant("0"),
    "sourceid": DIGITS,
    "autosyncLog": NULL,
    "ip4_last": constant("0"),
    "ip4Unsub": constant("0"),
    **TIMES,
    "unsubscribeAutomation": NULL,
    "links": shape(dict.fromkeys(MEMBERSHIP_LINKS, LINK), title="ContactListLinks"),
    "id": DIGITS,
    "automation": NULL,
}
MEMBERSHIP = shape(MEMBERSHIP_FACTS, title="ContactList")
TAG = shape(
    {
        "tagType": word(*TAG_KINDS),
        "tag": TEXT,
        "description": TEXT,
        "cdate": STAMP,
        **TIMES,
        "subscriber_count": DIGITS,
        "links": shape({"contactGoalTags": LINK}),
        "id": DIGITS,
    },
    title="Tag",
)
CONTACT_TAG = shape(
    {
        "contact": DIGITS,
        "tag": DIGITS,
        "cdate": STAMP,
        **TIMES,
        "links": shape({"tag": LINK, "contact": LINK}),
        "id": DIGITS,
    },
    title="ContactTag",
)


def list_shape(contact_list: ContactList, active: int, base_url: str, zone: str) -> dict[str, Any]:
    """Return a list; `active` is how many active members it has.

    Ours on top: `double_opt_in`, `subscribe_url` (where the public signs up).
    """
    at = f"{base_url}/api/3/lists/{contact_list.list_id}"
    kept = {name: contact_list.settings.get(name, usual) for name, usual in SETTINGS.items()}
    return {
        "stringid": contact_list.string_id,
        "name": contact_list.name,
        "channel": contact_list.channel,
        **kept,
        "cdate": stamp(contact_list.created_ms, zone),
        "udate": stamp(contact_list.updated_ms, zone),
        "deletestamp": None,
        "created_timestamp": plain_stamp(contact_list.created_ms, zone),
        "updated_timestamp": plain_stamp(contact_list.updated_ms, zone),
        "created_by": None,
        "updated_by": None,
        "active_subscribers": str(active),
        "double_opt_in": contact_list.double_opt_in,
        "subscribe_url": f"{base_url}/subscribe/{contact_list.public_id}",
        "links": {name: f"{at}/{name}" for name in LIST_LINKS},
        "id": contact_list.list_id,
        "user": kept["userid"],
    }


def membership_shape(
    membership: Membership, contact: Contact, base_url: str, zone: str
) -> dict[str, Any]:
    """Return a contact's membership in a list."""
    at = f"{base_url}/api/3/contactLists/{membership.membership_id}"
    return {
        "contact": membership.contact_id,
        "list": membership.list_id,
        "form": None,
        "seriesid": "0",
        "sdate": _stamp_or_null(membership.subscribed_ms, zone),
        "udate": _stamp_or_null(membership.unsubscribed_ms, zone),
        "status": str(int(membership.status)),
        "responder": "1",
        "sync": "0",
        "unsubreason": None,
        "campaign": None,
        "message": None,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "ip4Sub": "0",
        "sourceid": membership.source_id,
        "autosyncLog": None,
        "ip4_last": "0",
        "ip4Unsub": "0",
        "created_timestamp": plain_stamp(membership.created_ms, zone),
        "updated_timestamp": plain_stamp(membership.updated_ms, zone),
        "created_by": None,
        "updated_by": None,
        "unsubscribeAutomation": None,
        "links": {name: f"{at}/{name}" for name in MEMBERSHIP_LINKS},
        "id": membership.membership_id,
        "automation": None,
    }


def tag_shape(tag: Tag, bearers: int, base_url: str, zone: str) -> dict[str, Any]:
    """Return a tag; `bearers` is how many contacts have it."""
    return {
        "tagType": tag.kind,
        "tag": tag.name,
        "description": tag.description,
        "cdate": stamp(tag.created_ms, zone),
        "created_timestamp": plain_stamp(tag.created_ms, zone),
        "updated_timestamp": plain_stamp(tag.updated_ms, zone),
        "created_by": None,
        "updated_by": None,
        "subscriber_count": str(bearers),
        "links": {"contactGoalTags": f"{base_url}/api/3/tags/{tag.tag_id}/contactGoalTags"},
        "id": tag.tag_id,
    }


def contact_tag_shape(contact_tag: ContactTag, base_url: str, zone: str) -> dict[str, Any]:
    """Return a tag on a contact."""
    at = f"{base_url}/api/3/contactTags/{contact_tag.contact_tag_id}"
    return {
        "contact": contact_tag.contact_id,
        "tag": contact_tag.tag_id,
        "cdate": stamp(contact_tag.created_ms, zone),
        "created_timestamp": plain_stamp(contact_tag.created_ms, zone),
        "updated_timestamp": plain_stamp(contact_tag.created_ms, zone),
        "created_by": None,
        "updated_by": None,
        "links": {"tag": f"{at}/tag", "contact": f"{at}/contact"},
        "id": contact_tag.contact_tag_id,
    }


def _stamp_or_null(time_ms: int, zone: str) -> str | None:
    return stamp(time_ms, zone) if time_ms else None
