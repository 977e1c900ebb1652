"""Our nouns in ActiveCampaign's shapes: ids as texts, flags as "0" and "1", links to the rest."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from signalbox.model.contact import Contact
from signalbox.model.field import Field, FieldType, value_id
from signalbox.model.log import LogEntry
from signalbox.model.wire import digest

from .schemas import (
    DIGITS,
    FLAG,
    LINK,
    NONE,
    NULL,
    PLAIN_STAMP,
    STAMP,
    TEXT,
    YES_OR_NO,
    Properties,
    constant,
    many,
    shape,
    word,
)

LONGEST_VALUE = 250  # where the original cuts the value it shows
CONTACT_LINKS = (
    "bounceLogs",
    "contactAutomations",
    "contactData",
    "contactGoals",
    "contactLists",
    "contactLogs",
    "contactTags",
    "contactDeals",
    "deals",
    "fieldValues",
    "geoIps",
    "notes",
    "organization",
    "plusAppend",
    "trackingLogs",
    "scoreValues",
    "accountContacts",
    "automationEntryCounts",
)
NEW_CONTACT: Properties = {
    "email": TEXT,
    "phone": TEXT,
    "firstName": TEXT,
    "lastName": TEXT,
    "email_empty": YES_OR_NO,
    "cdate": STAMP,
    "udate": STAMP,
    "orgid": TEXT,
    "orgname": constant(""),
    "links": shape(dict.fromkeys(CONTACT_LINKS, LINK), title="ContactLinks"),
    "hash": TEXT,
    "id": DIGITS,
    "organization": TEXT,
}
CONTACT_FACTS: Properties = {
    **NEW_CONTACT,
    "segmentio_id": constant(""),
    **dict.fromkeys(("bounced_hard", "bounced_soft", "gravatar", "deleted", "anonymized"), FLAG),
    **dict.fromkeys(("bounced_date", "ua", "socialdata_lastcheck", "rating_tstamp"), NULL),
    **dict.fromkeys(("ip", "sentcnt", "mpp_tracking"), DIGITS),
    **dict.fromkeys(("email_local", "email_domain"), TEXT),
    **dict.fromkeys(("adate", "edate", "deleted_at", "created_by", "updated_by"), NULL),
    **dict.fromkeys(("created_utc_timestamp", "updated_utc_timestamp"), PLAIN_STAMP),
    **dict.fromkeys(("created_timestamp", "updated_timestamp"), PLAIN_STAMP),
    "organization": NULL,
}
CONTACT = shape(CONTACT_FACTS, title="Contact")
FIELD = shape(
    {
        "title": TEXT,
        "descript": TEXT,
        "type": word(*FieldType),
        "isrequired": FLAG,
        "perstag": TEXT,
        "defval": TEXT,
        "show_in_list": FLAG,
        "rows": DIGITS,
        "cols": DIGITS,
        "visible": FLAG,
        "service": TEXT,
        "ordernum": DIGITS,
        "cdate": STAMP,
        "udate": STAMP,
        "created_timestamp": PLAIN_STAMP,
        "updated_timestamp": PLAIN_STAMP,
        "created_by": NULL,
        "updated_by": NULL,
        "options": many(DIGITS),
        "relations": many(DIGITS),
        "links": shape({"options": LINK, "relations": LINK}),
        "id": DIGITS,
    },
    title="Field",
)
OPTION = shape(
    {
        "field": DIGITS,
        "orderid": DIGITS,
        "value": TEXT,
        "label": TEXT,
        "isdefault": FLAG,
        "links": NONE,
        "id": DIGITS,
    },
    title="FieldOption",
)
RELATION = shape(
    {
        "field": DIGITS,
        "relid": DIGITS,
        "dorder": DIGITS,
        "cdate": STAMP,
        "links": NONE,
        "id": DIGITS,
    },
    title="FieldRelation",
)
VALUE = shape(
    {
        "contact": DIGITS,
        "field": DIGITS,
        "value": TEXT,
        "cdate": STAMP,
        "udate": STAMP,
        "created_by": NULL,
        "updated_by": NULL,
        "links": shape({"owner": LINK, "field": LINK}),
        "id": DIGITS,
        "owner": DIGITS,
    },
    title="FieldValue",
)
TRACKING_LOG = shape(
    {
        "subscriberid": DIGITS,
        "type": TEXT,
        "value": TEXT,
        "tstamp": STAMP,
        "hash": TEXT,
        "links": shape({"contact": LINK}),
        "id": DIGITS,
        "contact": DIGITS,
    },
    title="TrackingLog",
)
ACTIVITY_LINKS = ("user", "recipients", "reference", "notes")
ACTIVITY = shape(
    {
        "tstamp": STAMP,
        "subscriberid": DIGITS,
        "reference_type": constant("TrackingLog"),
        "reference_id": DIGITS,
        "reference_action": TEXT,
        "jsonData": NULL,
        "userid": constant("0"),
        "permission": constant(""),
        "referenceModelName": constant("tracking-log"),
        "reference": shape({"type": constant("tracking-log"), "id": DIGITS}),
        "links": shape(dict.fromkeys(ACTIVITY_LINKS, LINK)),
        "id": DIGITS,
        "user": NULL,
    },
    title="Activity",
)


def contact_shape(contact: Contact, base_url: str, zone: str = "UTC") -> dict[str, Any]:
    """Return a contact in full.

    What the original knows and Signalbox does not is as the original has it for a new contact.
    """
    local, _, domain = contact.email.rpartition("@")
    return new_contact_shape(contact, base_url, zone) | {
        "orgid": "0",
        "segmentio_id": "",
        "bounced_hard": "0",
        "bounced_soft": "0",
        "bounced_date": None,
        "ip": "0",
        "ua": None,
        "socialdata_lastcheck": None,
        "email_local": local,
        "email_domain": domain,
        "sentcnt": "0",
        "rating_tstamp": None,
        "gravatar": "0",
        "deleted": "0",
        "anonymized": "0",
        "adate": None,
        "edate": None,
        "deleted_at": None,
        "created_utc_timestamp": utc_stamp(contact.created_ms),
        "updated_utc_timestamp": utc_stamp(contact.updated_ms),
        "created_timestamp": plain_stamp(contact.created_ms, zone),
        "updated_timestamp": plain_stamp(contact.updated_ms, zone),
        "created_by": None,
        "updated_by": None,
        "mpp_tracking": "0",
        "organization": None,
    }


def new_contact_shape(contact: Contact, base_url: str, zone: str = "UTC") -> dict[str, Any]:
    """Return the contact as the original answers its creation."""
    at = f"{base_url}/api/3/contacts/{contact.contact_id}"
    return {
        "email": contact.email,
        "phone": contact.phone,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email_empty": not contact.email,
        "cdate": stamp(contact.created_ms, zone),
        "udate": stamp(contact.updated_ms, zone),
        "orgid": "",
        "orgname": "",
        "links": {part: f"{at}/{part}" for part in CONTACT_LINKS},
        "hash": digest(contact.account_id, contact.contact_id)[:32],
        "id": contact.contact_id,
        "organization": "",
    }


def field_shape(field: Field, base_url: str, zone: str) -> dict[str, Any]:
    """Return a custom field."""
    at = f"{base_url}/api/3/fields/{field.field_id}"
    return {
        "title": field.title,
        "descript": field.description,
        "type": field.kind,
        "isrequired": flag(field.required),
        "perstag": field.tag,
        "defval": field.default,
        "show_in_list": flag(field.show_in_list),
        "rows": str(field.rows),
        "cols": str(field.columns),
        "visible": flag(field.visible),
        "service": field.service,
        "ordernum": str(field.order),
        "cdate": stamp(field.created_ms, zone),
        "udate": stamp(field.updated_ms, zone),
        "created_timestamp": plain_stamp(field.created_ms, zone),
        "updated_timestamp": plain_stamp(field.updated_ms, zone),
        "created_by": None,
        "updated_by": None,
        "options": [option.option_id for option in field.options],
        "relations": [value_id(field.field_id, list_id) for list_id in field.lists],
        "links": {"options": f"{at}/options", "relations": f"{at}/relations"},
        "id": field.field_id,
    }


def option_shapes(field: Field) -> list[dict[str, Any]]:
    """Return the values that a field offers."""
    return [
        {
            "field": field.field_id,
            "orderid": str(option.order),
            "value": option.value,
            "label": option.label,
            "isdefault": flag(option.is_default),
            "links": [],
            "id": option.option_id,
        }
        for option in field.options
    ]


def relation_shapes(field: Field, zone: str) -> list[dict[str, Any]]:
    """Return where a field is shown: on a list, or on all of them (`relid` 0)."""
    return [
        {
            "field": field.field_id,
            "relid": list_id,
            "dorder": "0",
            "cdate": stamp(field.created_ms, zone),
            "links": [],
            "id": value_id(field.field_id, list_id),
        }
        for list_id in field.lists
    ]


def value_shapes(
    contact: Contact, fields: Iterable[Field], base_url: str, zone: str
) -> list[dict[str, Any]]:
    """Return the values that a contact has of these fields.

    A value's times are those of its contact.
    """
    return [
        value_shape(contact, field, contact.fields[field.tag], base_url, zone)
        for field in fields
        if field.tag in contact.fields
    ]


def value_shape(
    contact: Contact, field: Field, value: str, base_url: str, zone: str
) -> dict[str, Any]:
    """Return a contact's value of a field."""
    shown_id = value_id(contact.contact_id, field.field_id)
    at = f"{base_url}/api/3/fieldValues/{shown_id}"
    return {
        "contact": contact.contact_id,
        "field": field.field_id,
        "value": value,
        "cdate": stamp(contact.created_ms, zone),
        "udate": stamp(contact.updated_ms, zone),
        "created_by": None,
        "updated_by": None,
        "links": {"owner": f"{at}/owner", "field": f"{at}/field"},
        "id": shown_id,
        "owner": contact.contact_id,
    }


def tracking_log_shape(entry: LogEntry, base_url: str, zone: str) -> dict[str, Any]:
    """Return an event of the log."""
    return {
        "subscriberid": entry.contact_id,
        "type": entry.name,
        "value": entry.value[:LONGEST_VALUE],
        "tstamp": stamp(entry.at_ms, zone),
        "hash": digest(entry.account_id, entry.entry_id)[:40],
        "links": {"contact": f"{base_url}/api/3/trackingLogs/{entry.entry_id}/contact"},
        "id": entry.entry_id,
        "contact": entry.contact_id,
    }


def activity_shape(entry: LogEntry, base_url: str, zone: str) -> dict[str, Any]:
    """Return an event of the log as an activity."""
    return {
        "tstamp": stamp(entry.at_ms, zone),
        "subscriberid": entry.contact_id,
        "reference_type": "TrackingLog",
        "reference_id": entry.entry_id,
        "reference_action": entry.name,
        "jsonData": None,
        "userid": "0",
        "permission": "",
        "referenceModelName": "tracking-log",
        "reference": {"type": "tracking-log", "id": entry.entry_id},
        "links": {
            part: f"{base_url}/api/3/activities/{entry.entry_id}/{part}" for part in ACTIVITY_LINKS
        },
        "id": entry.entry_id,
        "user": None,
    }


def stamp(time_ms: int, zone: str) -> str:
    """Return a time in the account's zone, as in 2023-03-01T15:36:03-06:00."""
    moment = datetime.fromtimestamp(time_ms / 1000, tz=ZoneInfo(zone))
    return moment.isoformat(timespec="seconds")


def plain_stamp(time_ms: int, zone: str) -> str:
    """Return a time in the account's zone, as in 2023-03-01 15:36:03."""
    moment = datetime.fromtimestamp(time_ms / 1000, tz=ZoneInfo(zone))
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def flag(value: bool) -> str:
    """Return yes or no as the original writes it."""
    return str(int(value))


def utc_stamp(time_ms: int) -> str:
    """Return a time as in 2023-03-01 21:36:03."""
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
